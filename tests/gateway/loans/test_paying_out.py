"""What a client may pay out, and what it is told about every row that is not in order."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tallystick.pseudonyms import borrower_tag
from tallystick_gateway.acts.ends import tell_ended
from tallystick_gateway.acts.models import ActRow
from tallystick_gateway.agreements.schemas import TermsIn
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.kit.scoping import owned_by, table_of
from tallystick_gateway.loans.models import BorrowerRow
from tests.gateway.chain_told import BANK_A, BANK_B, terms_json
from tests.gateway.loans.desks import Desk, desk_in, loan
from tests.gateway.support import keyed


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with desk_in(tmp_path) as desk:
        yield desk


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One desk for everything that is refused, and so leaves nothing behind."""
    with desk_in(tmp_path_factory.mktemp("steady")) as desk:
        yield desk


# ── one loan ──


def test_one_loan_is_accepted_with_its_shares_and_found_by_id_and_key(desk: Desk) -> None:
    answer = desk.post("/v1/loans", loan(servicing_status="CURRENT"))

    out = answer.json()
    assert (answer.status_code, out["shares"]) == (202, ["20000", "80001"])
    assert answer.headers["Location"] == f"/v1/loans/{desk.agreement}/{out['loan']}"
    by_id = desk.api.get(f"/v1/loans/{desk.agreement}/LC-1").json()
    assert by_id == desk.api.get(f"/v1/loans/{desk.agreement}/{out['loan']}").json()
    assert (by_id["state"], by_id["servicing_status"], by_id["value_date"]) == ("REQUESTED", "CURRENT", "2018-01-31")
    followed = desk.api.get(f"/v1/submissions/{out['submission_id']}").json()
    assert (followed["kind"], followed["total"]) == ("Disburse", 1)


@pytest.mark.parametrize(
    ("changes", "status", "code", "field"),
    [
        ({"currency": "EUR"}, 422, "loan.currency_differs", "currency"),
        ({"shares": ["50000", "50001"]}, 422, "loan.shares_differ", "shares"),
        ({"principal": "4000001"}, 422, "limit.loan_exceeded", "principal"),
        ({"currency": "XXX"}, 422, "request.invalid", "currency"),
        ({"principal": "0"}, 422, "request.invalid", "principal"),
        ({"principal": "-100"}, 422, "request.invalid", "principal"),
        ({"principal": "100.50"}, 422, "request.invalid", "principal"),
        ({"principal": 100}, 422, "request.invalid", "principal"),
        ({"value_date": "2018-02-30"}, 422, "request.invalid", "value_date"),
        ({"value_date": "2018-2-3"}, 422, "request.invalid", "value_date"),
        ({"loan_id": "lc 1"}, 422, "request.invalid", "loan_id"),
        ({"borrower_name": "Wang"}, 422, "request.invalid", "borrower_name"),
    ],
)
def test_a_loan_that_is_not_in_order_is_refused_with_its_field(
    steady: Desk, changes: dict[str, Any], status: int, code: str, field: str
) -> None:
    answer = steady.post("/v1/loans", loan(**changes))

    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["field"]) == (status, code, field), answer.text
    assert problem["advice"]
    assert steady.total() == 0


def test_a_json_number_with_cents_is_refused_at_the_door(steady: Desk) -> None:
    raw = '{"agreement": "' + steady.agreement + '", "loan_id": "LC-1", "principal": 100.5}'
    headers = keyed() | {"Content-Type": "application/json"}
    assert steady.api.post("/v1/loans", content=raw, headers=headers).json()["code"] == "body.malformed"


