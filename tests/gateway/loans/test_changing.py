"""What may become of a loan that exists, who may say so, and how it is served and listed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tallystick.acts import act_types
from tallystick_gateway.acts import desk_of
from tallystick_gateway.agreements.schemas import TermsIn
from tallystick_gateway.loans.changing import FOLLOWS
from tests.gateway.chain_told import ARBITRATION, BANK_A, BANK_B, Told, found, terms_json
from tests.gateway.loans.desks import Desk, desk_in, loan
from tests.gateway.support import client_for, keyed, open_test_gateway

STATES = ("PENDING", "ACTIVE", "SETTLED", "WRITTEN_OFF", "REVERSED")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with desk_in(tmp_path) as desk:
        yield desk


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One desk for everything that is refused, and so leaves nothing behind."""
    with desk_in(tmp_path_factory.mktemp("steady")) as desk:
        agreement = bytes.fromhex(desk.agreement)
        for name, event in (("S-SETTLED", "Settled"), ("S-WRITTEN-OFF", "WrittenOff"), ("S-REVERSED", "Reversed")):
            desk.told.moved(event, agreement, desk.on_chain(name), BANK_A)
        desk.on_chain("S-ACTIVE")
        desk.post("/v1/loans", loan("S-REQUESTED"))
        yield desk


def settle(desk: Desk, *names: str, partial: bool = False, value_date: str = "2018-06-11") -> Any:
    path = "/v1/loans:settle" + ("?partial=true" if partial else "")
    return desk.post(path, {"value_date": value_date, "loan_ids": list(names)})


ACTS = {
    "WriteOff": ("write-off", {"value_date": "2018-06-11", "reason": "CHARGED_OFF"}),
    "Reverse": ("reverse", {"reason": "BOOKED_TWICE"}),
    "TransferShare": ("transfer-share", {"to": BANK_B.hex(), "amount": "1", "reason": "RISK_TRANSFER"}),
    "TransferServicing": ("transfer-servicing", {"to": BANK_B.hex(), "reason": "RISK_TRANSFER"}),
}


def act(desk: Desk, kind: str, name: str, **changes: Any) -> Any:
    path, body = ACTS[kind]
    return desk.post(f"/v1/loans:{path}", {"loan_id": name, **body, **changes})


def test_loans_are_settled_in_one_request_by_id_or_by_known_key(desk: Desk) -> None:
    desk.batch(loan("LC-1"), loan("LC-2"))
    keys = [desk.on_chain("LC-1", 100_001), desk.on_chain("LC-2", 100_001)]

    answer = settle(desk, "LC-1", keys[1].hex())

    assert (answer.status_code, answer.json()["accepted"]) == (202, 2)
    followed = desk.api.get(f"/v1/submissions/{answer.json()['submission_id']}").json()
    assert (followed["kind"], followed["total"]) == ("Settle", 2)


FORBIDDEN = [
    (kind, state)
    for kind in sorted(ACTS)
    for state in ("SETTLED", "WRITTEN_OFF", "REVERSED", "REQUESTED")
    if state not in FOLLOWS[kind]
]


@pytest.mark.parametrize(("kind", "state"), FORBIDDEN)
def test_an_act_that_the_state_forbids_is_refused(steady: Desk, kind: str, state: str) -> None:
    answer = act(steady, kind, f"S-{state.replace('_', '-')}")
    assert (answer.status_code, answer.json()["code"]) == (409, "loan.state_forbids")
    assert answer.json()["values"]["state"] == state


def test_the_table_of_acts_knows_only_acts_and_states() -> None:
    for kind, states in FOLLOWS.items():
        assert act_types()[kind].contract == "LoanLedger"
        assert states <= set(STATES)


@pytest.mark.parametrize(
    ("names", "line", "code"),
    [
        (["S-ACTIVE", "NO-SUCH"], 2, "loan.unknown"),
        (["S-ACTIVE", "S-ACTIVE"], 2, "loan.repeated"),
        (["S-ACTIVE", "S-SETTLED"], 2, "loan.state_forbids"),
        (["S-ACTIVE", "S-REQUESTED"], 2, "loan.state_forbids"),
        (["s active"], 1, "loan.field_malformed"),
        ([7], 1, "loan.field_malformed"),
    ],
)
def test_a_loan_that_cannot_be_settled_stops_all_and_is_named(
    steady: Desk, names: list[Any], line: int, code: str
) -> None:
    problem = settle(steady, *names).json()
    assert problem["code"] == "loans.rows_refused"
    (error,) = problem["values"]["errors"]
    assert (error["line"], error["field"], error["code"]) == (line, "loan_id", code)


