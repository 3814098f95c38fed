"""All SQL on loans and their acts."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import func, text, update
from sqlalchemy import select as select_columns
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.scoping import bulk_insert_raw, owned_by, table_of
from tallystick_gateway.watch.upsert import upsert

from .models import ON_ITS_WAY, BorrowerRow, LoanActRow, LoanRow

__all__ = [
    "acts_of",
    "count_by",
    "count_up",
    "find",
    "find_by_id",
    "find_many",
    "known_borrowers",
    "known_keys",
    "on_their_way",
    "refuse",
    "rows_of",
    "selected",
    "set_servicing",
    "store_borrowers",
    "store_chain_rows",
    "store_requests",
]

_T = TypeVar("_T")
_loans = table_of(LoanRow)
_borrowers = table_of(BorrowerRow)
_IN_A_STATEMENT = 500

CHAIN_COLUMNS = (
    "state",
    "currency",
    "principal",
    "shares",
    "value_date",
    "borrower_tag",
    "servicer",
    "count",
    "head",
    "disbursement",
    "disbursed_height",
)
"""What the chain says of a loan; a projection writes these and nothing else."""


def _chunks(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    for start in range(0, len(items), _IN_A_STATEMENT):
        yield items[start : start + _IN_A_STATEMENT]


def find(session: Session, agreement: bytes, loan: bytes) -> LoanRow | None:
    """The loan by its key, None if neither the chain nor this gateway knows it."""
    mine = (col(LoanRow.agreement) == agreement, col(LoanRow.loan) == loan)
    return session.exec(select(LoanRow).where(*mine)).first()


def find_by_id(session: Session, agreement: bytes, loan_id: str) -> LoanRow | None:
    """The loan that was requested here under this id."""
    mine = (col(LoanRow.agreement) == agreement, col(LoanRow.loan_id) == loan_id)
    return session.exec(select(LoanRow).where(*mine)).first()


def find_many(session: Session, agreement: bytes, loans: Sequence[bytes]) -> dict[bytes, LoanRow]:
    """Those of the loans that are known, by key."""
    found: dict[bytes, LoanRow] = {}
    for some in _chunks(loans):
        query = select(LoanRow).where(col(LoanRow.agreement) == agreement, col(LoanRow.loan).in_(some))
        found.update((row.loan, row) for row in session.exec(query))
    return found


def known_keys(session: Session, agreement: bytes, loans: Sequence[bytes]) -> set[bytes]:
    """Those of the loan keys under which the chain or this gateway knows a loan."""
    found: set[bytes] = set()
    for some in _chunks(loans):
        query = select(LoanRow.loan).where(col(LoanRow.agreement) == agreement, col(LoanRow.loan).in_(some))
        found.update(session.exec(query))
    return found


def rows_of(session: Session, loans: Iterable[tuple[bytes, bytes]]) -> list[dict[str, Any]]:
    """(agreement, loan) → the chain's columns of those that are known."""
    by_agreement: dict[bytes, list[bytes]] = {}
    for agreement, loan in loans:
        by_agreement.setdefault(agreement, []).append(loan)
    columns = [_loans.c[name] for name in ("agreement", "loan", *CHAIN_COLUMNS)]
    rows: list[dict[str, Any]] = []
    for agreement, keys in by_agreement.items():
        for some in _chunks(keys):
            mine = (owned_by(session, _loans), _loans.c.agreement == agreement, _loans.c.loan.in_(some))
            query = session.execute(select_columns(*columns).where(*mine))
            rows += [dict(row._mapping) for row in query]  # SQLAlchemy's public way to a dict
    return rows


def on_their_way(session: Session, agreement: bytes) -> list[tuple[int, int]]:
    """(principal, how many loans of it) that were requested here and are not yet recorded or refused."""
    query = (
        select(LoanRow.principal, func.count())
        .where(col(LoanRow.agreement) == agreement, text(ON_ITS_WAY))
        .group_by(col(LoanRow.principal))
    )
    return [(principal, count) for principal, count in session.exec(query) if principal is not None]


