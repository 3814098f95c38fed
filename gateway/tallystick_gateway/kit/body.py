"""The door that every request body passes: bounded, strict JSON, digested (an ASGI middleware).

Streaming paths (uploads) pass untouched; their endpoints bound and digest what they read. Form paths (tokens) take
forms besides.
"""

import asyncio
import hashlib
from collections.abc import Iterable

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tallystick.errors import TallystickError
from tallystick.strictjson import JsonMalformed, loads_object
from tallystick_gateway.kit.errors import PROBLEM_MEDIA_TYPE, GatewayError, problem_of, status_of

__all__ = [
    "BodyDoor",
    "BodyMalformed",
    "BodyTooLarge",
    "BodyTooSlow",
    "GatewayBusy",
    "MediaTypeRefused",
    "problem_response",
]

_WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_FORM = "application/x-www-form-urlencoded"
_PARSED_ON_THE_LOOP = 64 * 1024
_LONGEST_READ_S = 60.0
_DEPTH = 32
_ALIVE = "/health"


class BodyTooLarge(GatewayError):
    """The request body is over the limit"""

    status = 413
    code = "body.too_large"
    advice = "Stream large files: `tally records submit FILE`, or POST them to /v1/records:upload."


class BodyMalformed(GatewayError):
    """The request body is not one strict JSON object"""

    status = 400
    code = "body.malformed"
    advice = "Send one UTF-8 JSON object: no duplicate keys, no floats or NaN, nested at most 32 deep."


class BodyTooSlow(GatewayError):
    """The request body did not arrive in time"""

    status = 408
    code = "body.too_slow"
    advice = "Send the same request again with the same Idempotency-Key."


class MediaTypeRefused(GatewayError):
    """The body is of a media type that this path does not take"""

    status = 415
    code = "body.media_type"
    advice = "Send application/json, not encoded (files go to /v1/records:upload)."


class GatewayBusy(GatewayError):
    """The gateway is working on as many requests as it takes"""

    status = 503
    code = "gateway.busy"
    advice = "Wait as Retry-After says, then send the same request again with the same Idempotency-Key."


class _Gone(Exception):
    """The client went away while it sent its body."""


def problem_response(error: TallystickError, instance: str | None = None) -> JSONResponse:
    """`error` as an RFC 9457 answer, with Retry-After and WWW-Authenticate where they belong."""
    status = status_of(error)
    headers = {}
    if (retry_after_s := error.values.get("retry_after_s")) is not None:
        headers["Retry-After"] = str(retry_after_s)
    elif status == 503:
        headers["Retry-After"] = "5"
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(problem_of(error, instance), status, headers, media_type=PROBLEM_MEDIA_TYPE)


class BodyDoor:
    """Lets in `most_at_once` requests; reads a body whole (at most `limit_bytes`); refuses what is not strict JSON.

    `scope["state"]["body_digest"]` is then the SHA-256 of the bytes.
    """

    def __init__(
        self, app: ASGIApp, *, limit_bytes: int, most_at_once: int, streamed: Iterable[str], forms: Iterable[str]
    ) -> None:
        self._app = app
        self._most_at_once = most_at_once
        self._at_once = 0
        self._limit = limit_bytes
        self._streamed = frozenset(streamed)
        self._forms = frozenset(forms)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._at_once >= self._most_at_once and scope["path"] != _ALIVE:
            busy = GatewayBusy(f"{self._most_at_once} requests are being worked on.", retry_after_s=1)
            await problem_response(busy, scope["path"])(scope, receive, send)
            return
        self._at_once += 1
        try:
            await self._enter(scope, receive, send)
        finally:
            self._at_once -= 1

    async def _enter(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in _WITH_BODY or scope["path"] in self._streamed:
            await self._app(scope, receive, send)
            return
        try:
            body = await asyncio.wait_for(self._read(Headers(scope=scope), receive), _LONGEST_READ_S)
            await self._check(scope["path"], Headers(scope=scope), body)
        except _Gone:
            return
        except TimeoutError:
            await problem_response(BodyTooSlow("The body did not arrive within 60 seconds."))(scope, receive, send)
            return
        except GatewayError as refused:
            await problem_response(refused, scope["path"])(scope, receive, send)
            return
        scope.setdefault("state", {})["body_digest"] = hashlib.sha256(body).digest()
        await self._app(scope, _replay(body, receive), send)

    async def _read(self, headers: Headers, receive: Receive) -> bytes:
        stated = headers.get("content-length", "")
        if stated.isdigit() and (len(stated) > 18 or int(stated) > self._limit):
            raise self._too_large()
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                raise _Gone
            part = message.get("body", b"")
            size += len(part)
            if size > self._limit:
                raise self._too_large()
            parts.append(part)
            if not message.get("more_body", False):
                return b"".join(parts)

    async def _check(self, path: str, headers: Headers, body: bytes) -> None:
        if not body:
            return
        media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        if headers.get("content-encoding", "identity").lower() != "identity":
            raise MediaTypeRefused("Encoded bodies are only taken by uploads.", field="content-encoding")
        if media_type == _FORM and path in self._forms:
            return
        if media_type != "application/json":
            raise MediaTypeRefused(f"The body is {media_type[:100] or 'of no stated type'}.", field="content-type")
        try:
            if len(body) > _PARSED_ON_THE_LOOP:
                await asyncio.to_thread(loads_object, body, max_bytes=self._limit, max_depth=_DEPTH)
            else:
                loads_object(body, max_bytes=self._limit, max_depth=_DEPTH)
        except JsonMalformed as refused:
            raise BodyMalformed(f"The body is {refused}.", field="body") from refused

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge(f"The body is over {self._limit} bytes.", field="body", limit_bytes=self._limit)


def _replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives `body` once and then whatever comes after it (a disconnect)."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
