"""Doors that belong to no domain: tokens, events, health, readiness, status."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict
from sse_starlette import EventSourceResponse, ServerSentEvent

from tallystick_gateway.kit import events
from tallystick_gateway.kit.auth import AssertionRefused, Grant, ScopeRefused, TokenRefused, granted
from tallystick_gateway.kit.clock import rfc3339
from tallystick_gateway.kit.doors import TOKEN_PATH, ReadDoor, gateway_of, reads
from tallystick_gateway.kit.errors import GatewayError, declared
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.kit.paging import CursorRefused, Page
from tallystick_gateway.kit.roles import Action

__all__ = ["router"]

router = APIRouter()

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LONGEST_WAIT_S = 30.0
_STREAM_PAUSE_S = 0.1


class GrantRefused(GatewayError):
    """The token request is not client credentials by private_key_jwt"""

    status = 400
    code = "auth.grant_refused"
    advice = (
        f"Send grant_type=client_credentials, client_assertion_type={_ASSERTION_TYPE}, client_assertion (and scope)."
    )


class TokenOut(BaseModel):
    """RFC 6749 §5.1."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "access_token": "0kq1pC0ZrT4nX8dW…",
                    "token_type": "Bearer",
                    "expires_in": 600,
                    "scope": "records:submit records:read",
                }
            ]
        },
    )

    access_token: str
    token_type: str = "Bearer"  # noqa: S105  # the type's name
    expires_in: int
    scope: str


class EventOut(BaseModel):
    """One event; `cursor` is what to go on from."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "cursor": "42",
                    "at": "2026-11-23T08:00:00Z",
                    "kind": "upload.done",
                    "subject": "3f6c1a529d0e4b7c8a550c1d2e3f4a5b",
                    "body": {"accepted": 1000, "repeated": 0, "rejected": 0},
                }
            ]
        },
    )

    cursor: str
    at: str
    kind: str
    subject: str
    body: dict[str, Any]


class ReasonOut(BaseModel):
    """`blocking` if it keeps the gateway from its work; if not, somebody should look into it all the same."""

    code: str
    detail: str
    advice: str
    blocking: bool


class ReadyOut(BaseModel):
    """Ready, or why not: some reason is blocking."""

    ready: bool
    reasons: list[ReasonOut]


class StatusOut(BaseModel):
    """What an operator asks first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "member": "ab" * 32,
                    "name": "Harbour Bank",
                    "engine": "embedded",
                    "goal": "included",
                    "time": "2026-11-23T08:00:00Z",
                    "clock_skew_s": 0.412,
                    "ready": False,
                    "reasons": [
                        {
                            "code": "clock.skew",
                            "detail": "Our clock and the chain's blocks differ by 90 s.",
                            "advice": "Set the machine's clock (NTP).",
                            "blocking": True,
                        }
                    ],
                    "tasks": {},
                    "worker_fatal": None,
                    "facts": {},
                }
            ]
        }
    )

    member: str
    name: str
    engine: str
    goal: str
    time: str
    clock_skew_s: float | None
    ready: bool
    reasons: list[ReasonOut]
    tasks: dict[str, Any]
    worker_fatal: dict[str, Any] | None
    facts: dict[str, Any]


@router.post(
    TOKEN_PATH,
    tags=["access"],
    response_model=TokenOut,
    responses=declared(GrantRefused, ScopeRefused, AssertionRefused),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/x-www-form-urlencoded": {
                    "schema": {
                        "type": "object",
                        "required": ["grant_type", "client_assertion_type", "client_assertion"],
                        "properties": {
                            "grant_type": {"const": "client_credentials"},
                            "client_assertion_type": {"const": _ASSERTION_TYPE},
                            "client_assertion": {
                                "type": "string",
                                "description": "A JWT signed by the client's key (RFC 7523).",
                                "examples": ["eyJhbGciOiJFZDI1NTE5In0.eyJpc3MiOiJlcnAiLCJzdWIiOiJlcnAifQ.c2ln"],
                            },
                            "scope": {"type": "string", "examples": ["records:submit records:read"]},
                        },
                    }
                }
            },
        }
    },
)
async def token(request: Request) -> Response:
    """Give a client that proves its key a short access token."""
    fields = dict(parse_qsl((await request.body()).decode("utf-8", "replace"), max_num_fields=16))
    if fields.get("grant_type") != "client_credentials" or fields.get("client_assertion_type") != _ASSERTION_TYPE:
        raise GrantRefused("The token request is of another grant type.", field="grant_type")
    gateway = gateway_of(request)
    grant: Grant = await run_in_threadpool(
        gateway.authority.grant, fields.get("client_assertion", ""), fields.get("scope")
    )
    life = grant.principal.expires_at - gateway.clock.now()
    out = TokenOut(
        access_token=grant.token, expires_in=int(life.total_seconds()), scope=granted(grant.principal.scopes)
    )
    return Response(out.model_dump_json(), media_type="application/json", headers={"Cache-Control": "no-store"})


