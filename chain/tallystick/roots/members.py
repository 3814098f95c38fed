"""Members in roots: who they are, what they were from which height on, and their keys."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from tallystick.consortium import Role
from tallystick.consortium.fields import Fields
from tallystick.pseudonyms import member_id
from tallystick.strictjson import Json

from .errors import RootsMalformed
from .keys import Key
from .parts import digest_or_null

__all__ = ["STATES", "Member", "Standing"]

STATES: Final = ("ACTIVE", "SUSPENDED", "EXPELLED")
_ROLES: Final = tuple(Role.__members__)
_LEGAL_ID: Final = re.compile(r"[A-Z0-9][A-Z0-9:.-]{0,63}")


@dataclass(frozen=True, slots=True)
class Standing:
    """State and roles of a member from a height on, until its next standing."""

    from_height: int
    state: str
    roles: tuple[Role, ...]

    @classmethod
    def from_json(cls, value: Json, path: str) -> Standing:
        """Raises `RootsMalformed`."""
        fields = Fields(value, path, RootsMalformed)
        standing = cls(
            from_height=fields.integer("from_height"),
            state=fields.text("state", max_length=16),
            roles=fields.items("roles", _read_role),
        )
        fields.end()
        if standing.state not in STATES:
            raise RootsMalformed(f"{path}.state", f"is not one of {', '.join(STATES)}")
        if not standing.roles or list(standing.roles) != sorted(set(standing.roles)):
            raise RootsMalformed(f"{path}.roles", f"is empty, repeated or not in the order of {', '.join(_ROLES)}")
        return standing

    def to_json(self) -> dict[str, Json]:
        return {
            "from_height": self.from_height,
            "state": self.state,
            "roles": [role.name or "" for role in self.roles],
        }


@dataclass(frozen=True, slots=True)
class Member:
    """An institution: who it is, what it was when, and its keys. `certificate` is a SHA-256, None where it has none."""

    member: bytes
    legal_id: str
    name: str
    certificate: bytes | None
    standing: tuple[Standing, ...]
    keys: tuple[Key, ...]

    @property
    def active(self) -> bool:
        """Whether it is ACTIVE as of the roots' height."""
        return self.standing[-1].state == STATES[0]

    def standing_at(self, height: int) -> Standing | None:
        """What it was at a height; None before it was admitted."""
        return next((each for each in reversed(self.standing) if each.from_height <= height), None)

    @classmethod
    def from_json(cls, value: Json, path: str) -> Member:
        """Raises `RootsMalformed`."""
        fields = Fields(value, path, RootsMalformed)
        member = fields.bytes_of("member", 32)
        found = cls(
            member=member,
            legal_id=fields.text("legal_id", max_length=64),
            name=fields.text("name", max_length=200),
            certificate=digest_or_null(fields.take("certificate"), f"{path}.certificate"),
            standing=fields.items("standing", Standing.from_json),
            keys=fields.items("keys", lambda value, where: Key.from_json(value, where, member)),
        )
        fields.end()
        found.check(path)
        return found

    def to_json(self) -> dict[str, Json]:
        return {
            "member": self.member.hex(),
            "legal_id": self.legal_id,
            "name": self.name,
            "certificate": self.certificate.hex() if self.certificate else None,
            "standing": [each.to_json() for each in self.standing],
            "keys": [key.to_json() for key in self.keys],
        }

    def check(self, path: str) -> None:
        """Raises `RootsMalformed` where the parts do not fit each other."""
        if not _LEGAL_ID.fullmatch(self.legal_id):
            raise RootsMalformed(f"{path}.legal_id", f"does not match {_LEGAL_ID.pattern}")
        if member_id(self.legal_id) != self.member:
            raise RootsMalformed(f"{path}.member", "is not the id of its legal_id")
        heights = [each.from_height for each in self.standing]
        if not heights or heights != sorted(set(heights)):
            raise RootsMalformed(f"{path}.standing", "is empty, or not in order of height")
        if any(key.added_height < heights[0] for key in self.keys):
            raise RootsMalformed(f"{path}.keys", "holds one that was added before the member was admitted")
        if [key.key for key in self.keys] != sorted({key.key for key in self.keys}):
            raise RootsMalformed(f"{path}.keys", "is not ascending by key, or holds one twice")


def _read_role(value: Json, path: str) -> Role:
    if isinstance(value, str) and value in Role.__members__:
        return Role[value]
    raise RootsMalformed(path, f"is not one of {', '.join(_ROLES)}")
