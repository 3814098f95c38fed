"""All SQL of packages, and where acts stand."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import func, update
from sqlmodel import col, select

from tallystick_gateway.acts.repository import chunks
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.scoping import bulk_insert, bulk_insert_raw, owned_by, table_of
from tallystick_gateway.loans.models import LoanActRow
from tallystick_gateway.records.models import RecordRow
from tallystick_gateway.watch.models import AnchorRow

from .models import OpeningRow, PackageRow, PlaceRow

__all__ = [
    "EventPlace",
    "add_openings",
    "add_package",
    "add_places",
    "anchored_end",
    "anchors_between",
    "find",
    "find_place",
    "in_states",
    "indices_by_digest",
    "indices_of_loan",
    "latest_snapshot",
    "packages_opening",
    "places_by",
    "places_of_agreement",
    "places_of_loan",
    "rows_at",
    "set_package",
]

_packages = table_of(PackageRow)
_SNAPSHOT = "HeadAsOf"


class EventPlace(NamedTuple):
    """Where the event of the act `act_id` stands; `log_index` counts the block's logs from 0."""

    height: int
    log_index: int
    act_id: bytes


# ── packages ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def add_package(session: Session, row: PackageRow) -> None:
    """Take a package into the queue."""
    last = session.exec(select(func.max(col(PackageRow.sequence)))).one() or 0
    row.sequence = last + 1
    session.add(row)


def find(session: Session, package_id: str) -> PackageRow | None:
    """The package, None if there is none of that id."""
    return session.exec(select(PackageRow).where(col(PackageRow.id) == package_id)).first()


def in_states(session: Session, states: Iterable[str]) -> Sequence[PackageRow]:
    """The packages in these states, oldest first."""
    query = select(PackageRow).where(col(PackageRow.state).in_(list(states)))
    return session.exec(query.order_by(col(PackageRow.sequence))).all()


def set_package(session: Session, package_id: str, **columns: Any) -> None:
    """Set columns of one package."""
    mine = (owned_by(session, _packages), _packages.c.id == package_id)
    session.execute(update(_packages).where(*mine).values(**columns))


def add_openings(session: Session, package_id: str, rows: Iterable[tuple[bytes, int, bool]]) -> None:
    """Note what a package lays open: (stream, log index, whole)."""
    columns = ("package_id", "stream", "log_index", "whole")
    bulk_insert_raw(session, OpeningRow, columns, [(package_id, *row) for row in rows])


def packages_opening(session: Session, stream: bytes, log_index: int) -> list[tuple[str, bool]]:
    """The packages that lay open a record of our log, oldest first, and whether they open it whole."""
    query = select(OpeningRow.package_id, OpeningRow.whole, PackageRow.sequence).join(
        PackageRow, col(PackageRow.id) == col(OpeningRow.package_id)
    )
    query = query.where(col(OpeningRow.stream) == stream, col(OpeningRow.log_index) == log_index)
    return [(package_id, whole) for package_id, whole, _ in session.exec(query.order_by(col(PackageRow.sequence)))]


# ── where acts stand ─────────────────────────────────────────────────────────────────────────────────────────────────


def add_places(session: Session, rows: Sequence[dict[str, object]]) -> None:
    """Note where acts stand."""
    bulk_insert(session, PlaceRow, rows)


def find_place(session: Session, act_id: bytes) -> EventPlace | None:
    """Where the act stands, None if no block taken has it."""
    for model in (PlaceRow, LoanActRow, AnchorRow):
        columns = select(col(model.height), col(model.log_index))
        if found := session.exec(columns.where(col(model.act_id) == act_id)).first():
            return EventPlace(*found, act_id)
    return None


def places_of_loan(session: Session, agreement: bytes, loan: bytes) -> list[EventPlace]:
    """Every act linked to the loan's head, in order."""
    query = select(LoanActRow).where(col(LoanActRow.agreement) == agreement, col(LoanActRow.loan) == loan)
    return [_place(row) for row in session.exec(query.order_by(col(LoanActRow.count)))]


def latest_snapshot(session: Session, agreement: bytes, loan: bytes) -> EventPlace | None:
    """The loan's last snapshot, None if there is none."""
    query = select(PlaceRow).where(col(PlaceRow.agreement) == agreement, col(PlaceRow.loan) == loan)
    query = query.where(col(PlaceRow.event) == _SNAPSHOT).order_by(col(PlaceRow.id).desc()).limit(1)
    found = session.exec(query).first()
    return _place(found) if found else None


def places_of_agreement(session: Session, agreement: bytes) -> list[EventPlace]:
    """The acts about the agreement itself, in order."""
    query = select(PlaceRow).where(col(PlaceRow.agreement) == agreement, col(PlaceRow.loan).is_(None))
    return [_place(row) for row in session.exec(query.order_by(col(PlaceRow.id)))]


def places_by(session: Session, contract: str, member: bytes) -> list[EventPlace]:
    """The acts in one contract that a member has signed, as far as this table places them, in order."""
    query = select(PlaceRow).where(col(PlaceRow.contract) == contract, col(PlaceRow.member) == member)
    return [_place(row) for row in session.exec(query.order_by(col(PlaceRow.id)))]


def anchors_between(session: Session, member: bytes, stream: bytes, first: int, end: int) -> Sequence[AnchorRow]:
    """The anchors of a log that hold any of the records `first` … `end − 1`, in order."""
    query = select(AnchorRow).where(col(AnchorRow.member) == member, col(AnchorRow.stream) == stream)
    query = query.where(col(AnchorRow.first_index) < end, col(AnchorRow.first_index) + col(AnchorRow.count) > first)
    return session.exec(query.order_by(col(AnchorRow.first_index))).all()


# ── our own records ──────────────────────────────────────────────────────────────────────────────────────────────────


def anchored_end(session: Session, member: bytes, stream: bytes) -> int:
    """The index after the last anchored record of a log, 0 if there is none."""
    query = select(AnchorRow).where(col(AnchorRow.member) == member, col(AnchorRow.stream) == stream)
    last = session.exec(query.order_by(col(AnchorRow.first_index).desc()).limit(1)).first()
    return last.first_index + last.count if last else 0


def indices_of_loan(session: Session, stream: bytes, loan: bytes) -> list[int]:
    """The places of a loan's records in our log, ascending."""
    query = select(RecordRow.log_index).where(col(RecordRow.stream) == stream, col(RecordRow.loan) == loan)
    return list(session.exec(query.order_by(col(RecordRow.log_index))))


def indices_by_digest(session: Session, stream: bytes, digests: Sequence[bytes]) -> dict[bytes, int]:
    """The places of records in our log by their digests, of those that are there."""
    found: dict[bytes, int] = {}
    for some in chunks(digests):
        query = select(RecordRow.digest, RecordRow.log_index)
        query = query.where(col(RecordRow.stream) == stream, col(RecordRow.digest).in_(some))
        found.update((digest, index) for digest, index in session.exec(query))
    return found


def rows_at(session: Session, stream: bytes, indices: Sequence[int]) -> list[RecordRow]:
    """The records at these places of our log, ascending."""
    rows: list[RecordRow] = []
    for some in chunks(indices):
        query = select(RecordRow).where(col(RecordRow.stream) == stream, col(RecordRow.log_index).in_(some))
        rows += session.exec(query.order_by(col(RecordRow.log_index)))
    return rows


def _place(row: PlaceRow | LoanActRow) -> EventPlace:
    return EventPlace(row.height, row.log_index, row.act_id)
