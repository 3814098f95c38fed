"""What the demonstration says while it runs, and the table it ends with."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

__all__ = ["Journal", "Line", "Step"]


@dataclass(slots=True)
class Line:
    """One line of the closing table. `differences` None: this step compared nothing."""

    what: str
    sent: str = ""
    held: str = ""
    check: str = ""
    differences: int | None = None
    seconds: float = 0.0


@dataclass(slots=True)
class Step:
    """A step under way: `done(n)` moves its bar, `line` is what the table will show."""

    line: Line
    done: Callable[[int], None]
    total: Callable[[int], None]


@dataclass
class Journal:
    """Steps, their times and their outcome."""

    console: Console
    lines: list[Line] = field(default_factory=list)

    @contextmanager
    def step(self, what: str, *, total: int | None = None) -> Iterator[Step]:
        """Time one step, with a bar where a terminal shows it, and keep its line."""
        started = time.monotonic()
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        line = Line(what)
        shown = self.console.is_terminal
        if not shown:
            self.console.print(f"… {what}", highlight=False)
        with Progress(*columns, console=self.console, transient=True, disable=not shown) as progress:
            task = progress.add_task(what, total=total)
            yield Step(
                line,
                done=lambda count: progress.update(task, completed=count),
                total=lambda count: progress.update(task, total=count),
            )
        line.seconds = time.monotonic() - started
        self.lines.append(line)
        outcome = ", ".join(filter(None, [line.sent, line.held]))
        self.console.print(f"✓ {what}: {outcome} ({line.seconds:.1f} s)", highlight=False)

    @property
    def differences(self) -> int:
        """How many differences all checks found together."""
        return sum(line.differences or 0 for line in self.lines)

    def table(self) -> Table:
        """Every step: what was sent, what the chain holds, what was checked, what differed, how long it took."""
        table = Table(title="What was sent, what the chain holds, and who checked it", show_lines=False)
        table.add_column("step", overflow="fold", max_width=44)
        for name in ("sent", "held", "check"):
            table.add_column(name, overflow="fold")
        table.add_column("differences", justify="right")
        table.add_column("seconds", justify="right")
        for line in self.lines:
            differences = "" if line.differences is None else (str(line.differences) if line.differences else "none")
            table.add_row(line.what, line.sent, line.held, line.check, differences, f"{line.seconds:.1f}")
        return table
