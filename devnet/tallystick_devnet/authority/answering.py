"""What the development authority answers: RFC 3161 §2.4, one policy, SHA-2 imprints, no extensions."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from tallystick.timestamps.algorithms import SHA256, TAKEN, digest_of, hash_algorithm, hash_of
from tallystick.timestamps.der import (
    BIT_STRING,
    BOOLEAN,
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    SET,
    UTF8_STRING,
    DerMalformed,
    Element,
    Fields,
    context,
    decode,
    encode,
    encode_integer,
    encode_object_identifier,
    encode_set,
    encode_time,
)
from tallystick.timestamps.stripping import issuer_and_serial, only_piece
from tallystick.timestamps.token import (
    CONTENT_TYPE,
    MESSAGE_DIGEST,
    SIGNED_DATA,
    SIGNING_CERTIFICATE_V2,
    TST_INFO,
)

from .identity import Identity

__all__ = ["LARGEST_REQUEST", "POLICY", "answer"]

LARGEST_REQUEST: Final = 4096
POLICY: Final = "1.3.6.1.4.1.32473.1"
"""An identifier from the arc that IANA keeps for documentation."""

_DIGEST_BYTES: Final = {"SHA-256": 32, "SHA-384": 48, "SHA-512": 64}
_ECDSA_WITH_SHA256: Final = "1.2.840.10045.4.3.2"
_ACCURACY_S: Final = 1
_REJECTION: Final = 2
_LONGEST_NONCE: Final = 32


class Failure(IntEnum):
    """Bits of PKIFailureInfo (RFC 3161 §2.4.2)."""

    BAD_ALGORITHM = 0
    BAD_REQUEST = 2
    BAD_DATA_FORMAT = 5
    UNACCEPTED_POLICY = 15
    UNACCEPTED_EXTENSION = 16


class Denied(Exception):
    """A request that gets no token."""

    def __init__(self, failure: Failure, reason: str) -> None:
        super().__init__(reason)
        self.failure = failure


@dataclass(frozen=True, slots=True)
class Request:
    """A request that can be granted; imprint and nonce as they are encoded, to be sent back as they came."""

    imprint: bytes
    nonce: bytes
    with_certificate: bool


def answer(encoded: bytes, identity: Identity, now: datetime) -> bytes:
    """The TimeStampResp to a TimeStampReq, whatever its bytes are."""
    try:
        token = _token(_read(encoded), identity, now)
    except Denied as denied:
        return encode(SEQUENCE, _status(_REJECTION, denied))
    return encode(SEQUENCE, _status(0), token)


def _read(encoded: bytes) -> Request:
    try:
        root = decode(encoded, LARGEST_REQUEST)
        return _request(root)
    except DerMalformed as why:
        raise Denied(Failure.BAD_DATA_FORMAT, str(why)) from None


def _request(root: Element) -> Request:
    fields = Fields(root, "the request")
    version = fields.take(INTEGER, "version").integer()
    imprint = fields.take(SEQUENCE, "imprint")
    policy = fields.optional(OBJECT_IDENTIFIER)
    nonce = fields.optional(INTEGER)
    wants_certificate = fields.optional(BOOLEAN)
    extensions = fields.optional(context(0))
    fields.close()
    if root.tag != SEQUENCE or version != 1:
        raise Denied(Failure.BAD_REQUEST, "not a request of version 1")
    if wants_certificate is not None and wants_certificate.content == b"\x00":
        raise Denied(Failure.BAD_DATA_FORMAT, "a default that is written out")
    if nonce is not None:
        nonce.integer(_LONGEST_NONCE)
    if policy is not None and policy.object_identifier() != POLICY:
        raise Denied(Failure.UNACCEPTED_POLICY, f"the only policy is {POLICY}")
    if extensions is not None:
        raise Denied(Failure.UNACCEPTED_EXTENSION, "no extension is understood")
    _require_imprint(imprint)
    return Request(imprint.encoded, nonce.encoded if nonce else b"", wants_certificate is not None)


def _require_imprint(imprint: Element) -> None:
    fields = Fields(imprint, "the imprint")
    algorithm = fields.take(SEQUENCE, "hash algorithm")
    digest = fields.take(OCTET_STRING, "digest")
    fields.close()
    try:
        hash_name = hash_of(algorithm)
    except DerMalformed as why:
        raise Denied(Failure.BAD_ALGORITHM, str(why)) from None
    if hash_name not in TAKEN:
        raise Denied(Failure.BAD_ALGORITHM, f"{hash_name} is not taken")
    if len(digest.content) != _DIGEST_BYTES[hash_name]:
        raise Denied(Failure.BAD_DATA_FORMAT, f"a digest of {len(digest.content)} bytes is not {hash_name}'s")


def _token(request: Request, identity: Identity, now: datetime) -> bytes:
    stamp = encode(
        SEQUENCE,
        encode_integer(1),
        encode_object_identifier(POLICY),
        request.imprint,
        encode_integer(secrets.randbits(127) + 1),
        encode_time(now.replace(microsecond=now.microsecond // 1000 * 1000)),
        encode(SEQUENCE, encode_integer(_ACCURACY_S)),
        request.nonce,
    )
    certificate = identity.certificate_der
    attributes = [
        _attribute(CONTENT_TYPE, encode_object_identifier(TST_INFO)),
        _attribute(MESSAGE_DIGEST, encode(OCTET_STRING, digest_of(stamp, SHA256))),
        _attribute(SIGNING_CERTIFICATE_V2, _named(certificate)),
    ]
    signature = identity.key.sign(encode_set(SET, attributes), ec.ECDSA(hashes.SHA256()))
    signer = encode(
        SEQUENCE,
        encode_integer(1),
        encode(SEQUENCE, *issuer_and_serial(only_piece(certificate))),
        hash_algorithm(SHA256),
        encode_set(context(0), attributes),
        encode(SEQUENCE, encode_object_identifier(_ECDSA_WITH_SHA256)),
        encode(OCTET_STRING, signature),
    )
    signed_data = encode(
        SEQUENCE,
        encode_integer(3),
        encode(SET, hash_algorithm(SHA256)),
        encode(SEQUENCE, encode_object_identifier(TST_INFO), encode(context(0), encode(OCTET_STRING, stamp))),
        encode(context(0), certificate) if request.with_certificate else b"",
        encode(SET, signer),
    )
    return encode(SEQUENCE, encode_object_identifier(SIGNED_DATA), encode(context(0), signed_data))


def _attribute(kind: str, value: bytes) -> bytes:
    return encode(SEQUENCE, encode_object_identifier(kind), encode(SET, value))


def _named(certificate: bytes) -> bytes:
    """SigningCertificateV2 with one ESSCertIDv2, by SHA-256, its default (RFC 5816)."""
    digest = encode(OCTET_STRING, digest_of(certificate, SHA256))
    return encode(SEQUENCE, encode(SEQUENCE, encode(SEQUENCE, digest)))


def _status(status: int, denied: Denied | None = None) -> bytes:
    if denied is None:
        return encode(SEQUENCE, encode_integer(status))
    words = encode(SEQUENCE, encode(UTF8_STRING, str(denied).encode()))
    octet, bit = divmod(denied.failure, 8)
    failure = encode(BIT_STRING, bytes([7 - bit]), bytes(octet), bytes([0x80 >> bit]))
    return encode(SEQUENCE, encode_integer(status), words, failure)
