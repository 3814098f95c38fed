"""The worker: named tasks, each in its own thread, run again and again until stopped.

A task's `run` does one step (one transaction) and says whether there is more to do at once. An error is logged,
backed off and shown in `/v1/status`; a `Fatal` one stops the whole worker loudly.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from tallystick.errors import TallystickError
from tallystick_gateway.kit.clock import Clock, rfc3339
from tallystick_gateway.kit.errors import GatewayError

__all__ = ["Fatal", "Task", "TaskState", "Worker"]

_log = structlog.get_logger("worker")


class Fatal(GatewayError):
    """Going on would make things worse: the worker stops until an operator has looked"""

    status = 503
    code = "worker.fatal"
    advice = "Read the log; find out why; then start the gateway again."


@dataclass(frozen=True)
class Task:
    """`run` does one bounded step and returns True if there is more to do now, else it is run again after `every_s`.

    `run` MUST return soon after the worker's stop was asked for (it may look at `Worker.stopping`). After errors it is
    run again ever more seldom, but at least every `longest_pause_s`.
    """

    name: str
    every_s: float
    run: Callable[[], bool]
    longest_pause_s: float = 30.0


@dataclass
class TaskState:
    """What is known about a task: shown in `/v1/status`."""

    runs: int = 0
    failures: int = 0
    consecutive_failures: int = 0
    last_success: datetime | None = None
    last_error: dict[str, object] | None = None
    nudge: threading.Event = field(default_factory=threading.Event, repr=False)

    def wire(self) -> dict[str, object]:
        return {
            "runs": self.runs,
            "failures": self.failures,
            "consecutive_failures": self.consecutive_failures,
            "last_success": rfc3339(self.last_success) if self.last_success else None,
            "last_error": self.last_error,
        }


class Worker:
    """Runs tasks from `start()` to `stop()`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tasks: dict[str, Task] = {}
        self._threads: list[threading.Thread] = []
        self._stop = threading.Event()
        self.states: dict[str, TaskState] = {}
        self.fatal: dict[str, object] | None = None

    @property
    def stopping(self) -> threading.Event:
        """Set when tasks are to end; wait on it instead of sleeping."""
        return self._stop

    def add(self, tasks: Sequence[Task]) -> None:
        """Add tasks before `start()`; names are unique."""
        for task in tasks:
            if task.name in self._tasks:
                raise ValueError(f"two tasks are named {task.name}")
            self._tasks[task.name] = task
            self.states[task.name] = TaskState()

    def start(self) -> None:
        """Start a thread for each task."""
        for task in self._tasks.values():
            thread = threading.Thread(target=self._loop, args=(task,), name=f"task-{task.name}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def nudge(self, name: str) -> None:
        """Run the task now rather than at the end of its pause (from any thread; unknown names do nothing)."""
        if state := self.states.get(name):
            state.nudge.set()

    def stop(self, timeout_s: float = 20.0) -> bool:
        """Ask all tasks to end after their present step and wait; False if one did not end in time."""
        self._stop.set()
        for state in self.states.values():
            state.nudge.set()
        for thread in self._threads:
            thread.join(timeout_s)
        return not any(thread.is_alive() for thread in self._threads)

    def _loop(self, task: Task) -> None:
        state = self.states[task.name]
        while not self._stop.is_set():
            state.nudge.clear()
            pause_s = self._step(task, state)
            if pause_s > 0:
                state.nudge.wait(pause_s)

    def _step(self, task: Task, state: TaskState) -> float:
        """Run once; returns the pause before the next run."""
        state.runs += 1
        try:
            more = task.run()
        except Fatal as fatal:
            self._note(state, fatal)
            self.fatal = {"task": task.name, **(state.last_error or {})}
            self._stop.set()
            _log.critical("worker stopped", task=task.name, **_facts(fatal))
            return 0
        except Exception as error:  # noqa: BLE001  # the boundary of a task: whatever it was is logged, shown and tried again
            self._note(state, error)
            pause_s = min(task.longest_pause_s, max(task.every_s, 0.25) * 2.0 ** min(state.consecutive_failures, 8))
            known = isinstance(error, TallystickError)
            _log.warning("task failed", task=task.name, again_in_s=pause_s, exc_info=not known, **_facts(error))
            return pause_s
        state.consecutive_failures = 0
        state.last_success = self._clock.now()
        return 0 if more else task.every_s

    def _note(self, state: TaskState, error: Exception) -> None:
        state.failures += 1
        state.consecutive_failures += 1
        state.last_error = {"at": rfc3339(self._clock.now()), **_facts(error)}


def _facts(error: Exception) -> dict[str, object]:
    if isinstance(error, TallystickError):
        return {"code": error.code, "detail": str(error), "advice": error.advice}
    return {"code": "worker.unexpected", "detail": type(error).__name__, "advice": "See the gateway's log."}
