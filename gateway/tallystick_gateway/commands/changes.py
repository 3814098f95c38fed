"""What can be proposed, in words, and its fields from what a person types."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tallystick.consortium import MemberCard, Role, role_mask, roles_of
from tallystick_gateway.commands.people import People, ValueRefused, key_word, unix_time
from tallystick_gateway.kit.clock import as_unix, from_unix, rfc3339
from tallystick_gateway.members.codes import KEY_PURPOSES, ChangeType
from tallystick_gateway.members.fields import word_of, word_text

__all__ = ["SAYS", "from_card", "help_of", "payload_of", "said"]

_YEARS = timedelta(days=2 * 365)

SAYS: Mapping[str, str] = {
    "Admit": "A new member joins. Its own gateway adds its other keys once it has joined with an exported file.",
    "Suspend": "A member may start nothing new; its validator goes on sealing.",
    "Reinstate": "A suspended member may act again.",
    "Expel": "A member leaves for good, and its validators with it.",
    "SetRoles": "A member's roles become these.",
    "AddValidator": "A node begins to seal blocks once it is decided, and voted in by the members' gateways.",
    "RemoveValidator": "A node seals no more. Its address can never be a validator again. At least four remain.",
    "SetThreshold": "The least number of approvals, if above two thirds of the members.",
    "SetDelay": "How long a decision waits before it can be carried out.",
    "SetContract": "The directory names another contract; the one before can record nothing any more.",
    "BackdateCompromise": "A member's key counts as compromised since earlier than the member itself may say.",
    "ReplaceRecovery": "A member's RECOVERY key is replaced by the others.",
}


@dataclass(frozen=True, slots=True)
class _Field:
    """A field's form in words, how it is read, and what it is where nothing is given."""

    says: str
    read: Callable[[str, People], str]
    default: Callable[[], str] | None = None


def _now() -> str:
    return str(as_unix(datetime.now(UTC)))


def _in_two_years() -> str:
    return str(as_unix(datetime.now(UTC) + _YEARS))


def _roles(given: str, _people: People) -> str:
    if given.isdigit():
        return given
    try:
        return str(role_mask(Role[name] for name in given.upper().split(",")))
    except KeyError as unknown:
        raise ValueRefused(f"{unknown.args[0]} is no role; there are {', '.join(Role.__members__)}.") from None


def _purpose(given: str, _people: People) -> str:
    codes = {name: str(code) for code, name in KEY_PURPOSES.items()}
    return codes.get(given.upper(), given)


def _word(form: str, says: str) -> Callable[[str, People], str]:
    """Reads text of that form as 32 bytes."""

    def read(given: str, _people: People) -> str:
        if not re.fullmatch(form, given, re.ASCII):
            raise ValueRefused(f"{given!r} is no {says}.")
        return word_of(given).hex()

    return read


def _plain(given: str, _people: People) -> str:
    return given.lower()


def _digest(given: str, _people: People) -> str:
    return given.lower().removeprefix("0x")


