"""The files that the originating bank's core system hands to its gateway: NDJSON, one row a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

from .loans import CURRENCY, SampleLoan

__all__ = ["write_disbursements", "write_repayments"]


def write_disbursements(path: Path, loans: Iterable[SampleLoan]) -> int:
    """One row a loan; returns how many."""
    return _write(
        path,
        (
            {
                "loan_id": loan.loan_id,
                "currency": CURRENCY,
                "principal": str(loan.principal),
                "value_date": loan.disbursed_on.isoformat(),
                "servicing_status": loan.status,
            }
            for loan in loans
        ),
    )


def write_repayments(path: Path, loans: Iterable[SampleLoan], *, agreement: str, arrives_on: date) -> int:
    """One cumulative repayment a loan with anything paid, of the loans whose file arrives on that day; how many."""
    day = arrives_on.isoformat()
    return _write(
        path,
        (
            {
                "type": "repayment",
                "agreement": agreement,
                "loan_id": loan.loan_id,
                "occurred_at": f"{day}T12:00:00Z",
                "reference": f"{loan.loan_id}/{day}",
                "source_system": "core-banking",
                "source_id": f"{loan.loan_id}:cumulative",
                "value_date": day,
                "currency": CURRENCY,
                "principal": str(loan.paid_principal),
                "interest": str(loan.paid_interest),
                "penalty": "0",
                "fees": str(loan.paid_late_fees),
            }
            for loan in loans
            if loan.paid_anything and loan.repayment_arrives_on == arrives_on
        ),
    )


def _write(path: Path, rows: Iterable[Mapping[str, str]]) -> int:
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    return count
