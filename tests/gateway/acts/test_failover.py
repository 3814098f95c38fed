"""Whatever a node does with what it took, every act is recorded once: handed to another, said again, never doubled."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from tallystick.client import NodeAnswerMalformed, NodeError, NodeRefused, NodeTimeout
from tallystick.keccak import keccak256
from tallystick_gateway.acts import carrier_repository, desk_of
from tallystick_gateway.acts.schemas import SubmissionOut
from tallystick_gateway.watch.nodes import NodePool
from tests.gateway.acts.stage import LOAN_LIMIT, Crew, Stage, crew, name, staged
from tests.gateway.network import put
from tests.gateway.proxy import Keep, Liar, lying_node

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


def behind(stage: Stage, tmp_path: Path, *nodes: str) -> AbstractContextManager[Crew]:
    """A crew whose gateway asks these nodes, in this order."""
    return crew(stage.network.home("BANK-A", tmp_path / "home", *nodes))


def swallowing() -> Keep:
    """A node that says yes to every transaction, counts it as pending, and passes it on to nobody."""
    taken: list[str] = []

    def keep(method: str, params: list[Any]) -> dict[str, Any] | None:
        if method == SEND:
            taken.append(params[0])
            return {"result": f"0x{keccak256(bytes.fromhex(params[0][2:])).hex()}"}
        if method == "eth_getTransactionCount" and params[1] == "pending":
            return {"result": hex(1_000_000)}
        return None

    return keep


def refusing(method: str, code: int, message: str) -> Keep:
    return lambda asked, _: {"error": {"code": code, "message": message}} if asked == method else None


def recorded_once(bank: Crew, ended: SubmissionOut) -> None:
    """The act is in a block, by one transaction at one nonce."""
    assert ended.state == "included"
    assert ended.acts is not None
    assert ended.acts[0].history is not None
    assert [step.state for step in ended.acts[0].history if step.state != "broadcast"] == ["signed", "included"]
    table = carrier_repository.carriers
    with bank.gateway.database.read() as session:
        rows = session.execute(table.select().where(table.c.owner == session.owner, table.c["items"] > 0)).all()
    assert [row.state for row in rows] == ["mined"]


def test_what_a_node_takes_and_never_puts_into_a_block_is_handed_to_another(
    stage: Stage, liar: Liar, tmp_path: Path
) -> None:
    with behind(stage, tmp_path, liar.url, stage.network.url) as bank:
        bank.ready()
        liar.keep = swallowing()
        accepted = put(bank.gateway, stage.disburse(name("SW")))
        bank.send()
        assert bank.shown(accepted.submission_id).state == "broadcast"
        recorded_once(bank, bank.settle(accepted.submission_id))
        assert liar.heard[SEND] == 1


def test_what_a_node_took_to_its_grave_is_handed_to_another(stage: Stage, liar: Liar, tmp_path: Path) -> None:
    with behind(stage, tmp_path, liar.url, stage.network.url) as bank:
        bank.ready()
        liar.keep = swallowing()
        accepted = put(bank.gateway, stage.disburse(name("GR")))
        bank.send()
        liar.raw = b""
        with pytest.raises(NodeError):
            bank.reconciler.step()
        bank.follow()
        recorded_once(bank, bank.settle(accepted.submission_id))


def test_a_paused_node_holds_nothing_up_for_longer_than_its_timeout(
    stage: Stage, liar: Liar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tallystick_gateway.watch.nodes._TIMEOUT_S", 0.5)
    with behind(stage, tmp_path, liar.url, stage.network.url) as bank:
        bank.ready()
        liar.silent.set()
        accepted = put(bank.gateway, stage.disburse(name("PA")))
        with pytest.raises(NodeTimeout):
            bank.send()
        assert bank.shown(accepted.submission_id).state == "signed"
        bank.follow()
        recorded_once(bank, bank.settle(accepted.submission_id))


def test_transactions_that_a_batch_leaves_out_are_sent_again(stage: Stage, liar: Liar, tmp_path: Path) -> None:
    def half(answer: bytes) -> bytes:
        items = json.loads(answer)
        return json.dumps(items[::2] if isinstance(items, list) else items).encode()

    home = stage.network.home("BANK-A", tmp_path / "home", liar.url, acts_per_transaction=1)
    with crew(home) as bank:
        bank.ready()
        accepted = put(bank.gateway, *(stage.disburse(name("HA")) for _ in range(6)))
        liar.garble = half
        with pytest.raises(NodeAnswerMalformed):
            bank.send()
        assert bank.shown(accepted.submission_id).counts == {"signed": 3, "broadcast": 3}
        liar.honest()
        bank.ready()
        assert bank.settle(accepted.submission_id).counts == {"included": 6}


@pytest.mark.parametrize("fault", ["cut off", "ids of others", "error page", "not the hash"])
def test_an_answer_that_is_no_yes_is_not_taken_for_one(stage: Stage, liar: Liar, tmp_path: Path, fault: str) -> None:
    with behind(stage, tmp_path, liar.url) as bank:
        bank.ready()
        accepted = put(bank.gateway, stage.disburse(name("NY")))
        match fault:
            case "cut off":
                liar.garble = lambda answer: answer[:-2]
            case "ids of others":
                liar.garble = lambda answer: answer.replace(b'"id": 0', b'"id": 7')
            case "error page":
                liar.raw, liar.status = b"<html>500</html>", 500
            case _:
                liar.keep = lambda method, _: {"result": f"0x{'11' * 32}"} if method == SEND else None
        with pytest.raises(NodeAnswerMalformed):
            bank.send()
        assert bank.shown(accepted.submission_id).state == "signed"
        liar.honest()
        bank.ready()
        recorded_once(bank, bank.settle(accepted.submission_id))


@pytest.mark.parametrize(
    ("code", "message"),
    [(-32000, "txpool is full"), (-32000, "nonce too high"), (-32000, "replacement transaction underpriced")],
)
def test_what_the_next_block_may_change_is_tried_again_without_alarm(
    stage: Stage, liar: Liar, tmp_path: Path, code: int, message: str
) -> None:
    with behind(stage, tmp_path, liar.url) as bank:
        bank.ready()
        accepted = put(bank.gateway, stage.disburse(name("LA")))
        liar.keep = refusing(SEND, code, message)
        bank.send()
        assert bank.shown(accepted.submission_id).state == "signed"
        liar.honest()
        recorded_once(bank, bank.settle(accepted.submission_id))


def test_refusals_of_a_node_never_count_against_an_act(stage: Stage, liar: Liar, tmp_path: Path) -> None:
    """Ten times the pool is full; then the batch reverts for another act's sake."""
    with behind(stage, tmp_path, liar.url) as bank:
        bank.ready()
        accepted = put(bank.gateway, *(stage.disburse(name("RF")) for _ in range(3)))
        put(bank.gateway, stage.disburse(name("RF"), LOAN_LIMIT + 1))
        liar.keep = refusing(SEND, -32000, "txpool is full")
        for _ in range(10):
            bank.send()
        liar.honest()
        assert bank.settle(accepted.submission_id).counts == {"included": 3}


