"""A consortium for gateway tests: a real engine, real contracts, joined homes of four members.

Building it takes a few seconds, so a test module builds one and shares it; gateways are opened as a test needs them.
"""

import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tallystick.acts import ContractEntry
from tallystick.client import Node
from tallystick.client.deploy import FoundingTerms, deploy_consortium
from tallystick.consortium import (
    CardKeys,
    Consortium,
    MemberCard,
    Role,
    ValidatorEpoch,
    check_founding_set,
    is_sealed,
    sign_card,
)
from tallystick.keys import ActKey, Address, Keystore
from tallystick_devnet.engines import DEFAULT_GAS_LIMIT, EmbeddedEngine, QbftEngine
from tallystick_gateway.acts import Draft, Enqueued, enqueue, submission_state
from tallystick_gateway.acts.service import SubmissionState
from tallystick_gateway.commands.founding import read_founding
from tallystick_gateway.kit.config import Config
from tallystick_gateway.kit.gateway import Gateway
from tests.gateway.support import PASSPHRASE, make_home, open_test_gateway

__all__ = [
    "MEMBERS",
    "Network",
    "build",
    "build_sealed",
    "contract_entries",
    "found_on",
    "make_card",
    "put",
    "ratify_all",
    "run_until",
    "wait_done",
]

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
    """An engine with the contracts on it, and a joined home for each member; node i is member i's own."""

    engine: Any
    """`EmbeddedEngine` or `QbftEngine`."""
    consortium: Consortium
    homes: dict[str, Config]

    @property
    def url(self) -> str:
        """The first node's."""
        return str(self.engine.endpoints[0].url)

    @contextmanager
    def gateway(self, legal_id: str, **changes: Any) -> Iterator[Gateway]:
        """The member's gateway with its worker running."""
        with open_test_gateway(self.homes[legal_id], **changes) as gateway:
            gateway.worker.start()
            yield gateway

    def node(self) -> Node:
        return Node(self.url)

    def home(self, legal_id: str, folder: Path, *nodes: str, **chain: Any) -> Config:
        """A second home of the member, with its keys and an empty database, that asks these nodes."""
        original = self.homes[legal_id]
        folder.mkdir()
        for part in (original.keystore_path, original.consortium_path):
            shutil.copy(part, folder / part.name)
        shutil.copytree(original.clients_path, folder / original.clients_path.name)
        urls = list(nodes) or list(original.settings.chain.nodes)
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
        return found_on(folder, engine)
    except BaseException:
        engine.stop()
        raise


def build_sealed(folder: Path, *, delay_s: int = 1, **options: Any) -> Network:
    """As `build`, on four QBFT validators, each member's own. Tests take the fixture `quorum` before."""
    engine = QbftEngine(folder / "chain", **options)
    engine.start()
    try:
        return found_on(folder, engine, delay_s=delay_s)
    except BaseException:
        engine.stop()
        raise


def found_on(folder: Path, engine: Any, *, delay_s: int = 1) -> Network:
    """Found a consortium of `MEMBERS` on a running engine, and join a home for each; nobody has ratified yet.

    On a sealed engine each member's validator is the node of its own position, which its gateway asks first.
    """
    urls = [endpoint.url for endpoint in engine.endpoints]
    sealed = is_sealed(engine.name)
    homes, cards = {}, []
    for position, (legal_id, role) in enumerate(MEMBERS.items()):
        own = urls[position:] + urls[:position]
        chain = {"nodes": own, "poll_s": 0.2, "engine": engine.name}
        homes[legal_id] = make_home(folder / legal_id, legal_id, chain=chain)
        validator = engine.address_of(position) if sealed else ActKey.generate().address
        cards.append(make_card(homes[legal_id], role, validator))
    with Node(urls[0]) as node:
        chain = read_founding(node, engine.name)
        if sealed:
            check_founding_set(chain.validators, cards)
        now = node.block("latest").timestamp
        terms = FoundingTerms(key_from=now - 60, key_until=now + 10 * 365 * 86400, delay_s=delay_s)
        contracts = deploy_consortium(node, ActKey.generate(), cards, terms)
    consortium = Consortium(
        chain_id=engine.chain_id,
        genesis_hash=engine.genesis.hash,
        engine=engine.name,
        header_items=chain.header_items,
        validator_epochs=(ValidatorEpoch(0, None, {card.keys.validator: card.member for card in cards}),)
        if sealed
        else (),
        contracts=contracts,
        members=tuple(cards),
    )
    for config in homes.values():
        config.consortium_path.write_bytes(consortium.to_bytes())
    return Network(engine, consortium, homes)


def make_card(config: Config, role: Role, validator: Address) -> MemberCard:
    """The signed card of a home's member, also left in the home."""
    keystore = Keystore.open(config.keystore_path, PASSPHRASE)
    act, recovery = keystore.act_key("act"), keystore.act_key("recovery")
    card = MemberCard(
        legal_id=config.settings.member.legal_id,
        name=config.settings.member.name,
        roles=(role,),
        keys=CardKeys(
            act=act.address,
            recovery=recovery.address,
            validator=validator,
            exchange=keystore.ed25519("exchange").public,
            seal=keystore.x25519("seal").public,
            document=bytes(32),
        ),
        endpoint="http://127.0.0.1:1",
    )
    signed = sign_card(card, act, recovery)
    config.card_path.write_text(json.dumps(signed.to_json()), encoding="utf-8")
    return signed


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
