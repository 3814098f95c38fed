"""Keys in roots: windows, revocations, compromises; and what they say of a key at an instant.

All times here are Unix seconds, as the chain has them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tallystick.consortium.fields import Fields
from tallystick.keys import Address
from tallystick.strictjson import Json

from .errors import RootsMalformed

__all__ = ["PURPOSES", "Compromise", "Key", "KeyAnswer", "KeyReason", "KeyVerdict", "Revocation", "as_key32"]

PURPOSES: Final = ("ACT", "RECOVERY", "VALIDATOR", "EXCHANGE", "SEAL", "DOCUMENT")
_ADDRESSES: Final = frozenset(PURPOSES[:3])
_LAST_INSTANT: Final = 2**48 - 1
_KEY_BYTES, _ADDRESS_BYTES = 32, 20


class KeyVerdict(StrEnum):
    """The three answers to "could this key sign for this member, for this purpose, then?"."""

    VALID = "valid"
    NOT_VALID = "not_valid"
    COMPROMISED_SINCE = "compromised_since"


class KeyReason(StrEnum):
    """Why a key was not valid."""

    UNKNOWN = "unknown"
    OTHER_MEMBER = "other_member"
    OTHER_PURPOSE = "other_purpose"
    NOT_YET = "not_yet"
    EXPIRED = "expired"
    REVOKED = "revoked"
    COMPROMISE_REPORTED = "compromise_reported"


@dataclass(frozen=True, slots=True)
class KeyAnswer:
    """`reason` with NOT_VALID; `since` and `reported_at` with COMPROMISED_SINCE: the chain took the key as valid then,
    and its member said later since when others may have held it."""

    verdict: KeyVerdict
    reason: KeyReason | None = None
    since: int | None = None
    reported_at: int | None = None


@dataclass(frozen=True, slots=True)
class Revocation:
    """The end of a key, in the block of `height`, whose time is `at`."""

    at: int
    height: int

    def to_json(self) -> dict[str, Json]:
        return {"at": self.at, "height": self.height}


@dataclass(frozen=True, slots=True)
class Compromise:
    """What was reported in the block of `height` (time `reported_at`): others may have held the key since `since`."""

    since: int
    reported_at: int
    height: int

    def to_json(self) -> dict[str, Json]:
        return {"since": self.since, "reported_at": self.reported_at, "height": self.height}


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a member, for one purpose, for ever. Addresses stand left-padded in the 32 bytes of `key`."""

    key: bytes
    member: bytes
    purpose: str
    added_height: int
    not_before: int
    not_after: int
    revoked: Revocation | None
    compromises: tuple[Compromise, ...]

    @property
    def address(self) -> Address | None:
        """The address, of an ACT, RECOVERY or VALIDATOR key."""
        return Address(self.key[_KEY_BYTES - _ADDRESS_BYTES :]) if self.purpose in _ADDRESSES else None

    @property
    def revoked_at(self) -> int | None:
        return self.revoked.at if self.revoked else None

    @property
    def compromised_since(self) -> int | None:
        """The earliest instant that was ever reported."""
        return self.compromises[-1].since if self.compromises else None

    @property
    def compromise_reported_at(self) -> int | None:
        """When a compromise was first reported; the contracts take nothing by the key after that."""
        return self.compromises[0].reported_at if self.compromises else None

    def answer(self, at: int) -> KeyAnswer:
        """What to say of a signature by this key that was recorded at `at`.

        At the very second of its revocation or report the key still counts: order within a block is the contract's
        affair, and it refuses what comes after.
        """
        if at < self.not_before:
            return KeyAnswer(KeyVerdict.NOT_VALID, KeyReason.NOT_YET)
        if at > self.not_after:
            return KeyAnswer(KeyVerdict.NOT_VALID, KeyReason.EXPIRED)
        if self.revoked is not None and at > self.revoked.at:
            return KeyAnswer(KeyVerdict.NOT_VALID, KeyReason.REVOKED)
        if not self.compromises:
            return KeyAnswer(KeyVerdict.VALID)
        since, reported_at = self.compromises[-1].since, self.compromises[0].reported_at
        if at > reported_at:
            return KeyAnswer(KeyVerdict.NOT_VALID, KeyReason.COMPROMISE_REPORTED)
        return KeyAnswer(KeyVerdict.COMPROMISED_SINCE, since=since, reported_at=reported_at)

    @classmethod
    def from_json(cls, value: Json, path: str, member: bytes) -> Key:
        """Raises `RootsMalformed`."""
        fields = Fields(value, path, RootsMalformed)
        purpose = fields.text("purpose", max_length=16)
        revoked = fields.take("revoked")
        key = cls(
            key=fields.bytes_of("key", _KEY_BYTES),
            member=member,
            purpose=purpose,
            added_height=fields.integer("added_height"),
            not_before=fields.integer("not_before", high=_LAST_INSTANT),
            not_after=fields.integer("not_after", high=_LAST_INSTANT),
            revoked=None if revoked is None else _read_revocation(revoked, f"{path}.revoked"),
            compromises=fields.items("compromises", _read_compromise),
        )
        fields.end()
        key.check(path)
        return key

    def to_json(self) -> dict[str, Json]:
        return {
            "key": self.key.hex(),
            "purpose": self.purpose,
            "added_height": self.added_height,
            "not_before": self.not_before,
            "not_after": self.not_after,
            "revoked": self.revoked.to_json() if self.revoked else None,
            "compromises": [each.to_json() for each in self.compromises],
        }

    def check(self, path: str) -> None:
        """Raises `RootsMalformed` where the parts do not fit each other as the Consortium contract makes them."""
        if self.purpose not in PURPOSES:
            raise RootsMalformed(f"{path}.purpose", f"is not one of {', '.join(PURPOSES)}")
        if not any(self.key) or (self.purpose in _ADDRESSES and any(self.key[:12])):
            raise RootsMalformed(f"{path}.key", f"is no {self.purpose} key")
        if self.not_before >= self.not_after:
            raise RootsMalformed(f"{path}.not_after", "is not after not_before")
        if self.revoked is not None and self.revoked.height < self.added_height:
            raise RootsMalformed(f"{path}.revoked", "is before the key was added")
        before: Compromise | None = None
        for compromise in self.compromises:
            if not 0 < compromise.since <= compromise.reported_at or compromise.height < self.added_height:
                raise RootsMalformed(f"{path}.compromises", "holds one reported before it began or before the key")
            if before is not None and not _follows(before, compromise):
                raise RootsMalformed(f"{path}.compromises", "is not in order of report, each reaching further back")
            before = compromise


def as_key32(key: bytes) -> bytes:
    """A key of 32 bytes as it is, an address left-padded."""
    return key if len(key) == _KEY_BYTES else key.rjust(_KEY_BYTES, b"\0")


def _follows(before: Compromise, compromise: Compromise) -> bool:
    later = before.height <= compromise.height and before.reported_at <= compromise.reported_at
    return later and compromise.since < before.since


def _read_revocation(value: Json, path: str) -> Revocation:
    fields = Fields(value, path, RootsMalformed)
    revocation = Revocation(at=fields.integer("at", high=_LAST_INSTANT), height=fields.integer("height"))
    fields.end()
    return revocation


def _read_compromise(value: Json, path: str) -> Compromise:
    fields = Fields(value, path, RootsMalformed)
    compromise = Compromise(
        since=fields.integer("since", low=1, high=_LAST_INSTANT),
        reported_at=fields.integer("reported_at", high=_LAST_INSTANT),
        height=fields.integer("height"),
    )
    fields.end()
    return compromise
