"""The outbox on four validators: every act is final when it truly is, whatever becomes of the node that took it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tallystick.client import Node
from tallystick.pseudonyms import loan_key
from tallystick_devnet.engines import NodeState, QbftEngine
from tallystick_gateway.acts import Draft, carrier_repository, submission_state
from tallystick_gateway.acts.schemas import SubmissionOut, WaitingOut
from tallystick_gateway.acts.views import show
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.loans import repository as loans
from tallystick_gateway.watch.watcher import Watcher
from tests.gateway.acts.stage import Stage, name, staged
from tests.gateway.network import build_sealed, put, run_until
from tests.gateway.support import client_for

pytestmark = pytest.mark.chain
EVERYBODY = range(4)
OWN, OTHERS = 0, (1, 2, 3)
PATIENCE_S = 90.0


@pytest.fixture(scope="module")
def stage(quorum: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage"), build_sealed) as stage:
        yield stage


@pytest.fixture
def engine(stage: Stage) -> Iterator[QbftEngine]:
    """The four validators; what a test broke is mended after it."""
    engine: QbftEngine = stage.network.engine
    yield engine
    for node in engine.status().nodes:
        if node.state is NodeState.PAUSED:
            engine.resume(node.node)
        elif node.state is NodeState.DOWN:
            engine.restart(node.node)
    engine.partition([EVERYBODY])
    run_until(lambda: level(engine), "all nodes are where the others are", PATIENCE_S)


def level(engine: QbftEngine) -> bool | None:
    heads = [node.height or 0 for node in engine.status().nodes]
    return (min(heads) > 0 and max(heads) - min(heads) <= 1) or None


@pytest.fixture(scope="module")
def bank(stage: Stage) -> Iterator[Gateway]:
    """BANK-A's gateway, running: it asks node 0, its own, before the others."""
    with stage.network.gateway("BANK-A") as gateway:
        caught_up(gateway)
        yield gateway


def caught_up(gateway: Gateway) -> None:
    run_until(lambda: gateway.reasons() == [] or None, "the gateway has caught up")


def shown(gateway: Gateway, submission_id: str) -> SubmissionOut:
    assert gateway.worker.fatal is None, gateway.worker.fatal
    with gateway.database.read() as session:
        return show(session, gateway, submission_id)


def steps_of(out: SubmissionOut) -> list[str]:
    assert out.acts is not None
    assert out.acts[0].history is not None
    return [step.state for step in out.acts[0].history]


def becomes_final(stage: Stage, gateway: Gateway, submission_id: str, draft: Draft) -> SubmissionOut:
    """The submission once it is done: final, by one transaction, and the loan stands once on the chain."""

    def ended() -> SubmissionOut | None:
        out = shown(gateway, submission_id)
        return out if out.done else None

    out = run_until(ended, f"{submission_id} is final", PATIENCE_S)
    assert (out.state, out.waiting) == ("final", None)
    assert steps_of(out)[-2:] == ["included", "final"]
    assert steps_of(out).count("signed") == 1
    with gateway.database.read() as session:
        loan = loans.find(session, stage.agreement, loan_key(stage.secret, draft.business_id))
        assert loan is not None
        assert loan.count == 1
    return out


def taken_by(stage: Stage, gateway: Gateway, submission_id: str, node: int) -> None:
    """Returns when that node has the submission's transaction."""

    def taken() -> bool | None:
        if shown(gateway, submission_id).state != "broadcast":
            return None
        with gateway.database.read() as session:
            (carrier, *_) = carrier_repository.open_carriers(session, ["accepted"], 1)
        with Node(stage.network.engine.endpoints[node].url) as asked:
            return asked.call("eth_getTransactionByHash", f"0x{carrier.hash.hex()}") is not None or None

    run_until(taken, f"node {node} has the transaction")


def test_an_act_is_included_and_final_in_one_breath_and_its_history_says_both(stage: Stage, bank: Gateway) -> None:
    draft = stage.disburse(name("A"))
    accepted = put(bank, draft)
    http = client_for(bank)
    path = f"/v1/submissions/{accepted.submission_id}"
    answer = http.get(path, params={"wait": "final", "timeout": 60}).json()
    assert (answer["state"], answer["goal"], answer["done"], answer["waiting"]) == ("final", "final", True, None)
    out = becomes_final(stage, bank, accepted.submission_id, draft)
    assert steps_of(out) == ["signed", "broadcast", "included", "final"]
    (act,) = out.acts or []
    assert act.height is not None
    times = [step.at for step in act.history or []]
    assert times == sorted(times)


