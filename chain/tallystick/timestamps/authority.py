"""Time-stamp authorities as the roots pin them, and the full check of a token against them (RFC 3161, protocol §9)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from .algorithms import TAKEN, digest_of, sound
from .errors import (
    AuthorityMalformed,
    AuthorityUnknown,
    CertificateForeign,
    CertificateNotValid,
    HashNotTaken,
    ImprintDiffers,
    OutsideWindow,
    SignatureWrong,
)
from .second import require_by_openssl
from .stripping import issuer_and_serial, only_piece
from .token import Token, read_token

__all__ = ["Authority", "VerifiedToken", "verify_token"]

_UNREADABLE: Final = (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType, UnsupportedAlgorithm)


@dataclass(frozen=True)
class Authority:
    """An authority that counts for tokens of `valid_from` to `valid_to`, by this certificate and no other.

    Certificates are DER. `issuers` are those above, the nearest first, up to a self-signed one; empty if `certificate`
    is self-signed itself. `development`: its time proves nothing. Raises `AuthorityMalformed`.
    """

    name: str
    certificate: bytes
    valid_from: datetime
    valid_to: datetime
    development: bool = False
    issuers: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        try:
            self._require_chain()
            self._require_purpose()
        except _UNREADABLE as why:
            raise AuthorityMalformed(name=self.name, reason=f"a certificate that cannot be read: {why}") from None
        if self.valid_from.tzinfo is None or self.valid_to.tzinfo is None or self.valid_from > self.valid_to:
            raise AuthorityMalformed(name=self.name, reason="a window that ends before it begins, or without a zone")

    @cached_property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """The authority's own certificate, then those above it."""
        return tuple(x509.load_der_x509_certificate(each) for each in (self.certificate, *self.issuers))

    @property
    def certificate_ends(self) -> datetime:
        """The last second at which the authority's certificate is valid."""
        return self.chain[0].not_valid_after_utc

    @cached_property
    def identifier(self) -> tuple[bytes, bytes]:
        """Issuer and serial number as encoded, by which a token names its signer."""
        return issuer_and_serial(only_piece(self.certificate))

    def _require_chain(self) -> None:
        for below, above in pairwise((*self.chain, self.chain[-1])):
            try:
                below.verify_directly_issued_by(above)
            except (InvalidSignature, TypeError, ValueError):
                reason = f"{below.subject.rfc4514_string()} was not issued by {above.subject.rfc4514_string()}"
                raise AuthorityMalformed(name=self.name, reason=reason) from None
        for issuer in self.chain[1:]:
            if not _may_issue(issuer):
                reason = f"{issuer.subject.rfc4514_string()} is not certified to issue certificates"
                raise AuthorityMalformed(name=self.name, reason=reason)

    def _require_purpose(self) -> None:
        if not isinstance(self.chain[0].public_key(), ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
            raise AuthorityMalformed(name=self.name, reason="a key that is neither RSA nor of an elliptic curve")
        try:
            usage = self.chain[0].extensions.get_extension_for_class(x509.ExtendedKeyUsage)
        except x509.ExtensionNotFound:
            raise AuthorityMalformed(name=self.name, reason="a certificate that is not for time-stamping") from None
        if not usage.critical or list(usage.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
            raise AuthorityMalformed(name=self.name, reason="a certificate that is not for time-stamping alone")


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """A token that holds: the authority vouches that the stamped bytes existed at `gen_time`, give or take `accuracy`.

    `digest` is the SHA-256 of the token, by which `noteTime` names it. Accuracy None: not stated in the token.
    """

    authority: Authority
    gen_time: datetime
    accuracy: timedelta | None
    serial: int
    policy: str
    hash_name: str
    nonce: int | None
    digest: bytes

    @property
    def earliest(self) -> datetime:
        """The earliest instant that the token's statement allows."""
        return self.gen_time - (self.accuracy or timedelta())

    @property
    def latest(self) -> datetime:
        """The latest instant that the token's statement allows."""
        return self.gen_time + (self.accuracy or timedelta())

    @property
    def certificate_ends(self) -> datetime:
        """When the token counts no longer, unless it was renewed."""
        return self.authority.certificate_ends


def verify_token(token: bytes, stamped: bytes, authorities: Sequence[Authority]) -> VerifiedToken:
    """Check that one of `authorities` stamped `stamped` (the bytes themselves, not their digest).

    The imprint may be SHA-256, SHA-384 or SHA-512. Certificates are judged at the token's own time. Whether the token
    still counts at a later time is `require_holds`'s question. Raises a `TokenRefused`.
    """
    parts = read_token(token)
    authority = _authority_of(parts, authorities)
    stamp = parts.stamp
    for hash_name in (stamp.hash_name, parts.scheme.hash_name):
        if hash_name not in TAKEN:
            raise HashNotTaken(hash_name=hash_name)
    expected = digest_of(stamped, stamp.hash_name)
    if stamp.imprint != expected:
        raise ImprintDiffers(hash_name=stamp.hash_name, expected=expected.hex(), found=stamp.imprint.hex())
    _require_valid(authority, stamp.gen_time)
    if not sound(authority.chain[0].public_key(), parts.scheme, parts.signature, parts.signed):
        raise SignatureWrong(authority=authority.name, reason="the signature does not verify")
    if parts.scheme.kind != "RSASSA-PSS":  # which OpenSSL's PKCS #7 does not know
        require_by_openssl(token, stamp.imprint, authority.name, authority.chain)
    return VerifiedToken(
        authority,
        stamp.gen_time,
        stamp.accuracy,
        stamp.serial,
        stamp.policy,
        stamp.hash_name,
        stamp.nonce,
        hashlib.sha256(token).digest(),
    )


def _may_issue(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _authority_of(token: Token, authorities: Sequence[Authority]) -> Authority:
    """The pinned authority that the token names; if its certificate has several windows, that of the token's time."""
    named = [
        authority
        for authority in authorities
        if authority.identifier == (token.issuer, token.serial)
        and all(digest.fits(authority.certificate) for digest in token.certificate_digests)
    ]
    if not named:
        raise AuthorityUnknown(serial=token.serial[2:].hex())
    if token.certificate not in (None, named[0].certificate):
        raise CertificateForeign(authority=named[0].name)
    at = token.stamp.gen_time
    for authority in named:
        if authority.valid_from <= at <= authority.valid_to:
            return authority
    raise OutsideWindow(
        authority=named[0].name, gen_time=at, valid_from=named[0].valid_from, valid_to=named[0].valid_to
    )


def _require_valid(authority: Authority, at: datetime) -> None:
    for certificate in authority.chain:
        if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
            raise CertificateNotValid(
                subject=certificate.subject.rfc4514_string(),
                gen_time=at.astimezone(UTC),
                valid_from=certificate.not_valid_before_utc,
                valid_to=certificate.not_valid_after_utc,
            )
