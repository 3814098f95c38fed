"""Tables of the outbox: what was asked for, the acts that say it, their transactions, and their history."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field

from tallystick_gateway.kit.db import Bytes20, Bytes32, Owned, UtcDateTime

from .states import ENDS, State

__all__ = ["ActRow", "Carrier", "SenderAccount", "Submission", "Transition"]


def _one_of(states: Iterable[State]) -> str:
    return "({})".format(", ".join(f"'{state}'" for state in states))


OPEN_STATES = (State.RECEIVED, State.SIGNED, State.BROADCAST)
OPEN = f"state IN {_one_of(OPEN_STATES)}"
"""Acts that may still be recorded."""
NOT_FAILED = f"state NOT IN {_one_of(sorted(ENDS))}"
"""Acts that were recorded or may be: of these, one a fact."""
UNCARRIED = f"carrier_id IS NULL AND {OPEN}"
"""Open acts that no transaction carries."""
CARRIER_OPEN = "state IN ('stored', 'accepted', 'reverted')"
"""Transactions that somebody has still to deal with.

A query uses a partial index only if it states the index's own condition word for word: these texts are that condition.
"""


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


class Submission(Owned, table=True):
    """One accepted request: one act or many of the same kind."""

    __tablename__ = "acts_submission"
    __table_args__ = (Index("ix_acts_submission_sequence", "owner", "sequence", unique=True),)

    id: str = Field(primary_key=True, max_length=32)
    sequence: int = Field(description="order of acceptance, for cursors")
    kind: str = Field(max_length=32)
    subject: str = Field(max_length=200)
    total: int
    created_at: datetime = Field(sa_type=UtcDateTime)


class ActRow(Owned, table=True):
    """One signed act. `act_id` never changes: its times are fixed when the request is accepted."""

    __tablename__ = "acts_act"
    __table_args__ = (
        UniqueConstraint("owner", "act_id"),
        Index(
            "uq_acts_act_fact",
            "owner",
            "kind",
            "ref",
            unique=True,
            **_where(NOT_FAILED),
        ),
        Index("ix_acts_act_submission", "submission_id", "state"),
        Index("ix_acts_act_open", "owner", "valid_until", **_where(OPEN)),
        Index("ix_acts_act_unpacked", "owner", "id", **_where(UNCARRIED)),
        Index("ix_acts_act_carrier", "carrier_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    submission_id: str = Field(foreign_key="acts_submission.id", max_length=32)
    act_id: bytes = Field(sa_type=Bytes32)
    kind: str = Field(max_length=32)
    ref: bytes = Field(sa_type=Bytes32)
    contract: str = Field(max_length=32)
    subject: str = Field(max_length=200)
    encoded: bytes = Field(sa_type=LargeBinary)
    signature: bytes | None = Field(default=None, sa_type=LargeBinary)
    companion: bytes | None = Field(default=None, sa_type=LargeBinary)
    issued_at: int
    valid_until: int
    by_recovery: bool = False
    state: str = Field(max_length=16)
    carrier_id: int | None = Field(default=None, foreign_key="acts_carrier.id")
    attempts: int = 0
    failures: int = Field(default=0, description="transactions that carried it and failed without a guilty act in them")
    error: str | None = Field(default=None, max_length=2000)
    height: int | None = None


class Carrier(Owned, table=True):
    """A chain transaction that carries acts (or none, to fill a gap). Its bytes are stored before they are sent."""

    __tablename__ = "acts_carrier"
    __table_args__ = (
        UniqueConstraint("owner", "hash"),
        Index("ix_acts_carrier_nonce", "owner", "sender", "nonce"),
        Index("ix_acts_carrier_open", "owner", "nonce", **_where(CARRIER_OPEN)),
    )

    id: int | None = Field(default=None, primary_key=True)
    sender: bytes = Field(sa_type=Bytes20)
    nonce: int
    hash: bytes = Field(sa_type=Bytes32)
    raw: bytes = Field(sa_type=LargeBinary)
    contract: str = Field(max_length=32)
    kind: str = Field(max_length=32, description="kind of the acts in it; empty for a no-op")
    gas: int
    items: int
    state: str = Field(max_length=16, description="stored, accepted, mined, reverted, examined, lost")
    attempts: int = 0
    last_error: str | None = Field(default=None, max_length=2000)
    created_at: datetime = Field(sa_type=UtcDateTime)
    after_height: int = Field(description="the last block taken when it was stored: it can stand in later ones only")
    height: int | None = None


class SenderAccount(Owned, table=True):
    """The account whose key signs transactions, and the nonce that its next transaction takes."""

    __tablename__ = "acts_sender"

    address: bytes = Field(sa_type=Bytes20, primary_key=True)
    next_nonce: int


class Transition(Owned, table=True):
    """One step of one act, or one more failed attempt at the same step."""

    __tablename__ = "acts_transition"
    __table_args__ = (Index("ix_acts_transition_act", "act_row_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    act_row_id: int = Field(foreign_key="acts_act.id")
    at: datetime = Field(sa_type=UtcDateTime)
    state: str = Field(max_length=16)
    attempt: int
    error: str | None = Field(default=None, max_length=2000)
