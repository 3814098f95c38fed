"""The ASiC-E manifest (ETSI EN 319 162-1, annex A.4) that a package's time-stamp token is over, in one form of bytes.

A verifier writes it again from the names and digests it finds and compares bytes, so it needs no XML reader. An archive
manifest, which renews an earlier token, has the same form: it lists every entry before it, that token too.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["ManifestEntry", "manifest"]

_STAMP_TYPE: Final = "application/vnd.etsi.timestamp-token"

_HEAD: Final = """<?xml version="1.0" encoding="UTF-8"?>
<asic:ASiCManifest xmlns:asic="http://uri.etsi.org/02918/v1.2.1#" xmlns:ds="http://www.w3.org/2000/09/xmldsig#">
<asic:SigReference URI="{path}" MimeType="{media_type}"/>
"""
_ENTRY: Final = """<asic:DataObjectReference URI="{path}"{media_type}>
<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>
<ds:DigestValue>{digest}</ds:DigestValue>
</asic:DataObjectReference>
"""
_TAIL: Final = "</asic:ASiCManifest>\n"
_PATH: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
_MEDIA_TYPE: Final = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+")


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """A file that the token covers. Raises `ValueError` for a name or media type that would need escaping in XML."""

    path: str
    sha256: bytes
    media_type: str | None = None

    def __post_init__(self) -> None:
        _require_path(self.path)
        if self.media_type is not None and not _MEDIA_TYPE.fullmatch(self.media_type):
            raise ValueError(f"not a media type of this form: {self.media_type!r}")
        if len(self.sha256) != 32:
            raise ValueError("a SHA-256 has 32 bytes")


def manifest(token_path: str, entries: Sequence[ManifestEntry]) -> bytes:
    """The manifest over `entries`, in this order, to be stamped by the token at `token_path`.

    Raises `ValueError` if there is no entry, if two have one name, or if one is the token itself.
    """
    _require_path(token_path)
    names = {entry.path for entry in entries}
    if not entries or len(names) != len(entries) or token_path in names:
        raise ValueError("a manifest lists at least one file, each once, and not its own token")
    parts = [_HEAD.format(path=token_path, media_type=_STAMP_TYPE)]
    for entry in entries:
        media_type = "" if entry.media_type is None else f' MimeType="{entry.media_type}"'
        digest = base64.b64encode(entry.sha256).decode("ascii")
        parts.append(_ENTRY.format(path=entry.path, media_type=media_type, digest=digest))
    return "".join([*parts, _TAIL]).encode("ascii")


def _require_path(path: str) -> None:
    if not _PATH.fullmatch(path):
        raise ValueError(f"not a plain path inside the package: {path!r}")
