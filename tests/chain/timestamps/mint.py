"""A mint of time-stamp tokens: good ones, and any in which one thing alone is wrong. It writes DER by hand."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tallystick.timestamps import Authority

Key: TypeAlias = "ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey"

MADE = datetime(2026, 1, 1, tzinfo=UTC)
ENDS = datetime(2028, 1, 1, tzinfo=UTC)
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
STAMPED = b"what was stamped"
NONCE = 0xDEADBEEFCAFE

HASHES = {
    "SHA-256": "2.16.840.1.101.3.4.2.1",
    "SHA-384": "2.16.840.1.101.3.4.2.2",
    "SHA-512": "2.16.840.1.101.3.4.2.3",
    "SHA-1": "1.3.14.3.2.26",
}
ECDSA = {"SHA-256": "1.2.840.10045.4.3.2", "SHA-384": "1.2.840.10045.4.3.3", "SHA-512": "1.2.840.10045.4.3.4"}
RSA = {
    "SHA-256": "1.2.840.113549.1.1.11",
    "SHA-384": "1.2.840.113549.1.1.12",
    "SHA-512": "1.2.840.113549.1.1.13",
    "SHA-1": "1.2.840.113549.1.1.5",
}
ALGORITHMS = {
    "SHA-256": hashes.SHA256(),
    "SHA-384": hashes.SHA384(),
    "SHA-512": hashes.SHA512(),
    "SHA-1": hashes.SHA1(),  # noqa: S303  # for tokens that must be refused
}


def tlv(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    if len(content) < 128:
        return bytes([tag, len(content)]) + content
    size = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + content


def seq(*parts: bytes) -> bytes:
    return tlv(0x30, *parts)


def num(value: int, tag: int = 2) -> bytes:
    return tlv(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(dotted: str) -> bytes:
    encoded = x509.ObjectIdentifier(dotted)
    arcs = [int(arc) for arc in encoded.dotted_string.split(".")]
    content = b""
    for arc in [40 * arcs[0] + arcs[1], *arcs[2:]]:
        digits = [arc & 127]
        while arc := arc >> 7:
            digits.insert(0, 128 | arc & 127)
        content += bytes(digits)
    return tlv(6, content)


def hash_id(name: str) -> bytes:
    return seq(oid(HASHES[name]), tlv(5))


@dataclass(frozen=True)
class Identity:
    """An authority's key and its certificates, the authority's own first."""

    key: Key
    certificates: tuple[x509.Certificate, ...]
    pss: bool = False

    @property
    def chain(self) -> tuple[bytes, ...]:
        return tuple(each.public_bytes(Encoding.DER) for each in self.certificates)

    def authority(
        self, name: str = "Mint", start: datetime = MADE, end: datetime = ENDS, *, development: bool = False
    ) -> Authority:
        return Authority(name, self.chain[0], start, end, development, self.chain[1:])

    @property
    def sid(self) -> bytes:
        return seq(self.certificates[0].issuer.public_bytes(), num(self.certificates[0].serial_number))

    def scheme(self, hash_name: str) -> bytes:
        if self.pss:
            mask = seq(oid("1.2.840.113549.1.1.8"), hash_id(hash_name))
            parts = (tlv(0xA0, hash_id(hash_name)), tlv(0xA1, mask), tlv(0xA2, num(32)))
            return seq(oid("1.2.840.113549.1.1.10"), seq(*parts))
        if isinstance(self.key, rsa.RSAPrivateKey):
            return seq(oid(RSA[hash_name]), tlv(5))
        return seq(oid(ECDSA[hash_name]))

    def sign(self, content: bytes, hash_name: str) -> bytes:
        algorithm = ALGORITHMS[hash_name]
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return self.key.sign(content, ec.ECDSA(algorithm))
        if self.pss:
            return self.key.sign(content, padding.PSS(padding.MGF1(algorithm), 32), algorithm)
        return self.key.sign(content, padding.PKCS1v15(), algorithm)


def certificate(
    subject: str,
    key: Key,
    issuer: tuple[x509.Name, Key] | None = None,
    *,
    usage: Sequence[x509.ObjectIdentifier] | None = (ExtendedKeyUsageOID.TIME_STAMPING,),
    critical: bool = True,
    start: datetime = MADE,
    end: datetime = ENDS,
    serial: int | None = None,
    more: Sequence[x509.ExtensionType] = (),
) -> x509.Certificate:
    """A certificate for time-stamping, or an issuer's if `usage` is None."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    issued_by, signing = issuer or (name, key)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issued_by)
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=usage is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if usage is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usage), critical=critical)
    for extension in more:
        builder = builder.add_extension(extension, critical=True)
    return builder.sign(signing, hashes.SHA256())


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def identity(kind: str = "P-256") -> Identity:
    """A self-signed authority with a key of this kind; always the same one."""
    if kind == "P-384":
        key: Key = ec.generate_private_key(ec.SECP384R1())
    elif kind.startswith("RSA"):
        key = rsa.generate_private_key(65537, 2048)
    else:
        key = new_key()
    return Identity(key, (certificate(f"mint {kind}", key),), kind == "RSA-PSS")


