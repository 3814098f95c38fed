"""The GoQuorum program, built once from `devnet/quorum/go.mod` and kept in the user's cache folder.

`TALLY_QUORUM` names a program instead. The cache is `$XDG_CACHE_HOME/tallystick/quorum` (`~/.cache/…`), with a folder
for each edition: the digest of go.mod and go.sum, Go's version, and the platform. What is in it is whole: a build goes
to another name first and is tried before it is renamed, and only one build runs at a time.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tallystick_devnet.engines.network.gobuild import Go, Progress, Show
from tallystick_devnet.errors import DevnetError, QuorumBuildFailed, QuorumProgramWrong, QuorumSourceMissing

__all__ = ["find_quorum"]

_MODULE_FILES: Final = ("go.mod", "go.sum")
_LOOK_EVERY_S: Final = 0.5
_VERSION_TIMEOUT_S: Final = 30


def find_quorum(show: Show) -> Path:
    """The program: `TALLY_QUORUM`, else the cached one, else built now (minutes), `show` being told how far it is.

    Where nothing can be built, one that another Go built here is taken. Raises `QuorumProgramWrong`, and
    `QuorumSourceMissing`, `GoMissing`, `GoTooOld`, `CompilerMissing`, `QuorumModulesMissing`, `QuorumBuildFailed`.
    """
    if named := os.environ.get("TALLY_QUORUM"):
        return _checked(Path(named))
    module = _module()
    try:
        go = Go.find(module)
    except DevnetError:
        if (cached := _any_cached()) is not None:
            return cached
        raise
    program = _place(go.version)
    if program.exists():
        return program
    try:
        program.parent.mkdir(parents=True, exist_ok=True)
        with _only_build(program.parent, show):
            if not program.exists():  # another build may have just ended
                _build(go, program, show)
    except OSError as why:
        raise QuorumBuildFailed(reason=str(why), log=program.parent / "build.log") from None
    return program


def _any_cached() -> Path | None:
    """The newest that any Go built from this module for this platform."""
    built = _cache().glob(f"{_digest()}-*-{_platform()}/geth")
    return max(built, key=lambda path: path.stat().st_mtime, default=None)


def _build(go: Go, program: Path, show: Show) -> None:
    draft = program.with_name(f"{program.name}.{os.getpid()}.new")
    try:
        go.build(_module(), draft, show)
        try:
            _checked(draft)
        except QuorumProgramWrong as why:
            raise QuorumBuildFailed(reason=str(why), log=program.parent / "build.log") from None
        draft.replace(program)
    finally:
        draft.unlink(missing_ok=True)


@contextlib.contextmanager
def _only_build(folder: Path, show: Show) -> Iterator[None]:
    """Wait until no other process builds here."""
    began = time.monotonic()
    with (folder / "build.lock").open("a") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                show(Progress("waiting for another build of it", 0, 0, time.monotonic() - began))
                time.sleep(_LOOK_EVERY_S)
        yield


def _checked(program: Path) -> Path:
    """Raises `QuorumProgramWrong` unless it runs and says that it is GoQuorum."""
    try:
        said = subprocess.run(
            [str(program.absolute()), "version"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_VERSION_TIMEOUT_S,
            check=False,
        ).stdout
    except (OSError, subprocess.TimeoutExpired) as why:
        raise QuorumProgramWrong(program=str(program), reason=str(why)) from None
    if "quorum" not in said.lower():
        raise QuorumProgramWrong(program=str(program), reason="it does not call itself GoQuorum")
    return program.absolute()


def _place(go_version: str) -> Path:
    return _cache() / f"{_digest()}-{go_version}-{_platform()}" / "geth"


def _platform() -> str:
    return f"{sys.platform}-{platform.machine()}"


def _cache() -> Path:
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "tallystick" / "quorum"


def _module() -> Path:
    """The folder of go.mod, which is in the source tree. Raises `QuorumSourceMissing`."""
    module = Path(__file__).resolve().parents[3] / "quorum"
    if not all((module / name).exists() for name in _MODULE_FILES):
        raise QuorumSourceMissing(path=module)
    return module


def _digest() -> str:
    module, digest = _module(), hashlib.sha256()
    for name in _MODULE_FILES:
        digest.update((module / name).read_bytes())
    return digest.hexdigest()[:16]
