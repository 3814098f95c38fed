"""From rows to anchored roots on the real engine: opened by the author, checked by others, audited, and found out."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from sqlalchemy import select, update

from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.kit.scoping import owned_by, table_of
from tallystick_gateway.records import repository
from tallystick_gateway.records.models import BatchRow, RecordRow
from tests.gateway.chain_told import terms_json
from tests.gateway.loans.test_journey import Member, loan
from tests.gateway.network import MEMBERS, Network, build, ratify_all, run_until
from tests.gateway.records.support import ndjson, repayment
from tests.gateway.support import client_for, keyed

LOANS = [f"LC-{number}" for number in range(1, 21)]
NDJSON = {"Content-Type": "application/x-ndjson"}


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    built = build(tmp_path_factory.mktemp("network"))
    try:
        yield built
    finally:
        built.engine.stop()


@pytest.fixture(scope="module")
def members(network: Network) -> Iterator[dict[str, Member]]:
    with ExitStack() as stack:
        gateways = {name: stack.enter_context(network.gateway(name)) for name in MEMBERS}
        ratify_all(network, list(gateways.values()))
        yield {name: Member(gateway, stack.enter_context(client_for(gateway))) for name, gateway in gateways.items()}


@pytest.fixture(scope="module")
def agreement(members: dict[str, Member]) -> str:
    a, b = members["BANK-A"], members["BANK-B"]
    found: str = a.done("/v1/agreements", terms_json())["agreement"]
    b.sees_agreement(found, "PROPOSED")
    b.done(f"/v1/agreements/{found}/cosign", {"agreement": found})
    a.sees_agreement(found, "ACTIVE")
    a.done("/v1/loans:batch", {"agreement": found, "loans": [loan(name, 1000) for name in LOANS]})
    a.sees_loan(found, LOANS[-1], "ACTIVE")
    return found


@pytest.fixture(scope="module")
def anchored(members: dict[str, Member], agreement: str) -> int:
    """Records of BANK-A in several batches, seen anchored by everybody; returns how many."""
    a = members["BANK-A"]
    rows = [repayment(number, agreement=agreement) for number in range(120)]
    for start in range(0, len(rows), 40):
        answer = a.api.post(
            "/v1/records:upload", content=ndjson(rows[start : start + 40]), headers={**keyed(), **NDJSON}
        )
        assert answer.status_code == 202, answer.text
        run_until(lambda start=start: _anchored(a, start + 40), "anchored")  # type: ignore[misc]
    for member in members.values():
        run_until(lambda member=member: _seen(member, a, len(rows)), "seen")  # type: ignore[misc]
    return len(rows)


def _upload(author: Member, rows: list[dict[str, Any]]) -> None:
    answer = author.api.post("/v1/records:upload", content=ndjson(rows), headers={**keyed(), **NDJSON})
    assert answer.status_code == 202, answer.text


def _anchored(author: Member, count: int) -> bool | None:
    return any(log["anchored"] >= count for log in author.get("/v1/logs")["items"]) or None


def _seen(member: Member, author: Member, count: int) -> bool | None:
    anchors = member.get("/v1/anchors", member=author.gateway.config.member_id.hex())["items"]
    return sum(anchor["count"] for anchor in anchors) == count or None


def opened(author: Member, body: dict[str, Any]) -> list[dict[str, Any]]:
    answer = author.api.post("/v1/records:open", json=body)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def checked(member: Member, openings: list[dict[str, Any]]) -> dict[str, Any]:
    body = b"".join(json.dumps(each).encode() + b"\n" for each in openings)
    answer = member.api.post("/v1/records:check", content=body, headers=NDJSON)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_record_says_included_and_never_final(members: dict[str, Member], anchored: int) -> None:
    items = members["BANK-A"].get("/v1/records", limit="1000")["items"]
    assert len(items) == anchored
    assert {item["state"] for item in items} == {"included"}
    assert all(item["anchored_height"] for item in items)


def test_a_seeded_sample_is_checked_by_every_other_member(members: dict[str, Member], anchored: int) -> None:
    a = members["BANK-A"]
    openings = opened(a, {"sample": {"count": 30, "seed": "audit 2026"}})
    assert len({each["index"] for each in openings}) == 30
    assert openings == opened(a, {"sample": {"count": 30, "seed": "audit 2026"}})
    assert openings != opened(a, {"sample": {"count": 30, "seed": "another"}})
    assert len(opened(a, {"sample": {"count": anchored + 5, "seed": "all"}})) == anchored
    author = a.gateway.config.member_id.hex()
    for name in ("BANK-B", "DEPOSITORY", "ARBITRATION"):
        report = checked(members[name], openings)
        assert report == {"checked": 30, "verified": 30, "failed": 0, "by_member": {author: 30}, "failures": []}


def test_whatever_is_changed_in_an_opening_is_found(members: dict[str, Member], anchored: int) -> None:
    opening = opened(members["BANK-A"], {"sample": {"count": 1, "seed": "x"}})[0]
    values = opening["whole"]["values"]

    def changed(**members_: Any) -> dict[str, Any]:
        return {**json.loads(json.dumps(opening)), **members_}

    forged = [
        changed(whole={**opening["whole"], "values": {**values, "principal": "1"}}),
        changed(whole={**opening["whole"], "record_secret": "00" * 32}),
        changed(inclusion=opening["inclusion"][1:]),
        changed(inclusion=[*opening["inclusion"], "00" * 32]),
        changed(index=opening["index"] + 1),
        changed(index=10**6),
        changed(member="ab" * 32),
        changed(batch={**opening["batch"], "root": "00" * 32}),
        changed(batch={**opening["batch"], "count": opening["batch"]["count"] + 1}),
        changed(more="x"),
        {"not": "an opening"},
    ]
    report = checked(members["DEPOSITORY"], [*forged, opening])
    assert (report["verified"], report["failed"]) == (1, len(forged))
    assert [failure["line"] for failure in report["failures"]] == list(range(1, len(forged) + 1))
    assert all(failure["code"] and failure["detail"] for failure in report["failures"])


def test_junk_to_check_is_counted_not_crashed_on(members: dict[str, Member], anchored: int) -> None:
    answer = members["BANK-B"].api.post("/v1/records:check", content=b"\xff\n[[[[\n\n{}\n\x00", headers=NDJSON).json()
    assert (answer["checked"], answer["verified"]) == (4, 0)
    endless = members["BANK-B"].api.post("/v1/records:check", content=b"x" * 2_000_000, headers=NDJSON).json()
    assert endless["code"] == "upload.broken"


def test_records_that_are_not_anchored_or_not_ours_are_not_opened(members: dict[str, Member], anchored: int) -> None:
    answer = members["BANK-A"].api.post("/v1/records:open", json={"digests": ["ab" * 32]})
    assert (answer.status_code, answer.json()["code"]) == (404, "record.unknown")
    assert members["BANK-B"].api.post("/v1/records:open", json={"sample": {"count": 5, "seed": "s"}}).text == ""


def test_the_author_s_audit_agrees_and_finds_a_changed_value_and_a_lost_record(
    members: dict[str, Member], anchored: int
) -> None:
    a = members["BANK-A"]
    audit = a.api.post("/v1/records:audit").json()
    assert audit["agreed"]
    assert [(log["records"], log["anchored"], log["differences"]) for log in audit["logs"]] == [
        (anchored, anchored, [])
    ]
    assert audit["logs"][0]["batches"] >= 3
    row = _change(a.gateway, 50, lambda row: {"content": row.content.replace("instalment", "installment")})
    assert _differences(a) == [("record.digest", 50), ("batch.root", 40)]
    _change(a.gateway, 50, lambda _: {"content": row.content, "log_index": 9999})
    assert ("record.missing", 50) in _differences(a)
    _change(a.gateway, 9999, lambda _: {"log_index": 50})
    assert _differences(a) == []


def test_an_anchor_that_the_contract_refused_is_sent_again_in_order(
    members: dict[str, Member], agreement: str, anchored: int
) -> None:
    """The database was set back, so to say: the batch before is not the one that the chain knows."""
    a = members["BANK-A"]
    batches = table_of(BatchRow)

    def last_act_id(act_id: bytes) -> bytes:
        with a.gateway.database.write() as session:
            latest = repository.latest_batch(session, bytes.fromhex(agreement))
            assert latest is not None
            right = latest.act_id
            here = (owned_by(session, batches), batches.c.id == latest.id)
            session.execute(update(batches).where(*here).values(act_id=act_id))
        return right

    right = last_act_id(b"\x66" * 32)
    _upload(a, [repayment(1000, agreement=agreement)])
    stuck = run_until(lambda: _open_batch(a, "rejected"), "refused")
    with a.gateway.database.write() as session:
        before = repository.find_batch(session, bytes.fromhex(agreement), stuck["first_index"] - 1)
        assert before is not None
        before.act_id = right
    _upload(a, [repayment(1001, agreement=agreement)])
    run_until(lambda: _anchored(a, anchored + 2), "anchored after all")
    assert a.api.post("/v1/records:audit").json()["agreed"]


def _open_batch(author: Member, state: str) -> dict[str, Any] | None:
    """The last batch, once its submission is in that state."""
    batch: dict[str, Any] = author.get("/v1/batches", limit="1000")["items"][-1]
    found = author.get(f"/v1/submissions/{batch['submission_id']}")
    return batch if found["state"] == state else None


def _differences(author: Member) -> list[tuple[str, int]]:
    audit = author.api.post("/v1/records:audit").json()
    found = [(each["code"], each["first_index"]) for log in audit["logs"] for each in log["differences"]]
    assert audit["agreed"] is not bool(found)
    return found


def _change(gateway: Gateway, log_index: int, change: Callable[[Any], dict[str, Any]]) -> Any:
    """Change a stored record behind the gateway's back; returns it as it was."""
    table = table_of(RecordRow)
    with gateway.database.write() as session:
        here = (owned_by(session, table), table.c.log_index == log_index)
        row = session.execute(select(table).where(*here)).one()
        session.execute(update(table).where(*here).values(**change(row)))
    return row
