"""A few records in one request: all of them or none, each exactly once, every refusal with line, field and advice."""

from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tallystick.pseudonyms import loan_key
from tallystick.records import chain_over
from tallystick_gateway.kit.gateway import Gateway
from tests.gateway.records.support import AGREEMENT, SECRET, repayment, with_agreement
from tests.gateway.support import keyed


def submit(http: httpx.Client, *rows: dict[str, Any], **more: str) -> httpx.Response:
    return http.post("/v1/records", json={"records": list(rows), **more}, headers=keyed())


def count(http: httpx.Client) -> int:
    return sum(log["records"] for log in http.get("/v1/logs").json()["items"])


def test_a_record_gets_its_place_in_the_log_and_can_be_found(http: httpx.Client) -> None:
    answer = submit(http, repayment(1), repayment(2))
    assert answer.status_code == 201
    first, second = answer.json()["records"]
    assert (first["log_index"], second["log_index"]) == (0, 1)
    assert first["stream"] == AGREEMENT.hex()
    shown = http.get(f"/v1/records/{first['digest']}").json()
    assert shown["state"] == "accepted"
    assert shown["loan"] == loan_key(SECRET, "LC-2").hex()
    sent = {name: value for name, value in repayment(1).items() if name not in ("type", "loan_id")}
    assert shown["values"] == sent | {"loan": shown["loan"], "booking_date": shown["booking_date"]}
    found = http.get("/v1/records", params={"source_system": "core", "source_id": "TX-0000002"}).json()["items"]
    assert [each["digest"] for each in found] == [second["digest"]]


def test_the_same_record_again_is_already_there(http: httpx.Client) -> None:
    first = submit(http, repayment(1)).json()["records"][0]
    again = submit(http, repayment(1), repayment(2)).json()["records"]
    assert again[0] == first | {"repeated": True}
    assert not again[1]["repeated"]
    assert count(http) == 2


def test_the_same_record_twice_in_one_request_is_taken_once(http: httpx.Client) -> None:
    records = submit(http, repayment(1), repayment(1)).json()["records"]
    assert [each["repeated"] for each in records] == [False, True]
    assert count(http) == 1


def test_a_loan_can_be_named_by_its_key_and_is_the_same_record(http: httpx.Client) -> None:
    key = loan_key(SECRET, "LC-2").hex()
    submit(http, repayment(1))
    assert submit(http, repayment(1, loan_id=None, loan=key)).json()["records"][0]["repeated"]


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"currency": "EUR"}, "record.currency_wrong", "currency"),
        ({"loan_id": "LC-999"}, "record.loan_unknown", "loan"),
        ({"loan_id": "lc 1"}, "pseudonym.identifier_malformed", "loan_id"),
        ({"loan": "ab" * 32}, "record.loan_named_twice", "loan_id"),
        ({"loan_id": None}, "record.field_missing", "loan"),
        ({"principal": "-1"}, "record.amount_negative", "principal"),
        ({"principal": "10.5"}, "record.value_off_format", "principal"),
        ({"principal": "1e3"}, "record.value_off_format", "principal"),
        ({"value_date": "2026-02-30"}, "record.no_such_date", "value_date"),
        ({"agreement": "b2" * 32}, "record.agreement_unknown", "agreement"),
        ({"agreement": "xyz"}, "record.value_off_format", "agreement"),
        ({"booking_date": "2026-11-20"}, "record.booking_date_given", "booking_date"),
        ({"colour": "red"}, "record.field_unknown", "colour"),
        ({"type": "gift"}, "record.type_unknown", "type"),
        ({"type": None}, "record.type_missing", "type"),
        ({"version": "2"}, "record.version_unknown", "version"),
        ({"reference": ""}, "record.value_empty", "reference"),
        ({"reference": "e\u0301"}, "record.not_nfc", "reference"),
        ({"reference": "a\tb"}, "record.control_character", "reference"),
    ],
    ids=str,
)
def test_a_bad_record_is_named_and_nothing_is_taken(
    http: httpx.Client, change: dict[str, str | None], code: str, field: str
) -> None:
    answer = submit(http, repayment(1), repayment(2, **change))
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["line"], problem["field"]) == (422, code, 2, field)
    assert problem["advice"]
    assert count(http) == 0


