"""Nonces and bytes: what happens when the node, the database or somebody else gets them wrong."""

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tallystick.client import NodeError
from tallystick.client.transactions import sign_transaction
from tallystick_gateway.acts import carrier_repository, desk_of
from tallystick_gateway.watch.errors import NodeAway
from tallystick_gateway.watch.nodes import NodePool
from tests.gateway.acts.stage import Crew, Stage, crew, name, staged
from tests.gateway.network import put, run_until
from tests.gateway.proxy import Liar, lying_node

pytestmark = pytest.mark.chain


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage")) as stage:
        yield stage


@pytest.fixture
def bank(stage: Stage, tmp_path: Path) -> Iterator[Crew]:
    """BANK-A's gateway with an empty database, in step with the chain."""
    with crew(stage.network.home("BANK-A", tmp_path / "home")) as bank:
        bank.ready()
        yield bank


def behind(liar: Liar, stage: Stage, tmp_path: Path) -> AbstractContextManager[Crew]:
    """A crew that reaches the chain through the liar alone."""
    return crew(stage.network.home("BANK-A", tmp_path / "home", liar.url))


def test_sending_the_same_bytes_again_changes_nothing(stage: Stage, bank: Crew) -> None:
    accepted = put(bank.gateway, stage.disburse(name("E")))
    bank.send()
    (carrier,) = bank.carriers("accepted")
    with bank.gateway.database.write() as session:
        carrier_repository.mark_carriers(session, [carrier.id], state="stored")
    bank.send()
    assert bank.settle(accepted.submission_id).state == "included"


def test_a_nonce_that_something_else_spent_costs_nothing(stage: Stage, bank: Crew) -> None:
    accepted = put(bank.gateway, stage.disburse(name("K")))
    bank.sender._pack()  # stored at a nonce that is then spent by other bytes of the same key
    (stored,) = bank.carriers("stored")
    key = desk_of(bank.gateway).sender_key
    with bank.gateway.part(NodePool).admitted() as node:
        other = sign_transaction(
            key,
            chain_id=stage.network.consortium.chain_id,
            nonce=stored.nonce,
            gas=21_000,
            to=key.address,
            data=b"",
        )
        node.send_raw(other.raw)
        run_until(lambda: node.receipt(other.hash), "the other transaction")
    assert bank.settle(accepted.submission_id).state == "included"


def test_a_gap_in_the_nonces_is_filled(stage: Stage, bank: Crew) -> None:
    address = desk_of(bank.gateway).sender_key.address
    with bank.gateway.database.write() as session:
        ours = carrier_repository.next_nonce(session, address)
        assert ours is not None
        carrier_repository.set_next_nonce(session, address, ours + 2)
    accepted = put(bank.gateway, stage.disburse(name("L")))
    assert bank.settle(accepted.submission_id).state == "included"
    with bank.gateway.part(NodePool).admitted() as node:
        assert node.nonce(address) == ours + 3


def test_a_database_from_a_backup_goes_on_after_the_nonces_it_forgot(stage: Stage, tmp_path: Path) -> None:
    home = stage.network.home("BANK-A", tmp_path / "home")
    with crew(home) as bank:
        bank.ready()
        bank.settle(put(bank.gateway, stage.disburse(name("M"))).submission_id)
    backup = tmp_path / "backup.db"
    shutil.copy(home.database_path, backup)
    with crew(home) as bank:
        bank.ready()
        bank.settle(put(bank.gateway, stage.disburse(name("M"))).submission_id)
    for leftover in home.home.glob("gateway.db*"):
        leftover.unlink()
    shutil.copy(backup, home.database_path)
    with crew(home) as bank:
        bank.ready()
        assert bank.settle(put(bank.gateway, stage.disburse(name("M"))).submission_id).state == "included"


def test_what_a_node_took_and_forgot_is_handed_over_again(stage: Stage, tmp_path: Path) -> None:
    with (
        lying_node(stage.network.engine.url) as liar,
        crew(stage.network.home("BANK-A", tmp_path / "home", liar.url)) as bank,
    ):
        bank.ready()
        accepted = put(bank.gateway, stage.disburse(name("N")))
        bank.send()
        liar.lie = lambda _method, params, result: "0x0" if params[1:] == ["pending"] else result
        bank.reconciler.step()
        liar.honest()
        forgotten = bool(bank.carriers("stored"))
        assert bank.settle(accepted.submission_id).state == "included"
        assert liar.heard["eth_sendRawTransaction"] == 1 + forgotten


def test_a_node_that_is_away_makes_submissions_wait_and_nothing_else(stage: Stage, tmp_path: Path) -> None:
    with (
        lying_node(stage.network.engine.url) as liar,
        crew(stage.network.home("BANK-A", tmp_path / "home", liar.url)) as bank,
    ):
        bank.ready()
        liar.raw = b""
        accepted = put(bank.gateway, stage.disburse(name("O")))
        with pytest.raises(NodeError):
            bank.send()
        with pytest.raises(NodeAway):
            bank.send()
        assert bank.shown(accepted.submission_id).state == "signed"
        liar.honest()
        bank.ready()
        assert bank.settle(accepted.submission_id).state == "included"
