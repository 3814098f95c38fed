"""The GoQuorum program, built once from `devnet/quorum/go.mod` and kept in the user's cache folder.

`TALLY_QUORUM` names a program instead. The cache is `$XDG_CACHE_HOME/tallystick/quorum` (`~/.cache/…`), with a folder
for each edition: the digest of what is built, Go's version, and the platform.
"""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Final

from tallystick_devnet.errors import QuorumNotBuilt, QuorumProgramWrong

__all__ = ["find_quorum"]

_MODULE_FILES: Final = ("go.mod", "go.sum", "tools.go")


def find_quorum() -> Path:
    """The program: `TALLY_QUORUM`, else the cached one. Raises `QuorumProgramWrong`, `QuorumNotBuilt`."""
    if named := os.environ.get("TALLY_QUORUM"):
        path = Path(named)
        if not os.access(path, os.X_OK) or path.is_dir():
            raise QuorumProgramWrong(program=named)
        return path.absolute()
    go = subprocess.run(["go", "env", "GOVERSION"], capture_output=True, text=True, check=False).stdout.strip()
    path = _cache() / f"{_digest()}-{go}-{sys.platform}-{platform.machine()}" / "geth"
    if not path.exists():
        raise QuorumNotBuilt(path=path)
    return path


def _cache() -> Path:
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "tallystick" / "quorum"


def _module() -> Path:
    """The folder of go.mod: beside the package in the source tree, in it where it is installed."""
    package = Path(__file__).resolve().parents[2]
    return next((path for path in (package / "quorum", package.parent / "quorum") if path.exists()), package / "quorum")


def _digest() -> str:
    digest = hashlib.sha256()
    for name in _MODULE_FILES:
        digest.update((_module() / name).read_bytes())
    return digest.hexdigest()[:16]
