"""What partners may send, and what is done with it. A kind that is not listed is refused."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tallystick.errors import TallystickError
from tallystick_gateway.acts.errors import NotJoined
from tallystick_gateway.agreements.errors import AgreementUnknown, ExchangeKeyUnknown
from tallystick_gateway.agreements.sealing import open_secret
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway

from .documents import SEALED_DOCUMENT, accept
from .errors import MessageMalformed, SenderNotProved
from .schemas import MessageIn

__all__ = ["AGREEMENT_SECRET", "KINDS", "Kind"]

AGREEMENT_SECRET: Final = "agreement-secret"  # noqa: S105  # the name of a kind


@dataclass(frozen=True)
class Kind:
    """`take` does what the message asks for, in the caller's transaction, and MUST do it once however often it is
    called. Errors in `later` pass with time, so the sender shall try again; any other is for good."""

    take: Callable[[Session, Gateway, MessageIn], None]
    later: tuple[type[TallystickError], ...] = ()


def _agreement_secret(session: Session, gateway: Gateway, message: MessageIn) -> None:
    """The secret of the agreement `subject`, as a sealed file of the sender's."""
    opened = open_secret(session, gateway, _id(message.subject), message.content)
    if opened.sender != message.sender:
        raise MessageMalformed("The secret was sealed by another member than the one that sent it.", field="content")


def _sealed_document(session: Session, gateway: Gateway, message: MessageIn) -> None:
    """The document `subject`, as a sealed file of the sender's."""
    accept(session, gateway, message.sender, _id(message.subject), message.content.encode())


def _id(subject: str) -> bytes:
    try:
        found = bytes.fromhex(subject)
    except ValueError:
        found = b""
    if len(found) != 32:
        raise MessageMalformed("The subject is no id of 32 bytes in hex.", field="subject")
    return found


KINDS: Final[Mapping[str, Kind]] = {
    SEALED_DOCUMENT: Kind(_sealed_document, later=(NotJoined, SenderNotProved)),
    AGREEMENT_SECRET: Kind(_agreement_secret, later=(NotJoined, AgreementUnknown, ExchangeKeyUnknown)),
}
