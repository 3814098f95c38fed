"""`authorities.json` in the gateway's home: the time-stamp authorities that this member wants in the roots.

File: `{"format": "tallystick-authorities/1", "authorities": [entries as in roots]}`. Members exchange it as it is.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import rfc8785

from tallystick.consortium.fields import Fields
from tallystick.errors import TallystickError
from tallystick.roots import AuthorityEntry
from tallystick.strictjson import loads

from .errors import AuthoritiesRefused

__all__ = ["authorities_path", "check_authorities", "read_authorities", "write_authorities"]

FORMAT: Final = "tallystick-authorities/1"
_LARGEST: Final = 4 * 1024 * 1024


def authorities_path(home: Path) -> Path:
    """Where the file is."""
    return home / "authorities.json"


def read_authorities(path: Path) -> tuple[AuthorityEntry, ...]:
    """The authorities in the file; none if there is no file. Raises `AuthoritiesRefused`."""
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST + 1)
    except FileNotFoundError:
        return ()
    try:
        fields = Fields(loads(raw, max_bytes=_LARGEST), "", _refuse)
        if fields.text("format") != FORMAT:
            raise _refuse("format", f"is not {FORMAT}")
        entries = fields.items("authorities", AuthorityEntry.from_json)
        fields.end()
    except AuthoritiesRefused:
        raise
    except TallystickError as why:
        raise AuthoritiesRefused(f"{path.name}: {why}.", file=path.name) from None
    check_authorities(entries)
    return entries


def check_authorities(entries: Sequence[AuthorityEntry]) -> None:
    """Raises `AuthoritiesRefused` unless tokens could be verified by each, and no certificate stands twice."""
    for entry in entries:
        try:
            _ = entry.authority
        except TallystickError as why:
            raise AuthoritiesRefused(f"{why}.", authority=entry.name) from None
    if len({entry.certificate for entry in entries}) != len(entries):
        raise AuthoritiesRefused("One certificate stands there twice.")


def write_authorities(entries: Sequence[AuthorityEntry]) -> bytes:
    """The file, in JCS, in the order of roots."""
    ordered = sorted(entries, key=lambda each: (each.name, each.since, each.certificate))
    return rfc8785.dumps({"format": FORMAT, "authorities": [entry.to_json() for entry in ordered]})


def _refuse(field: str, reason: str) -> AuthoritiesRefused:
    return AuthoritiesRefused(f"authorities.json: {field or 'the file'} {reason}.", field=field)
