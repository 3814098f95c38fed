"""Files that commands read and write: bounded, whole or not at all, and named where they fail."""

from __future__ import annotations

import os
from pathlib import Path

from tallystick_gateway.kit.cli import FileUnreadable

__all__ = ["read_bounded", "write_once"]

_LARGEST_FILE = 4 * 1024 * 1024


def read_bounded(path: Path) -> bytes:
    """The file, of at most 4 MiB. Raises `FileUnreadable`."""
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST_FILE + 1)
    except OSError as why:
        raise FileUnreadable(f"{path}: {why.strerror}.", file=path.name) from why
    if len(raw) > _LARGEST_FILE:
        raise FileUnreadable(f"{path} is larger than {_LARGEST_FILE} bytes.", file=path.name)
    return raw


def write_once(path: Path, content: bytes) -> None:
    """All of it or nothing, and on disk when this returns. Raises `FileUnreadable`."""
    fresh = path.with_name(f".{path.name}.new")
    try:
        with fresh.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as why:
        raise FileUnreadable(f"{path}: {why.strerror}.", file=path.name) from why
