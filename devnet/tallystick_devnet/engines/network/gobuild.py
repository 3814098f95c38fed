"""`go build` of the GoQuorum module: what it needs is checked first, how far it is is told, why it failed is said.

How far: `go build -n` lists the packages still to be compiled, `-v` names each as it is begun.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from tallystick_devnet.errors import (
    CompilerMissing,
    DevnetError,
    GoMissing,
    GoTooOld,
    QuorumBuildFailed,
    QuorumModulesMissing,
)

__all__ = ["Go", "Progress", "Show"]

LEAST_GO: Final = (1, 23)
"""The first whose linker knows `-checklinkname`, without which GoQuorum's old dependencies do not link."""
_PACKAGE: Final = "github.com/ethereum/go-ethereum/cmd/geth"
_LINKING: Final = "-ldflags=-checklinkname=0"
_IMPORT_PATH: Final = re.compile(r"[\w.~-]+(/[\w.~-]+)*")
_DOWNLOADING: Final = "go: downloading "
_COMPILES: Final = re.compile(r"\bcompile(\.exe)?\"? -o \$WORK")
_NO_MODULES: Final = re.compile(
    r"dial tcp|no such host|connection refused|i/o timeout|proxyconnect|TLS handshake|disabled by GOPROXY"
    r"|network is unreachable|unexpected EOF|\b(403|404|407|410|5\d\d) [A-Z]",
)
_NO_COMPILER: Final = re.compile(r"C compiler .* not found|executable file not found|fatal error: \w+\.h")
_WORDS_KEPT: Final = 200
_NEVER_RAN: Final = "it ended without a word"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a build is: `done` of `total` packages (0 of 0: not known yet), `elapsed_s` since it began."""

    stage: str
    done: int
    total: int
    elapsed_s: float


Show = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Go:
    """The Go of this machine, new enough and with a C compiler."""

    program: Path
    version: str
    flags: str

    @classmethod
    def find(cls, module: Path) -> Go:
        """The Go that builds `module`. Raises `GoMissing`, `GoTooOld`, `CompilerMissing`."""
        program = shutil.which("go")
        if program is None:
            raise GoMissing()
        asked = ["GOVERSION", "GOFLAGS", "CC"]
        told = subprocess.run(
            [program, "env", *asked], cwd=module, env=_environment(), capture_output=True, text=True, check=False
        )
        lines = told.stdout.splitlines()
        if told.returncode or len(lines) != len(asked):
            raise GoMissing(f"{program} does not say what it is: {_last(told.stderr.splitlines())}")
        version, flags, compiler = lines
        number = re.search(r"go(\d+)\.(\d+)", version)
        if number is None or (int(number[1]), int(number[2])) < LEAST_GO:
            raise GoTooOld(found=version or "unknown", least=".".join(map(str, LEAST_GO)))
        if shutil.which((shlex.split(compiler) or ["cc"])[0]) is None:
            raise CompilerMissing(reason=f"there is no {compiler or 'cc'} on PATH")
        return cls(Path(program), version.partition(" ")[0], flags)

    def build(self, module: Path, output: Path, show: Show) -> None:
        """Build the program of `module` into `output`; what Go said is kept beside it, in build.log.

        Nobody else builds there meanwhile: Go works in a folder beside it, which is removed however this ends.

        Raises `QuorumModulesMissing`, `CompilerMissing`, `QuorumBuildFailed`.
        """
        began = time.monotonic()
        log = output.parent / "build.log"
        work = output.parent / "work"
        environment = _environment(GOFLAGS=_read_only(self.flags), CGO_ENABLED="1", GOTMPDIR=str(work))
        command = [str(self.program), "build", _LINKING, "-o", str(output)]

        def told(stage: str, done: int, total: int) -> None:
            show(Progress(stage, done, total, time.monotonic() - began))

        with log.open("w") as said, _emptied(work):
            total = 0
            for line in self._run([*command, "-n", _PACKAGE], module, environment, said, show_all=False):
                if line.startswith(_DOWNLOADING):
                    told(line.removeprefix("go: "), 0, 0)
                total += _COMPILES.search(line) is not None
            done = 0
            told("compiling", done, total)
            for line in self._run([*command, "-v", _PACKAGE], module, environment, said, show_all=True):
                done = min(done + (_IMPORT_PATH.fullmatch(line) is not None), total)
                told("linking" if done == total else "compiling", done, total)

    def _run(
        self, command: list[str], module: Path, environment: Mapping[str, str], log: IO[str], *, show_all: bool
    ) -> Iterator[str]:
        """The lines that Go says, as it says them."""
        last: deque[str] = deque(maxlen=_WORDS_KEPT)
        with _running(command, module, environment) as process:
            for line in process.stdout or ():
                last.append(line.rstrip())
                if show_all:
                    log.write(line)
                    log.flush()
                yield line.rstrip()
            code = process.wait()
        if code:
            log.writelines(f"{line}\n" for line in last)
            raise _failure(last, Path(log.name))


@contextmanager
def _emptied(work: Path) -> Iterator[None]:
    """A folder for Go alone, which leaves what it wrote there when it is interrupted."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    try:
        yield
    finally:
        shutil.rmtree(work, ignore_errors=True)


@contextmanager
def _running(command: list[str], module: Path, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Go and the compilers it starts, ended together however we leave."""
    try:
        process = subprocess.Popen(
            command,
            cwd=module,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as why:
        raise GoMissing(f"{command[0]} cannot be run: {why.strerror}") from None
    with process:
        try:
            yield process
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise


def _failure(words: Iterable[str], log: Path) -> DevnetError:
    said = [line for line in words if line and not _IMPORT_PATH.fullmatch(line)]
    for line in said:
        if _NO_COMPILER.search(line):
            return CompilerMissing(reason=line)
    for line in said:
        if _NO_MODULES.search(line):
            return QuorumModulesMissing(reason=line)
    return QuorumBuildFailed(reason=_last(said), log=log)


def _last(lines: list[str]) -> str:
    return lines[-1] if lines else _NEVER_RAN


def _environment(**more: str) -> dict[str, str]:
    """Ours, and no workspace of the user's above the module."""
    return {**os.environ, "GOWORK": "off", **more}


def _read_only(flags: str) -> str:
    """The user's GOFLAGS, with go.mod and go.sum taken as they are."""
    return " ".join([*(flag for flag in flags.split() if not flag.lstrip("-").startswith("mod=")), "-mod=readonly"])
