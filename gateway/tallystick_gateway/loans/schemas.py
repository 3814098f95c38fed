"""Loans as clients state and see them. Amounts are minor units; `loan_id` may also be the loan key in hex."""

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, SkipValidation, WithJsonSchema

from tallystick.pseudonyms import require_loan_id
from tallystick_gateway.acts.accepted import Accepted
from tallystick_gateway.kit.wire import Hex32, Minor, Wire
from tallystick_gateway.members.fields import Amount, CodeWord, CurrencyCode, let_in

from .errors import DateMalformed, DateUnknown, PrincipalNotPositive

__all__ = [
    "DisbursedOut",
    "LoanActOut",
    "LoanBatchOut",
    "LoanChangeOut",
    "LoanDetailOut",
    "LoanIn",
    "LoanOut",
    "LoanRowIn",
    "LoanState",
    "LoansIn",
    "ReverseIn",
    "RowError",
    "ServicingIn",
    "ServicingOut",
    "ServicingRowIn",
    "ServicingStatus",
    "SettleIn",
    "SnapshotIn",
    "SummaryOut",
    "TransferServicingIn",
    "TransferShareIn",
    "ValueDate",
    "WriteOffIn",
]

MOST_ROWS = 10_000
MOST_PARTIES = 16
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_FIRST_YEAR = 1900
_NAME = r"^([A-Z0-9-]{1,64}|[0-9a-f]{64})$"

LoanState = Literal["REQUESTED", "REFUSED", "PENDING", "ACTIVE", "SETTLED", "WRITTEN_OFF", "REVERSED"]
ServicingStatus = Literal["CURRENT", "IN_GRACE", "LATE_16_30", "LATE_31_120", "CHARGED_OFF", "FULLY_PAID"]


def _value_date(value: object) -> date:
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise ValueError("expected a day as 2026-11-23") from DateMalformed(text=str(value)[:40])
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"there is no day {value}") from DateUnknown(text=value)
    if day.year < _FIRST_YEAR:
        raise ValueError(f"there is no day {value}") from DateUnknown(text=value)
    return day


def _positive(principal: int) -> int:
    if principal <= 0:
        raise ValueError("not above zero") from PrincipalNotPositive(principal=principal)
    return principal


ValueDate = Annotated[
    date,
    BeforeValidator(_value_date),
    PlainSerializer(date.isoformat),
    WithJsonSchema({"type": "string", "format": "date", "examples": ["2026-11-23"]}),
]
"""A day that exists and can stand on the chain."""

Principal = Annotated[Minor, AfterValidator(_positive)]
LoanId = Annotated[str, let_in(require_loan_id), Field(examples=["LC-4711"])]
LoanName = Annotated[str, Field(pattern=_NAME, examples=["LC-4711"])]
Shares = Annotated[list[Minor], Field(max_length=MOST_PARTIES)]


class LoanRowIn(Wire):
    """A loan that was paid out. `shares` follow from the agreement; if given, they have to be those.

    `borrower` is the institution's own number of the borrower: loans of one number get one borrower tag. It stays here.
    """

    loan_id: LoanId
    currency: CurrencyCode
    principal: Principal
    value_date: ValueDate
    shares: Shares | None = None
    borrower: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    servicing_status: ServicingStatus | None = None


class LoanIn(LoanRowIn):
    """One loan, under its agreement."""

    agreement: Hex32


class LoansIn(Wire):
    """Many loans of one agreement. Rows are checked one by one; see `errors` in the answer."""

    agreement: Hex32
    loans: Annotated[list[SkipValidation[LoanRowIn]], Field(min_length=1, max_length=MOST_ROWS)]


class SettleIn(Wire):
    """Loans that are fully paid as of one value date."""

    agreement: Hex32
    value_date: ValueDate
    loan_ids: Annotated[list[SkipValidation[LoanName]], Field(min_length=1, max_length=MOST_ROWS)]


class SnapshotIn(Wire):
    """Loans whose present count and head the chain is to state."""

    agreement: Hex32
    loan_ids: Annotated[list[SkipValidation[LoanName]], Field(min_length=1, max_length=MOST_ROWS)]


class WriteOffIn(Wire):
    """A loan that is given up."""

    agreement: Hex32
    loan_id: LoanName
    value_date: ValueDate
    reason: CodeWord


class ReverseIn(Wire):
    """A disbursement that never took place."""

    agreement: Hex32
    loan_id: LoanName
    reason: CodeWord


class TransferServicingIn(Wire):
    """The servicing of a loan, offered to another party. `price` is a salted digest (`protocol.md` §5), or zeros."""

    agreement: Hex32
    loan_id: LoanName
    to: Hex32
    reason: CodeWord
    price: Hex32 = bytes(32)


class TransferShareIn(TransferServicingIn):
    """A part of our share of a loan, offered to another party."""

    amount: Amount


class ServicingRowIn(Wire):
    """What the servicer says of one loan today."""

    loan_id: LoanName
    status: ServicingStatus


class ServicingIn(Wire):
    """Servicing statuses as of one day. They stay in this gateway."""

    agreement: Hex32
    as_of: ValueDate
    statuses: Annotated[list[SkipValidation[ServicingRowIn]], Field(min_length=1, max_length=MOST_ROWS)]


class ServicingOut(Wire):
    """How many loans have their status stated anew."""

    agreement: Hex32
    changed: int


class RowError(Wire):
    """Why a row was refused: its place in the request from 1, the field, what happened, what to do."""

    line: int
    field: str
    code: str
    detail: str
    advice: str


class LoanBatchOut(Wire):
    """What became of many rows: one act for each accepted one, all in one submission; the first refusals."""

    submission_id: str | None
    agreement: Hex32
    accepted: int
    rejected: int
    errors: list[RowError]


class DisbursedOut(Accepted):
    """A loan on its way, with the shares that follow from the agreement."""

    agreement: Hex32
    loan_id: str
    loan: Hex32
    shares: list[Minor]


class LoanChangeOut(Accepted):
    """An act about one loan, on its way."""

    agreement: Hex32
    loan_id: str
    loan: Hex32


class LoanOut(Wire):
    """A loan: REQUESTED until its disbursement is recorded (REFUSED if it was not), then the chain's state.

    `shares` are outstanding shares in party order; `servicing_status` is known to the servicer alone.
    """

    agreement: Hex32
    loan: Hex32
    loan_id: str | None
    state: LoanState
    currency: str | None
    principal: Minor | None
    shares: list[Minor]
    value_date: ValueDate | None
    borrower_tag: Hex32 | None
    servicer: Hex32 | None
    servicing_status: ServicingStatus | None
    servicing_as_of: ValueDate | None
    count: int
    head: Hex32 | None
    disbursement: Hex32 | None
    submission_id: str | None


class LoanActOut(Wire):
    """An act about the loan; `count` and `head` are those after it."""

    count: int
    head: Hex32
    act_id: Hex32
    event: str
    member: Hex32
    height: int
    transaction_hash: Hex32
    log_index: int


class LoanDetailOut(LoanOut):
    """A loan with every act about it, in the order recorded (the first thousand)."""

    acts: list[LoanActOut]


class SummaryOut(Wire):
    """How many loans are in each state and servicing status, and their principal by state."""

    agreement: Hex32 | None
    total: int
    by_state: dict[str, int]
    by_servicing_status: dict[str, int]
    principal_by_state: dict[str, str]
