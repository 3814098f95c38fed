"""The development authority's key and certificate: made at the first start, kept in a folder, not to be mistaken."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tallystick.timestamps import Authority

from .errors import AuthorityFilesBroken

__all__ = ["SUBJECT", "Identity", "load_or_make", "make_identity"]

SUBJECT: Final = "DEVELOPMENT ONLY, NOT A TIME-STAMP AUTHORITY"
LIFETIME: Final = timedelta(days=3650)
_KEY: Final = "key.pem"
_CERTIFICATE: Final = "certificate.pem"


@dataclass(frozen=True)
class Identity:
    """A key and its self-signed certificate."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def __repr__(self) -> str:
        return f"Identity(certificate={self.certificate.serial_number:x})"

    @property
    def certificate_der(self) -> bytes:
        """The certificate as roots pin it."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def authority(self) -> Authority:
        """This authority as a verifier knows it, for as long as the certificate is valid, marked as development's."""
        return Authority(
            SUBJECT,
            self.certificate_der,
            self.certificate.not_valid_before_utc,
            self.certificate.not_valid_after_utc,
            development=True,
        )


def make_identity(valid_from: datetime, valid_to: datetime) -> Identity:
    """A fresh key, and a certificate for time-stamping alone that says it is for development."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Tallystick devnet"),
            x509.NameAttribute(NameOID.COMMON_NAME, SUBJECT),
        ]
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid_from)
        .not_valid_after(valid_to)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_KEY_USAGE, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Identity(key, certificate)


_KEY_USAGE: Final = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


def load_or_make(folder: Path) -> Identity:
    """The identity that `folder` holds; a new one, valid for ten years from now, if it holds none.

    Raises `AuthorityFilesBroken` if one of the two files is missing, is not what was written, or does not fit.
    """
    key_path, certificate_path = folder / _KEY, folder / _CERTIFICATE
    if not key_path.exists() and not certificate_path.exists():
        now = datetime.now(UTC).replace(microsecond=0)
        _save(folder, make_identity(now, now + LIFETIME))
    try:
        key = load_pem_private_key(key_path.read_bytes(), password=None)
        certificate = x509.load_pem_x509_certificate(certificate_path.read_bytes())
    except (OSError, ValueError, TypeError) as why:
        raise AuthorityFilesBroken(folder=folder, reason=str(why)) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or certificate.public_key() != key.public_key():
        raise AuthorityFilesBroken(folder=folder, reason="the certificate is not this key's")
    return Identity(key, certificate)


def _save(folder: Path, identity: Identity) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    secret = identity.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with os.fdopen(os.open(folder / _KEY, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secret)
    (folder / _CERTIFICATE).write_bytes(identity.certificate.public_bytes(Encoding.PEM))
