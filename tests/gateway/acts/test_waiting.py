"""An open submission says why it waits: what is known, no more, and nothing while all goes its usual way."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tallystick.client import NodeError, NodeUnreachable
from tallystick.keccak import keccak256
from tallystick_gateway.acts import carrier_repository
from tallystick_gateway.acts.schemas import WaitingOut
from tallystick_gateway.kit.clock import SystemClock
from tallystick_gateway.watch.errors import NodeAway
from tests.gateway.acts.stage import Crew, Stage, crew, name, staged
from tests.gateway.commands.support import run
from tests.gateway.network import put, run_until
from tests.gateway.proxy import Liar, lying_node
from tests.gateway.support import PASSPHRASE, ServedAt, client_for

pytestmark = pytest.mark.chain
SEND = "eth_sendRawTransaction"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage")) as stage:
        yield stage


@pytest.fixture
def liar(stage: Stage) -> Iterator[Liar]:
    with lying_node(stage.network.url) as liar:
        yield liar


@pytest.fixture
def bank(stage: Stage, liar: Liar, tmp_path: Path) -> Iterator[Crew]:
    """BANK-A's gateway, in step with the chain, which it reaches through the liar alone."""
    with crew(stage.network.home("BANK-A", tmp_path / "home", liar.url)) as bank:
        bank.ready()
        yield bank


def swallow(method: str, params: list[Any]) -> dict[str, Any] | None:
    if method == SEND:
        return {"result": f"0x{keccak256(bytes.fromhex(params[0][2:])).hex()}"}
    if method == "eth_getTransactionCount" and params[1] == "pending":
        return {"result": hex(1_000_000)}
    return None


def why(bank: Crew, submission_id: str) -> WaitingOut:
    found = bank.shown(submission_id).waiting
    assert found is not None
    return found


def test_what_goes_its_usual_way_waits_for_nothing(stage: Stage, bank: Crew) -> None:
    accepted = put(bank.gateway, stage.disburse(name("U")))
    assert bank.shown(accepted.submission_id).waiting is None
    bank.send()
    assert bank.shown(accepted.submission_id).waiting is None
    assert bank.settle(accepted.submission_id).waiting is None


def test_a_node_that_is_away_is_named_by_all_that_is_open(stage: Stage, bank: Crew, liar: Liar) -> None:
    bank.settle(put(bank.gateway, stage.disburse(name("V"))).submission_id)
    accepted = put(bank.gateway, stage.disburse(name("V")))
    liar.raw = b""
    with pytest.raises(NodeError):
        bank.send()
    assert why(bank, accepted.submission_id).code == "watch.node_away"
    assert liar.url in why(bank, accepted.submission_id).detail
    listed = client_for(bank.gateway).get("/v1/submissions").json()["items"]
    assert [item["waiting"] and item["waiting"]["code"] for item in listed] == ["watch.node_away", None]


def test_before_any_node_was_seen_a_submission_says_so(stage: Stage, tmp_path: Path) -> None:
    with crew(stage.network.home("BANK-A", tmp_path / "home", "http://127.0.0.1:1")) as bank:
        accepted = put(bank.gateway, stage.disburse(name("W")))
        assert why(bank, accepted.submission_id).code == "watch.node_away"
        with pytest.raises((NodeAway, NodeUnreachable)):
            bank.watcher.step()
        assert "127.0.0.1:1" in why(bank, accepted.submission_id).detail


