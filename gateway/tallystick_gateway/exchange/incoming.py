"""Messages of partners: a message is taken once however often it comes."""

import hashlib
from collections.abc import Mapping
from typing import Final

from pydantic import ValidationError

from tallystick.errors import TallystickError
from tallystick_gateway.kit import events
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.errors import status_of
from tallystick_gateway.kit.gateway import Gateway

from . import repository
from .errors import MessageDiffers, MessageMalformed, MessageNotForUs, PartnerLater, SenderNotProved
from .kinds import KINDS
from .models import InboxRow
from .partners import is_exchange_key_of
from .schemas import MessageIn, Receipt

__all__ = ["read_message", "receive"]

_TAKEN: Final = "TAKEN"
_REFUSED: Final = "REFUSED"
_OUR_FAULT: Final = 500


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
        if _passes(message.kind, why):
            raise PartnerLater(f"{why}.", why=why.code) from None
        refused = why
    with gateway.database.write() as session:
        return _taken_before(session, message, digest) or _note(session, gateway, message, digest, refused)


def _take(session: Session, gateway: Gateway, message: MessageIn) -> None:
    kind = KINDS.get(message.kind)
    if kind is None:
        raise MessageMalformed(f"There is no kind {message.kind} here.", field="kind")
    kind.take(session, gateway, message)


def _passes(kind: str, why: TallystickError) -> bool:
    """Whether the sender shall try again: what its kind says passes with time, and all that is wrong with us."""
    found = KINDS.get(kind)
    return status_of(why) >= _OUR_FAULT or (found is not None and isinstance(why, found.later))


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
