"""What gateways say to each other, and what clients are shown of it."""

from typing import Annotated, Final, Literal

import rfc8785
from pydantic import Field

from tallystick_gateway.kit.wire import Hex32, Instant, Wire

__all__ = [
    "LARGEST_CONTENT",
    "EndpointIn",
    "InboxOut",
    "MessageIn",
    "OutboxOut",
    "OutboxState",
    "PartnerOut",
    "PartnersOut",
    "Receipt",
    "canonical",
]

LARGEST_CONTENT: Final = 6 * 1024 * 1024
OutboxState = Literal["WAITING", "DELIVERED", "REFUSED", "EXPIRED"]
_Kind = Annotated[str, Field(pattern=r"^[a-z][a-z-]{0,31}$")]
_Subject = Annotated[str, Field(pattern=r"^[!-~]{1,200}$")]


class MessageIn(Wire):
    """One message of `sender` for `recipient`: `id` stands for it and for no other of this sender."""

    format: Literal["tallystick-message/1"] = "tallystick-message/1"
    id: Hex32
    sender: Hex32
    recipient: Hex32
    kind: _Kind
    subject: _Subject
    content: Annotated[str, Field(max_length=LARGEST_CONTENT)]


class Receipt(Wire):
    """What the recipient's gateway says of a message, signed: it took it, or refused it for good and says why.

    `repeated` if it had done so before.
    """

    format: Literal["tallystick-receipt/1"] = "tallystick-receipt/1"
    id: Hex32
    outcome: Literal["TAKEN", "REFUSED"]
    code: Annotated[str, Field(max_length=64)] | None
    detail: Annotated[str, Field(max_length=500)] | None
    repeated: bool


class OutboxOut(Wire):
    """A message of ours; `code` and `detail` say why it still waits, or why it was refused."""

    id: Hex32
    recipient: Hex32
    kind: str
    subject: str
    state: OutboxState
    attempts: int
    created_at: Instant
    next_at: Instant | None
    ended_at: Instant | None
    code: str | None
    detail: str | None


class InboxOut(Wire):
    """A message of a partner, taken once however often it came."""

    id: Hex32
    sender: Hex32
    kind: str
    subject: str
    outcome: str
    code: str | None
    detail: str | None
    received_at: Instant
    repetitions: int


class PartnerOut(Wire):
    """Where a member answers, by its card or as the operator set it, and how many messages wait for it."""

    member: Hex32
    name: str | None
    endpoint: str | None
    set_by_operator: bool
    waiting: int


class PartnersOut(Wire):
    items: list[PartnerOut]


class EndpointIn(Wire):
    """The URL under which the member's gateway is reached."""

    endpoint: Annotated[str, Field(max_length=500)]


def canonical(message: MessageIn | Receipt) -> bytes:
    """As it goes over the wire: RFC 8785 JSON."""
    return rfc8785.dumps(message.model_dump(mode="json"))