@cache
def three_levels() -> Identity:
    """An authority below an intermediate below a root."""
    root, middle, own = new_key(), new_key(), new_key()
    top = certificate("root", root, usage=None, end=ENDS + timedelta(days=1))
    below = certificate("intermediate", middle, (top.subject, root), usage=None)
    return Identity(own, (certificate("authority", own, (below.subject, middle)), below, top))


def stamp(stamped: bytes, hash_name: str, gen_time: datetime, changes: Mapping[str, bytes]) -> bytes:
    """The TSTInfo, its parts replaced by `changes`."""
    text = gen_time.strftime("%Y%m%d%H%M%S")
    if gen_time.microsecond:
        text += f".{gen_time.microsecond:06}".rstrip("0")
    digest = hashlib.new(hash_name.replace("-", ""), stamped).digest()
    parts = {
        "version": num(1),
        "policy": oid("1.3.6.1.4.1.32473.1"),
        "imprint": seq(hash_id(hash_name), tlv(4, digest)),
        "serial": num(4711),
        "time": tlv(0x18, text.encode() + b"Z"),
        "accuracy": seq(num(1), tlv(0x80, b"\x05"), tlv(0x81, b"\x07")),
        "ordering": b"",
        "nonce": num(NONCE),
        "name": b"",
        "extensions": b"",
        "after": b"",
    }
    return seq(*(parts | {name: value for name, value in changes.items() if name in parts}).values())


def attribute(kind: str, *values: bytes) -> bytes:
    return seq(oid(kind), tlv(0x31, *values))


def attributes(content: bytes, hash_name: str, chain: Sequence[bytes]) -> dict[str, bytes]:
    """The signed attributes that belong there."""
    digest = hashlib.new(hash_name.replace("-", ""), content).digest()
    return {
        "type": attribute("1.2.840.113549.1.9.3", oid("1.2.840.113549.1.9.16.1.4")),
        "digest": attribute("1.2.840.113549.1.9.4", tlv(4, digest)),
        "certificate": attribute(
            "1.2.840.113549.1.9.16.2.47", seq(seq(seq(tlv(4, hashlib.sha256(chain[0]).digest()))))
        ),
    }


def mint(
    who: Identity | None = None,
    stamped: bytes = STAMPED,
    *,
    gen_time: datetime = NOON,
    hash_name: str = "SHA-256",
    digest_by: str = "SHA-256",
    stamp_changes: Mapping[str, bytes] | None = None,
    attribute_changes: Mapping[str, bytes] | None = None,
    signer_changes: Mapping[str, bytes] | None = None,
    changes: Mapping[str, bytes] | None = None,
    unsorted: bool = False,
) -> bytes:
    """A token. What is changed before the signature is made is signed; signer's and outer parts are not."""
    who = who or identity()
    content = stamp(stamped, hash_name, gen_time, stamp_changes or {})
    signed = attributes(content, digest_by, who.chain) | dict(attribute_changes or {})
    listed = [value for value in signed.values() if value]
    to_sign = b"".join(listed[::-1] if unsorted else sorted(listed))
    signer = {
        "version": num(1),
        "sid": who.sid,
        "digest": hash_id(digest_by),
        "attributes": tlv(0xA0, to_sign),
        "scheme": who.scheme(digest_by),
        "signature": tlv(4, who.sign(tlv(0x31, to_sign), digest_by)),
        "unsigned": b"",
    } | dict(signer_changes or {})
    parts = {
        "version": num(3),
        "digests": tlv(0x31, hash_id(digest_by)),
        "content": seq(oid("1.2.840.113549.1.9.16.1.4"), tlv(0xA0, tlv(4, content))),
        "certificates": tlv(0xA0, who.chain[0]),
        "revocation": b"",
        "signers": tlv(0x31, seq(*signer.values())),
        "after": b"",
    } | dict(changes or {})
    return seq(oid("1.2.840.113549.1.7.2"), tlv(0xA0, seq(*parts.values())))


def response(token: bytes, status: bytes | None = None) -> bytes:
    return seq(status if status is not None else seq(num(0)), token)
