"""Programs that an engine needs and this machine has not."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from tallystick_devnet.errors.engine import DevnetError

__all__ = [
    "BesuMissing",
    "CompilerMissing",
    "EngineProgramMissing",
    "GoMissing",
    "GoTooOld",
    "QuorumBuildFailed",
    "QuorumMissing",
    "QuorumModulesMissing",
    "QuorumProgramWrong",
    "QuorumSourceMissing",
]


class EngineProgramMissing(DevnetError):
    """The engine's program is not on this machine."""

    code: ClassVar[str] = "devnet.program_missing"
    sentence: ClassVar[str] = "{program} is not installed: {reason}"
    advice: ClassVar[str] = (
        "Run `npm ci` at the project's root (it brings @foundry-rs/anvil), put `anvil` on PATH, "
        "or name the program in TALLY_ANVIL."
    )

    program: str
    reason: str


class BesuMissing(DevnetError):
    """There is no Besu on this machine that could be the nodes of a network."""

    code: ClassVar[str] = "devnet.besu_missing"
    sentence: ClassVar[str] = "Besu 26.9 or newer is not here: {reason}"
    advice: ClassVar[str] = (
        "Install it with JDK 25 (besu.hyperledger.org) and put `besu` on PATH or name it in TALLY_BESU. Without it, "
        "`--engine qbft` runs GoQuorum, a stand-in for Besu."
    )

    reason: str


class QuorumProgramWrong(DevnetError):
    """What should be GoQuorum is not."""

    code: ClassVar[str] = "devnet.quorum_program_wrong"
    sentence: ClassVar[str] = "{program} is not a GoQuorum that runs here: {reason}"
    advice: ClassVar[str] = "Name another in TALLY_QUORUM, or unset it to have GoQuorum built (`tally devnet build`)."

    program: str
    reason: str


class QuorumMissing(DevnetError):
    """GoQuorum was not built here, and something that building it needs is not there."""


class QuorumSourceMissing(QuorumMissing):
    """This installation has no go.mod to build GoQuorum from."""

    code: ClassVar[str] = "devnet.quorum_source_missing"
    sentence: ClassVar[str] = "There is no go.mod and go.sum of GoQuorum in {path}"
    advice: ClassVar[str] = "Run from the project's source tree, or name a built GoQuorum in TALLY_QUORUM."

    path: Path


class GoMissing(QuorumMissing):
    """GoQuorum must be built, and there is no Go."""

    code: ClassVar[str] = "devnet.go_missing"
    sentence: ClassVar[str] = "Go is not installed: there is no `go` on PATH, and GoQuorum was not built here before"
    advice: ClassVar[str] = (
        "Install Go 1.23 or newer (https://go.dev/dl, or your system's package `golang` or `go`) and a C compiler, or "
        "name a built GoQuorum in TALLY_QUORUM. `tally devnet up` without `--engine` needs neither."
    )


class GoTooOld(QuorumMissing):
    """This Go cannot build GoQuorum."""

    code: ClassVar[str] = "devnet.go_too_old"
    sentence: ClassVar[str] = "Go is {found}; building GoQuorum needs {least} or newer"
    advice: ClassVar[str] = (
        "Install a newer Go (https://go.dev/dl) and put it first on PATH, or name a built GoQuorum in TALLY_QUORUM."
    )

    found: str
    least: str


class CompilerMissing(QuorumMissing):
    """GoQuorum must be built, and there is no working C compiler."""

    code: ClassVar[str] = "devnet.compiler_missing"
    sentence: ClassVar[str] = "There is no C compiler that works: {reason}"
    advice: ClassVar[str] = (
        "Install one with the C library's headers (Debian, Ubuntu: `apt install gcc libc6-dev`; Fedora: `dnf install "
        "gcc glibc-devel`; macOS: `xcode-select --install`), or name it in CC."
    )

    reason: str


class QuorumModulesMissing(QuorumMissing):
    """Go could not fetch GoQuorum's source."""

    code: ClassVar[str] = "devnet.quorum_modules_missing"
    sentence: ClassVar[str] = "GoQuorum's source could not be fetched: {reason}"
    advice: ClassVar[str] = (
        "The first build needs the network: connect, or name a module proxy that can be reached in GOPROXY. Or name a "
        "built GoQuorum in TALLY_QUORUM."
    )

    reason: str


class QuorumBuildFailed(DevnetError):
    """`go build` failed."""

    code: ClassVar[str] = "devnet.quorum_build_failed"
    sentence: ClassVar[str] = "GoQuorum could not be built: {reason} (log: {log})"
    advice: ClassVar[str] = (
        "See what Go said in that log (a full disk, a Go that is not whole), put it right, and run `tally devnet "
        "build` again; or name a built GoQuorum in TALLY_QUORUM."
    )

    reason: str
    log: Path