def test_a_key_without_its_id_settles_nothing(steady: Desk) -> None:
    (error,) = settle(steady, steady.key("S-ACTIVE").hex()).json()["values"]["errors"]
    assert error["code"] == "loan.id_needed"


def test_a_settlement_is_asked_for_once(desk: Desk) -> None:
    desk.on_chain("LC-1")
    desk.on_chain("LC-2")
    first = settle(desk, "LC-1").json()

    again = settle(desk, "LC-1", "LC-2", partial=True).json()

    assert (again["accepted"], again["rejected"]) == (1, 1)
    (error,) = again["errors"]
    assert (error["code"], error["line"]) == ("acts.already_requested", 1)
    assert first["submission_id"] in error["detail"]


def test_a_value_date_that_does_not_exist_is_refused(steady: Desk) -> None:
    answer = settle(steady, "S-ACTIVE", value_date="2018-06-31")
    assert (answer.status_code, answer.json()["field"]) == (422, "value_date")
    assert answer.json()["detail"] == "value_date: there is no day 2018-06-31."


@pytest.mark.parametrize("reason", ["charged off", "", "A" * 32, "SAW MRS WANG", "x", None])
def test_a_reason_is_a_code_word_for_all_to_read(steady: Desk, reason: object) -> None:
    answer = act(steady, "WriteOff", "S-ACTIVE", reason=reason)
    assert (answer.status_code, answer.json()["field"]) == (422, "reason")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount": "2001"}, "loan.share_too_large"),
        ({"amount": "0"}, "loan.share_too_large"),
        ({"to": BANK_A.hex()}, "loan.transfer_to_self"),
        ({"to": ARBITRATION.hex()}, "loan.transfer_to_self"),
    ],
)
def test_a_share_goes_to_another_party_and_is_no_more_than_held(
    steady: Desk, changes: dict[str, str], code: str
) -> None:
    answer = act(steady, "TransferShare", "S-ACTIVE", **changes)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_two_transfers_of_one_loan_are_two_facts(desk: Desk) -> None:
    desk.on_chain("LC-1")
    assert act(desk, "TransferShare", "LC-1").status_code == 202
    assert act(desk, "TransferShare", "LC-1").status_code == 202


def test_who_has_no_place_in_the_agreement_asks_for_no_snapshot(tmp_path: Path) -> None:
    """The depository is named; a regulator, say, is not."""
    with open_test_gateway(found(tmp_path)["DEPOSITORY"]) as gateway, client_for(gateway) as api:
        told = Told(gateway)
        told.founded(desk_of(gateway).consortium.members)
        codes = []
        for changes in ({}, {"depository": "00" * 32}, {"depository": "00" * 32, "attesting_roles": ["DEPOSITORY"]}):
            terms = TermsIn.model_validate(terms_json(originator=BANK_A.hex(), nonce="03" * 32, **changes))
            agreement = told.proposed(terms.struct(b"", b""), BANK_A)
            told.activated(agreement, BANK_B)
            loan_key = agreement[::-1]
            told.disbursed(agreement, loan_key, 100, (20, 80), by=BANK_A)
            body = {"agreement": agreement.hex(), "loan_ids": [loan_key.hex()]}
            answer = api.post("/v1/loans:snapshot", json=body, headers=keyed())
            codes.append(answer.json().get("code", answer.status_code))

    assert codes == [202, "loan.not_named", 202]


# ── how loans are served ──


def state_servicing(desk: Desk, *rows: dict[str, Any], as_of: str = "2018-06-11") -> Any:
    return desk.put("/v1/loans:servicing-status", {"as_of": as_of, "statuses": list(rows)})


