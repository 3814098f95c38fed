"""A beat after every commit, so that whoever waits for a state looks again at once instead of polling."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Ear", "Pulse"]


class Ear:
    """One waiter on one event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._heard = asyncio.Event()

    def now_s(self) -> float:
        """The loop's monotonic clock, in seconds."""
        return self._loop.time()

    def clear(self) -> None:
        """Forget beats so far: call it *before* looking, so that no beat between look and wait is lost."""
        self._heard.clear()

    async def wait(self, timeout_s: float) -> bool:
        """True at the next beat since `clear()`, False after `timeout_s`."""
        try:
            await asyncio.wait_for(self._heard.wait(), timeout_s)
        except TimeoutError:
            return False
        return True

    def beat(self) -> None:
        """Wake the waiter, from any thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._heard.set)


class Pulse:
    """Hands each beat to all who listen."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ears: set[Ear] = set()

    def beat(self) -> None:
        """Wake everyone; any thread may call it."""
        with self._lock:
            ears = tuple(self._ears)
        for ear in ears:
            ear.beat()

    @contextmanager
    def listening(self) -> Iterator[Ear]:
        """An ear for the running event loop, as long as the block lasts."""
        ear = Ear()
        with self._lock:
            self._ears.add(ear)
        try:
            yield ear
        finally:
            with self._lock:
                self._ears.discard(ear)
