"""What the contracts, the clock or the keys refuse, and acts that are taken back."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tallystick.client.transactions import sign_transaction
from tallystick.keys import ActKey
from tallystick_gateway.acts import KeyNotValid, carrier_repository, desk_of, repository
from tallystick_gateway.acts.packing import calldata_of
from tallystick_gateway.acts.schemas import SubmissionOut
from tallystick_gateway.acts.service import enqueue
from tallystick_gateway.agreements import repository as agreements
from tallystick_gateway.kit.clock import ClockSkewed, SystemClock, as_unix
from tallystick_gateway.watch.nodes import NodePool
from tests.gateway.acts.stage import LOAN_LIMIT, PARTY_LIMIT, Crew, Stage, crew, name, staged
from tests.gateway.network import put, run_until
from tests.gateway.support import client_for, keyed

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


def test_the_same_fact_from_a_second_gateway_of_the_member_is_refused_in_words(
    stage: Stage, bank: Crew, tmp_path: Path
) -> None:
    loan_id = name("G")
    with crew(stage.network.home("BANK-A", tmp_path / "second")) as second:
        second.ready()
        there = put(second.gateway, stage.disburse(loan_id))
        here = put(bank.gateway, stage.disburse(loan_id))
        assert second.settle(there.submission_id).state == "included"
        refused = bank.settle(here.submission_id)
    assert refused.state == "rejected"
    assert refused.error is not None
    assert refused.error["code"] == "contract.ref_already_used"
    assert there.act_ids[0].hex() in str(refused.error)


def test_one_guilty_act_does_not_take_its_batch_with_it(stage: Stage, bank: Crew) -> None:
    drafts = [stage.disburse(name("H")) for _ in range(20)]
    drafts[7] = stage.disburse(name("H"), LOAN_LIMIT + 1)
    ended = bank.settle(put(bank.gateway, *drafts).submission_id)
    assert ended.counts == {"included": 19, "rejected": 1}
    assert ended.error is not None
    assert ended.error["code"] == "contract.loan_limit_exceeded"


def test_acts_that_fail_only_together_lose_no_more_than_what_does_not_fit(stage: Stage, tmp_path: Path) -> None:
    """BANK-B's share, 80 %, is limited to 5 000 000: what is left of it takes some of the ten and not all."""
    with crew(stage.network.home("BANK-A", tmp_path / "home")) as bank:
        bank.ready()
        with bank.gateway.database.read() as session:
            left = PARTY_LIMIT - agreements.parties(session, stage.agreement)[1].exposure
        fits = left // 800_000
        drafts = [stage.disburse(name("I"), LOAN_LIMIT) for _ in range(fits + 3)]
        accepted = put(bank.gateway, *drafts)
        ended = bank.settle(accepted.submission_id)
        assert ended.counts == {"included": fits, "rejected": 3}
        assert ended.error is not None
        assert ended.error["code"] == "contract.party_limit_exceeded"
        settled = [stage.settle(draft) for draft in drafts[:fits]]
        assert bank.settle(put(bank.gateway, *settled).submission_id).state == "included"


def test_an_act_of_our_own_that_the_chain_has_already_is_success(stage: Stage, bank: Crew, tmp_path: Path) -> None:
    """A copy of the database, taken while the act was on its way, sends it a second time under another nonce."""
    guilty = stage.disburse(name("J"), LOAN_LIMIT + 1)
    accepted = put(bank.gateway, stage.disburse(name("J")), guilty)
    with bank.gateway.database.read() as session:
        first = repository.acts_of_submission(session, accepted.submission_id, 0, 1)[0]
        carried = repository.CarriedAct(
            0, first.act_id, first.contract, first.kind, first.encoded, first.signature or b"", None, 0, "signed", "", 0
        )
    bank.sender._pack()  # stored, so that the batch reverts for the guilty one's sake
    with bank.gateway.part(NodePool).admitted() as node:
        stranger = ActKey.generate()
        relayed = sign_transaction(
            stranger,
            chain_id=stage.network.consortium.chain_id,
            nonce=0,
            gas=500_000,
            to=stage.network.consortium.contract("LoanLedger").address,
            data=calldata_of("LoanLedger", "Disburse", [carried]),
        )
        node.send_raw(relayed.raw)
        run_until(lambda: node.receipt(relayed.hash), "the relayed act")
    ended = bank.settle(accepted.submission_id)
    assert ended.counts == {"included": 1, "rejected": 1}
    assert ended.error is not None
    assert ended.error["code"] == "contract.loan_limit_exceeded"


