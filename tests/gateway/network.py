"""A consortium for gateway tests: the embedded engine, real contracts, homes of four members.

Building it takes a few seconds, so a test module builds one and shares it; gateways are opened as a test needs them.
"""

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tallystick.acts import ContractEntry
from tallystick.blocks import header_items
from tallystick.client import Node
from tallystick.client.deploy import FoundingTerms, deploy_consortium
from tallystick.consortium import CardKeys, Consortium, HeaderItems, MemberCard, Role, sign_card
from tallystick.keys import ActKey, Keystore
from tallystick_devnet.engines import DEFAULT_GAS_LIMIT, EmbeddedEngine
from tallystick_gateway.acts import Draft, Enqueued, enqueue, submission_state
from tallystick_gateway.acts.service import SubmissionState
from tallystick_gateway.kit.config import Config
from tallystick_gateway.kit.gateway import Gateway
from tests.gateway.support import PASSPHRASE, make_home, open_test_gateway

__all__ = ["MEMBERS", "Network", "build", "contract_entries", "put", "ratify_all", "run_until", "wait_done"]

MEMBERS = {
    "BANK-A": Role.LENDER,
    "BANK-B": Role.LENDER,
    "DEPOSITORY": Role.DEPOSITORY,
    "ARBITRATION": Role.ARBITRATOR,
}
_PATIENCE_S = 60.0
_T = TypeVar("_T")


@dataclass(frozen=True)
class Network:
    """An engine with the contracts on it, and a joined home for each member."""

    engine: EmbeddedEngine
    consortium: Consortium
    homes: dict[str, Config]

    @contextmanager
    def gateway(self, legal_id: str, **changes: Any) -> Iterator[Gateway]:
        """The member's gateway with its worker running."""
        with open_test_gateway(self.homes[legal_id], **changes) as gateway:
            gateway.worker.start()
            yield gateway

    def node(self) -> Node:
        return Node(self.engine.url)

    def home(self, legal_id: str, folder: Path, *nodes: str, **chain: Any) -> Config:
        """A second home of the member, with its keys and an empty database, that asks these nodes."""
        original = self.homes[legal_id]
        folder.mkdir()
        for part in (original.keystore_path, original.consortium_path):
            shutil.copy(part, folder / part.name)
        shutil.copytree(original.clients_path, folder / original.clients_path.name)
        urls = list(nodes) or [self.engine.url]
        settings = original.settings.model_copy(
            update={"chain": original.settings.chain.model_copy(update={"nodes": urls, **chain})}
        )
        config = Config(folder, settings)
        config.write()
        return config


def build(folder: Path, *, gas_limit: int | None = None) -> Network:
    """Start an engine and found a consortium on it; nobody has ratified yet. Stop `engine` afterwards."""
    engine = EmbeddedEngine(folder / "chain", gas_limit=gas_limit or DEFAULT_GAS_LIMIT)
    engine.start()
    try:
        return _found(folder, engine)
    except BaseException:
        engine.stop()
        raise


def _found(folder: Path, engine: EmbeddedEngine) -> Network:
    homes = {
        legal_id: make_home(folder / legal_id, legal_id, chain={"nodes": [engine.url], "poll_s": 0.2})
        for legal_id in MEMBERS
    }
    cards = [_card(config, role) for config, role in zip(homes.values(), MEMBERS.values(), strict=True)]
    with Node(engine.url) as node:
        now = node.block("latest").timestamp
        terms = FoundingTerms(key_from=now - 60, key_until=now + 10 * 365 * 86400, delay_s=1)
        contracts = deploy_consortium(node, ActKey.generate(), cards, terms)
        items = len(header_items(node.block(0).header))
    consortium = Consortium(
        chain_id=engine.chain_id,
        genesis_hash=engine.genesis.hash,
        engine="embedded",
        header_items=(HeaderItems(0, items),),
        validator_epochs=(),
        contracts=contracts,
        members=tuple(cards),
    )
    for config in homes.values():
        config.consortium_path.write_bytes(consortium.to_bytes())
    return Network(engine, consortium, homes)


def _card(config: Config, role: Role) -> MemberCard:
    keystore = Keystore.open(config.keystore_path, PASSPHRASE)
    act, recovery = keystore.act_key("act"), keystore.act_key("recovery")
    card = MemberCard(
        legal_id=config.settings.member.legal_id,
        name=config.settings.member.name,
        roles=(role,),
        keys=CardKeys(
            act=act.address,
            recovery=recovery.address,
            validator=ActKey.generate().address,
            exchange=keystore.ed25519("exchange").public,
            seal=keystore.x25519("seal").public,
            document=bytes(32),
        ),
        endpoint="http://127.0.0.1:1",
    )
    return sign_card(card, act, recovery)


def run_until(look: Callable[[], _T | None], what: str, patience_s: float = _PATIENCE_S) -> _T:
    """The first thing `look` finds; AssertionError if it finds nothing for long."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if (found := look()) is not None:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {patience_s} s")


def wait_done(gateway: Gateway, submission_id: str) -> SubmissionState:
    """Where the submission ended."""

    def look() -> SubmissionState | None:
        with gateway.database.read() as session:
            state = submission_state(session, gateway, submission_id)
        assert gateway.worker.fatal is None, gateway.worker.fatal
        return state if state.done else None

    return run_until(look, f"submission {submission_id}")


def put(gateway: Gateway, *drafts: Draft, subject: str = "test") -> Enqueued:
    """Enqueue in a transaction of its own."""
    with gateway.database.write() as session:
        return enqueue(session, gateway, drafts, subject=subject)


def contract_entries(consortium: Consortium) -> tuple[Any, ...]:
    """The directory as founders ratify it."""
    return tuple(
        ContractEntry(name=entry.name.encode().ljust(32, b"\0"), at=entry.address, code_hash=entry.code_hash)
        for entry in consortium.contracts
    )


def ratify_all(network: Network, gateways: Sequence[Gateway]) -> None:
    """Every founder signs; returns when the consortium is active for each of them."""
    submissions = []
    for gateway in gateways:
        draft = Draft("Ratify", {"contracts": contract_entries(network.consortium)}, "1:test", "consortium")
        submissions.append((gateway, put(gateway, draft).submission_id))
    for gateway, submission_id in submissions:
        wait_done(gateway, submission_id)