def test_a_node_that_refuses_our_sender_is_named_and_another_one_takes_it(
    stage: Stage, liar: Liar, tmp_path: Path
) -> None:
    with behind(stage, tmp_path, liar.url, stage.network.url) as bank:
        bank.ready()
        bank.reconciler.step()
        accepted = put(bank.gateway, stage.disburse(name("NA")))
        liar.keep = refusing(SEND, -32000, "account does not have permission for the transaction")
        with pytest.raises(NodeRefused, match="permission"):
            bank.send()
        while bank.shown(accepted.submission_id).state == "signed":
            bank.reconciler.step()
        bank.follow()
        recorded_once(bank, bank.settle(accepted.submission_id))


def test_a_nonce_that_only_one_node_claims_is_not_taken_over(stage: Stage, liar: Liar, tmp_path: Path) -> None:
    with behind(stage, tmp_path, liar.url, stage.network.url) as bank:
        liar.lie = lambda method, _, result: hex(10**9) if method == "eth_getTransactionCount" else result
        bank.ready()
        accepted = put(bank.gateway, stage.disburse(name("NC")))
        recorded_once(bank, bank.settle(accepted.submission_id))


def test_nonces_that_ran_away_come_back_once_a_node_is_honest(stage: Stage, liar: Liar, tmp_path: Path) -> None:
    with behind(stage, tmp_path, liar.url) as bank:
        liar.lie = lambda method, _, result: hex(10**9) if method == "eth_getTransactionCount" else result
        bank.ready()
        accepted = put(bank.gateway, stage.disburse(name("RA")))
        bank.send()
        (lost,) = bank.carriers("accepted")
        assert lost.nonce >= 10**9
        liar.honest()
        assert bank.settle(accepted.submission_id).state == "included"
        with bank.gateway.part(NodePool).admitted() as node, bank.gateway.database.read() as session:
            address = desk_of(bank.gateway).sender_key.address
            assert carrier_repository.next_nonce(session, address) == node.nonce(address)
