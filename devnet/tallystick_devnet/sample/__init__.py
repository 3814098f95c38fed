"""The demonstration's input: 10 000 real loans, as a bank's core system would hand them over (`devnet.md`)."""

from .files import write_disbursements, write_repayments
from .loans import (
    ARRIVAL_DATES,
    CURRENCY,
    SERVICING_STATUS,
    SampleLoan,
    SampleMalformed,
    minor_units,
    read_loans,
)

__all__ = [
    "ARRIVAL_DATES",
    "CURRENCY",
    "SERVICING_STATUS",
    "SampleLoan",
    "SampleMalformed",
    "minor_units",
    "read_loans",
    "write_disbursements",
    "write_repayments",
]
