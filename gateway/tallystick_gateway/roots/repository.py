"""All SQL of the roots."""

from collections.abc import Sequence

from sqlmodel import col, select

from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.scoping import bulk_insert
from tallystick_gateway.watch.upsert import upsert

from .models import RootsEventRow, RootsSignedRow

__all__ = ["add_events", "events_until", "note_signed", "signed_after"]

_FIRST = bytes(32)


def add_events(session: Session, rows: Sequence[dict[str, object]]) -> None:
    """Keep events as they were read."""
    bulk_insert(session, RootsEventRow, rows)


def events_until(session: Session, height: int) -> Sequence[RootsEventRow]:
    """The events of blocks up to a height, in order."""
    query = select(RootsEventRow).where(col(RootsEventRow.height) <= height)
    return session.exec(query.order_by(col(RootsEventRow.height), col(RootsEventRow.log_index))).all()


def signed_after(session: Session, previous: bytes | None) -> RootsSignedRow | None:
    """The version after `previous` (None: the first) that this member signed."""
    query = select(RootsSignedRow).where(col(RootsSignedRow.previous) == (previous or _FIRST))
    return session.exec(query).first()


def note_signed(session: Session, previous: bytes | None, digest: bytes, as_of_height: int) -> None:
    """This member stands by `digest`, and by no other that it signed after `previous` before."""
    row = {
        "previous": previous or _FIRST,
        "digest": digest,
        "as_of_height": as_of_height,
        "signed_at": session.now,
    }
    upsert(session, RootsSignedRow, [row], key=["previous"], overwrite=["digest", "as_of_height", "signed_at"])