@router.get("/.well-known/oauth-authorization-server", tags=["access"])
def authorization_server(request: Request) -> dict[str, Any]:
    """Metadata of the token endpoint (RFC 8414); `issuer` is the audience of client assertions."""
    return {
        "issuer": gateway_of(request).config.issuer,
        "token_endpoint": TOKEN_PATH,
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["Ed25519", "EdDSA", "ES256"],
        "scopes_supported": [action.value for action in Action],
    }


@router.get(
    "/v1/events",
    tags=["events"],
    response_model=Page[EventOut],
    responses=declared(TokenRefused, CursorRefused),
)
async def list_events(
    door: Annotated[ReadDoor, reads(Action.EVENTS_READ)],
    after: str = "0",
    kind: str = "",
    limit: Annotated[int, Query(ge=1, le=events.LONGEST_READ)] = 100,
    wait_s: Annotated[float, Query(ge=0, le=_LONGEST_WAIT_S)] = 0,
) -> Page[EventOut]:
    """Events after a cursor, oldest first; with `wait_s`, waits that long for the first one."""
    cursor = _cursor(after)
    rows = await door.until(lambda session: events.after(session, cursor, limit, kind) or None, wait_s) or []
    items = [EventOut(**events.wire(row)) for row in rows]
    return Page[EventOut](items=items, next=items[-1].cursor if items else str(cursor))


@router.get("/v1/events:stream", tags=["events"], responses=declared(TokenRefused, CursorRefused))
async def stream_events(
    request: Request,
    door: Annotated[ReadDoor, reads(Action.EVENTS_READ)],
    after: str = "0",
    kind: str = "",
) -> EventSourceResponse:
    """Events as they happen (server-sent events). Resume with `Last-Event-ID`; ends when the token does."""
    cursor = _cursor(request.headers.get("last-event-id", after))
    return EventSourceResponse(_stream(door, cursor, kind), ping=15)


@router.get("/health", tags=["operation"])
async def health() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/ready", tags=["operation"], response_model=ReadyOut)
def ready(request: Request) -> Response:
    """200 if the gateway can do its work, else 503; with reasons, also those that do not keep it from its work."""
    reasons = _reasons(gateway_of(request))
    out = ReadyOut(ready=_is_ready(reasons), reasons=reasons)
    return Response(out.model_dump_json(), 200 if out.ready else 503, media_type="application/json")


@router.get("/v1/status", tags=["operation"], response_model=StatusOut, responses=declared(TokenRefused))
def status(door: Annotated[ReadDoor, reads(Action.CHAIN_READ)]) -> StatusOut:
    """Who this is, how its tasks fare, and what each domain reports."""
    gateway = door.gateway
    reasons = _reasons(gateway)
    skew_s = gateway.skew.skew_s
    return StatusOut(
        member=gateway.config.member_id.hex(),
        name=gateway.config.settings.member.name,
        engine=gateway.config.settings.chain.engine,
        goal=gateway.config.goal.value,
        time=rfc3339(gateway.clock.now()),
        clock_skew_s=None if skew_s is None else round(skew_s, 3),
        ready=_is_ready(reasons),
        reasons=reasons,
        tasks={name: state.wire() for name, state in gateway.worker.states.items()},
        worker_fatal=gateway.worker.fatal,
        facts={name: fact() for name, fact in gateway.facts.items()},
    )


async def _stream(door: ReadDoor, cursor: int, kind: str) -> AsyncIterator[ServerSentEvent]:
    while (left_s := (door.client.expires_at - door.gateway.clock.now()).total_seconds()) > 0:
        here = cursor
        rows = await door.until(lambda session, here=here: events.after(session, here, 500, kind) or None, left_s)  # type: ignore[misc]  # a default binds the loop's value
        for row in rows or []:
            cursor = row.id or cursor
            yield ServerSentEvent(json.dumps(events.wire(row)), id=str(cursor), event=row.kind)
        await asyncio.sleep(_STREAM_PAUSE_S)  # many commits, one look


def _reasons(gateway: Gateway) -> list[ReasonOut]:
    return [ReasonOut(code=r.code, detail=r.detail, advice=r.advice, blocking=r.blocking) for r in gateway.reasons()]


def _is_ready(reasons: list[ReasonOut]) -> bool:
    return not any(reason.blocking for reason in reasons)


def _cursor(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise CursorRefused("An event cursor is a number.", field="after")
    return int(text)