_INSTANT = "instant, such as 2027-01-31"
_FIELDS: Mapping[str, _Field] = {
    "member": _Field("a member's name, legal identifier or id", lambda given, people: people.find(given)),
    "roles": _Field(f"names with commas: {', '.join(Role.__members__)}", _roles),
    "certificate": _Field("SHA-256 of its document certificate [default: none yet]", _digest, lambda: "00" * 32),
    "recovery": _Field("address of its RECOVERY key", _plain),
    "validator": _Field("address of the validator's key (also called key)", _plain),
    "previous": _Field("address to revoke, or zeros", _plain),
    "next": _Field("address to add, or zeros", _plain),
    "at": _Field("the contract's address", _plain),
    "codeHash": _Field("Keccak-256 of its code", _digest),
    "name": _Field("the contract's name in the directory", _word("[A-Za-z][A-Za-z0-9]{0,31}", "contract's name")),
    "reason": _Field(
        "a code word, such as KEY_ROTATION; everybody can read it",
        _word("[A-Z][A-Z0-9_]{0,30}", "code word such as KEY_ROTATION"),
    ),
    "purpose": _Field(f"one of {', '.join(KEY_PURPOSES.values())}", _purpose),
    "key": _Field("an address, or 64 hexadecimal digits", lambda given, _people: key_word(given)),
    "notBefore": _Field(f"{_INSTANT} [default: now]", lambda given, _: str(as_unix(unix_time(given))), _now),
    "notAfter": _Field(
        f"{_INSTANT} [default: in two years]", lambda given, _: str(as_unix(unix_time(given))), _in_two_years
    ),
    "since": _Field(_INSTANT, lambda given, _: str(as_unix(unix_time(given)))),
    "threshold": _Field("a number of approvals, 0 for none", _plain),
    "delay": _Field("seconds", _plain),
}
_ALIASES = {"AddValidator": {"key": "validator"}, "RemoveValidator": {"key": "validator"}}
_FROM_CARD: Mapping[str, tuple[str, ...]] = {
    "Admit": ("member", "roles", "certificate", "recovery"),
    "AddValidator": ("member", "validator"),
    "RemoveValidator": ("member", "validator"),
}


def help_of(change: ChangeType) -> str:
    """What the change does and the form of its fields, for `--help`."""
    lines = [SAYS[change.name], "", "\b", "Fields, each as NAME=VALUE:"]
    lines += [f"  {name:<12} {_FIELDS[name].says}" for _, name in change.fields]
    if change.name in _FROM_CARD:
        lines += ["", f"--card gives {', '.join(_FROM_CARD[change.name])}."]
    return "\n".join(lines)


_WORDS: Mapping[str, Callable[[str, People], str]] = {
    "member": lambda value, people: people.name(value),
    "roles": lambda value, _: "+".join(role.name or "" for role in roles_of(int(value))),
    "purpose": lambda value, _: KEY_PURPOSES.get(int(value), value),
    **dict.fromkeys(("reason", "name"), lambda value, _: word_text(bytes.fromhex(value))),
    **dict.fromkeys(("notBefore", "notAfter", "since"), lambda value, _: rfc3339(from_unix(int(value)))),
}


def said(name: str, value: str, people: People) -> str:
    """A field of a proposal as people read it; as it stands where it is out of any range."""
    try:
        return _WORDS[name](value, people) if name in _WORDS else value
    except (ValueError, OverflowError, OSError):
        return value


def from_card(change: ChangeType, card: MemberCard) -> dict[str, str]:
    """The fields that a card answers. Raises `ValueRefused` for a change that is not about a card."""
    if change.name not in _FROM_CARD:
        raise ValueRefused(f"{change.name} takes no card.", field="card")
    answers = {
        "member": card.member.hex(),
        "roles": str(card.role_mask),
        "certificate": card.keys.document.hex(),
        "recovery": f"0x{card.keys.recovery.hex()}",
        "validator": f"0x{card.keys.validator.hex()}",
    }
    return {name: answers[name] for name in _FROM_CARD[change.name]}


def payload_of(change: ChangeType, given: Sequence[str], known: Mapping[str, str], people: People) -> dict[str, str]:
    """The payload as the API takes it, from `NAME=VALUE` words, what a card answered, and defaults.

    Raises `ValueRefused` naming the field that is missing, unknown, repeated or malformed.
    """
    names = [name for _, name in change.fields]
    typed: dict[str, str] = {}
    for entry in given:
        name, separator, value = entry.partition("=")
        name = _ALIASES.get(change.name, {}).get(name, name)
        if not separator or name not in names:
            raise ValueRefused(f"{entry!r}: {change.name} has the fields {', '.join(names)}.", field=name)
        if name in typed:
            raise ValueRefused(f"{name} is given twice.", field=name)
        typed[name] = _FIELDS[name].read(value, people)
    payload = {**known, **typed}
    for name in names:
        if name in payload:
            continue
        default = _FIELDS[name].default
        if default is None:
            raise ValueRefused(f"{change.name} needs {name}: {_FIELDS[name].says}.", field=name)
        payload[name] = default()
    return payload