def test_an_act_that_the_contract_refuses_is_rejected_in_its_words(stage: Stage, bank: Gateway) -> None:
    accepted = put(bank, stage.disburse(name("B")), stage.disburse(name("B"), 10**9))
    counts = run_until(lambda: ended(bank, accepted.submission_id), "both have ended", PATIENCE_S)
    assert counts == {"final": 1, "rejected": 1}
    error = shown(bank, accepted.submission_id).error
    assert error is not None
    assert error["code"] == "contract.loan_limit_exceeded"


def ended(gateway: Gateway, submission_id: str) -> dict[str, int] | None:
    with gateway.database.read() as session:
        state = submission_state(session, gateway, submission_id)
    return {str(name): count for name, count in state.counts.items()} if state.done else None


def test_what_a_cut_off_node_took_and_cannot_pass_on_is_handed_to_another(
    stage: Stage, engine: QbftEngine, bank: Gateway
) -> None:
    engine.partition([[OWN], OTHERS])
    draft = stage.disburse(name("C"))
    accepted = put(bank, draft)
    taken_by(stage, bank, accepted.submission_id, OWN)
    becomes_final(stage, bank, accepted.submission_id, draft)


def test_what_a_node_took_to_its_grave_is_handed_to_another(stage: Stage, engine: QbftEngine, bank: Gateway) -> None:
    engine.partition([[OWN], OTHERS])
    draft = stage.disburse(name("D"))
    accepted = put(bank, draft)
    taken_by(stage, bank, accepted.submission_id, OWN)
    engine.kill(OWN)
    becomes_final(stage, bank, accepted.submission_id, draft)


def test_a_paused_node_holds_nothing_up(stage: Stage, engine: QbftEngine, bank: Gateway) -> None:
    own = engine.endpoints[OWN].url
    run_until(lambda: bank.part(Watcher).facts()["node"] == own or None, "its own node is asked again")
    engine.pause(OWN)
    draft = stage.disburse(name("E"))
    becomes_final(stage, bank, put(bank, draft).submission_id, draft)


def test_the_only_node_that_lost_its_pool_gets_it_back(stage: Stage, engine: QbftEngine, tmp_path: Path) -> None:
    own = engine.endpoints[OWN].url
    with gateway_of(stage, tmp_path, own) as gateway:
        engine.partition([[OWN], OTHERS])
        draft = stage.disburse(name("F"))
        accepted = put(gateway, draft)
        taken_by(stage, gateway, accepted.submission_id, OWN)
        engine.kill(OWN)
        for journal in engine.folder.rglob("transactions.rlp"):
            journal.unlink()
        engine.partition([EVERYBODY])
        engine.restart(OWN)
        becomes_final(stage, gateway, accepted.submission_id, draft)


@contextmanager
def gateway_of(stage: Stage, folder: Path, *nodes: str, **chain: Any) -> Iterator[Gateway]:
    """A second gateway of BANK-A's, with an empty database, that asks these nodes."""
    home = stage.network.home("BANK-A", folder / "home", *nodes, **chain)
    stage.network.homes["SECOND"] = home
    with stage.network.gateway("SECOND") as gateway:
        caught_up(gateway)
        yield gateway


def test_with_two_validators_down_nothing_is_final_and_all_is_when_one_returns(
    stage: Stage, engine: QbftEngine, bank: Gateway
) -> None:
    engine.kill(2)
    engine.kill(3)
    drafts = [stage.disburse(name("G")) for _ in range(3)]
    accepted = [put(bank, draft).submission_id for draft in drafts]

    def said() -> WaitingOut | None:
        return shown(bank, accepted[-1]).waiting

    assert run_until(said, "the stall").code == "watch.chain_stalled"
    assert [shown(bank, submission_id).state for submission_id in accepted] == ["broadcast"] * 3
    engine.restart(3)
    for submission_id, draft in zip(accepted, drafts, strict=True):
        becomes_final(stage, bank, submission_id, draft)
