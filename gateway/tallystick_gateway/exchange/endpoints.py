"""HTTP of the exchange: the door for partners' gateways, and what goes through it."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.doors import ReadDoor, WriteDoor, gateway_of, reads, writes
from tallystick_gateway.kit.errors import declared
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.kit.paging import LARGEST_PAGE, CursorRefused, Page
from tallystick_gateway.kit.roles import Action
from tallystick_gateway.kit.wire import Hex32

from . import partners, views
from .errors import (
    EndpointRefused,
    MessageDiffers,
    MessageMalformed,
    MessageNotForUs,
    PartnerLater,
    PartnerUnknown,
    SenderNotProved,
)
from .incoming import read_message, receive
from .schemas import EndpointIn, InboxOut, MessageIn, OutboxOut, OutboxState, PartnersOut, Receipt, canonical
from .signatures import PATH, sign_answer, verify_request

__all__ = ["router"]

router = APIRouter(tags=["exchange"])
_Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE)]


@router.post(
    PATH,
    response_model=Receipt,
    responses=declared(SenderNotProved, MessageMalformed, MessageNotForUs, MessageDiffers, PartnerLater),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": MessageIn.model_json_schema()}},
        }
    },
)
async def receive_message(request: Request) -> Response:
    """Take a message of another member's gateway, signed by its EXCHANGE key (RFC 9421); the receipt is signed too.

    The same message again gets the same receipt. Without a receipt it shall be sent again.
    """
    lines = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw]
    return await run_in_threadpool(_receive, gateway_of(request), lines, await request.body())


@router.get("/v1/exchange/outbox", response_model=Page[OutboxOut], responses=declared(CursorRefused))
def list_outbox(
    door: Annotated[ReadDoor, reads(Action.SUBMISSIONS_READ)],
    state: OutboxState | None = None,
    cursor: str | None = None,
    limit: _Limit = 100,
) -> Response:
    """Messages to other members, newest first: delivered, refused by them, or why they still wait."""
    return door.read(lambda session: views.outbox(session, state, cursor, limit))


@router.get("/v1/exchange/inbox", response_model=Page[InboxOut], responses=declared(CursorRefused))
def list_inbox(
    door: Annotated[ReadDoor, reads(Action.SUBMISSIONS_READ)], cursor: str | None = None, limit: _Limit = 100
) -> Response:
    """Messages of other members, newest first, and what was done with each."""
    return door.read(lambda session: views.inbox(session, cursor, limit))


@router.get("/v1/exchange/partners", response_model=PartnersOut)
def list_partners(door: Annotated[ReadDoor, reads(Action.MEMBERS_READ)]) -> Response:
    """Where the other members' gateways answer, and how many messages wait for each."""
    return door.read(lambda session: views.partners(session, door.gateway))


@router.post(
    "/v1/exchange/partners/{member}:set-endpoint",
    response_model=PartnersOut,
    responses=declared(PartnerUnknown, EndpointRefused),
)
def set_endpoint(member: Hex32, body: EndpointIn, door: Annotated[WriteDoor, writes(Action.OPERATE)]) -> Response:
    """State where a member's gateway answers, if its card is out of date. (Only its key makes an answer believed.)"""

    def store(session: Session) -> PartnersOut:
        partners.set_endpoint(session, member, body.endpoint)
        return views.partners(session, door.gateway)

    return door.write(store, then=lambda: door.gateway.worker.nudge("exchange.deliver"))


def _receive(gateway: Gateway, headers: Sequence[tuple[str, str]], body: bytes) -> Response:
    key = verify_request(headers, body, gateway.clock.now())
    receipt = canonical(receive(gateway, read_message(body), body, key))
    signed = sign_answer(200, receipt, headers, gateway.keystore.ed25519("exchange"), gateway.clock.now())
    return Response(receipt, 200, signed)