def test_a_transaction_that_no_block_takes_is_named_with_the_blocks_that_did_not(
    stage: Stage, bank: Crew, liar: Liar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tallystick_gateway.acts.waiting._USUAL_BLOCKS", 2)
    liar.keep = swallow
    first = put(bank.gateway, stage.disburse(name("X")))
    bank.send()
    second = put(bank.gateway, stage.disburse(name("X")))
    bank.send()
    (carrier, _) = bank.carriers("accepted")

    def said() -> WaitingOut | None:
        bank.follow()
        return bank.shown(first.submission_id).waiting

    found = run_until(said, "blocks without it")
    assert found.code == "waiting.not_mined"
    assert carrier.hash.hex() in found.detail
    assert why(bank, second.submission_id).code == "waiting.earlier_transactions"
    liar.honest()
    assert bank.settle(second.submission_id).waiting is None


def test_a_node_that_does_not_take_it_is_quoted(stage: Stage, bank: Crew, liar: Liar) -> None:
    error = {"error": {"code": -32000, "message": "txpool is full"}}
    liar.keep = lambda method, _: error if method == SEND else None
    accepted = put(bank.gateway, stage.disburse(name("Y")))
    bank.send()
    found = why(bank, accepted.submission_id)
    assert (found.code, "txpool is full" in found.detail) == ("waiting.node_refuses", True)


def test_what_waits_for_room_says_so(stage: Stage, bank: Crew, liar: Liar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tallystick_gateway.acts.sender._IN_FLIGHT", 1)
    monkeypatch.setattr("tallystick_gateway.acts.waiting._USUAL_AGE", timedelta())
    liar.keep = swallow
    put(bank.gateway, stage.disburse(name("Z")))
    bank.send()
    accepted = put(bank.gateway, stage.disburse(name("Z")))
    bank.send()
    assert why(bank, accepted.submission_id).code == "waiting.queue"


def test_a_chain_that_stands_still_is_said_of_what_it_holds_up(
    stage: Stage, bank: Crew, liar: Liar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tallystick_gateway.watch.pace._SHORTEST_STALL_S", 0.2)
    monkeypatch.setattr("tallystick_gateway.watch.pace._STALL_BLOCKS", 0)
    with stage.network.node() as node:
        here = hex(node.height())
    liar.lie = lambda method, _, result: here if method == "eth_blockNumber" else result
    accepted = put(bank.gateway, stage.disburse(name("S")))
    bank.send()

    def said() -> WaitingOut | None:
        bank.watcher.step()
        return bank.shown(accepted.submission_id).waiting

    assert run_until(said, "the stall").code == "watch.chain_stalled"
    liar.honest()
    assert bank.settle(accepted.submission_id).waiting is None


def test_a_clock_that_is_off_keeps_what_is_not_with_a_node_yet(stage: Stage, tmp_path: Path) -> None:
    home = stage.network.home("BANK-A", tmp_path / "home")
    clock = SystemClock()
    with crew(home, clock) as bank:
        bank.ready()
        accepted = put(bank.gateway, stage.disburse(name("C")))
        bank.gateway.skew.observe(clock.now() - timedelta(hours=1), fresh=True)
        assert why(bank, accepted.submission_id).code == "clock.skew"


def test_what_the_watcher_stopped_for_is_said(stage: Stage, bank: Crew, liar: Liar) -> None:
    accepted = put(bank.gateway, stage.disburse(name("H")))
    liar.lie = lambda method, _, result: {**result, "hash": f"0x{'11' * 32}"} if "getBlockBy" in method else result
    with pytest.raises(Exception, match="hash"):
        run_until(lambda: bank.watcher.step() and None, "the lie to be seen")
    assert why(bank, accepted.submission_id).code.startswith("watch.")


def test_a_reverted_transaction_is_being_looked_into(stage: Stage, bank: Crew) -> None:
    accepted = put(bank.gateway, stage.disburse(name("R")), stage.disburse(name("R"), 10**9))
    bank.send()

    def reverted() -> list[carrier_repository.CarrierLine] | None:
        bank.follow()
        return bank.carriers("reverted") or None

    run_until(reverted, "the batch to revert")
    assert why(bank, accepted.submission_id).code == "waiting.examined"
    assert bank.settle(accepted.submission_id).counts == {"included": 1, "rejected": 1}


def test_the_command_line_says_why_beside_what_waits(
    stage: Stage, bank: Crew, liar: Liar, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = bank.gateway.config
    home.address_path.write_text(bank.gateway.part(ServedAt).url)
    monkeypatch.setenv("TALLY_PASSPHRASE", PASSPHRASE)
    error = {"error": {"code": -32000, "message": "txpool is full"}}
    liar.keep = lambda method, _: error if method == SEND else None
    accepted = put(bank.gateway, stage.disburse(name("L")))
    bank.send()
    assert run("--home", home.home, "submissions", "list") == 0
    assert "waits: The node at" in capsys.readouterr().out
    assert run("--home", home.home, "--json", "submissions", "show", accepted.submission_id) == 0
    assert json.loads(capsys.readouterr().out)["waiting"]["code"] == "waiting.node_refuses"