def test_an_act_that_nobody_took_expires_only_when_the_chain_is_past_it(stage: Stage, bank: Crew) -> None:
    with bank.gateway.database.write() as session:
        accepted = enqueue(
            session,
            bank.gateway,
            [stage.disburse(name("P"))],
            subject="test",
            valid_for=timedelta(seconds=2),
        )
    bank.follow()
    assert bank.shown(accepted.submission_id).state == "signed"

    def expired() -> SubmissionOut | None:
        bank.follow()
        out = bank.shown(accepted.submission_id)
        return out if out.done else None

    ended = run_until(expired, "the act to expire")
    assert ended.state == "expired"
    assert ended.acts is not None
    tip = bank.watcher.tip
    assert tip is not None
    assert tip.time > as_unix(ended.acts[0].valid_until)


def test_an_act_past_its_validity_is_refused_by_the_contract_in_words(stage: Stage, bank: Crew) -> None:
    with bank.gateway.database.write() as session:
        accepted = enqueue(
            session, bank.gateway, [stage.disburse(name("Q"))], subject="test", valid_for=timedelta(seconds=1)
        )
        (item,) = repository.unpacked_acts(session, 1)
    acts = bank.shown(accepted.submission_id).acts
    assert acts is not None
    until = acts[0].valid_until

    def past() -> bool | None:
        with bank.gateway.part(NodePool).admitted() as node:
            return node.block("latest").timestamp > as_unix(until) or None

    run_until(past, "the end of validity")
    carried = repository.CarriedAct(
        item.id, accepted.act_ids[0], item.contract, item.kind, item.encoded, item.signature, None, 0, "signed", "", 0
    )
    with bank.gateway.part(NodePool).admitted() as node:
        verdict = bank.examiner.examine(node, [carried])
    assert [refusal.name for _, refusal in verdict.guilty] == ["ActExpired"]


def test_a_clock_that_is_off_by_an_hour_signs_nothing(stage: Stage, tmp_path: Path) -> None:
    clock = SystemClock(timedelta(hours=-1))
    with crew(stage.network.home("BANK-A", tmp_path / "home"), clock) as bank:
        bank.follow()
        with pytest.raises(ClockSkewed):
            put(bank.gateway, stage.disburse(name("R")))


def test_a_key_that_the_chain_does_not_know_signs_nothing(stage: Stage, bank: Crew) -> None:
    desk = desk_of(bank.gateway)
    desk.__dict__["act_key"] = ActKey.generate()
    with pytest.raises(KeyNotValid) as refused:
        put(bank.gateway, stage.disburse(name("S")))
    assert refused.value.values["why"] == "unknown"


def test_an_act_taken_back_before_it_is_sent_is_burnt_on_the_chain(stage: Stage, bank: Crew) -> None:
    api = client_for(bank.gateway)
    accepted = put(bank.gateway, stage.disburse(name("T")))
    with bank.gateway.database.write() as session:
        # Someone else holds the bytes: only the chain can burn them. Ours are kept from leaving first.
        (line,) = repository.acts_by_id(session, list(accepted.act_ids))
        row = {
            "sender": bytes(20),
            "nonce": 0,
            "hash": os.urandom(32),
            "raw": b"",
            "contract": "LoanLedger",
            "kind": "Disburse",
            "gas": 0,
            "items": 1,
            "state": "lost",
            "attempts": 0,
            "created_at": bank.gateway.clock.now(),
            "after_height": 0,
        }
        (carrier_id,) = carrier_repository.add_carriers(session, [row])
        repository.assign_carriers(session, [(line.id, carrier_id)])
    answer = api.post(f"/v1/submissions/{accepted.submission_id}:cancel", headers=keyed())
    assert answer.status_code == 202, answer.text
    assert bank.settle(answer.json()["id"]).state == "included"
    ended = bank.shown(accepted.submission_id)
    assert ended.state == "cancelled"


def test_an_unsigned_act_is_taken_back_at_once(stage: Stage, tmp_path: Path) -> None:
    with crew(stage.network.home("BANK-A", tmp_path / "home")) as bank:
        api = client_for(bank.gateway)
        accepted = put(bank.gateway, stage.disburse(name("U")))
        answer = api.post(f"/v1/submissions/{accepted.submission_id}:cancel", headers=keyed())
        assert answer.json()["state"] == "cancelled"
        again = api.post(f"/v1/submissions/{accepted.submission_id}:cancel", headers=keyed())
        assert again.status_code == 409
        bank.ready()
        bank.send()
        assert bank.carriers("stored", "accepted") == []
