"""How an endpoint reads and writes: scoped, authorised, one transaction, committed before the answer goes out.

@router.get("/loans/{loan}", response_model=LoanOut, responses=declared(LoanUnknown))
def show(loan: Hex32, door: Annotated[ReadDoor, reads(Action.LOANS_READ)]) -> Response:
    return door.read(lambda session: service.show(session, loan))
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Request, Response, Security
from fastapi.concurrency import run_in_threadpool
from fastapi.openapi.models import OAuthFlowClientCredentials, OAuthFlows
from fastapi.routing import APIRoute
from fastapi.security import OAuth2, SecurityScopes
from pydantic import BaseModel

from tallystick_gateway.kit.auth import Principal
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.kit.idempotency import Answer, checked_key, fingerprint
from tallystick_gateway.kit.idempotency import Request as WriteRequest
from tallystick_gateway.kit.roles import Action
from tallystick_gateway.kit.wire import wire_bytes

__all__ = ["TOKEN_PATH", "ReadDoor", "WriteDoor", "gateway_of", "is_write", "json_answer", "reads", "writes"]

Out = TypeVar("Out", bound=BaseModel)
Found = TypeVar("Found")

TOKEN_PATH = "/v1/oauth/token"  # noqa: S105  # a path
_EMPTY_DIGEST = hashlib.sha256(b"").digest()
_oauth2 = OAuth2(
    flows=OAuthFlows(
        clientCredentials=OAuthFlowClientCredentials(
            tokenUrl=TOKEN_PATH, scopes={action.value: action.name.replace("_", " ").lower() for action in Action}
        )
    ),
    description="Client credentials with private_key_jwt (RFC 7523).",
    auto_error=False,
)


@dataclass(frozen=True)
class ReadDoor:
    """An authorised request that reads."""

    request: Request
    gateway: Gateway
    client: Principal

    def read(self, look: Callable[[Session], BaseModel]) -> Response:
        """What `look` sees in one snapshot, with an ETag; 304 if the client has it already."""
        with self.gateway.database.read() as session:
            body = wire_bytes(look(session))
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
        known = {tag.strip().removeprefix("W/") for tag in self.request.headers.get("if-none-match", "").split(",")}
        if etag in known or "*" in known:
            return Response(status_code=304, headers=headers)
        return json_answer(body, 200, headers)

    async def until(self, look: Callable[[Session], Found | None], timeout_s: float) -> Found | None:
        """The first thing that `look` finds, looking again after every commit; None after `timeout_s`."""

        def once() -> Found | None:
            with self.gateway.database.read() as session:
                return look(session)

        with self.gateway.pulse.listening() as ear:
            deadline_s = ear.now_s() + timeout_s
            while True:
                ear.clear()
                found = await run_in_threadpool(once)
                left_s = deadline_s - ear.now_s()
                if found is not None or left_s <= 0:
                    return found
                await ear.wait(left_s)


@dataclass(frozen=True)
class WriteDoor(ReadDoor):
    """An authorised request that writes, under its Idempotency-Key."""

    write_request: WriteRequest

    def write(
        self,
        work: Callable[[Session], Out],
        *,
        status: int = 200,
        location: Callable[[Out], str] | None = None,
        then: Callable[[], None] | None = None,
    ) -> Response:
        """Do `work` once, in one transaction, and answer with what it returns; a repetition gets the same bytes.

        `then` runs after the first time's commit (to wake a task). Raises what `work` raises; nothing is kept then.
        """

        def answer(session: Session) -> Answer:
            out = work(session)
            headers = {"Location": location(out)} if location else {}
            return Answer(status, wire_bytes(out), headers)

        done = self.gateway.idempotency.once(self.write_request, answer)
        if then and not done.replayed:
            then()
        replayed = {"Idempotency-Replayed": "true"} if done.replayed else {}
        return json_answer(done.body, done.status, done.headers | replayed)


def gateway_of(request: Request) -> Gateway:
    """The gateway that serves this request."""
    gateway: Gateway = request.app.state.gateway
    return gateway


def json_answer(body: bytes, status: int, headers: dict[str, str]) -> Response:
    """JSON bytes as an answer."""
    return Response(body, status, headers, media_type="application/json")


async def _read_door(
    request: Request, scopes: SecurityScopes, authorization: Annotated[str | None, Security(_oauth2)]
) -> ReadDoor:
    gateway = gateway_of(request)
    return ReadDoor(request, gateway, _admit(gateway, scopes, authorization))


async def _write_door(
    request: Request, scopes: SecurityScopes, authorization: Annotated[str | None, Security(_oauth2)]
) -> WriteDoor:
    gateway = gateway_of(request)
    client = _admit(gateway, scopes, authorization)
    key = checked_key(request.headers.get("idempotency-key"))
    body_digest: bytes = request.scope.get("state", {}).get("body_digest", _EMPTY_DIGEST)
    same = fingerprint(request.method, request.url.path, request.url.query, body_digest)
    return WriteDoor(request, gateway, client, WriteRequest(client.client_id, key, same))


def _admit(gateway: Gateway, scopes: SecurityScopes, authorization: str | None) -> Principal:
    client = gateway.authority.recognise(authorization)
    gateway.rate_limit.take(client.client_id)
    for scope in scopes.scopes:
        client.require(Action(scope))
    return client


def reads(action: Action) -> Any:
    """Dependency: a `ReadDoor` for clients whose token allows `action`."""
    return Security(_read_door, scopes=[action.value])


def writes(action: Action) -> Any:
    """Dependency: a `WriteDoor` for clients whose token allows `action`; the request needs an Idempotency-Key."""
    return Security(_write_door, scopes=[action.value])


def is_write(route: APIRoute) -> bool:
    """Whether the route's requests need an Idempotency-Key."""
    return any(dependency.call is _write_door for dependency in route.dependant.dependencies)
