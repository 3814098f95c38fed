"""`Idempotency-Key`: a write that is sent twice is done once and answered alike (`gateway.md`).

The answer is stored in the transaction that does the work, so a crash leaves either both or neither. A refused
request stores nothing: it can be corrected and sent again under the same key.
"""

import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlmodel import col, select

from tallystick_gateway.kit.clock import Clock
from tallystick_gateway.kit.db import Database, Session
from tallystick_gateway.kit.errors import GatewayError
from tallystick_gateway.kit.models import IdempotentAnswer

__all__ = [
    "Answer",
    "Idempotency",
    "KeyInProgress",
    "KeyMissing",
    "KeyReused",
    "Request",
    "fingerprint",
]

_KEY = re.compile(r"[\x21-\x7e]{1,255}")


class KeyMissing(GatewayError):
    """The write carries no usable Idempotency-Key"""

    status = 400
    code = "idempotency.key_missing"
    advice = "Send a header `Idempotency-Key` with 1 to 255 printable ASCII characters, a new one for each new intent."


class KeyReused(GatewayError):
    """The Idempotency-Key was used for another request"""

    status = 422
    code = "idempotency.key_reused"
    advice = "Use a new key for a new request; the same key only to repeat the same one."


class KeyInProgress(GatewayError):
    """A request with this Idempotency-Key is being worked on"""

    status = 409
    code = "idempotency.in_progress"
    advice = "Wait for the first answer, or repeat the same request a little later."


@dataclass(frozen=True)
class Request:
    """Who asked for what, under which key."""

    client_id: str
    key: str
    fingerprint: bytes


@dataclass(frozen=True)
class Answer:
    """An answer as it goes out: the first one and every repetition are equal byte for byte."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    replayed: bool = False


def fingerprint(method: str, path: str, query: str, body_digest: bytes) -> bytes:
    """What makes two requests "the same": method, path, query and the SHA-256 of the body's bytes."""
    head = "\x00".join([method, path, query]).encode()
    return hashlib.sha256(hashlib.sha256(head).digest() + body_digest).digest()


def checked_key(value: str | None) -> str:
    """The header's value; raises `KeyMissing` if it is absent or not 1–255 printable ASCII characters."""
    if value is None or not _KEY.fullmatch(value):
        raise KeyMissing(
            "The request has no Idempotency-Key." if value is None else "The Idempotency-Key is malformed."
        )
    return value


class Idempotency:
    """Does writes once. One per process; on SQLite there is one process."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._at_work: set[tuple[str, str]] = set()

    def once(self, request: Request, work: Callable[[Session], Answer]) -> Answer:
        """The first answer to `request`, doing `work` in one transaction if there is none yet.

        Raises `KeyReused` (same key, other request), `KeyInProgress`, or whatever `work` raises (nothing is kept then).
        """
        with self.claim(request), self._database.write() as session:
            if first := self.answered(session, request):
                return first
            answer = work(session)
            self.keep(session, request, answer)
        return answer

    @contextmanager
    def claim(self, request: Request) -> Iterator[None]:
        """Hold the key against a second request at the same time; raises `KeyInProgress`."""
        held = (request.client_id, request.key)
        with self._lock:
            if held in self._at_work:
                raise KeyInProgress("A request with this Idempotency-Key is being worked on.", key=request.key)
            self._at_work.add(held)
        try:
            yield
        finally:
            with self._lock:
                self._at_work.discard(held)

    def answered(self, session: Session, request: Request) -> Answer | None:
        """The stored answer, None if there is none; raises `KeyReused` if the key stands for another request."""
        stored = session.exec(
            select(IdempotentAnswer).where(
                col(IdempotentAnswer.client_id) == request.client_id, col(IdempotentAnswer.key) == request.key
            )
        ).first()
        if stored is None:
            return None
        if stored.fingerprint != request.fingerprint:
            raise KeyReused("The Idempotency-Key was used for another request.", key=request.key)
        return Answer(stored.status, stored.body, stored.headers, replayed=True)

    def keep(self, session: Session, request: Request, answer: Answer) -> None:
        """Store `answer` in the transaction of the work it answers."""
        session.add(
            IdempotentAnswer(
                client_id=request.client_id,
                key=request.key,
                fingerprint=request.fingerprint,
                status=answer.status,
                headers=answer.headers,
                body=answer.body,
                at=self._clock.now(),
            )
        )
