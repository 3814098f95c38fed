"""How members are named on the command line: by name, legal identifier or id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from tallystick_gateway.kit.api_client import ApiClient
from tallystick_gateway.kit.errors import GatewayError

__all__ = ["People", "ValueRefused", "key_word", "unix_time"]


class ValueRefused(GatewayError):
    """A value on the command line is not of its form"""

    status = 422
    code = "cli.value_refused"
    advice = "See `tally COMMAND --help` for the form of each value."


class People:
    """The members as this gateway lists them."""

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self.rows = rows

    @classmethod
    def of(cls, api: ApiClient) -> People:
        """Ask the gateway."""
        return cls(api.get("/v1/members")["items"])

    def name(self, member: str) -> str:
        """The name from its card, else the legal identifier, else the id."""
        row = next((row for row in self.rows if row["member"] == member), None)
        return str((row and (row["name"] or row["legal_id"])) or member)

    def names(self, members: Sequence[str]) -> str:
        """Several, for a sentence."""
        return ", ".join(self.name(member) for member in members) or "nobody"

    def find(self, given: str) -> str:
        """The id of the member that is so called; 64 hexadecimal digits stand for themselves. Raises `ValueRefused`."""
        if len(given) == 64 and not set(given) - set("0123456789abcdef"):
            return given
        found = [row["member"] for row in self.rows if given in (row["name"], row["legal_id"])]
        if len(found) != 1:
            known = ", ".join(str(row["legal_id"] or row["member"]) for row in self.rows)
            raise ValueRefused(f"{given!r} names no one member; there are {known or 'none yet'}.", field="member")
        return str(found[0])


def key_word(given: str) -> str:
    """A key as the contract keeps it: an address left-padded to 32 bytes, else 64 hexadecimal digits."""
    text = given.lower()
    if text.startswith("0x"):
        text = text[2:].rjust(64, "0")
    if len(text) != 64 or set(text) - set("0123456789abcdef"):
        raise ValueRefused(f"{given!r} is no key: an address, or 64 hexadecimal digits.", field="key")
    return text


def unix_time(given: str) -> datetime:
    """An instant from `2026-11-23`, `2026-11-23T08:00:00Z` or Unix seconds. Raises `ValueRefused`."""
    try:
        if given.isascii() and given.isdigit():
            return datetime.fromtimestamp(int(given), UTC)
        instant = datetime.fromisoformat(given)
    except (ValueError, OverflowError, OSError):
        raise ValueRefused(f"{given!r} is no instant: 2026-11-23, or 2026-11-23T08:00:00Z.", field="instant") from None
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant
