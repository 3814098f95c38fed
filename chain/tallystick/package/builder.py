"""The builder's statement: `PackageBuilt` (EIP-712), signed, as `META-INF/builder.json` (`docs/package.md`)."""

import hashlib
import re
from dataclasses import dataclass
from typing import Final

import rfc8785

from tallystick import strictjson
from tallystick.acts import DigestSigner, Domain, PackageBuilt, recover, sign
from tallystick.keys import Address

from .errors import PackageRefused
from .evidence import Evidence

__all__ = ["NO_CERTIFICATE", "BuilderStatement", "parse_builder", "sign_package", "statement_of"]

FORMAT: Final = "tallystick-builder/1"
NO_CERTIFICATE: Final = bytes(32)
"""The certificate's digest where the package has no PDF."""

_MAX_BYTES: Final = 4096
_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_SIGNATURE: Final = re.compile(r"[0-9a-f]{130}", re.ASCII)
_HASHES: Final = ("member", "subject", "evidence_digest", "certificate_digest")


@dataclass(frozen=True, slots=True)
class BuilderStatement:
    """Who says that it built the package, and the signature under it."""

    statement: PackageBuilt
    signature: bytes

    def to_json(self) -> bytes:
        """The file."""
        said = self.statement
        return rfc8785.dumps(
            {
                "format": FORMAT,
                "kind": said.kind,
                "signature": self.signature.hex(),
                **{name: getattr(said, name).hex() for name in _HASHES},
            }
        )

    def signer(self, consortium: Domain) -> Address:
        """Whose key signed. Raises `SignatureMalformed`."""
        return recover(self.statement, consortium, self.signature)


def statement_of(evidence: Evidence, evidence_json: bytes, certificate: bytes | None) -> PackageBuilt:
    """What the builder of these files states."""
    return PackageBuilt(
        member=evidence.member,
        kind=evidence.kind,
        subject=evidence.subject_digest,
        evidence_digest=hashlib.sha256(evidence_json).digest(),
        certificate_digest=NO_CERTIFICATE if certificate is None else hashlib.sha256(certificate).digest(),
    )


def sign_package(statement: PackageBuilt, consortium: Domain, key: DigestSigner) -> BuilderStatement:
    """Sign with the member's ACT key; `consortium` is the domain of the contract Consortium."""
    return BuilderStatement(statement, sign(statement, consortium, key))


def parse_builder(raw: bytes) -> BuilderStatement:
    """Read the statement. Raises `PackageRefused` `builder.malformed`."""
    try:
        value = strictjson.loads_object(raw, max_bytes=_MAX_BYTES)
    except strictjson.JsonMalformed as why:
        raise PackageRefused("builder.malformed", f"builder.json: {why}") from None
    texts = {name: text for name, text in value.items() if isinstance(text, str)}
    if texts.keys() != {"format", "kind", "signature", *_HASHES} or texts.keys() != value.keys():
        raise PackageRefused("builder.malformed", f"builder.json is no {FORMAT} with exactly its members")
    if texts["format"] != FORMAT or not _SIGNATURE.fullmatch(texts["signature"]):
        raise PackageRefused("builder.malformed", f"builder.json is no {FORMAT}, or its signature is not 65 bytes")
    if not all(_HASH.fullmatch(texts[name]) for name in _HASHES):
        raise PackageRefused("builder.malformed", "builder.json: a digest is not 64 lower-case hex digits")
    hashes = {name: bytes.fromhex(texts[name]) for name in _HASHES}
    parsed = BuilderStatement(PackageBuilt(kind=texts["kind"], **hashes), bytes.fromhex(texts["signature"]))
    if parsed.to_json() != raw:
        raise PackageRefused("builder.malformed", "builder.json is not in canonical form (RFC 8785)")
    return parsed
