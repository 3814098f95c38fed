"""From what authorities send to the one strict form: the same signed statement, less what nobody signed.

Authorities send whole certificate chains in any order, revocation data, unsigned attributes, and lengths that only BER
allows. All of that can go without touching a signed byte. What is left is read strictly afterwards, by `read_token`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from .der import (
    INTEGER,
    MAX_DEPTH,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    SET,
    DerMalformed,
    context,
    encode,
    encode_integer,
)

__all__ = ["LARGEST_RESPONSE", "Piece", "issuer_and_serial", "only_piece", "strict_form"]

LARGEST_RESPONSE: Final = 256 << 10
_CONSTRUCTED: Final = 0x20
_END_OF_CONTENTS: Final = b"\x00\x00"
_SIGNED_DATA_VERSION: Final = 3
_CERTIFICATES = _ATTRIBUTES = context(0)
_UNSIGNED_ATTRIBUTES: Final = context(1)


@dataclass(frozen=True, slots=True)
class Piece:
    """One BER value, not looked into."""

    tag: int
    content: bytes
    encoded: bytes

    def parts(self) -> tuple[Piece, ...]:
        """The values that its content is made of, one level deep. Raises `DerMalformed`."""
        return _pieces(self.content)

    def inner(self, *tags: int) -> Piece:
        """What lies along the path of `tags`, each the first part of its tag. Raises `DerMalformed`."""
        piece = self
        for tag in tags:
            piece = _first(piece.parts(), tag)
        return piece


def only_piece(encoded: bytes, max_bytes: int = LARGEST_RESPONSE) -> Piece:
    """The one BER value that `encoded` is, with nothing after it. Raises `DerMalformed`, also above `max_bytes`."""
    if len(encoded) > max_bytes:
        raise DerMalformed(reason=f"{len(encoded)} bytes, at most {max_bytes} are read", offset=0)
    found = _pieces(encoded)
    if len(found) != 1:
        raise DerMalformed(reason=f"{len(found)} values where one belongs", offset=0)
    return found[0]


def strict_form(token: bytes) -> bytes:
    """`token` with its one signer's certificate alone, without revocation data and unsigned attributes, in DER.

    Whether it is a token, and whose, is not judged. Raises `DerMalformed` if it is no signed data of one signer.
    """
    outer = only_piece(token)
    signed_data = outer.inner(context(0), SEQUENCE).parts()
    content = _first(signed_data, SEQUENCE)
    signers = [piece for piece in signed_data if piece.tag == SET][-1:]
    signer = [part for each in signers for part in each.inner(SEQUENCE).parts() if part.tag != _UNSIGNED_ATTRIBUTES]
    if len(signers) != 1 or len(signers[0].parts()) != 1 or [part.tag for part in signer[:3]] != _SIGNER_BEGINS:
        raise DerMalformed(reason="not signed data of one signer, named by issuer and serial number", offset=0)
    identifier, digest_algorithm = signer[1:3]
    return encode(
        SEQUENCE,
        outer.inner(OBJECT_IDENTIFIER).encoded,
        encode(
            context(0),
            encode(
                SEQUENCE,
                encode_integer(_SIGNED_DATA_VERSION),
                encode(SET, digest_algorithm.encoded),
                encode(
                    SEQUENCE,
                    content.inner(OBJECT_IDENTIFIER).encoded,
                    encode(context(0), _octets(content.inner(context(0)))),
                ),
                _certificate_of(identifier, signed_data),
                encode(SET, encode(SEQUENCE, *(part.encoded for part in signer))),
            ),
        ),
    )


_SIGNER_BEGINS: Final = [INTEGER, SEQUENCE, SEQUENCE]


def _certificate_of(identifier: Piece, signed_data: Sequence[Piece]) -> bytes:
    """The set that holds the signer's certificate alone, or nothing if it was not sent."""
    named = identifier.inner(SEQUENCE).encoded, identifier.inner(INTEGER).encoded
    for piece in signed_data:
        if piece.tag != _CERTIFICATES:
            continue
        for certificate in piece.parts():
            if certificate.tag == SEQUENCE and issuer_and_serial(certificate) == named:
                return encode(_CERTIFICATES, certificate.encoded)
    return b""


def issuer_and_serial(certificate: Piece) -> tuple[bytes, bytes]:
    """The encodings of a certificate's issuer and serial number, as they stand in it. Raises `DerMalformed`."""
    parts = certificate.inner(SEQUENCE).parts()
    sequences = [part for part in parts if part.tag == SEQUENCE]
    if len(sequences) < 2:
        raise DerMalformed(reason="a certificate that is none", offset=0)
    return sequences[1].encoded, _first(parts, INTEGER).encoded


def _octets(wrapper: Piece) -> bytes:
    """The octet string in an explicit tag, in one piece."""
    (string,) = wrapper.parts() or (None,)
    if string is not None and string.tag == OCTET_STRING | _CONSTRUCTED:
        return encode(OCTET_STRING, *(chunk.content for chunk in string.parts()))
    return encode(OCTET_STRING, wrapper.inner(OCTET_STRING).content)


def _first(parts: Sequence[Piece], tag: int) -> Piece:
    for part in parts:
        if part.tag == tag:
            return part
    raise DerMalformed(reason=f"no value of tag 0x{tag:02x} where one belongs", offset=0)


def _pieces(content: bytes) -> tuple[Piece, ...]:
    found, at = [], 0
    while at < len(content):
        start, stop, after = _extent(content, at, 1)
        found.append(Piece(content[at], content[start:stop], content[at:after]))
        at = after
    return tuple(found)


def _extent(content: bytes, at: int, depth: int) -> tuple[int, int, int]:
    """Where the content of the value at `at` starts and stops, and where what follows the value begins."""
    if len(content) - at < 2 or content[at] & 0x1F == 0x1F or depth > MAX_DEPTH:
        raise DerMalformed(reason="a value that is cut, nested too deep or of a tag above 30", offset=at)
    length, start = content[at + 1], at + 2
    if length == 0x80:
        return start, *_end(content, start, depth)
    if length > 0x80:
        size = length - 0x80
        length, start = int.from_bytes(content[start : start + size]), start + size
    if start + length > len(content):
        raise DerMalformed(reason="a value that reaches beyond the end", offset=at)
    return start, start + length, start + length


def _end(content: bytes, at: int, depth: int) -> tuple[int, int]:
    """Where the contents that begin at `at` stop by an end-of-contents mark, and what follows that."""
    while content[at : at + 2] != _END_OF_CONTENTS:
        at = _extent(content, at, depth + 1)[2]
    return at, at + 2
