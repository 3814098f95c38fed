"""What a verdict rests on: roots, and whether their digest came from elsewhere (`evidence.md`, Roots)."""

from collections.abc import Sequence
from dataclasses import dataclass

from tallystick.errors import TallystickError
from tallystick.package.instants import format_instant
from tallystick.roots import Roots, RootsContradict, RootsMalformed, check_chain
from tallystick.strictjson import JsonMalformed

from .findings import Finding

__all__ = ["Trust", "read_trust"]


@dataclass(frozen=True, slots=True)
class Trust:
    """The newest of the roots that were given, None where they cannot be relied on, and what was found about them."""

    roots: Roots | None
    pinned: bool
    findings: tuple[Finding, ...]


def read_trust(files: Sequence[bytes], pinned: bytes | None = None) -> Trust:
    """Read roots, given in any order as a chain; `pinned` is the digest of one of them, from another source."""
    if not files:
        return _none("roots.missing", "none were given")
    try:
        parsed = [Roots.parse(raw) for raw in files]
    except (RootsMalformed, JsonMalformed) as why:
        return _none("roots.malformed", str(why))
    try:
        chain = check_chain(parsed, pinned)
    except RootsContradict as why:
        return _none("roots.contradict", str(why))
    except TallystickError as why:
        return _none("roots.refused", str(why))
    newest = chain.newest
    code = "roots.pinned" if chain.pinned else "roots.unpinned"
    shown = f"{newest.digest.hex()}, as of block {newest.as_of_height}, issued {format_instant(newest.issued_at)}"
    return Trust(newest, chain.pinned, (Finding(code, shown),))


def _none(code: str, reason: str) -> Trust:
    return Trust(None, False, (Finding(code, reason),))
