"""`roots.json`: what a verifier trusts, kept outside every package (`evidence.md`).

File: `{"body": {…}, "signatures": [{"member", "signature"}, …]}`; the digest is SHA-256(JCS(body)), each signature is
`RootsSigned{member, digest}` (EIP-712, the Consortium contract's domain) by an ACT key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

import rfc8785

from tallystick.acts import Domain
from tallystick.consortium import HeaderItems, is_sealed
from tallystick.consortium.document import ENGINES, MAX_CHAIN_ID, MIN_CHAIN_ID
from tallystick.consortium.fields import Fields
from tallystick.strictjson import Json, loads

from .consistency import check_consistency
from .errors import RootsMalformed
from .keys import Key, KeyAnswer, KeyReason, KeyVerdict, as_key32
from .members import Member
from .parts import AuthorityEntry, Contract, Epoch, digest_or_null, instant, read_header_items

__all__ = ["FORMAT", "LARGEST_ROOTS", "Roots", "RootsSignature"]

FORMAT: Final = "tallystick-roots/1"
LARGEST_ROOTS: Final = 4 * 1024 * 1024
_MAX_DEPTH: Final = 8


@dataclass(frozen=True, slots=True)
class RootsSignature:
    """What `member` signed of a roots document: 65 bytes r ‖ s ‖ v."""

    member: bytes
    signature: bytes

    def to_json(self) -> dict[str, Json]:
        return {"member": self.member.hex(), "signature": self.signature.hex()}


@dataclass(frozen=True)
class Roots:
    """A roots document whose parts fit each other; its signatures are judged by `check_chain`."""

    chain_id: int
    genesis_hash: bytes
    engine: str
    header_items: tuple[HeaderItems, ...]
    validator_epochs: tuple[Epoch, ...]
    contracts: tuple[Contract, ...]
    members: Mapping[bytes, Member]
    authorities: tuple[AuthorityEntry, ...]
    issued_at: datetime
    as_of_height: int
    previous: bytes | None
    signatures: tuple[RootsSignature, ...] = ()

    @classmethod
    def parse(cls, raw: bytes) -> Roots:
        """Read a file. Raises `RootsMalformed` or `JsonMalformed`, never anything else."""
        fields = Fields(loads(raw, max_bytes=LARGEST_ROOTS, max_depth=_MAX_DEPTH), "", RootsMalformed)
        body = fields.inner("body")
        signatures = fields.items("signatures", _read_signature)
        fields.end()
        if body.text("format") != FORMAT:
            raise RootsMalformed("body.format", f"is not {FORMAT}")
        members = body.items("members", Member.from_json)
        roots = cls(
            chain_id=body.integer("chain_id", low=MIN_CHAIN_ID, high=MAX_CHAIN_ID - 1),
            genesis_hash=body.bytes_of("genesis_hash", 32),
            engine=body.text("engine", max_length=16),
            header_items=body.items("header_items", read_header_items),
            validator_epochs=body.items("validator_epochs", Epoch.from_json),
            contracts=body.items("contracts", Contract.from_json),
            members={member.member: member for member in members},
            authorities=body.items("authorities", AuthorityEntry.from_json),
            issued_at=body.instant("issued_at"),
            as_of_height=body.integer("as_of_height"),
            previous=digest_or_null(body.take("previous"), "body.previous"),
            signatures=signatures,
        )
        body.end()
        if [member.member for member in members] != sorted(roots.members):
            raise RootsMalformed("body.members", "is not ascending by member, or names one twice")
        if [each.member for each in signatures] != sorted({each.member for each in signatures}):
            raise RootsMalformed("signatures", "is not ascending by member, or holds one twice")
        roots.check()
        return roots

    def check(self) -> None:
        """Raises `RootsMalformed` where the parts contradict each other."""
        if self.engine not in ENGINES:
            raise RootsMalformed("body.engine", f"is not one of {', '.join(ENGINES)}")
        check_consistency(self)

    @cached_property
    def digest(self) -> bytes:
        """SHA-256(JCS(body)): what members sign, and what is pinned."""
        return hashlib.sha256(rfc8785.dumps(self.body())).digest()

    @property
    def sealed(self) -> bool:
        """Whether headers of this chain carry validators' seals."""
        return is_sealed(self.engine)

    @property
    def domain(self) -> Domain:
        """In which members sign statements that no contract takes: the Consortium contract's."""
        return Domain(self.chain_id, self.contracts_named("Consortium")[0].address)

    @property
    def needed_signatures(self) -> int:
        """How many members sign the next version: ⌈2n/3⌉ of the active ones."""
        active = sum(member.active for member in self.members.values())
        return -(-2 * active // 3)

    def header_items_at(self, height: int) -> int:
        """How many RLP items a header of this height has."""
        return next(entry.items for entry in reversed(self.header_items) if entry.from_height <= height)

    def epoch_at(self, height: int) -> Epoch | None:
        """Who seals this height; None above `as_of_height` and on a chain without seals."""
        if not 0 <= height <= self.as_of_height:
            return None
        return next((epoch for epoch in reversed(self.validator_epochs) if epoch.first <= height), None)

    def stamp_limit(self, height: int) -> datetime | None:
        """Until when a time stamp counts for a header of this height; None where `epoch_at` is."""
        epoch = self.epoch_at(height)
        return (epoch.stamp_by or self.issued_at) if epoch else None

    def contracts_named(self, name: str) -> tuple[Contract, ...]:
        """The contract of that name and its predecessors, oldest first."""
        return tuple(entry for entry in self.contracts if entry.name == name)

    def contract_at(self, name: str, height: int) -> Contract | None:
        """The newest contract of that name at a height; None above `as_of_height`."""
        known = height <= self.as_of_height
        return next((c for c in reversed(self.contracts_named(name)) if known and c.holds_at(height)), None)

    def contract_of(self, address: bytes, height: int) -> Contract | None:
        """The contract at an address whose events count at a height; None above `as_of_height`."""
        known = height <= self.as_of_height
        return next((c for c in self.contracts if known and c.address == address and c.holds_at(height)), None)

    def key(self, key: bytes) -> Key | None:
        """The key, given as its 32 bytes or as an address."""
        return self._keys.get(as_key32(key))

    def keys_of(self, member: bytes, purpose: str | None = None) -> tuple[Key, ...]:
        """The member's keys, of one purpose or all; none of an unknown member."""
        found = self.members.get(member)
        return tuple(key for key in found.keys if purpose in (None, key.purpose)) if found else ()

    def key_answer(self, key: bytes, member: bytes, purpose: str, at: int) -> KeyAnswer:
        """Whether `key` could sign for `member`, for `purpose`, what was recorded at `at` (Unix seconds)."""
        found = self.key(key)
        if found is None:
            return KeyAnswer(KeyVerdict.NOT_VALID, KeyReason.UNKNOWN)
        if found.member != member:
            return KeyAnswer(KeyVerdict.NOT_VALID, KeyReason.OTHER_MEMBER)
        if found.purpose != purpose:
            return KeyAnswer(KeyVerdict.NOT_VALID, KeyReason.OTHER_PURPOSE)
        return found.answer(at)

    def body(self) -> dict[str, Json]:
        """The part that the digest covers, as JSON values."""
        return {
            "format": FORMAT,
            "chain_id": self.chain_id,
            "genesis_hash": self.genesis_hash.hex(),
            "engine": self.engine,
            "header_items": [{"from_height": e.from_height, "items": e.items} for e in self.header_items],
            "validator_epochs": [epoch.to_json() for epoch in self.validator_epochs],
            "contracts": [contract.to_json() for contract in self.contracts],
            "members": [self.members[member].to_json() for member in sorted(self.members)],
            "authorities": [authority.to_json() for authority in self.authorities],
            "issued_at": instant(self.issued_at),
            "as_of_height": self.as_of_height,
            "previous": self.previous.hex() if self.previous else None,
        }

    def to_bytes(self) -> bytes:
        """The file, in JCS."""
        return rfc8785.dumps({"body": self.body(), "signatures": [each.to_json() for each in self.signatures]})

    @cached_property
    def _keys(self) -> Mapping[bytes, Key]:
        return {key.key: key for key in self._each_key()}

    def _each_key(self) -> Iterator[Key]:
        for member in self.members.values():
            yield from member.keys


def _read_signature(value: Json, path: str) -> RootsSignature:
    fields = Fields(value, path, RootsMalformed)
    signature = RootsSignature(fields.bytes_of("member", 32), fields.bytes_of("signature", 65))
    fields.end()
    return signature
