"""The parts of a time-stamp token: a TSTInfo (RFC 3161 §2.4.2, RFC 5816) signed as CMS SignedData (RFC 5652), strictly.

What CMS leaves open is closed here: one signer, named by issuer and serial number; no certificate but one at most; no
revocation data, no unsigned attributes. So every byte is signed, or compared with a pinned certificate, or has no
other value that would be read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .algorithms import SHA256, Scheme, digest_of, hash_of, scheme_of
from .der import (
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    SET,
    DerMalformed,
    Element,
    Fields,
    context,
    decode,
    encode,
    explicit,
    require_ascending,
)
from .errors import TokenMalformed
from .stamp import Stamp, read_stamp

__all__ = ["LARGEST_TOKEN", "SIGNED_DATA", "TST_INFO", "CertificateDigest", "Token", "read_token"]

LARGEST_TOKEN: Final = 64 << 10

SIGNED_DATA: Final = "1.2.840.113549.1.7.2"
TST_INFO: Final = "1.2.840.113549.1.9.16.1.4"
CONTENT_TYPE: Final = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
SIGNING_CERTIFICATE: Final = "1.2.840.113549.1.9.16.2.12"
SIGNING_CERTIFICATE_V2: Final = "1.2.840.113549.1.9.16.2.47"


@dataclass(frozen=True, slots=True)
class CertificateDigest:
    """A digest by which the signed attributes name the signer's certificate."""

    hash_name: str
    digest: bytes

    def fits(self, certificate: bytes) -> bool:
        """Whether this is the digest of `certificate` (DER)."""
        return digest_of(certificate, self.hash_name) == self.digest


@dataclass(frozen=True, slots=True)
class Token:
    """A token taken apart; nothing is verified yet, except that the attributes are about this content.

    `issuer` and `serial` name the signer, as they are encoded.
    """

    encoded: bytes
    stamp: Stamp
    certificate: bytes | None
    issuer: bytes
    serial: bytes
    certificate_digests: tuple[CertificateDigest, ...]
    scheme: Scheme
    signed: bytes
    signature: bytes


def read_token(encoded: bytes) -> Token:
    """Take a token apart; raises `TokenMalformed` unless it has the strict form."""
    try:
        return _content_info(encoded)
    except DerMalformed as why:
        raise TokenMalformed(reason=str(why)) from None


def _content_info(encoded: bytes) -> Token:
    fields = Fields(decode(encoded, LARGEST_TOKEN, SEQUENCE), "the token")
    _require_identifier(fields, SIGNED_DATA, "content type")
    signed_data = explicit(fields.take(context(0), "signed data"), SEQUENCE)
    fields.close()

    fields = Fields(signed_data, "signed data")
    fields.version(3)
    digest_algorithms = fields.take(SET, "set of digest algorithms")
    content = _content(fields.take(SEQUENCE, "content"))
    certificate = _certificate(fields.optional(context(0)))
    signers = fields.take(SET, "set of signers")
    fields.close()
    signer = explicit(signers, SEQUENCE)
    hash_name = hash_of(explicit(digest_algorithms, SEQUENCE))
    return _signer(signer, encoded, content, certificate, hash_name)


def _content(element: Element) -> bytes:
    fields = Fields(element, "the content")
    _require_identifier(fields, TST_INFO, "type")
    octets = explicit(fields.take(context(0), "octets"), OCTET_STRING)
    fields.close()
    return octets.content


def _certificate(certificates: Element | None) -> bytes | None:
    if certificates is None or not certificates.children:
        return None
    return explicit(certificates, SEQUENCE).encoded


def _signer(signer: Element, encoded: bytes, content: bytes, certificate: bytes | None, hash_name: str) -> Token:
    fields = Fields(signer, "the signer")
    fields.version(1)
    identifier = Fields(fields.take(SEQUENCE, "issuer and serial number"), "the signer's identifier")
    issuer = identifier.take(SEQUENCE, "issuer")
    serial = identifier.take(INTEGER, "serial number")
    identifier.close()
    if hash_of(fields.take(SEQUENCE, "digest algorithm")) != hash_name:
        raise DerMalformed(reason="two digest algorithms that differ", offset=signer.offset)
    attributes = fields.take(context(0), "set of signed attributes")
    scheme = scheme_of(fields.take(SEQUENCE, "signature algorithm"), hash_name)
    signature = fields.take(OCTET_STRING, "signature")
    fields.close()

    values = _attributes(attributes)
    _require_about(content, values, scheme.hash_name, attributes.offset)
    return Token(
        encoded=encoded,
        stamp=read_stamp(decode(content, LARGEST_TOKEN, SEQUENCE)),
        certificate=certificate,
        issuer=issuer.encoded,
        serial=serial.encoded,
        certificate_digests=_certificate_digests(values, attributes.offset),
        scheme=scheme,
        signed=encode(SET, attributes.content),
        signature=signature.content,
    )


def _attributes(attributes: Element) -> dict[str, Element]:
    """The value of each signed attribute; each type may come once, with one value."""
    require_ascending(attributes)
    found: dict[str, Element] = {}
    for attribute in attributes.children:
        fields = Fields(attribute, "a signed attribute")
        kind = fields.take(OBJECT_IDENTIFIER, "type").object_identifier()
        values = fields.take(SET, "set of values").children
        fields.close()
        if attribute.tag != SEQUENCE or kind in found or len(values) != 1:
            raise DerMalformed(reason="a signed attribute twice, or without one value", offset=attribute.offset)
        found[kind] = values[0]
    return found


def _require_about(content: bytes, values: dict[str, Element], hash_name: str, offset: int) -> None:
    """The attributes are about this content: its type and its digest (RFC 5652 §11.1, §11.2)."""
    kind, digest = values.get(CONTENT_TYPE), values.get(MESSAGE_DIGEST)
    if kind is None or kind.tag != OBJECT_IDENTIFIER or kind.object_identifier() != TST_INFO:
        raise DerMalformed(reason="signed attributes of another content type", offset=offset)
    if digest is None or digest.tag != OCTET_STRING or digest.content != digest_of(content, hash_name):
        raise DerMalformed(reason="signed attributes over other content", offset=offset)


def _certificate_digests(values: dict[str, Element], offset: int) -> tuple[CertificateDigest, ...]:
    """How the signed attributes name the signer's certificate (RFC 5035): by one digest or by two."""
    found = []
    if SIGNING_CERTIFICATE in values:
        fields = _first_certificate(values[SIGNING_CERTIFICATE])
        found.append(CertificateDigest("SHA-1", fields.take(OCTET_STRING, "digest").content))
    if SIGNING_CERTIFICATE_V2 in values:
        fields = _first_certificate(values[SIGNING_CERTIFICATE_V2])
        algorithm = fields.optional(SEQUENCE)
        hash_name = hash_of(algorithm) if algorithm else SHA256
        found.append(CertificateDigest(hash_name, fields.take(OCTET_STRING, "digest").content))
    if not found:
        raise DerMalformed(reason="no signed attribute names the signer's certificate", offset=offset)
    return tuple(found)


def _first_certificate(attribute: Element) -> Fields:
    certificates = Fields(attribute, "the signing certificate").take(SEQUENCE, "list of certificates")
    return Fields(Fields(certificates, "the signing certificate").take(SEQUENCE, "digest"), "the signing certificate")


def _require_identifier(fields: Fields, expected: str, part: str) -> None:
    found = fields.take(OBJECT_IDENTIFIER, part)
    if found.object_identifier() != expected:
        raise DerMalformed(reason=f"{part} {found.object_identifier()}, not {expected}", offset=found.offset)
