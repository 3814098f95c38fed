"""From an accepted request to the chain: each state in its turn, through crashes, and how it is followed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tallystick.client import NodeUnreachable
from tallystick.pseudonyms import loan_key
from tallystick_gateway.acts import AlreadyRequested, carrier_repository
from tallystick_gateway.acts.schemas import SubmissionOut
from tallystick_gateway.loans import repository as loans
from tallystick_gateway.watch.errors import NodeAway
from tallystick_gateway.watch.nodes import NodePool
from tests.gateway.acts.stage import Crew, Stage, crew, name, staged
from tests.gateway.network import put, run_until
from tests.gateway.support import client_for

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


def states_of(out: SubmissionOut) -> list[str]:
    assert out.acts is not None
    assert out.acts[0].history is not None
    return [step.state for step in out.acts[0].history]


def test_each_state_is_passed_in_order(stage: Stage, bank: Crew) -> None:
    accepted = put(bank.gateway, stage.disburse(name("A")))
    assert bank.shown(accepted.submission_id).state == "signed"
    bank.send()
    assert bank.shown(accepted.submission_id).state == "broadcast"
    assert states_of(bank.settle(accepted.submission_id)) == ["signed", "broadcast", "included"]


def test_what_is_accepted_before_a_node_is_seen_is_received_and_signed_later_under_the_same_id(
    stage: Stage, tmp_path: Path
) -> None:
    with crew(stage.network.home("BANK-A", tmp_path / "home")) as bank:
        accepted = put(bank.gateway, stage.disburse(name("B")))
        assert bank.shown(accepted.submission_id).state == "received"
        bank.ready()
        ended = bank.settle(accepted.submission_id)
        assert states_of(ended) == ["received", "signed", "broadcast", "included"]
        assert ended.acts is not None
        assert ended.acts[0].act_id == accepted.act_ids[0]


def test_a_crash_between_storing_and_sending_loses_nothing_and_doubles_nothing(stage: Stage, tmp_path: Path) -> None:
    home = stage.network.home("BANK-A", tmp_path / "home")
    loan_id = name("C")
    with crew(home) as bank:
        bank.ready()
        accepted = put(bank.gateway, stage.disburse(loan_id))
        bank.gateway.part(NodePool).demote(bank.gateway.part(NodePool).nodes[0], NodeUnreachable(url="", reason="cut"))
        with pytest.raises(NodeAway):
            bank.sender.step()
        (stored,) = bank.carriers("stored")
    with crew(home) as bank:
        bank.ready()
        assert bank.settle(accepted.submission_id).state == "included"
        with bank.gateway.database.read() as session:
            loan = loans.find(session, stage.agreement, loan_key(stage.secret, loan_id))
            assert loan is not None
            assert loan.count == 1
        with bank.gateway.part(NodePool).admitted() as node:
            assert node.receipt(stored.hash) is not None


def test_a_crash_after_sending_and_before_noting_it_is_noticed_by_the_watcher(stage: Stage, bank: Crew) -> None:
    accepted = put(bank.gateway, stage.disburse(name("D")))
    with bank.gateway.part(NodePool).admitted() as node:
        bank.sender._pack()  # what a crash cuts off: packed and stored, the rest is ours here
        with bank.gateway.database.read() as session:
            ((stored, raw),) = carrier_repository.stored_bytes(session, 10)
        node.send_raw(raw)
        run_until(lambda: node.receipt(stored.hash), "the block")
    assert bank.shown(accepted.submission_id).state == "signed"
    bank.follow()
    assert states_of(bank.shown(accepted.submission_id)) == ["signed", "included"]
    bank.send()
    assert bank.carriers("stored", "accepted") == []


def test_the_same_fact_is_not_requested_twice(stage: Stage, bank: Crew) -> None:
    draft = stage.disburse(name("F"))
    first = put(bank.gateway, draft)
    with pytest.raises(AlreadyRequested) as refused:
        put(bank.gateway, draft)
    assert refused.value.values["submission_id"] == first.submission_id
    assert bank.settle(first.submission_id).state == "included"
    with pytest.raises(AlreadyRequested):
        put(bank.gateway, draft)


def test_waiting_for_what_cannot_be_proved_is_refused(stage: Stage, bank: Crew) -> None:
    api = client_for(bank.gateway)
    accepted = put(bank.gateway, stage.disburse(name("V")))
    answer = api.get(f"/v1/submissions/{accepted.submission_id}", params={"wait": "final"})
    assert answer.status_code == 409
    assert answer.json()["code"] == "finality.not_provable"
    unfinished = api.get(f"/v1/submissions/{accepted.submission_id}", params={"wait": "done", "timeout": 0.1}).json()
    assert (unfinished["state"], unfinished["done"]) == ("signed", False)
    bank.settle(accepted.submission_id)
    finished = api.get(f"/v1/submissions/{accepted.submission_id}", params={"wait": "done"}).json()
    assert (finished["state"], finished["done"], finished["goal"]) == ("included", True, "included")
    assert api.get(f"/v1/submissions/{'0' * 32}").status_code == 404


def test_submissions_are_listed_newest_first_by_pages(stage: Stage, bank: Crew) -> None:
    api = client_for(bank.gateway)
    ids = [put(bank.gateway, stage.disburse(name("W"))).submission_id for _ in range(5)]
    first = api.get("/v1/submissions", params={"limit": 3}).json()
    second = api.get("/v1/submissions", params={"limit": 3, "cursor": first["next"]}).json()
    assert [item["id"] for item in first["items"] + second["items"]] == ids[::-1]
    assert second["next"] is None
    assert api.get("/v1/submissions", params={"state": "rejected"}).json()["items"] == []
