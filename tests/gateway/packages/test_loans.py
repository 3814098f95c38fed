"""Packages about a loan: its acts complete, its records recomputed, and nothing better said than is proved."""

from pathlib import Path

import pytest

from tests.gateway.packages.lending import Lending, index, repayment, verdict

pytestmark = pytest.mark.chain
_LIMITS = {"headers.unsealed", "time.unstamped"}


@pytest.fixture(scope="module")
def loan(lending: Lending) -> str:
    """A loan of 100 001 with two repayments among those of another."""
    lending.disburse("LOAN-2")
    key = lending.disburse("LOAN-1")
    rows = [repayment(number, "LOAN-1" if number % 3 == 0 else "LOAN-2") for number in range(6)]
    lending.record(*rows)
    return key


def test_the_originator_proves_the_whole_loan_with_what_is_still_owed(lending: Lending, loan: str) -> None:
    file, made = lending.package("BANK-A", "loan", loan, "--agreement", lending.agreement, "--records", "log")
    assert made["package"]["records"] == 6
    code, report = verdict(file, lending.roots())
    assert (code, set(report["limits"])) == (1, _LIMITS), report["checks"]
    told = index(file)["loan"]
    (figures,) = told["figures"]
    assert (told["state"], told["count"], told["snapshot"] is not None) == ("ACTIVE", 1, True)
    assert (figures["repayments"], figures["outstanding"], figures["complete"]) == (2, str(100_001 - 1000 - 1003), True)
    shown = {act["kind"] for act in index(file)["acts"]}
    assert shown == {"ProposeAgreement", "CoSign", "Disburse", "Snapshot", "Anchor"}


def test_records_of_other_loans_show_no_more_than_that_they_are(lending: Lending, loan: str) -> None:
    file, _ = lending.package("BANK-A", "loan", loan, "--agreement", lending.agreement, "--records", "log")
    withheld = {entry["field"]: entry["count"] for entry in index(file)["withheld"]}
    assert "loan" not in withheld
    assert withheld["principal"] == withheld["source_id"] == 4


def test_with_the_loans_records_alone_nobody_is_told_that_these_are_all(lending: Lending, loan: str) -> None:
    file, made = lending.package("BANK-A", "loan", loan, "--agreement", lending.agreement)
    assert made["package"]["records"] == 2
    code, report = verdict(file, lending.roots())
    assert (code, set(report["limits"])) == (1, {*_LIMITS, "history.partial"})


def test_the_partner_proves_the_loan_without_records(lending: Lending, loan: str) -> None:
    file, _ = lending.package("BANK-B", "loan", loan, "--agreement", lending.agreement)
    code, report = verdict(file, lending.roots())
    assert (code, set(report["limits"])) == (1, {*_LIMITS, "history.none", "figures.none"})


def test_the_last_snapshot_covers_only_what_was_there(lending: Lending) -> None:
    loan = lending.disburse("LOAN-3")
    arguments = ("loan", loan, "--agreement", lending.agreement, "--snapshot", "last")
    _, made = lending.package("BANK-A", *arguments)
    assert "loan.no_snapshot" in made["package"]["limits"]
    lending.package("BANK-A", "loan", loan, "--agreement", lending.agreement)
    _, made = lending.package("BANK-A", *arguments)
    assert "loan.no_snapshot" not in made["package"]["limits"]
    settled = {"agreement": lending.agreement, "value_date": "2018-03-31", "loan_ids": ["LOAN-3"]}
    lending.post("BANK-A", "/v1/loans:settle", settled)
    _, made = lending.package("BANK-A", *arguments)
    assert "loan.no_snapshot" in made["package"]["limits"]
    file, _ = lending.package("BANK-B", "loan", loan, "--agreement", lending.agreement)
    assert index(file)["loan"]["state"] == "SETTLED"


def test_one_changed_digit_is_refused_and_named(lending: Lending, loan: str, tmp_path: Path) -> None:
    file, _ = lending.package("BANK-A", "loan", loan, "--agreement", lending.agreement)
    roots = lending.roots()
    changed = tmp_path / "changed.asice"
    content = file.read_bytes()
    assert content.count(b'"principal":"1003"') == 1
    changed.write_bytes(content.replace(b'"principal":"1003"', b'"principal":"1103"'))
    code, report = verdict(changed, roots)
    assert (code, report["verdict"]) == (2, "NOT VERIFIED")
    failed = {check["code"] for check in report["checks"] if check["status"] == "FAIL"}
    assert failed & {"files.changed", "container.shape", "files.digest"}, failed
