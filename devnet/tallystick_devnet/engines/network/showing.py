"""How a build is shown: a bar on a terminal, a line now and then elsewhere. On standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from tallystick_devnet.engines.network.gobuild import Progress, Show

__all__ = ["shown"]

_TITLE: Final = "GoQuorum (a stand-in for Besu), built once"
_LINE_EVERY_S: Final = 10.0


@contextmanager
def shown() -> Iterator[Show]:
    """What a build tells how far it is, while this is open. Shows nothing unless it is told something."""
    if sys.stderr.isatty():
        with Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
        ) as bar:
            task = None

            def move(at: Progress) -> None:
                nonlocal task
                if task is None:
                    task = bar.add_task(_TITLE)
                bar.update(task, description=f"{_TITLE}: {at.stage}", completed=at.done, total=at.total or None)

            yield move
    else:
        yield _lines()


def _lines() -> Show:
    stage, next_s = "", 0.0

    def say(at: Progress) -> None:
        nonlocal stage, next_s
        word = at.stage.split()[0]
        if word == stage and at.elapsed_s < next_s:
            return
        stage, next_s = word, at.elapsed_s + _LINE_EVERY_S
        of = f", {at.done} of {at.total} packages" if at.total else ""
        sys.stderr.write(f"{_TITLE}: {at.stage}{of}, {at.elapsed_s:.0f} s\n")
        sys.stderr.flush()

    return say