@pytest.mark.parametrize(
    "raw",
    [
        b'{"agreement": "%s", "loans": [], "loans": []}',
        b"\xff\xfe\x00binary",
        b'{"agreement": "\xc3\x28"}',
        b'{"agreement": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    ],
)
def test_junk_is_refused_and_nothing_is_recorded(steady: Desk, raw: bytes) -> None:
    headers = keyed() | {"Content-Type": "application/json"}
    answer = steady.api.post("/v1/loans:batch", content=raw, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "body.malformed")
    assert steady.total() == 0


def test_a_body_over_eight_mebibytes_is_refused_by_size(steady: Desk) -> None:
    body = b'{"agreement": "' + b"a" * (8 << 20) + b'"}'
    headers = keyed() | {"Content-Type": "application/json"}
    answer = steady.api.post("/v1/loans:batch", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "body.too_large")


# ── the agreement ──


def test_an_unknown_agreement_is_named(steady: Desk) -> None:
    answer = steady.api.post("/v1/loans", json={"agreement": "ab" * 32, **loan()}, headers=keyed())
    assert (answer.status_code, answer.json()["code"]) == (404, "agreement.unknown")
    assert answer.json()["field"] == "agreement"


def test_under_an_agreement_not_yet_co_signed_nothing_is_paid_out(desk: Desk) -> None:
    out = desk.api.post("/v1/agreements", json=terms_json(), headers=keyed()).json()
    body = {"agreement": out["agreement"], **loan()}

    assert desk.api.post("/v1/loans", json=body, headers=keyed()).json()["code"] == "agreement.not_active"
    terms = TermsIn.model_validate(out["terms"]).struct(b"", b"")
    desk.told.proposed(terms, BANK_A, bytes.fromhex(out["act_ids"][0]))
    problem = desk.api.post("/v1/loans", json=body, headers=keyed()).json()

    assert (problem["code"], problem["status"]) == ("agreement.not_active", 409)
    assert "still to sign: BANK-B (test)" in problem["detail"]


def test_only_the_originator_pays_out(desk: Desk) -> None:
    terms = TermsIn.model_validate(terms_json(originator=BANK_B.hex(), nonce="02" * 32)).struct(b"", b"")
    agreement = desk.told.proposed(terms, BANK_B)
    desk.told.activated(agreement, BANK_A)

    answer = desk.api.post("/v1/loans", json={"agreement": agreement.hex(), **loan()}, headers=keyed())

    assert (answer.status_code, answer.json()["code"]) == (403, "loan.not_originator")


def test_a_sealed_agreement_pays_out_nothing_here(tmp_path: Path) -> None:
    with desk_in(tmp_path, visibility="SEALED") as desk:
        answer = desk.post("/v1/loans", loan())
    assert (answer.status_code, answer.json()["code"]) == (409, "loan.agreement_sealed")


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (("KeyRevocationRecorded", {"revokedAt": 1_600_000_000}), "revoked"),
        (("CompromiseReported", {"since": 1_600_000_000}), "compromised"),
        (("KeyAdded", {"purpose": 1, "notBefore": 1_500_000_000, "notAfter": 1_600_000_000}), "expired"),
        (("KeyAdded", {"purpose": 1, "notBefore": 5_000_000_000, "notAfter": 5_000_000_001}), "not_yet_valid"),
    ],
)
def test_a_key_that_does_not_count_pays_nothing_out(desk: Desk, event: tuple[str, dict[str, int]], why: str) -> None:
    name, values = event
    key = desk.gateway.keystore.act_key("act").address.rjust(32, b"\0")
    desk.told.events((name, {"key": key, "member": BANK_A, **values}))

    answer = desk.post("/v1/loans", loan())

    assert (answer.status_code, answer.json()["code"]) == (409, "acts.key_not_valid")
    assert answer.json()["values"]["why"] == why
    assert desk.total() == 0


# ── limits ──


def test_a_partys_limit_counts_the_chain_and_what_is_on_its_way(desk: Desk) -> None:
    desk.told.disbursed(bytes.fromhex(desk.agreement), b"\x09" * 32, 4_000_000, (800_000, 3_200_000), by=BANK_A)
    assert desk.post("/v1/loans", loan("LC-1", "4000000")).status_code == 202

    problem = desk.post("/v1/loans", loan("LC-2", "2000001")).json()

    assert problem["code"] == "limit.total_exceeded"
    assert problem["values"] | {"amount": 2000001} == {
        "amount": 2000001,
        "limit": 10000000,
        "exposure": 4000000,
        "in_flight": 4000000,
        "over_by": 1,
    }
    shown = desk.shown()
    assert (shown["exposure"], shown["in_flight"], shown["headroom"]) == ("4000000", "4000000", "2000000")