def test_the_servicer_states_how_its_loans_do_and_lists_them(desk: Desk) -> None:
    for number in range(3):
        desk.on_chain(f"LC-{number}")
    rows = [{"loan_id": "LC-0", "status": "IN_GRACE"}, {"loan_id": desk.key("LC-1").hex(), "status": "LATE_16_30"}]

    assert state_servicing(desk, *rows).json() == {"agreement": desk.agreement, "changed": 2}

    late = desk.api.get("/v1/loans", params={"servicing_status": "LATE_16_30"}).json()["items"]
    assert [(each["loan"], each["servicing_as_of"]) for each in late] == [(desk.key("LC-1").hex(), "2018-06-11")]
    summary = desk.api.get("/v1/loans:summary", params={"agreement": desk.agreement}).json()
    assert summary["by_servicing_status"] == {"IN_GRACE": 1, "LATE_16_30": 1}
    assert (summary["total"], summary["by_state"]) == (3, {"ACTIVE": 3})
    assert desk.api.get("/v1/submissions", params={"state": "signed"}).json()["items"] == []


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"loan_id": "NO-SUCH", "status": "CURRENT"}, "loan.unknown"),
        ({"loan_id": "S-ACTIVE", "status": "LATE"}, "loan.field_malformed"),
        ({"loan_id": "S-ACTIVE"}, "loan.field_missing"),
        ({"loan_id": "S-SETTLED", "status": "FULLY_PAID"}, "loan.repeated"),
    ],
)
def test_a_status_that_is_not_in_order_changes_nothing(steady: Desk, row: dict[str, str], code: str) -> None:
    problem = state_servicing(steady, {"loan_id": "S-SETTLED", "status": "FULLY_PAID"}, row).json()
    assert [(error["line"], error["code"]) for error in problem["values"]["errors"]] == [(2, code)]
    assert steady.loan("S-SETTLED")["servicing_status"] is None


def test_only_the_servicer_states_how_a_loan_does(desk: Desk) -> None:
    key = desk.on_chain("LC-1")
    values = {"agreement": bytes.fromhex(desk.agreement), "loan": key, "from": BANK_A, "to": BANK_B}
    desk.told.events(("ServicingTransferred", values))

    problem = state_servicing(desk, {"loan_id": "LC-1", "status": "CURRENT"}).json()

    assert problem["values"]["errors"][0]["code"] == "loan.not_servicer"
    assert act(desk, "WriteOff", "LC-1").json()["code"] == "loan.not_servicer"


# ── reading ──


def test_loans_come_in_pages(desk: Desk) -> None:
    desk.batch(*[loan(f"LC-{number}", "100") for number in range(5)])
    names: list[str] = []
    cursor: str | None = None
    while True:
        query = {"agreement": desk.agreement, "limit": "2", **({"cursor": cursor} if cursor else {})}
        page = desk.api.get("/v1/loans", params=query).json()
        names += [each["loan_id"] for each in page["items"]]
        if (cursor := page["next"]) is None:
            break
    assert names == [f"LC-{number}" for number in range(5)]


def test_an_unknown_loan_is_not_found(steady: Desk) -> None:
    answer = steady.api.get(f"/v1/loans/{steady.agreement}/NO-SUCH")
    assert (answer.status_code, answer.json()["code"]) == (404, "loan.unknown")


def test_without_the_secret_a_loan_is_found_by_its_key_only(tmp_path: Path) -> None:
    with open_test_gateway(found(tmp_path)["BANK-B"]) as gateway, client_for(gateway) as api:
        told = Told(gateway)
        told.founded(desk_of(gateway).consortium.members)
        terms = TermsIn.model_validate(terms_json(originator=BANK_A.hex(), nonce="04" * 32)).struct(b"", b"")
        agreement = told.proposed(terms, BANK_A)
        told.activated(agreement, BANK_B)
        told.disbursed(agreement, b"\x09" * 32, 100, (20, 80), by=BANK_A)

        by_id = api.get(f"/v1/loans/{agreement.hex()}/LC-1")
        by_key = api.get(f"/v1/loans/{agreement.hex()}/{'09' * 32}")

    assert (by_id.status_code, by_id.json()["code"]) == (409, "agreement.secret_not_held")
    assert (by_key.json()["principal"], by_key.json()["servicer"]) == ("100", BANK_A.hex())
