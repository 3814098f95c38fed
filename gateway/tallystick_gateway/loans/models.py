"""Tables of loans: one row a loan, with what its originator knows and what the chain says, and every act about it."""

from datetime import datetime

from sqlalchemy import Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field

from tallystick_gateway.kit.db import Bytes32, Owned, UtcDateTime

__all__ = ["ON_ITS_WAY", "BorrowerRow", "LoanActRow", "LoanRow"]

ON_ITS_WAY = "state = 'REQUESTED'"
"""Condition of a partial index; a query uses the index only if it states the same, word for word."""


class LoanRow(Owned, table=True):
    """A loan. `state` is REQUESTED until its disbursement is recorded (REFUSED if it was not), then the chain's.

    `loan_id` and what hangs on it are known only where the loan was requested; amounts are minor units. `shares` are
    the outstanding shares in party order, as digit strings separated by blanks. `snapshots` and `transfers` count what
    was asked for here: their number is part of the act's business id.
    """

    __tablename__ = "loans_loan"
    __table_args__ = (
        UniqueConstraint("owner", "agreement", "loan"),
        Index("ix_loans_loan_named", "owner", "agreement", "loan_id"),
        Index("ix_loans_loan_state", "owner", "state", "id"),
        Index("ix_loans_loan_servicing", "owner", "servicing_status", "id"),
        Index(
            "ix_loans_loan_on_its_way",
            "owner",
            "agreement",
            "principal",
            sqlite_where=text(ON_ITS_WAY),
            postgresql_where=text(ON_ITS_WAY),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    agreement: bytes = Field(sa_type=Bytes32)
    loan: bytes = Field(sa_type=Bytes32)
    state: str = Field(max_length=16)
    currency: str | None = Field(default=None, max_length=3)
    principal: int | None = None
    shares: str | None = Field(default=None, max_length=400)
    value_date: int | None = None
    borrower_tag: bytes | None = Field(default=None, sa_type=Bytes32)
    servicer: int | None = None
    count: int = 0
    head: bytes | None = Field(default=None, sa_type=Bytes32)
    disbursement: bytes | None = Field(default=None, sa_type=Bytes32)
    disbursed_height: int | None = None
    loan_id: str | None = Field(default=None, max_length=64)
    submission_id: str | None = Field(default=None, max_length=32)
    requested_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    servicing_status: str | None = Field(default=None, max_length=16)
    servicing_as_of: int | None = None
    snapshots: int = 0
    transfers: int = 0


class BorrowerRow(Owned, table=True):
    """The secret under a borrower's tag, wrapped by the gateway's kek.

    `reference` is a keyed hash of the client's own borrower number, so that one borrower keeps one tag; without a
    number every loan gets a borrower of its own. Destroying `wrapped` makes the tag unopenable.
    """

    __tablename__ = "loans_borrower"
    __table_args__ = (UniqueConstraint("owner", "borrower_tag"), UniqueConstraint("owner", "reference"))

    id: int | None = Field(default=None, primary_key=True)
    borrower_tag: bytes = Field(sa_type=Bytes32)
    reference: bytes | None = Field(default=None, sa_type=Bytes32)
    wrapped: bytes | None = Field(default=None, sa_type=LargeBinary)


class LoanActRow(Owned, table=True):
    """An act linked to a loan's head, in the order accepted: `count` and `head` are those after it."""

    __tablename__ = "loans_act"
    __table_args__ = (
        UniqueConstraint("owner", "agreement", "loan", "count"),
        Index("ix_loans_act_act", "owner", "act_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    agreement: bytes = Field(sa_type=Bytes32)
    loan: bytes = Field(sa_type=Bytes32)
    count: int
    head: bytes = Field(sa_type=Bytes32)
    act_id: bytes = Field(sa_type=Bytes32)
    event: str = Field(max_length=32)
    member: bytes = Field(sa_type=Bytes32)
    height: int
    transaction_hash: bytes = Field(sa_type=Bytes32)
    log_index: int
