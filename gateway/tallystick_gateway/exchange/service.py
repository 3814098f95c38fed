"""Rules of the exchange: a message is stored before it is sent, and taken once however often it comes."""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from pydantic import ValidationError

from tallystick.errors import TallystickError
from tallystick_gateway.kit import events
from tallystick_gateway.kit.clock import as_unix
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.members import repository as members
from tallystick_gateway.members.cards import cards
from tallystick_gateway.members.keys import is_valid

from . import repository
from .errors import (
    EndpointRefused,
    MessageDiffers,
    MessageMalformed,
    MessageNotForUs,
    OutboxFull,
    PartnerLater,
    PartnerUnknown,
    SenderNotProved,
)
from .kinds import KINDS
from .models import InboxRow, OutboxRow
from .schemas import LARGEST_CONTENT, MessageIn, Receipt

__all__ = [
    "LONGEST_WAIT",
    "endpoint_of",
    "is_exchange_key_of",
    "pause_after",
    "read_message",
    "receive",
    "send",
    "set_endpoint",
]

LONGEST_WAIT: Final = timedelta(days=30)
"""After so long a message that was never answered is given up."""
_MOST_WAITING: Final = 10_000
_LONGEST_PAUSE_S: Final = 3600
_TAKEN, _REFUSED = "TAKEN", "REFUSED"


def send(session: Session, recipient: bytes, kind: str, subject: str, content: bytes) -> OutboxRow:
    """Store a message for `recipient`, once for each (recipient, kind, subject): one that is there already stays.

    The worker delivers it after the transaction. Raises `OutboxFull`.
    """
    if len(content) > LARGEST_CONTENT:
        raise ValueError(f"a message carries at most {LARGEST_CONTENT} bytes")
    if (before := repository.outbox_of(session, recipient, kind, subject)) is not None:
        return before
    if repository.waiting_by_partner(session).get(recipient, 0) >= _MOST_WAITING:
        raise OutboxFull(f"{_MOST_WAITING} messages wait for member {recipient.hex()}.", member=recipient)
    row = OutboxRow(
        message=secrets.token_bytes(32),
        recipient=recipient,
        kind=kind,
        subject=subject,
        content=content,
        state=repository.WAITING,
        created_at=session.now,
        next_at=session.now,
    )
    repository.add_outbox(session, row)
    return row


def pause_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts: twice as long each time, at most an hour."""
    return timedelta(seconds=min(_LONGEST_PAUSE_S, 2 ** min(attempts, 12)))


def read_message(body: bytes) -> MessageIn:
    """The message in a request's body. Raises `MessageMalformed`."""
    try:
        return MessageIn.model_validate_json(body)
    except ValidationError as refused:
        first = refused.errors(include_url=False, include_input=False, include_context=False)[0]
        field = ".".join(map(str, first["loc"]))
        raise MessageMalformed(f"{field or 'The message'}: {first['msg']}.", field=field) from None


def receive(gateway: Gateway, message: MessageIn, body: bytes, key: bytes) -> Receipt:
    """Take a message that `key` signed, once; the same one again gets the same answer.

    Raises `SenderNotProved`, `MessageNotForUs`, `MessageDiffers`; `PartnerLater` where the sender shall try again.
    """
    with gateway.database.read() as session:
        if message.recipient != session.owner:
            raise MessageNotForUs(f"The message is for member {message.recipient.hex()}.", field="recipient")
        if not is_exchange_key_of(session, message.sender, key, gateway.clock.now()):
            raise SenderNotProved(f"{key.hex()} is no EXCHANGE key of {message.sender.hex()} now.", field="sender")
    gateway.rate_limit.take(message.sender.hex())
    digest = hashlib.sha256(body).digest()
    try:
        with gateway.database.write() as session:
            if (before := _taken_before(session, message, digest)) is not None:
                return before
            _take(session, gateway, message)
            return _note(session, gateway, message, digest, None)
    except MessageDiffers:
        raise
    except TallystickError as why:
        if isinstance(why, _later(message.kind)):
            raise PartnerLater(f"{why}.", why=why.code) from None
        refused = why
    with gateway.database.write() as session:
        return _taken_before(session, message, digest) or _note(session, gateway, message, digest, refused)


def is_exchange_key_of(session: Session, member: bytes, key: bytes, now: datetime) -> bool:
    """Whether the chain lists `key` as an EXCHANGE key of that member, valid now. (An expelled member has none.)"""
    row, of = members.find_key(session, key), members.find_member(session, member)
    if row is None or of is None or of.state == "EXPELLED":
        return False
    return row.member == member and row.purpose == "EXCHANGE" and is_valid(row, as_unix(now))


def endpoint_of(session: Session, gateway: Gateway, member: bytes) -> str:
    """Where the member's gateway answers: as the operator set it, else as its card says. Raises `PartnerUnknown`."""
    if (stated := repository.endpoint_of(session, member)) is not None:
        return stated
    card = cards(gateway).get(member)
    if card is None:
        raise PartnerUnknown(f"The endpoint of member {member.hex()} is not known here.", member=member)
    return card.endpoint


def set_endpoint(session: Session, member: bytes, endpoint: str) -> None:
    """From now on the member is reached there. Raises `PartnerUnknown`, `EndpointRefused`."""
    if members.find_member(session, member) is None:
        raise PartnerUnknown(f"The chain knows no member {member.hex()}.", member=member)
    try:
        parts = urlsplit(endpoint)
        sound = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        sound = None
    if not sound or parts.query or parts.fragment or parts.username is not None or not endpoint.isprintable():
        raise EndpointRefused(f"{endpoint!r} will not do.", field="endpoint")
    repository.set_endpoint(session, member, endpoint)


def _take(session: Session, gateway: Gateway, message: MessageIn) -> None:
    kind = KINDS.get(message.kind)
    if kind is None:
        raise MessageMalformed(f"There is no kind {message.kind} here.", field="kind")
    kind.take(session, gateway, message)


def _later(kind: str) -> tuple[type[TallystickError], ...]:
    found = KINDS.get(kind)
    return found.later if found else ()


def _taken_before(session: Session, message: MessageIn, digest: bytes) -> Receipt | None:
    row = repository.find_inbox(session, message.sender, message.id)
    if row is None:
        return None
    if row.digest != digest:
        raise MessageDiffers("This id stood for another message before.", field="id")
    repository.count_repetition(session, row)
    return _receipt(row, repeated=True)


def _note(
    session: Session, gateway: Gateway, message: MessageIn, digest: bytes, refused: TallystickError | None
) -> Receipt:
    row = InboxRow(
        message=message.id,
        sender=message.sender,
        kind=message.kind,
        subject=message.subject,
        digest=digest,
        outcome=_REFUSED if refused else _TAKEN,
        code=refused.code if refused else None,
        detail=str(refused)[:500] if refused else None,
        received_at=gateway.clock.now(),
    )
    repository.add_inbox(session, row)
    told: Mapping[str, str | None] = {"sender": message.sender.hex(), "subject": message.subject, "code": row.code}
    name = "exchange.refused" if refused else "exchange.received"
    events.emit(session, gateway.clock.now(), name, message.kind, told)
    return _receipt(row, repeated=False)


def _receipt(row: InboxRow, *, repeated: bool) -> Receipt:
    return Receipt.model_validate(
        {"id": row.message, "outcome": row.outcome, "code": row.code, "detail": row.detail, "repeated": repeated}
    )