def test_another_fact_under_a_known_source_id_is_refused(http: httpx.Client) -> None:
    submit(http, repayment(1))
    answer = submit(http, repayment(5), repayment(1, principal="7"))
    assert (answer.json()["code"], answer.json()["line"]) == ("record.source_id_taken", 2)
    assert count(http) == 1


@pytest.mark.parametrize(
    ("agreement", "code"),
    [
        ({"state": "PROPOSED"}, "record.agreement_not_active"),
        ({"member": b"\x09" * 32}, "record.not_party"),
        ({"calendar": "MOON"}, "record.calendar_unknown"),
        ({"time_zone": "Mars/Olympus"}, "record.calendar_unknown"),
    ],
    ids=str,
)
def test_an_agreement_that_cannot_take_records_says_why(
    gateway: Gateway, http: httpx.Client, agreement: dict[str, Any], code: str
) -> None:
    with_agreement(gateway, agreement=b"\xb2" * 32, **agreement)
    assert submit(http, repayment(1, agreement="b2" * 32)).json()["code"] == code


def test_arrival_dates_fall_on_business_days_and_only_in_development(gateway: Gateway, http: httpx.Client) -> None:
    a_saturday = "2026-11-21"
    digest = submit(http, repayment(1), arrival_date=a_saturday).json()["records"][0]["digest"]
    assert http.get(f"/v1/records/{digest}").json()["booking_date"] == "2026-11-23"
    service = gateway.config.settings.model_copy(
        update={"development": gateway.config.settings.development.model_copy(update={"arrival_dates": False})}
    )
    object.__setattr__(gateway.config, "settings", service)
    refused = submit(http, repayment(2), arrival_date="2026-11-20")
    assert refused.json()["code"] == "records.arrival_date_refused"


def test_the_record_chain_of_a_loan_follows_the_log(http: httpx.Client) -> None:
    rows = [repayment(number, loan_id="LC-3") for number in range(5)]
    digests = [bytes.fromhex(each["digest"]) for each in submit(http, *rows, repayment(9)).json()["records"][:5]]
    chain = http.get(f"/v1/agreements/{AGREEMENT.hex()}/loans/{loan_key(SECRET, 'LC-3').hex()}/record-chain").json()
    assert chain["record_count"] == 5
    assert chain["record_chain"] == chain_over(digests).hex()


def test_an_idempotency_key_is_needed_and_answers_alike(http: httpx.Client) -> None:
    body = {"records": [repayment(1)]}
    assert http.post("/v1/records", json=body).json()["code"] == "idempotency.key_missing"
    headers = keyed()
    first, again = (http.post("/v1/records", json=body, headers=headers) for _ in range(2))
    assert (first.content, first.status_code) == (again.content, again.status_code)
    assert again.headers["idempotency-replayed"] == "true"
    other = http.post("/v1/records", json={"records": [repayment(2)]}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency.key_reused")


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.integers(0, 30), min_size=1, max_size=8), max_size=6))
def test_however_records_are_sent_each_is_there_once(http: httpx.Client, requests: list[list[int]]) -> None:
    already = {item["source_id"] for item in http.get("/v1/records", params={"limit": 1000}).json()["items"]}
    for numbers in requests:
        records = submit(http, *map(repayment, numbers)).json()["records"]
        for number, record in zip(numbers, records, strict=True):
            assert record["source_id"] == f"TX-{number:07d}"
            assert record["repeated"] is (record["source_id"] in already)
            already.add(record["source_id"])
    items = http.get("/v1/records", params={"limit": 1000}).json()["items"]
    assert sorted(item["source_id"] for item in items) == sorted(already)
    assert [item["log_index"] for item in items] == list(range(len(items)))
