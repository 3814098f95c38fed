"""The lookout: has every node show itself every few seconds, whether it is asked otherwise or not.

So a node that was away is used again once it has answered, one that fell behind is passed over, and a second block at
a height that we took is seen on whichever node shows it.
"""

from .nodes import NodePool
from .watcher import Watcher

__all__ = ["Lookout"]


class Lookout:
    """One per gateway. `step` is its task."""

    def __init__(self, watcher: Watcher, pool: NodePool) -> None:
        self._watcher = watcher
        self._pool = pool

    def step(self) -> bool:
        """Look once at each node that is due. Raises the `ChainDistrusted` that stops the watcher."""
        if self._watcher.joined:
            for node in self._pool.due():
                self._watcher.check(node)
        return False
