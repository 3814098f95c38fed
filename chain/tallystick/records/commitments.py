"""Salted commitments to records: disclose a field, keep the others; erase by destroying a secret (`protocol.md` §1).

salt_i   = SHA-256(0x12 ‖ record_secret ‖ u16 i)
commit_i = SHA-256(0x10 ‖ salt_i ‖ u16 len(name) ‖ name ‖ 0x01 ‖ value), or … ‖ 0x00) for an absent optional field
digest   = SHA-256(0x11 ‖ member32 ‖ stream32 ‖ u16 len(type) ‖ type ‖ u16 version ‖ u16 n ‖ commit_0 ‖ …)
leaf     = SHA-256(0x00 ‖ digest)
chain_k  = SHA-256(0x13 ‖ chain_{k−1} ‖ digest_k), chain_0 = 32 zero bytes
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NewType

from tallystick import merkle
from tallystick.records import errors
from tallystick.records.record import Record
from tallystick.records.registry import RecordType

__all__ = [
    "CHAIN_START",
    "ChainHash",
    "Commitment",
    "Digest",
    "chain_next",
    "chain_over",
    "commit",
    "digest_of",
    "field_commit",
    "field_salt",
]

Digest = NewType("Digest", bytes)
"""The digest of one record: the data of its leaf in a batch tree."""

ChainHash = NewType("ChainHash", bytes)
"""The running hash over a member's records about one loan."""

CHAIN_START: Final = ChainHash(bytes(32))

_sha256 = hashlib.sha256


@dataclass(frozen=True, slots=True)
class Commitment:
    """What is fixed about a record without saying anything of it: its digest, and one commitment for each field."""

    digest: Digest
    commits: tuple[bytes, ...]

    @property
    def leaf_hash(self) -> bytes:
        """The record's leaf in a batch tree."""
        return merkle.leaf_hash(self.digest)


def field_salt(record_secret: bytes, position: int) -> bytes:
    """The salt of the field at `position`; raises `SecretMalformed` unless the secret has 32 bytes."""
    if len(record_secret) != 32:
        raise errors.SecretMalformed(needed="32 bytes each")
    return _sha256(b"\x12" + record_secret + position.to_bytes(2, "big")).digest()


def field_commit(salt: bytes, name: str, value: str | None) -> bytes:
    """The commitment to one field under its salt; `value` None says that the field is absent."""
    named = b"\x10" + salt + u16_text(name)
    return _sha256(named + b"\x00" if value is None else named + b"\x01" + value.encode()).digest()


def digest_of(kind: RecordType, member: bytes, stream: bytes, commits: Sequence[bytes]) -> Digest:
    """The digest over all commitments of a record of this type; raises `MemberMalformed` unless the id has 32 bytes."""
    return Digest(_sha256(digest_head(kind, member, stream) + b"".join(commits)).digest())


def digest_head(kind: RecordType, member: bytes, stream: bytes) -> bytes:
    """What is hashed before the commitments."""
    if len(member) != 32 or len(stream) != 32:
        raise errors.MemberMalformed(size=len(member))
    return b"\x11" + member + stream + digest_layout(kind)


def digest_layout(kind: RecordType) -> bytes:
    """The part of a digest that is the same for every record of one type."""
    return u16_text(kind.name) + kind.version.to_bytes(2, "big") + len(kind.fields).to_bytes(2, "big")


def commit(record: Record, member: bytes, record_secret: bytes) -> Commitment:
    """Commit `member` to a record under 32 fresh random bytes, which are never derived from anything.

    Raises `SecretMalformed` and `MemberMalformed` for other lengths.
    """
    commits = tuple(
        field_commit(field_salt(record_secret, position), field.name, record.values.get(field.name))
        for position, field in enumerate(record.type.fields)
    )
    return Commitment(digest_of(record.type, member, record.stream, commits), commits)


def chain_next(chain: bytes, digest: bytes) -> ChainHash:
    """Add one record to a loan's record chain."""
    return ChainHash(_sha256(b"\x13" + chain + digest).digest())


def chain_over(digests: Iterable[bytes], start: bytes = CHAIN_START) -> ChainHash:
    """Add records in log order to a loan's record chain."""
    chain = ChainHash(start)
    for digest in digests:
        chain = chain_next(chain, digest)
    return chain


def u16_text(text: str) -> bytes:
    raw = text.encode()
    return len(raw).to_bytes(2, "big") + raw
