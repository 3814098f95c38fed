"""Packages of records: whole or by field, from our own log, under the roots that stand on the chain."""

from typing import Any

import pytest

from tests.gateway.packages.lending import Lending, index, lines, repayment, verdict

pytestmark = pytest.mark.chain


@pytest.fixture(scope="module")
def taken(lending: Lending) -> list[dict[str, Any]]:
    """Ten records in two batches."""
    lending.disburse("REC-1")
    lending.disburse("REC-2")
    first = [repayment(number, "REC-1", source_system="records") for number in range(5)]
    second = [repayment(number, "REC-2", source_system="records") for number in range(5, 10)]
    return lending.record(*first) + lending.record(*second)


def test_a_range_is_opened_whole_and_complete(lending: Lending, taken: list[dict[str, Any]]) -> None:
    first, last = taken[0]["log_index"], taken[-1]["log_index"]
    arguments = ("--agreement", lending.agreement, "--first", first, "--last", last)
    file, made = lending.package("BANK-A", "records", *arguments)
    assert made["package"]["records"] == 10
    code, report = verdict(file, lending.roots())
    assert (code, set(report["limits"])) == (1, {"headers.unsealed", "time.unstamped"})
    (log,) = index(file)["logs"]
    assert log["complete"] == {"first_index": first, "next_index": last + 1}
    assert index(file)["withheld"] == []
    assert [line["whole"]["values"]["principal"] for line in lines(file)] == [str(1000 + n) for n in range(10)]


def test_only_the_fields_asked_for_are_shown(lending: Lending, taken: list[dict[str, Any]]) -> None:
    arguments = ("--agreement", lending.agreement, "--loan", "REC-1", "--disclose", "loan,principal,value_date")
    file, _ = lending.package("BANK-A", "records", *arguments)
    assert verdict(file, lending.roots())[0] == 1
    assert len(lines(file)) == 5
    for line in lines(file):
        assert "whole" not in line
        assert [shown["value"] for shown in line["fields"] if shown["value"] == "2026-11-20"]
        assert len(line["fields"]) == 3
    content = file.read_bytes()
    assert b"instalment" not in content
    assert b"TX-" not in content
    withheld = {entry["field"]: entry["count"] for entry in index(file)["withheld"]}
    assert withheld["reference"] == withheld["interest"] == 5
    assert not withheld.keys() & {"loan", "principal", "value_date"}


def test_all_but_the_fields_withheld_are_shown(lending: Lending, taken: list[dict[str, Any]]) -> None:
    digest = taken[7]["digest"]
    arguments = ("--agreement", lending.agreement, "--digest", digest, "--withhold", "reference,channel")
    file, _ = lending.package("BANK-A", "records", *arguments)
    assert {entry["field"] for entry in index(file)["withheld"]} == {"reference", "channel"}
    assert verdict(file, lending.roots())[0] == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--disclose", "surname"), "package.field_unknown"),
        (("--last", "999999"), "record.not_anchored"),
        (("--digest", "ab" * 32), "record.unknown"),
        (("--loan", "REC-9"), "package.nothing_chosen"),
        (("--first", "3", "--last", "2"), "request.invalid"),
        (("--first", "3", "--loan", "REC-1"), "request.invalid"),
        (("--disclose", "loan", "--withhold", "loan"), "request.invalid"),
    ],
)
def test_what_cannot_be_packed_is_refused_at_once(
    lending: Lending, taken: list[dict[str, Any]], arguments: tuple[str, ...], code: str
) -> None:
    out = lending.folder / "refused.asice"
    given = ("package", "records", "--agreement", lending.agreement, *arguments, "--out", out)
    assert lending.members.refused("BANK-A", *given)["code"] == code
    assert not out.exists()


def test_what_a_package_lays_open_is_noted(lending: Lending, taken: list[dict[str, Any]]) -> None:
    from tallystick_gateway.packages.repository import packages_opening

    index_ = taken[0]["log_index"]
    _, whole = lending.package("BANK-A", "records", "--agreement", lending.agreement, "--digest", taken[0]["digest"])
    gateway = lending.members.gateway("BANK-A")
    with gateway.database.read() as session:
        opened = packages_opening(session, bytes.fromhex(lending.agreement), index_)
    assert (whole["id"], True) in opened
