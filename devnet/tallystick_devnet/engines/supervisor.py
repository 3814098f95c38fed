"""The small process that keeps an embedded engine: `python -m tallystick_devnet.engines.supervisor FOLDER …`.

It holds the folder's lock, starts anvil, keeps its saved states, and ends it. It ends itself, and anvil with it, on
SIGTERM or SIGINT, and, if `--attached`, when the process that started it closes its standard input or dies. anvil gets
SIGTERM from the kernel (Linux) when the supervisor is killed, and then writes its state all the same. SIGHUP brings a
dead engine up again. The first line on standard output says how the start went.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import select
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import IO, Final

from tallystick_devnet.engines.folder import DataFolder
from tallystick_devnet.engines.keeper import Keeper, Options
from tallystick_devnet.errors import DevnetError, EngineFailed

__all__ = ["main"]

TICK_S: Final = 1.0
_LARGEST_LOG: Final = 16 * 1024 * 1024


def main(arguments: list[str] | None = None) -> int:
    """Keep the engine until told to end it. Exit code 1 if it could not be started."""
    folder, options = _parse(arguments)
    stopping, reviving, wake = _catch_signals()
    try:
        with folder.locked(), _open_log(folder) as log:
            keeper = Keeper(folder, options, log)
            try:
                keeper.start()
                _answer({"url": keeper.url()})
                _keep(keeper, options, stopping, reviving, wake)
            finally:
                keeper.stop()
    except DevnetError as why:
        return _fail(why)
    except OSError as why:  # no room, no permission
        return _fail(EngineFailed(reason=str(why), log=folder.log))
    return 0


def _keep(
    keeper: Keeper,
    options: Options,
    stopping: Callable[[], bool],
    reviving: Callable[[], bool],
    wake: int,
) -> None:
    parent = os.getppid()
    watched = [wake, *([sys.stdin.fileno()] if options.attached else [])]
    while not stopping():
        ready, _, _ = select.select(watched, [], [], TICK_S)
        if wake in ready:
            os.read(wake, 512)
        if options.attached and (
            os.getppid() != parent or (sys.stdin.fileno() in ready and not os.read(sys.stdin.fileno(), 512))
        ):
            return
        if reviving():
            keeper.revive()
        keeper.look()


def _catch_signals() -> tuple[Callable[[], bool], Callable[[], bool], int]:
    """Whether to stop, whether to revive (once per SIGHUP), and a descriptor that becomes readable on a signal."""
    seen: set[int] = set()

    def note(number: int, _frame: FrameType | None) -> None:
        seen.add(number)

    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, note)

    def reviving() -> bool:
        asked = signal.SIGHUP in seen
        seen.discard(signal.SIGHUP)
        return asked

    return (lambda: bool(seen & {signal.SIGTERM, signal.SIGINT})), reviving, readable


def _open_log(folder: DataFolder) -> IO[str]:
    if folder.log.exists() and folder.log.stat().st_size > _LARGEST_LOG:
        folder.log.replace(folder.log.with_suffix(".log.1"))
    return folder.log.open("a", encoding="utf-8")


def _answer(outcome: dict[str, object]) -> None:
    """Tell who started us; it may be gone by now."""
    with contextlib.suppress(OSError):
        sys.stdout.write(json.dumps(outcome) + "\n")
        sys.stdout.flush()


def _fail(why: DevnetError) -> int:
    _answer({"error": type(why).__name__, "values": {name: _plain(value) for name, value in why.values.items()}})
    return 1


def _plain(value: object) -> object:
    return value if isinstance(value, int | str | None) else str(value)


def _parse(arguments: list[str] | None) -> tuple[DataFolder, Options]:
    parser = argparse.ArgumentParser(prog="tallystick-engine")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--gas-limit", type=int, required=True)
    parser.add_argument("--block-time", type=int, required=True)
    parser.add_argument("--state-interval", type=int, required=True)
    parser.add_argument("--port", type=int)
    parser.add_argument("--attached", action="store_true")
    given = parser.parse_args(arguments)
    options = Options(
        program=given.program,
        gas_limit=given.gas_limit,
        block_time_s=given.block_time,
        state_interval_s=given.state_interval,
        port=given.port,
        attached=given.attached,
    )
    return DataFolder(given.folder), options


if __name__ == "__main__":
    sys.exit(main())