def store_requests(session: Session, rows: Sequence[dict[str, object]]) -> None:
    """Loans as requested. One that was refused before is requested anew."""
    local = (
        "state",
        "currency",
        "principal",
        "shares",
        "value_date",
        "borrower_tag",
        "disbursement",
        "loan_id",
        "submission_id",
        "requested_at",
        "servicing_status",
    )
    upsert(session, LoanRow, rows, key=["agreement", "loan"], overwrite=local)


def store_chain_rows(session: Session, rows: Sequence[dict[str, object]]) -> None:
    """Loans as the chain has them; what only this gateway knows of them stays."""
    upsert(session, LoanRow, rows, key=["agreement", "loan"], overwrite=CHAIN_COLUMNS)


def refuse(session: Session, disbursements: Sequence[bytes]) -> None:
    """These disbursements have failed: their loans, unless recorded by another act, are REFUSED."""
    for some in _chunks(disbursements):
        mine = (owned_by(session, _loans), text(ON_ITS_WAY), _loans.c.disbursement.in_(some))
        session.execute(update(_loans).where(*mine).values(state="REFUSED"))


def acts_of(session: Session, agreement: bytes, loan: bytes, after: int, limit: int) -> Sequence[LoanActRow]:
    """Acts linked to the loan, in order, those after count `after`."""
    query = select(LoanActRow).where(
        col(LoanActRow.agreement) == agreement, col(LoanActRow.loan) == loan, col(LoanActRow.count) > after
    )
    return session.exec(query.order_by(col(LoanActRow.count)).limit(limit)).all()


def known_borrowers(session: Session, references: Sequence[bytes]) -> dict[bytes, bytes]:
    """Keyed borrower reference → borrower tag, of those that have one."""
    found: dict[bytes, bytes] = {}
    for some in _chunks(references):
        query = select(BorrowerRow.reference, BorrowerRow.borrower_tag).where(col(BorrowerRow.reference).in_(some))
        found.update((reference, tag) for reference, tag in session.exec(query) if reference is not None)
    return found


def store_borrowers(session: Session, rows: Sequence[tuple[bytes, bytes | None, bytes]]) -> None:
    """Add borrowers: (borrower tag, keyed reference, wrapped secret)."""
    bulk_insert_raw(session, BorrowerRow, ("borrower_tag", "reference", "wrapped"), rows)


def selected(agreement: bytes | None, state: str | None, servicing_status: str | None) -> SelectOfScalar[LoanRow]:
    """Loans that fit all that is stated: for a page."""
    query = select(LoanRow)
    for column, value in (
        (col(LoanRow.agreement), agreement),
        (col(LoanRow.state), state),
        (col(LoanRow.servicing_status), servicing_status),
    ):
        if value is not None:
            query = query.where(column == value)
    return query


def count_by(session: Session, agreement: bytes | None) -> list[tuple[str, str | None, int, int]]:
    """(state, servicing status, how many, their principal), for one agreement or for all."""
    query = (
        select(LoanRow.state, LoanRow.servicing_status, func.count(), func.sum(LoanRow.principal))
        .group_by(col(LoanRow.state), col(LoanRow.servicing_status))
        .order_by(col(LoanRow.state), col(LoanRow.servicing_status))
    )
    if agreement is not None:
        query = query.where(col(LoanRow.agreement) == agreement)
    return [(state, status, count, int(principal or 0)) for state, status, count, principal in session.exec(query)]


def set_servicing(session: Session, agreement: bytes, loans: Sequence[bytes], status: str, as_of: int) -> None:
    """State the servicing status of these loans as of a day (YYYYMMDD)."""
    for some in _chunks(loans):
        mine = (owned_by(session, _loans), _loans.c.agreement == agreement, _loans.c.loan.in_(some))
        session.execute(update(_loans).where(*mine).values(servicing_status=status, servicing_as_of=as_of))


def count_up(session: Session, agreement: bytes, loans: Sequence[bytes], column: str) -> None:
    """One more in `column` of these loans."""
    for some in _chunks(loans):
        mine = (owned_by(session, _loans), _loans.c.agreement == agreement, _loans.c.loan.in_(some))
        session.execute(update(_loans).where(*mine).values({column: _loans.c[column] + 1}))
