"""From a proposal to settled loans, by four gateways on the real engine: a first agreement, from end to end."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tallystick.pseudonyms import loan_key
from tallystick_gateway.acts import State
from tallystick_gateway.agreements import service as agreements
from tallystick_gateway.kit.config import Config
from tallystick_gateway.kit.gateway import Gateway
from tests.gateway.chain_told import BANK_A, BANK_B, terms_json
from tests.gateway.network import MEMBERS, Network, build, ratify_all, run_until, wait_done
from tests.gateway.support import client_for, keyed, open_test_gateway

ISSUED = "2018-01-31"


@dataclass(frozen=True)
class Member:
    """One member's gateway and a client of it."""

    gateway: Gateway
    api: httpx.Client

    def post(self, path: str, body: dict[str, Any], status: int = 202) -> dict[str, Any]:
        answer = self.api.post(path, json=body, headers=keyed())
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def get(self, path: str, **query: str) -> dict[str, Any]:
        answer = self.api.get(path, params=query)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def done(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Post, and wait until it stands on the chain."""
        answer = self.post(path, body)
        ended = wait_done(self.gateway, answer["submission_id"])
        assert ended.state == "included", self.get(f"/v1/submissions/{answer['submission_id']}")
        return answer

    def sees_loan(self, agreement: str, loan: str, state: str) -> dict[str, Any]:
        """The loan, once this gateway's watcher has it in that state."""

        def look() -> dict[str, Any] | None:
            answer = self.api.get(f"/v1/loans/{agreement}/{loan}")
            return answer.json() if answer.status_code == 200 and answer.json()["state"] == state else None

        return run_until(look, f"{loan} {state}")

    def sees_agreement(self, agreement: str, state: str) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            answer = self.api.get(f"/v1/agreements/{agreement}")
            return answer.json() if answer.status_code == 200 and answer.json()["state"] == state else None

        return run_until(look, f"agreement {state}")


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    network = build(tmp_path_factory.mktemp("network"))
    try:
        yield network
    finally:
        network.engine.stop()


@pytest.fixture(scope="module")
def members(network: Network) -> Iterator[dict[str, Member]]:
    with ExitStack() as stack:
        gateways = {name: stack.enter_context(network.gateway(name)) for name in MEMBERS}
        ratify_all(network, list(gateways.values()))
        yield {name: Member(gateway, stack.enter_context(client_for(gateway))) for name, gateway in gateways.items()}


@pytest.fixture(scope="module")
def agreement(members: dict[str, Member]) -> str:
    """An agreement that both banks signed, its secret at both."""
    a, b = members["BANK-A"], members["BANK-B"]
    proposed = a.done("/v1/agreements", terms_json())
    found = proposed["agreement"]
    b.sees_agreement(found, "PROPOSED")
    b.done(f"/v1/agreements/{found}/cosign", {"agreement": found})
    for member in members.values():
        member.sees_agreement(found, "ACTIVE")
    sealed = a.post(f"/v1/agreements/{found}/secret:seal", {}, 200)
    assert sealed["readers"] == [BANK_B.hex()]
    assert b.post(f"/v1/agreements/{found}/secret:open", {"content": sealed["content"]}, 200)["new"]
    return str(found)


def loan(loan_id: str, principal: int = 100_001, **changes: Any) -> dict[str, Any]:
    row = {"loan_id": loan_id, "currency": "USD", "principal": str(principal), "value_date": ISSUED}
    return {**row, **changes}


def test_both_banks_hold_one_secret_after_it_was_handed_over(members: dict[str, Member], agreement: str) -> None:
    held = []
    for name in ("BANK-A", "BANK-B"):
        gateway = members[name].gateway
        with gateway.database.read() as session:
            held.append(agreements.secret(gateway, session, bytes.fromhex(agreement)))
    assert held[0] == held[1]


def test_a_disbursed_loan_appears_at_every_member_and_by_name_at_the_partner(
    members: dict[str, Member], agreement: str
) -> None:
    a, b, arbitration = members["BANK-A"], members["BANK-B"], members["ARBITRATION"]

    paid = a.done("/v1/loans", {"agreement": agreement, **loan("J-1", borrower="B-77")})

    assert paid["shares"] == ["20000", "80001"]
    at_partner = b.sees_loan(agreement, "J-1", "ACTIVE")
    assert (at_partner["principal"], at_partner["shares"]) == ("100001", ["20000", "80001"])
    assert [act["event"] for act in at_partner["acts"]] == ["Disbursed"]
    assert arbitration.sees_loan(agreement, paid["loan"], "ACTIVE")["loan_id"] is None
    parties = b.get(f"/v1/agreements/{agreement}")["parties"]
    assert [party["exposure"] for party in parties] == ["20000", "80001"]


def test_many_loans_go_out_settle_and_free_their_exposure(members: dict[str, Member], agreement: str) -> None:
    a, b = members["BANK-A"], members["BANK-B"]
    before = b.get(f"/v1/agreements/{agreement}")["exposure"]
    names = [f"M-{number}" for number in range(250)]

    a.done("/v1/loans:batch", {"agreement": agreement, "loans": [loan(name, 1000) for name in names]})
    a.done("/v1/loans:settle", {"agreement": agreement, "value_date": "2018-06-11", "loan_ids": names})

    settled = b.sees_loan(agreement, names[-1], "SETTLED")
    assert [act["event"] for act in settled["acts"]] == ["Disbursed", "Settled"]
    assert b.get(f"/v1/agreements/{agreement}")["exposure"] == before
    assert a.get("/v1/loans:summary", agreement=agreement)["by_state"]["SETTLED"] == len(names)


def test_a_share_and_the_servicing_go_to_the_partner_once_it_has_signed(
    members: dict[str, Member], agreement: str
) -> None:
    a, b = members["BANK-A"], members["BANK-B"]
    a.done("/v1/loans", {"agreement": agreement, **loan("T-1", 10_000)})
    a.sees_loan(agreement, "T-1", "ACTIVE")
    about = {"agreement": agreement, "loan_id": "T-1", "to": BANK_B.hex(), "reason": "RISK_TRANSFER"}

    for path, extra in (("transfer-share", {"amount": "500"}), ("transfer-servicing", {})):
        a.done(f"/v1/loans:{path}", {**about, **extra})
        matter = run_until(lambda: _open_matter(b, agreement), "a matter to sign")
        assert matter["ours_to_sign"]
        assert matter["details"]["reason"] == "RISK_TRANSFER"
        b.done(f"/v1/matters/{matter['matter']}/cosign", {})

    moved = run_until(lambda: _served_by(a, agreement, "T-1", BANK_B), "the servicing moved")
    assert moved["shares"] == ["1500", "8500"]
    refused = a.post("/v1/loans:reverse", {"agreement": agreement, "loan_id": "T-1", "reason": "ERROR"}, 403)
    assert refused["code"] == "loan.not_servicer"
    b.done("/v1/loans:write-off", {**_of(agreement, "T-1"), "value_date": "2018-06-11", "reason": "CHARGED_OFF"})
    assert a.sees_loan(agreement, "T-1", "WRITTEN_OFF")["count"] == 6


def test_an_offer_can_be_taken_back_before_it_is_signed(members: dict[str, Member], agreement: str) -> None:
    a, b = members["BANK-A"], members["BANK-B"]
    a.done("/v1/loans", {"agreement": agreement, **loan("W-1", 10_000)})
    a.sees_loan(agreement, "W-1", "ACTIVE")
    offer = {**_of(agreement, "W-1"), "to": BANK_B.hex(), "reason": "RISK_TRANSFER", "amount": "1"}
    a.done("/v1/loans:transfer-share", offer)
    matter = run_until(lambda: _open_matter(a, agreement), "the offer")

    a.done(f"/v1/matters/{matter['matter']}/withdraw", {})

    run_until(lambda: _open_matter(b, agreement) is None or None, "the offer is gone")
    refused = b.post(f"/v1/matters/{matter['matter']}/cosign", {}, 409)
    assert refused["code"] == "matter.not_open"


def test_a_reversed_loan_frees_its_exposure_and_a_snapshot_shows_its_head(
    members: dict[str, Member], agreement: str
) -> None:
    a, depository = members["BANK-A"], members["DEPOSITORY"]
    before = a.get(f"/v1/agreements/{agreement}")["exposure"]
    a.done("/v1/loans", {"agreement": agreement, **loan("R-1", 5_000)})
    a.done("/v1/loans:reverse", {**_of(agreement, "R-1"), "reason": "BOOKED_TWICE"})
    reversed_ = depository.sees_loan(agreement, _key(a, agreement, "R-1"), "REVERSED")
    assert a.sees_loan(agreement, "R-1", "REVERSED")["head"] == reversed_["head"]
    assert a.get(f"/v1/agreements/{agreement}")["exposure"] == before
    for _ in range(2):
        depository.done("/v1/loans:snapshot", {"agreement": agreement, "loan_ids": [reversed_["loan"]]})


@pytest.fixture(scope="module")
def twin(members: dict[str, Member], tmp_path_factory: pytest.TempPathFactory, agreement: str) -> Iterator[Member]:
    """A second gateway of BANK-A with the same keys and a database of its own, which holds the secret and J-1."""
    a = members["BANK-A"]
    if a.api.get(f"/v1/loans/{agreement}/J-1").status_code != 200:
        a.done("/v1/loans", {"agreement": agreement, **loan("J-1")})
    home = tmp_path_factory.mktemp("twin") / "home"
    shutil.copytree(a.gateway.config.home, home, ignore=shutil.ignore_patterns("gateway.db*", "*.lock"))
    sealed = a.post(f"/v1/agreements/{agreement}/secret:seal", {"readers": [BANK_A.hex()]}, 200)
    with open_test_gateway(Config.load(home)) as gateway, client_for(gateway) as api:
        gateway.worker.start()
        twin = Member(gateway, api)
        twin.sees_loan(agreement, _key(a, agreement, "J-1"), "ACTIVE")
        twin.post(f"/v1/agreements/{agreement}/secret:open", {"content": sealed["content"]}, 200)
        yield twin


def test_another_gateway_that_has_seen_the_loan_does_not_pay_it_out_again(twin: Member, agreement: str) -> None:
    refused = twin.post("/v1/loans", {"agreement": agreement, **loan("J-1")}, 409)
    assert refused["code"] == "loan.exists"


def test_of_two_gateways_that_pay_one_loan_out_at_once_the_chain_takes_one(
    members: dict[str, Member], twin: Member, agreement: str
) -> None:
    both = (members["BANK-A"], twin)
    submitted = [each.post("/v1/loans", {"agreement": agreement, **loan("J-2", 300)}) for each in both]

    ended = [
        wait_done(each.gateway, answer["submission_id"]).state for each, answer in zip(both, submitted, strict=True)
    ]

    assert sorted(ended) == ["included", "rejected"]
    loser = ended.index(State.REJECTED)
    why = both[loser].get(f"/v1/submissions/{submitted[loser]['submission_id']}")["error"]
    assert why["code"] == "contract.ref_already_used"
    assert [each.sees_loan(agreement, "J-2", "ACTIVE")["count"] for each in both] == [1, 1]


def _of(agreement: str, loan_id: str) -> dict[str, str]:
    return {"agreement": agreement, "loan_id": loan_id}


def _key(member: Member, agreement: str, loan_id: str) -> str:
    with member.gateway.database.read() as session:
        secret = agreements.secret(member.gateway, session, bytes.fromhex(agreement))
    return loan_key(secret, loan_id).hex()


def _open_matter(member: Member, agreement: str) -> dict[str, Any] | None:
    matters = member.get("/v1/matters", agreement=agreement, state="OPEN")["matters"]
    return matters[0] if matters else None


def _served_by(member: Member, agreement: str, loan_id: str, servicer: bytes) -> dict[str, Any] | None:
    found = member.get(f"/v1/loans/{agreement}/{loan_id}")
    return found if found["servicer"] == servicer.hex() else None


def test_a_proposal_can_be_taken_back_before_the_partner_signed(members: dict[str, Member]) -> None:
    a, b = members["BANK-A"], members["BANK-B"]
    proposed = a.done("/v1/agreements", terms_json())["agreement"]
    b.sees_agreement(proposed, "PROPOSED")
    foreign = b.post(f"/v1/agreements/{proposed}/withdraw", {}, 403)
    assert foreign["code"] == "matter.not_opener"

    a.done(f"/v1/agreements/{proposed}/withdraw", {})

    b.sees_agreement(proposed, "WITHDRAWN")
    refused = b.post(f"/v1/agreements/{proposed}/cosign", {"agreement": proposed}, 409)
    assert refused["code"] == "agreement.not_open"
