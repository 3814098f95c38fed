"""The small process that keeps an engine: `python -m tallystick_devnet.engines.supervisor FOLDER ENGINE OPTIONS`.

It holds the folder's lock, starts the nodes, keeps what they save, and ends them. It ends itself, and the nodes with
it, on SIGTERM or SIGINT, and, if `--attached`, when the process that started it closes its standard input or dies. The
kernel ends the nodes (Linux) when the supervisor is killed. SIGHUP says that something is asked of it (`asks.py`).
The first line on standard output says how the start went.
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
from typing import Final

from tallystick_devnet.engines.asks import answer_asks, forget_asks
from tallystick_devnet.engines.embedded.keeper import EmbeddedKeeper
from tallystick_devnet.engines.folder import ChainFolder
from tallystick_devnet.engines.keeper import Keeper, bound_log
from tallystick_devnet.engines.network.keeper import NetworkKeeper
from tallystick_devnet.engines.network.kinds import SOFTWARE
from tallystick_devnet.engines.outcomes import failure, success
from tallystick_devnet.errors import DevnetError, EngineFailed

__all__ = ["main"]

TICK_S: Final = 1.0
_KEEPERS: Final = {"embedded": EmbeddedKeeper.on, **dict.fromkeys(SOFTWARE, NetworkKeeper.on)}


def main(arguments: list[str] | None = None) -> int:
    """Keep the engine until told to end it. Exit code 1 if it could not be started."""
    given = _parse(arguments)
    folder = ChainFolder(given.folder)
    stopping, wake = _catch_signals()
    try:
        with folder.locked(), folder.log.open("a", encoding="utf-8") as log:
            bound_log(folder.log)
            forget_asks(folder)
            keeper = _KEEPERS[given.engine](folder, json.loads(given.options), log, stopping=stopping)
            try:
                keeper.start()
                _answer(success(keeper.urls))
                _keep(keeper, folder, given.attached, stopping, wake)
            finally:
                keeper.stop()
    except DevnetError as why:
        _answer(failure(why))
        return 1
    except OSError as why:  # no room, no permission
        _answer(failure(EngineFailed(reason=str(why), log=folder.log)))
        return 1
    return 0


def _keep(keeper: Keeper, folder: ChainFolder, attached: bool, stopping: Callable[[], bool], wake: int) -> None:
    parent = os.getppid()
    watched = [wake, *([sys.stdin.fileno()] if attached else [])]
    while not stopping():
        ready, _, _ = select.select(watched, [], [], TICK_S)
        if wake in ready:
            os.read(wake, 512)
        if attached and (
            os.getppid() != parent or (sys.stdin.fileno() in ready and not os.read(sys.stdin.fileno(), 512))
        ):
            return
        answer_asks(folder, keeper.restart)
        keeper.look()


def _catch_signals() -> tuple[Callable[[], bool], int]:
    """Whether to stop, and a descriptor that becomes readable on a signal."""
    seen: set[int] = set()

    def note(number: int, _frame: FrameType | None) -> None:
        seen.add(number)

    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, note)
    return (lambda: bool(seen & {signal.SIGTERM, signal.SIGINT})), readable


def _answer(outcome: str) -> None:
    """Tell who started us; it may be gone by now."""
    with contextlib.suppress(OSError):
        sys.stdout.write(outcome + "\n")
        sys.stdout.flush()


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tallystick-engine")
    parser.add_argument("folder", type=Path)
    parser.add_argument("engine", choices=sorted(_KEEPERS))
    parser.add_argument("options", help="JSON, as the engine's keeper takes it")
    parser.add_argument("--attached", action="store_true")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