def test_whose_limit_is_exceeded_is_said_by_name(tmp_path: Path) -> None:
    parties = [
        {"member": BANK_A.hex(), "share_bps": 2000, "limit": "2000000"},
        {"member": BANK_B.hex(), "share_bps": 8000, "limit": "100000"},
    ]
    with desk_in(tmp_path, parties=parties) as desk:
        problem = desk.post("/v1/loans", loan("LC-1", "200000")).json()

    assert (problem["code"], problem["values"]["name"]) == ("limit.party_exceeded", "BANK-B (test)")
    assert (problem["values"]["over_by"], problem["values"]["amount"]) == (60_000, 160_000)


def test_a_loan_that_the_chain_refused_frees_its_room_and_may_be_sent_again(desk: Desk) -> None:
    first = desk.post("/v1/loans", loan("LC-1", "4000000")).json()
    end_in_failure(desk.gateway, first["submission_id"])

    assert desk.shown()["in_flight"] == "0"
    assert desk.api.get(f"/v1/loans/{desk.agreement}/LC-1").json()["state"] == "REFUSED"
    again = desk.post("/v1/loans", loan("LC-1", "3000000"))
    assert again.status_code == 202, again.text
    assert desk.api.get(f"/v1/loans/{desk.agreement}/LC-1").json()["principal"] == "3000000"


def end_in_failure(gateway: Gateway, submission_id: str) -> None:
    """As if the contract had refused every act of the submission."""
    with gateway.database.write() as session:
        acts = table_of(ActRow)
        mine = (owned_by(session, acts), acts.c.submission_id == submission_id)
        session.execute(acts.update().where(*mine).values(state="rejected"))
        tell_ended(session, list(session.execute(acts.select().with_only_columns(acts.c.id).where(*mine)).scalars()))


# ── many loans ──


def test_many_loans_become_one_act_each_in_one_submission(desk: Desk) -> None:
    answer = desk.batch(*[loan(f"LC-{number}", "1000") for number in range(230)])

    out = answer.json()
    assert (answer.status_code, out["accepted"], out["rejected"]) == (202, 230, 0)
    submission = desk.api.get(f"/v1/submissions/{out['submission_id']}").json()
    assert submission["total"] == 230
    assert desk.shown()["in_flight"] == "230000"


@pytest.mark.parametrize(
    ("row", "code", "field"),
    [
        (loan(currency="EUR"), "loan.currency_differs", "currency"),
        (loan(currency="XXX"), "money.currency_unknown", "currency"),
        (loan(principal="-5"), "loan.principal_not_positive", "principal"),
        (loan(principal="0"), "loan.principal_not_positive", "principal"),
        (loan(principal="5.00"), "money.amount_malformed", "principal"),
        (loan(principal="1e3"), "money.amount_malformed", "principal"),
        ({**loan(), "principal": 5}, "loan.field_malformed", "principal"),
        (loan(principal="9" * 18), "limit.loan_exceeded", "principal"),
        (loan(value_date="2018-02-29"), "loan.date_does_not_exist", "value_date"),
        (loan(value_date="0001-01-01"), "loan.date_does_not_exist", "value_date"),
        (loan(value_date="31.01.2018"), "loan.date_malformed", "value_date"),
        (loan(value_date=20180131), "loan.date_malformed", "value_date"),
        (loan(loan_id="a"), "pseudonym.identifier_malformed", "loan_id"),
        (loan(loan_id="A" * 65), "pseudonym.identifier_malformed", "loan_id"),
        (loan(loan_id="LC-1\n"), "pseudonym.identifier_malformed", "loan_id"),
        (loan(shares=["1", "2"]), "loan.shares_differ", "shares"),
        (loan(shares=["x"]), "money.amount_malformed", "shares.0"),
        (loan(servicing_status="FINE"), "loan.field_malformed", "servicing_status"),
        (loan(name="Wang"), "loan.field_unknown", "name"),
        ({"loan_id": "LC-1", "currency": "USD", "principal": "5"}, "loan.field_missing", "value_date"),
        ("LC-1", "loan.row_malformed", ""),
        (None, "loan.row_malformed", ""),
        ([], "loan.row_malformed", ""),
    ],
)
def test_one_row_that_is_not_in_order_stops_them_all_and_is_named(
    steady: Desk, row: object, code: str, field: str
) -> None:
    answer = steady.batch(loan("LC-100"), row, loan("LC-101"))

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "loans.rows_refused")
    (error,) = problem["values"]["errors"]
    assert (error["line"], error["code"], error["field"]) == (2, code, field)
    assert error["detail"]
    assert error["advice"]
    assert steady.total() == 0


