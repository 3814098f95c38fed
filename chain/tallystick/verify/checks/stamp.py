"""Does a time-stamp authority vouch for when the package was made? (`docs/package.md`, The package's own time stamp)"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from tallystick.package.instants import format_instant
from tallystick.package.paths import MANIFEST, MANIFEST_TOKEN, Part, archive_paths
from tallystick.package.stamping import manifest_of
from tallystick.roots import Roots
from tallystick.verify.facts import Material
from tallystick.verify.findings import Findings

if TYPE_CHECKING:
    from tallystick.timestamps import VerifiedToken

__all__ = ["check_stamp"]


def check_stamp(material: Material, roots: Roots, at: datetime, found: Findings) -> "Sequence[VerifiedToken]":
    """The tokens over the package, each next one a renewal; none if they do not hold at `at`."""
    archives = [name.numbers[0] for _, name in material.of(Part.ARCHIVE)]
    tokens = [name.numbers[0] for _, name in material.of(Part.ARCHIVE_TOKEN)]
    pairs = [(MANIFEST, MANIFEST_TOKEN), *(archive_paths(number) for number in archives)]
    there = [path in material.files for path in pairs[0]]
    if not any(there) and not archives and not tokens:
        found.add("stamp.absent", f"there is no {MANIFEST}")
        return ()
    if not all(there) or archives != tokens or archives != list(range(1, len(archives) + 1)):
        found.add("stamp.manifest", "manifests and tokens are not in pairs, numbered without a gap")
        return ()
    digests = {path: hashlib.sha256(content).digest() for path, content in material.files.items()}
    for number, (path, _) in enumerate(pairs):
        if material.files[path] != manifest_of(digests, number):
            found.add("stamp.manifest", f"{path} is not the manifest of these files")
            return ()
    return _tokens(material, pairs, roots, at, found)


def _tokens(
    material: Material, pairs: Sequence[tuple[str, str]], roots: Roots, at: datetime, found: Findings
) -> "Sequence[VerifiedToken]":
    from tallystick.timestamps import (  # noqa: PLC0415 - slow to import, and most packages need it not
        AuthorityUnknown,
        OutsideWindow,
        TokenLapsed,
        TokenRefused,
        require_holds,
        verify_token,
    )

    from .time import authorities_of  # noqa: PLC0415 - as above

    authorities = authorities_of(roots, found, "stamp.authority")
    verified = []
    for manifest, token in pairs:
        try:
            verified.append(verify_token(material.content(token), material.content(manifest), authorities))
        except (AuthorityUnknown, OutsideWindow) as why:
            found.note("stamp.authority", token, why)
            return ()
        except TokenRefused as why:
            found.note("stamp.token", token, why)
            return ()
    try:
        require_holds(verified, at)
    except TokenLapsed as why:
        found.note("stamp.lapsed", MANIFEST_TOKEN, why)
        return ()
    except TokenRefused as why:
        found.note("stamp.token", MANIFEST_TOKEN, why)
        return ()
    first = verified[0]
    found.passed("stamp.sound", f"{first.authority.name} at {format_instant(first.gen_time)}")
    return tuple(verified)
