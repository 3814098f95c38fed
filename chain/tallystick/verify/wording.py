"""Values as people read them: names, times, amounts; and nothing that a terminal would obey."""

import re
from datetime import datetime
from typing import Final

from tallystick.money import CurrencyUnknown, decimal_from_minor
from tallystick.package.instants import format_instant, from_unix
from tallystick.roots import Roots

__all__ = ["amount", "block_time", "moment", "name_of_member", "plain", "short"]

_UNSAFE: Final = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def plain(text: str) -> str:
    """The text with control characters, and those that turn the direction of writing, made visible."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def short(digest: bytes) -> str:
    """The first digits of a hash, for the eye."""
    return digest[:6].hex() + "…"


def moment(instant: datetime) -> str:
    """An instant, as `2026-11-18 11:07:48 UTC`."""
    return format_instant(instant).replace("T", " ").removesuffix("Z") + " UTC"


def block_time(seconds: int) -> str:
    """The instant of Unix seconds."""
    return moment(from_unix(seconds))


def amount(minor: int | str, currency: str | None) -> str:
    """Minor units as an amount of the currency; as minor units where the currency's decimals are not known."""
    try:
        return f"{decimal_from_minor(int(minor), currency or ''):,} {currency}"
    except CurrencyUnknown:
        return f"{int(minor):,} minor units" + (f" of {currency}" if currency else "")


def name_of_member(member: bytes, roots: Roots | None) -> str:
    """The member's name and legal id by the roots."""
    found = roots.members.get(member) if roots else None
    return f"{found.name} ({found.legal_id})" if found else f"member {member.hex()}"
