"""All SQL on the transactions that carry acts, and on the nonces of the account that sends them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, func, insert, select, text, update

from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.scoping import bulk_insert, owned_by, table_of

from .models import CARRIER_OPEN, Carrier, SenderAccount
from .repository import chunks

__all__ = [
    "CarrierLine",
    "InFlight",
    "Pending",
    "add_carriers",
    "carriers_at_nonce",
    "carriers_by_hash",
    "in_flight",
    "lowest_unmined",
    "mark_carriers",
    "next_nonce",
    "note_refusal",
    "open_carriers",
    "open_nonces",
    "pending",
    "set_next_nonce",
    "stored_bytes",
    "unmined",
    "unmined_bytes",
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
    items: int
    state: str


class Pending(NamedTuple):
    """A transaction as somebody who waits for it wants to know it."""

    id: int
    sender: bytes
    nonce: int
    hash: bytes
    state: str
    last_error: str | None
    after_height: int
    height: int | None


class InFlight(NamedTuple):
    """Transactions that are stored or accepted and not yet in a block, and the gas that they declare together."""

    transactions: int
    gas: int


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


def add_carriers(session: Session, rows: Sequence[dict[str, object]]) -> list[int]:
    """Store transactions; their row ids, in the order of `rows`."""
    if not rows:
        return []
    statement = insert(carriers).returning(carriers.c.id, sort_by_parameter_order=True)
    owner = session.owner
    return list(session.connection().execute(statement, [{**row, "owner": owner} for row in rows]).scalars())


def open_carriers(session: Session, states: Sequence[str], limit: int) -> list[CarrierLine]:
    """Transactions in `states`, lowest nonce first."""
    query = _carrier_columns(session).where(text(CARRIER_OPEN), carriers.c.state.in_(states))
    rows = session.execute(query.order_by(carriers.c.nonce, carriers.c.id).limit(limit))
    return [CarrierLine(*row) for row in rows]


def stored_bytes(session: Session, limit: int) -> list[tuple[CarrierLine, bytes]]:
    """Transactions that no node has taken yet, with their bytes, lowest nonce first."""
    return _with_bytes(session, limit, carriers.c.state == "stored")


def unmined(session: Session, nonces: range, limit: int) -> list[CarrierLine]:
    """Transactions at these nonces that are in no block we took, sent or not, lowest nonce first."""
    rows = session.execute(_carrier_columns(session).where(_unmined(nonces)).order_by(carriers.c.nonce).limit(limit))
    return [CarrierLine(*row) for row in rows]


def unmined_bytes(session: Session, nonces: range, limit: int) -> list[tuple[CarrierLine, bytes]]:
    """`unmined` with their bytes."""
    return _with_bytes(session, limit, _unmined(nonces))


def _unmined(nonces: range) -> ColumnElement[bool]:
    between = and_(carriers.c.nonce >= nonces.start, carriers.c.nonce < nonces.stop)
    return and_(text(CARRIER_OPEN), carriers.c.state.in_(("stored", "accepted")), between)


def _with_bytes(session: Session, limit: int, where: ColumnElement[bool]) -> list[tuple[CarrierLine, bytes]]:
    columns = (carriers.c[name] for name in (*CarrierLine._fields, "raw"))
    query = select(*columns).where(owned_by(session, carriers), text(CARRIER_OPEN), where)
    rows = session.execute(query.order_by(carriers.c.nonce, carriers.c.id).limit(limit))
    return [(CarrierLine(*row[:-1]), row[-1]) for row in rows]


def in_flight(session: Session) -> InFlight:
    """What is on its way to a block."""
    query = select(func.count(), func.coalesce(func.sum(carriers.c.gas), 0)).select_from(carriers)
    query = query.where(owned_by(session, carriers), text(CARRIER_OPEN), carriers.c.state != "reverted")
    return InFlight(*session.execute(query).one())


def pending(session: Session, ids: Sequence[int]) -> dict[int, Pending]:
    """These transactions, by row id."""
    columns = tuple(carriers.c[name] for name in Pending._fields)
    found: dict[int, Pending] = {}
    for some in chunks(ids):
        query = select(*columns).where(owned_by(session, carriers), carriers.c.id.in_(some))
        found.update((row[0], Pending(*row)) for row in session.execute(query))
    return found


def lowest_unmined(session: Session, sender: bytes) -> int | None:
    """The lowest nonce of the account at which a transaction of ours waits for its block."""
    query = select(func.min(carriers.c.nonce)).where(
        owned_by(session, carriers),
        text(CARRIER_OPEN),
        carriers.c.sender == sender,
        carriers.c.state.in_(("stored", "accepted")),
    )
    return session.execute(query).scalar()


def open_nonces(session: Session, sender: bytes, from_nonce: int) -> frozenset[int]:
    """Nonces at which a transaction of ours waits to be mined, or was mined and not yet examined."""
    query = select(carriers.c.nonce).where(
        owned_by(session, carriers),
        carriers.c.sender == sender,
        carriers.c.nonce >= from_nonce,
        carriers.c.state.in_(("stored", "accepted", "mined", "reverted", "examined")),
    )
    return frozenset(session.execute(query).scalars())


def note_refusal(session: Session, ids: Sequence[int], error: str) -> None:
    """A node did not take these transactions this time."""
    for some in chunks(ids):
        mine = and_(owned_by(session, carriers), carriers.c.id.in_(some))
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
