"""The manifests that a package's own time stamps are over (ETSI EN 319 162-1; `docs/package.md`)."""

from collections.abc import Mapping
from typing import Final

from .paths import (
    BUILDER,
    EVIDENCE,
    MANIFEST,
    MANIFEST_TOKEN,
    META_INF,
    MIMETYPE,
    Part,
    archive_paths,
    in_order,
    name_of,
)

__all__ = ["manifest_of"]

EVIDENCE_TYPE: Final = "application/vnd.tallystick.evidence.v1+json"


def manifest_of(digests: Mapping[str, bytes], number: int = 0) -> bytes:
    """The manifest over the files with these SHA-256 digests: 0 the first, above that the archive manifest so numbered.

    What it does not cover (itself, its token, whatever came later) is passed over, whether or not it is there.
    """
    from tallystick.timestamps import ManifestEntry, manifest  # noqa: PLC0415 - slow to import

    token = archive_paths(number)[1] if number else MANIFEST_TOKEN
    entries = [
        ManifestEntry(path, digests[path], EVIDENCE_TYPE if path == EVIDENCE else None)
        for path in in_order(digests)
        if _is_covered(path, number)
    ]
    return manifest(token, entries)


def _is_covered(path: str, number: int) -> bool:
    if path == MIMETYPE:
        return False
    if not path.startswith(META_INF) or path == BUILDER:
        return True
    if path in (MANIFEST, MANIFEST_TOKEN):
        return number > 0
    name = name_of(path)
    return name is not None and name.part in (Part.ARCHIVE, Part.ARCHIVE_TOKEN) and name.numbers[0] < number
