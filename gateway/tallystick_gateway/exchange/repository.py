"""All SQL of the exchange."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, update
from sqlalchemy import select as select_columns
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from tallystick_gateway.agreements.models import AgreementPartyRow, AgreementRow, AgreementSecretRow
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.scoping import owned_by, table_of
from tallystick_gateway.watch.upsert import upsert

from .models import DocumentRow, InboxRow, OutboxRow, PartnerRow

__all__ = [
    "add_document",
    "add_inbox",
    "add_outbox",
    "count_repetition",
    "documents",
    "due",
    "endpoint_of",
    "find_document",
    "find_inbox",
    "find_outbox",
    "inbox",
    "oldest_waiting",
    "outbox",
    "outbox_of",
    "partners",
    "secrets_to_hand_over",
    "set_endpoint",
    "set_outbox",
    "waiting_by_partner",
]

WAITING = "WAITING"
_outbox = table_of(OutboxRow)
_inbox = table_of(InboxRow)
_agreements = table_of(AgreementRow)
_parties = table_of(AgreementPartyRow)
_secrets = table_of(AgreementSecretRow)


def add_outbox(session: Session, row: OutboxRow) -> None:
    """Add a message to be sent."""
    session.add(row)
    session.flush()


def outbox_of(session: Session, recipient: bytes, kind: str, subject: str) -> OutboxRow | None:
    """The message to that partner about that subject, None if there was none."""
    query = select(OutboxRow).where(
        col(OutboxRow.recipient) == recipient, col(OutboxRow.kind) == kind, col(OutboxRow.subject) == subject
    )
    return session.exec(query).first()


def find_outbox(session: Session, message: bytes) -> OutboxRow | None:
    """The message that goes out under this id."""
    return session.exec(select(OutboxRow).where(col(OutboxRow.message) == message)).first()


def set_outbox(session: Session, message: bytes, **columns: object) -> None:
    """Set columns of one message."""
    mine = (owned_by(session, _outbox), _outbox.c.message == message)
    session.execute(update(_outbox).where(*mine).values(**columns))


def due(session: Session, now: datetime, limit: int) -> Sequence[OutboxRow]:
    """Messages whose next attempt is due, those that waited longest first."""
    query = select(OutboxRow).where(col(OutboxRow.state) == WAITING, col(OutboxRow.next_at) <= now)
    return session.exec(query.order_by(col(OutboxRow.next_at), col(OutboxRow.id)).limit(limit)).all()


def oldest_waiting(session: Session) -> OutboxRow | None:
    """The message that has waited longest."""
    query = select(OutboxRow).where(col(OutboxRow.state) == WAITING)
    return session.exec(query.order_by(col(OutboxRow.created_at)).limit(1)).first()


def secrets_to_hand_over(session: Session, kind: str) -> list[tuple[bytes, bytes]]:
    """(agreement, party) of active agreements whose secret was made here, where no message of that kind was made."""
    made = select_columns(_outbox.c.recipient, _outbox.c.subject).where(
        owned_by(session, _outbox), _outbox.c.kind == kind
    )
    told = {(recipient, subject) for recipient, subject in session.execute(made)}
    query = (
        select_columns(_parties.c.agreement, _parties.c.member)
        .join(_agreements, _agreements.c.agreement == _parties.c.agreement)
        .join(_secrets, _secrets.c.agreement == _parties.c.agreement)
        .where(
            owned_by(session, _parties),
            owned_by(session, _agreements),
            owned_by(session, _secrets),
            _agreements.c.state == "ACTIVE",
            _secrets.c.opened_from_file.is_(False),
            _parties.c.member != session.owner,
        )
    )
    found = [(agreement, party) for agreement, party in session.execute(query)]
    return [(agreement, party) for agreement, party in found if (party, agreement.hex()) not in told]


def outbox(state: str | None) -> SelectOfScalar[OutboxRow]:
    """Messages of ours, in one state or all, for `page_of`."""
    query = select(OutboxRow)
    return query if state is None else query.where(col(OutboxRow.state) == state)


def inbox() -> SelectOfScalar[InboxRow]:
    """Messages of partners, for `page_of`."""
    return select(InboxRow)


def waiting_by_partner(session: Session) -> dict[bytes, int]:
    """How many messages wait for each partner, where any do."""
    query = (
        select_columns(_outbox.c.recipient, func.count().label("waiting"))
        .where(owned_by(session, _outbox), _outbox.c.state == WAITING)
        .group_by(_outbox.c.recipient)
    )
    return {row.recipient: row.waiting for row in session.execute(query)}


def find_inbox(session: Session, sender: bytes, message: bytes) -> InboxRow | None:
    """The message that this partner sent under this id."""
    query = select(InboxRow).where(col(InboxRow.sender) == sender, col(InboxRow.message) == message)
    return session.exec(query).first()


def add_inbox(session: Session, row: InboxRow) -> None:
    """Note what became of a message."""
    session.add(row)
    session.flush()


def count_repetition(session: Session, row: InboxRow) -> None:
    """The same message came again."""
    mine = (owned_by(session, _inbox), _inbox.c.id == row.id)
    session.execute(update(_inbox).where(*mine).values(repetitions=_inbox.c.repetitions + 1))


def partners(session: Session) -> Sequence[PartnerRow]:
    """Every endpoint that the operator set."""
    return session.exec(select(PartnerRow).order_by(col(PartnerRow.id))).all()


def endpoint_of(session: Session, member: bytes) -> str | None:
    """The endpoint that the operator set for a member."""
    return session.exec(select(PartnerRow.endpoint).where(col(PartnerRow.member) == member)).first()


def set_endpoint(session: Session, member: bytes, endpoint: str) -> None:
    """From now on the member is reached there."""
    row = {"member": member, "endpoint": endpoint, "set_at": session.now}
    upsert(session, PartnerRow, [row], key=["member"], overwrite=["endpoint", "set_at"])


def add_document(session: Session, row: DocumentRow) -> None:
    """Note a sealed document whose ciphertext is in the store."""
    session.add(row)
    session.flush()


def find_document(session: Session, document: bytes) -> DocumentRow | None:
    """The document, erased ones too."""
    return session.exec(select(DocumentRow).where(col(DocumentRow.document) == document)).first()


def documents() -> SelectOfScalar[DocumentRow]:
    """Every document, for `page_of`."""
    return select(DocumentRow)
