"""HTTP message signatures between gateways (RFC 9421 with Content-Digest, RFC 9530), by Ed25519 EXCHANGE keys.

Signed of a request: method, content type and digest of the body; of an answer besides: its status, and the digest of
the request that it answers. Authority and path are left out: a partner's proxy may change them, and the body says for
whom it is. `keyid` is the public key in hex, `tag` the protocol.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    InvalidSignature,
    algorithms,
)

from tallystick.keys import Ed25519Key

from .errors import SenderNotProved

__all__ = ["PATH", "Answer", "Request", "sign_answer", "sign_request", "verify_answer", "verify_request"]

PATH: Final = "/v1/exchange/messages"
_MEDIA_TYPE: Final = "application/json"
_TAG: Final = "tallystick-exchange/1"
_URL: Final = f"https://gateway.invalid{PATH}"
"""(The library wants one; nothing signed depends on it.)"""
_OF_REQUEST: Final = ("@method", "content-type", "content-digest")
_OF_ANSWER: Final = ("@status", "content-type", "content-digest", '"content-digest";req')
_PARAMETERS: Final = frozenset({"alg", "created", "keyid", "tag"})
_CLOCKS_APART_S: Final = 300


@dataclass(frozen=True)
class Request:
    """A request as it is signed: its headers in the order of the wire (repeated ones stay apart)."""

    headers: Any
    method: str = "POST"
    url: str = _URL


@dataclass(frozen=True)
class Answer:
    """An answer as it is signed, and the request that it answers."""

    status_code: int
    request: Request
    headers: Any = field(default_factory=dict)


def sign_request(body: bytes, key: Ed25519Key, now: datetime) -> dict[str, str]:
    """All headers of a message with this body."""
    headers = {"content-type": _MEDIA_TYPE}
    _signer(key).sign(Request(headers), covered_component_ids=_OF_REQUEST[:2], body=body, **_stated(key, now))
    return _lower(headers)


def verify_request(headers: Iterable[tuple[str, str]], body: bytes, now: datetime) -> bytes:
    """The public key that signed the request with this body; whose it is, the chain says. Raises `SenderNotProved`."""
    return _verified(Request(_Lines(headers)), _OF_REQUEST, body, now)


def sign_answer(
    status: int, body: bytes, request: Iterable[tuple[str, str]], key: Ed25519Key, now: datetime
) -> dict[str, str]:
    """All headers of an answer with this body to a request with those headers."""
    headers = {"content-type": _MEDIA_TYPE}
    covered = ("@status", "content-type", '"content-digest";req')
    answer = Answer(status, Request(_Lines(request)), headers)
    _signer(key).sign(answer, covered_component_ids=covered, body=body, **_stated(key, now))
    return _lower(headers)


def verify_answer(
    status: int, headers: Iterable[tuple[str, str]], body: bytes, request: Mapping[str, str], now: datetime
) -> bytes:
    """The public key that signed the answer to a request with those headers. Raises `SenderNotProved`."""
    return _verified(Answer(status, Request(_Lines(request.items())), _Lines(headers)), _OF_ANSWER, body, now)


class _Lines:
    """Header lines, read only; names are compared without case."""

    def __init__(self, lines: Iterable[tuple[str, str]]) -> None:
        self._lines = tuple(lines)

    def items(self) -> Iterable[tuple[str, str]]:
        return self._lines


class _Stated(HTTPSignatureKeyResolver):
    """Takes whatever key the signature names: that it signed is shown by the library, whose it is by the chain."""

    def __init__(self, own: Ed25519Key | None = None) -> None:
        self._own = own

    def resolve_public_key(self, key_id: str) -> Ed25519PublicKey:
        return Ed25519PublicKey.from_public_bytes(_key_of(key_id))

    def resolve_private_key(self, key_id: str) -> Any:
        if self._own is None or self._own.public.hex() != key_id:
            raise KeyError(key_id)
        return self._own.private


class _Verifier(HTTPMessageVerifier):
    """As the library does it, but by the gateway's own clock, and with exactly our parameters."""

    def __init__(self, now: datetime) -> None:
        super().__init__(signature_algorithm=algorithms.ED25519, key_resolver=_Stated())
        self._now = now

    def validate_created_and_expires(self, sig_input: Any, max_age: Any = None) -> None:
        if set(sig_input.params) != _PARAMETERS:
            raise InvalidSignature(f"its parameters are not {', '.join(sorted(_PARAMETERS))}")
        created = sig_input.params["created"]
        if type(created) is not int or abs(self._now.timestamp() - created) > _CLOCKS_APART_S:
            raise InvalidSignature("it was not made within five minutes of now")


def _signer(key: Ed25519Key) -> HTTPMessageSigner:
    return HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=_Stated(key))


def _stated(key: Ed25519Key, now: datetime) -> dict[str, Any]:
    return {"key_id": key.public.hex(), "created": now, "tag": _TAG, "label": "gateway"}


def _verified(message: Request | Answer, covered: tuple[str, ...], body: bytes, now: datetime) -> bytes:
    try:
        results = _Verifier(now).verify(message, expect_tag=_TAG, require_components=covered, body=body)
        if len(results) != 1:
            raise InvalidSignature(f"{len(results)} signatures of this protocol")
        return _key_of(str(results[0].parameters["keyid"]))
    except HTTPMessageSignaturesException as why:
        raise SenderNotProved(f"The signature does not hold: {_short(why)}.") from None


def _key_of(key_id: str) -> bytes:
    if len(key_id) != 64 or not set(key_id) <= set("0123456789abcdef"):
        raise InvalidSignature("keyid is no Ed25519 public key in hex")
    return bytes.fromhex(key_id)


def _short(why: Exception) -> str:
    text = str(why) or type(why).__name__
    return text[:200].rstrip(".")


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
