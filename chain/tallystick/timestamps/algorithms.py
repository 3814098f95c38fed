"""The hashes and signature schemes that a time-stamp token may use, and how each is checked."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

from .der import (
    INTEGER,
    NULL,
    OBJECT_IDENTIFIER,
    SEQUENCE,
    DerMalformed,
    Element,
    Fields,
    context,
    encode,
    encode_object_identifier,
    explicit,
)

__all__ = [
    "HASH_IDENTIFIERS",
    "SHA256",
    "TAKEN",
    "Scheme",
    "digest_of",
    "hash_algorithm",
    "hash_of",
    "scheme_of",
    "sound",
]

SHA256: Final = "SHA-256"
TAKEN: Final = (SHA256, "SHA-384", "SHA-512")
"""The hashes that a token may rest on. Others are read, so that a refusal can name them."""

HASH_IDENTIFIERS: Final = {
    SHA256: "2.16.840.1.101.3.4.2.1",
    "SHA-384": "2.16.840.1.101.3.4.2.2",
    "SHA-512": "2.16.840.1.101.3.4.2.3",
    "SHA-1": "1.3.14.3.2.26",
}
_HASH_NAMES: Final = {identifier: name for name, identifier in HASH_IDENTIFIERS.items()}
_HASHES: Final[dict[str, type[hashes.HashAlgorithm]]] = {
    SHA256: hashes.SHA256,
    "SHA-384": hashes.SHA384,
    "SHA-512": hashes.SHA512,
    "SHA-1": hashes.SHA1,
}

_RSA: Final = "1.2.840.113549.1.1.1"
_RSA_PSS: Final = "1.2.840.113549.1.1.10"
_MGF1: Final = "1.2.840.113549.1.1.8"
_RSA_WITH: Final = {
    "1.2.840.113549.1.1.11": SHA256,
    "1.2.840.113549.1.1.12": "SHA-384",
    "1.2.840.113549.1.1.13": "SHA-512",
    "1.2.840.113549.1.1.5": "SHA-1",
}
_ECDSA_WITH: Final = {
    "1.2.840.10045.4.3.2": SHA256,
    "1.2.840.10045.4.3.3": "SHA-384",
    "1.2.840.10045.4.3.4": "SHA-512",
    "1.2.840.10045.4.1": "SHA-1",
}


@dataclass(frozen=True, slots=True)
class Scheme:
    """How a signature was made: `kind` is ECDSA, RSA (PKCS #1 v1.5) or RSASSA-PSS, which alone has a salt."""

    kind: str
    hash_name: str
    salt_bytes: int = 0


def digest_of(content: bytes, hash_name: str) -> bytes:
    """The digest of `content` by one of the hashes above."""
    return hashlib.new(hash_name.replace("-", ""), content, usedforsecurity=hash_name in TAKEN).digest()


def hash_algorithm(hash_name: str) -> bytes:
    """The AlgorithmIdentifier of a hash, its parameters written as NULL like most software does."""
    return encode(SEQUENCE, encode_object_identifier(HASH_IDENTIFIERS[hash_name]), encode(NULL))


def hash_of(algorithm: Element) -> str:
    """The name of the hash that an AlgorithmIdentifier stands for; raises `DerMalformed` for one that is not read."""
    fields = Fields(algorithm, "a hash algorithm")
    identifier = fields.take(OBJECT_IDENTIFIER, "identifier")
    fields.optional(NULL)
    fields.close()
    name = _HASH_NAMES.get(identifier.object_identifier())
    if name is None:
        raise DerMalformed(
            reason=f"{identifier.object_identifier()} is no hash of this list: {', '.join(HASH_IDENTIFIERS)}",
            offset=algorithm.offset,
        )
    return name


def scheme_of(algorithm: Element, hash_name: str) -> Scheme:
    """The scheme of a signature over a digest by `hash_name`; raises `DerMalformed` if the two do not agree."""
    fields = Fields(algorithm, "a signature algorithm")
    identifier = fields.take(OBJECT_IDENTIFIER, "identifier").object_identifier()
    if identifier in _ECDSA_WITH:
        scheme = Scheme("ECDSA", _ECDSA_WITH[identifier])
    elif identifier in _RSA_WITH or identifier == _RSA:
        fields.optional(NULL)
        scheme = Scheme("RSA", _RSA_WITH.get(identifier, hash_name))
    elif identifier == _RSA_PSS:
        scheme = _pss(fields.take(SEQUENCE, "parameters"))
    else:
        raise DerMalformed(
            reason=f"{identifier} is no signature scheme that is taken (ECDSA, RSA, RSASSA-PSS)",
            offset=algorithm.offset,
        )
    fields.close()
    if scheme.hash_name != hash_name:
        raise DerMalformed(reason=f"signed by {scheme.hash_name}, digested by {hash_name}", offset=algorithm.offset)
    return scheme


def _pss(parameters: Element) -> Scheme:
    """RSASSA-PSS-params (RFC 4055) that say their hash, and the same one twice; the defaults are SHA-1."""
    fields = Fields(parameters, "RSASSA-PSS parameters")
    hash_name = hash_of(explicit(fields.take(context(0), "hash"), SEQUENCE))
    mask = Fields(explicit(fields.take(context(1), "mask generation"), SEQUENCE), "mask generation")
    generation = mask.take(OBJECT_IDENTIFIER, "identifier").object_identifier()
    mask_hash = hash_of(mask.take(SEQUENCE, "hash"))
    mask.close()
    salt = explicit(fields.take(context(2), "salt length"), INTEGER)
    fields.close()
    if generation != _MGF1 or mask_hash != hash_name:
        raise DerMalformed(reason="RSASSA-PSS with two hashes, or another mask than MGF1", offset=parameters.offset)
    salt_bytes = salt.integer(max_bytes=2)
    if salt_bytes < 0:
        raise DerMalformed(reason="a negative salt length", offset=salt.offset)
    return Scheme("RSASSA-PSS", hash_name, salt_bytes)


def sound(key: CertificatePublicKeyTypes, scheme: Scheme, signature: bytes, signed: bytes) -> bool:
    """Whether `signature` is by `key`, of the kind of key that `scheme` wants, over `signed`."""
    chosen = _HASHES[scheme.hash_name]()
    try:
        if isinstance(key, ec.EllipticCurvePublicKey) and scheme.kind == "ECDSA":
            key.verify(signature, signed, ec.ECDSA(chosen))
        elif isinstance(key, rsa.RSAPublicKey) and scheme.kind == "RSA":
            key.verify(signature, signed, padding.PKCS1v15(), chosen)
        elif isinstance(key, rsa.RSAPublicKey) and scheme.kind == "RSASSA-PSS":
            key.verify(signature, signed, padding.PSS(padding.MGF1(chosen), scheme.salt_bytes), chosen)
        else:
            return False
    except InvalidSignature:
        return False
    return True
