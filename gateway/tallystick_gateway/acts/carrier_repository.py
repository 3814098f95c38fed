"""All SQL on the transactions that carry acts, and on the nonces of the account that sends them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Select, and_, func, insert, select, text, update

from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.scoping import bulk_insert, owned_by, table_of

from .models import CARRIER_OPEN, Carrier, SenderAccount
from .repository import chunks

__all__ = [
    "CarrierLine",
    "add_carrier",
    "carriers_at_nonce",
    "carriers_by_hash",
    "in_flight",
    "mark_carriers",
    "next_nonce",
    "note_carrier_attempt",
    "open_carriers",
    "open_nonces",
    "set_next_nonce",
    "stored_bytes",
]

carriers = table_of(Carrier)
senders = table_of(SenderAccount)


class CarrierLine(NamedTuple):
    """A transaction as the sender handles it."""

    id: int
    sender: bytes
    nonce: int
    hash: bytes
    contract: str
    kind: str
    state: str


def next_nonce(session: Session, address: bytes) -> int | None:
    """The nonce that the account's next transaction takes; None if it never sent one."""
    query = select(senders.c.next_nonce).where(owned_by(session, senders), senders.c.address == address)
    return session.execute(query).scalar()


def set_next_nonce(session: Session, address: bytes, nonce: int) -> None:
    """Fix the account's next nonce. MUST be in the transaction that stores the bytes of the nonces before it."""
    changed = session.execute(
        update(senders).where(owned_by(session, senders), senders.c.address == address).values(next_nonce=nonce)
    )
    if changed.rowcount == 0:  # type: ignore[attr-defined]  # an UPDATE's result is a CursorResult
        bulk_insert(session, SenderAccount, [{"address": address, "next_nonce": nonce}])


def add_carrier(session: Session, row: dict[str, object]) -> int:
    """Store a transaction; its row id."""
    statement = insert(carriers).values(owner=session.owner, **row).returning(carriers.c.id)
    return int(session.connection().execute(statement).scalar_one())


def open_carriers(session: Session, states: Sequence[str], limit: int) -> list[CarrierLine]:
    """Transactions in `states`, lowest nonce first."""
    query = _carrier_columns(session).where(text(CARRIER_OPEN), carriers.c.state.in_(states))
    rows = session.execute(query.order_by(carriers.c.nonce, carriers.c.id).limit(limit))
    return [CarrierLine(*row) for row in rows]


def stored_bytes(session: Session, limit: int) -> list[tuple[CarrierLine, bytes]]:
    """Transactions that no node has taken yet, with their bytes, lowest nonce first."""
    columns = (carriers.c[name] for name in (*CarrierLine._fields, "raw"))
    query = select(*columns).where(owned_by(session, carriers), text(CARRIER_OPEN), carriers.c.state == "stored")
    rows = session.execute(query.order_by(carriers.c.nonce, carriers.c.id).limit(limit))
    return [(CarrierLine(*row[:-1]), row[-1]) for row in rows]


def in_flight(session: Session) -> int:
    """How many transactions are stored or accepted and not yet in a block."""
    query = select(func.count()).select_from(carriers)
    query = query.where(owned_by(session, carriers), text(CARRIER_OPEN), carriers.c.state != "reverted")
    return int(session.execute(query).scalar_one())


def open_nonces(session: Session, sender: bytes, from_nonce: int) -> frozenset[int]:
    """Nonces at which a transaction of ours waits to be mined, or was mined and not yet examined."""
    query = select(carriers.c.nonce).where(
        owned_by(session, carriers),
        carriers.c.sender == sender,
        carriers.c.nonce >= from_nonce,
        carriers.c.state.in_(("stored", "accepted", "mined", "reverted", "examined")),
    )
    return frozenset(session.execute(query).scalars())


def note_carrier_attempt(session: Session, carrier_id: int, error: str) -> None:
    """The node did not take it this time."""
    mine = and_(owned_by(session, carriers), carriers.c.id == carrier_id)
    session.execute(update(carriers).where(mine).values(attempts=carriers.c.attempts + 1, last_error=error))


def carriers_at_nonce(session: Session, sender: bytes, nonce: int) -> list[CarrierLine]:
    """Every transaction ever signed at this nonce."""
    query = _carrier_columns(session).where(carriers.c.sender == sender, carriers.c.nonce == nonce)
    return [CarrierLine(*row) for row in session.execute(query.order_by(carriers.c.id))]


def carriers_by_hash(session: Session, hashes: Sequence[bytes]) -> dict[bytes, int]:
    """Those of the transactions that are ours: hash → row id."""
    found: dict[bytes, int] = {}
    for some in chunks(hashes):
        query = select(carriers.c.hash, carriers.c.id).where(owned_by(session, carriers), carriers.c.hash.in_(some))
        found.update((hash_, id_) for hash_, id_ in session.execute(query))
    return found


def mark_carriers(session: Session, ids: Sequence[int], **columns: object) -> None:
    """Set `columns` on these transactions."""
    for some in chunks(ids):
        mine = and_(owned_by(session, carriers), carriers.c.id.in_(some))
        session.execute(update(carriers).where(mine).values(**columns))


def _carrier_columns(session: Session) -> Select[Any]:
    return select(*(carriers.c[name] for name in CarrierLine._fields)).where(owned_by(session, carriers))