def test_with_partial_the_good_rows_go_and_the_others_come_back(desk: Desk) -> None:
    rows = [loan("LC-1"), loan("LC-2", "-1"), loan("LC-3", "3999999"), loan("LC-4", "4000001"), loan("LC-1")]

    out = desk.batch(*rows, partial=True).json()

    assert (out["accepted"], out["rejected"]) == (2, 3)
    assert [(error["line"], error["code"]) for error in out["errors"]] == [
        (2, "loan.principal_not_positive"),
        (4, "limit.loan_exceeded"),
        (5, "loan.repeated"),
    ]
    assert desk.total() == 2


def test_with_partial_and_no_good_row_nothing_is_sent(desk: Desk) -> None:
    out = desk.batch(loan("LC-1", "0"), partial=True).json()
    assert (out["submission_id"], out["accepted"], out["rejected"]) == (None, 0, 1)


def test_a_row_over_the_limit_leaves_the_room_to_the_next(desk: Desk) -> None:
    rows = [loan("LC-1", "4000000"), loan("LC-2", "4000000"), loan("LC-3", "4000000"), loan("LC-4", "2000000")]

    out = desk.batch(*rows, partial=True).json()

    assert [(error["line"], error["code"]) for error in out["errors"]] == [(3, "limit.total_exceeded")]
    assert desk.shown()["headroom"] == "0"


def test_the_same_loan_in_another_request_names_the_first_submission(desk: Desk) -> None:
    first = desk.batch(loan("LC-1"), loan("LC-2")).json()

    again = desk.batch(loan("LC-2"), loan("LC-3"))
    single = desk.post("/v1/loans", loan("LC-1"))

    (error,) = again.json()["values"]["errors"]
    assert (error["line"], error["code"]) == (1, "loan.requested_before")
    assert first["submission_id"] in error["detail"]
    assert (single.status_code, single.json()["values"]["submission_id"]) == (409, first["submission_id"])
    assert desk.total() == 2


def test_a_loan_that_another_gateway_recorded_is_not_paid_out_again(desk: Desk) -> None:
    desk.told.disbursed(bytes.fromhex(desk.agreement), desk.key("LC-1"), 100_001, (20_000, 80_001), by=BANK_A)

    problem = desk.post("/v1/loans", loan("LC-1")).json()

    assert (problem["status"], problem["code"]) == (409, "loan.exists")


def test_errors_of_thousands_of_rows_are_counted_and_the_first_hundred_shown(steady: Desk) -> None:
    problem = steady.batch(*[loan(f"LC-{number}", "0") for number in range(2000)]).json()
    assert (problem["values"]["refused"], len(problem["values"]["errors"])) == (2000, 100)


@pytest.mark.parametrize("count", [0, 10_001])
def test_a_batch_has_one_to_ten_thousand_rows(steady: Desk, count: int) -> None:
    answer = steady.batch(*[loan(f"LC-{number}") for number in range(count)])
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, "request.invalid", "loans")


# ── borrowers ──


def test_loans_of_one_borrower_carry_one_tag_and_its_secret_opens_it(desk: Desk) -> None:
    desk.batch(loan("LC-1", borrower="B-7"), loan("LC-2", borrower="B-7"), loan("LC-3"), loan("LC-4"))
    desk.post("/v1/loans", loan("LC-5", borrower="B-7"))

    tags = [desk.api.get(f"/v1/loans/{desk.agreement}/LC-{number}").json()["borrower_tag"] for number in range(1, 6)]

    assert tags[0] == tags[1] == tags[4]
    assert len(set(tags)) == 3
    borrowers = table_of(BorrowerRow)
    with desk.gateway.database.read() as session:
        rows = list(session.execute(borrowers.select().where(owned_by(session, borrowers))))
    assert {row.borrower_tag.hex() for row in rows} == set(tags)
    for row in rows:
        assert borrower_tag(desk.gateway.vault.unwrap(row.wrapped, row.borrower_tag)) == row.borrower_tag
    assert b"B-7" not in desk.gateway.config.database_path.read_bytes()
