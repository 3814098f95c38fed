"""Asking a time-stamp authority: TimeStampReq and TimeStampResp (RFC 3161 §2.4). Nothing here touches the network."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta
from typing import Final

from .algorithms import SHA256, digest_of, hash_algorithm
from .authority import Authority, VerifiedToken, verify_token
from .der import (
    BIT_STRING,
    INTEGER,
    OCTET_STRING,
    SEQUENCE,
    DerMalformed,
    encode,
    encode_boolean,
    encode_integer,
)
from .errors import ClockDisagrees, NonceDiffers, RequestDenied, ResponseMalformed
from .stripping import LARGEST_RESPONSE, Piece, only_piece, strict_form

__all__ = [
    "CLOCK_TOLERANCE",
    "LARGEST_RESPONSE",
    "REQUEST_TYPE",
    "RESPONSE_TYPE",
    "granted_token",
    "make_request",
    "read_response",
]

REQUEST_TYPE: Final = "application/timestamp-query"
RESPONSE_TYPE: Final = "application/timestamp-reply"
CLOCK_TOLERANCE: Final = timedelta(seconds=60)

_GRANTED: Final = 0
_STATUSES: Final = (
    "granted",
    "grantedWithMods",
    "rejection",
    "waiting",
    "revocationWarning",
    "revocationNotification",
)
_FAILURES: Final = {
    0: "badAlg",
    2: "badRequest",
    5: "badDataFormat",
    14: "timeNotAvailable",
    15: "unacceptedPolicy",
    16: "unacceptedExtension",
    17: "addInfoNotAvailable",
    25: "systemFailure",
}
_LONGEST_DETAIL: Final = 200


def make_request(stamped: bytes, nonce: int) -> bytes:
    """A request to stamp `stamped` by its SHA-256; `nonce` ≥ 0 MUST be fresh and random. Asks for the certificate."""
    imprint = encode(SEQUENCE, hash_algorithm(SHA256), encode(OCTET_STRING, digest_of(stamped, SHA256)))
    return encode(SEQUENCE, encode_integer(1), imprint, encode_integer(nonce), encode_boolean(True))


def granted_token(response: bytes) -> bytes:
    """The token of a granted answer, in strict form. Raises `ResponseMalformed` or `RequestDenied`."""
    try:
        parts = only_piece(response).parts()
        status = parts[0].inner(INTEGER) if parts else None
        if status is None or len(status.content) != 1:
            raise DerMalformed(reason="no status", offset=0)
        if status.content[0] != _GRANTED:
            raise RequestDenied(status=_name(status.content[0]), detail=_detail(parts[0].parts()))
        if len(parts) != 2:
            raise DerMalformed(reason="granted, but no token", offset=0)
        return strict_form(parts[1].encoded)
    except DerMalformed as why:
        raise ResponseMalformed(reason=str(why)) from None


def read_response(
    response: bytes,
    *,
    stamped: bytes,
    nonce: int,
    authority: Authority,
    sent_at: datetime,
    received_at: datetime,
    tolerance: timedelta = CLOCK_TOLERANCE,
) -> tuple[bytes, VerifiedToken]:
    """The token of an answer to `make_request(stamped, nonce)`, in strict form, and what it says.

    `sent_at` and `received_at` are what our clock said. Raises `ResponseRefused` (`ResponseMalformed`, `RequestDenied`,
    `NonceDiffers`, `ClockDisagrees`) or, for what is wrong with the token itself, `TokenRefused`.
    """
    token = granted_token(response)
    verified = verify_token(token, stamped, [authority])
    if verified.nonce != nonce:
        raise NonceDiffers()
    if not sent_at - tolerance <= verified.gen_time <= received_at + tolerance:
        raise ClockDisagrees(gen_time=verified.gen_time, sent_at=sent_at, received_at=received_at)
    return token, verified


def _name(status: int) -> str:
    return _STATUSES[status] if status < len(_STATUSES) else f"status {status}"


def _detail(parts: tuple[Piece, ...]) -> str:
    """What the authority says about its refusal: the names of failures and its own words, cut and made printable."""
    said = []
    for part in parts:
        if part.tag == BIT_STRING:
            bits = part.content[1:5]
            said += [name for bit, name in _FAILURES.items() if bits[bit // 8 : bit // 8 + 1] and _set(bits, bit)]
        elif part.tag == SEQUENCE:
            said += [text.content[:_LONGEST_DETAIL].decode("utf-8", "replace") for text in part.parts()[:4]]
    text = "; ".join(said)[:_LONGEST_DETAIL]
    return "".join(char if unicodedata.category(char)[0] != "C" else "�" for char in text)


def _set(bits: bytes, bit: int) -> bool:
    return bool(bits[bit // 8] >> (7 - bit % 8) & 1)
