"""The consortium's nodes that this gateway may ask: in the operator's order, each checked before it is believed."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import structlog

from tallystick.client import Node, NodeError, NodeRefused

from .errors import NodeAway

__all__ = ["NodePool"]

_log = structlog.get_logger("nodes")
_TIMEOUT_S = 20.0


class NodePool:
    """Nodes in order of preference. Shared by the watcher, the sender and the audit; safe between threads.

    A node is used only after the watcher has `admit`ted it (chain id, genesis, history). One that fails is put last.
    """

    def __init__(self, urls: Sequence[str], make: Callable[[str], Node] | None = None) -> None:
        make = make or (lambda url: Node(url, timeout_s=_TIMEOUT_S))
        self._nodes = [make(url) for url in urls]
        self._admitted: set[Node] = set()
        self._lock = threading.Lock()
        self._last_error: NodeError | None = None

    @property
    def nodes(self) -> tuple[Node, ...]:
        """All nodes, the preferred one first."""
        with self._lock:
            return tuple(self._nodes)

    def is_admitted(self, node: Node) -> bool:
        """Whether the node was found to serve the pinned chain with the history we know."""
        with self._lock:
            return node in self._admitted

    def admit(self, node: Node) -> None:
        """The watcher has checked the node."""
        with self._lock:
            self._admitted.add(node)

    def demote(self, node: Node, why: NodeError) -> None:
        """The node failed: others are asked first, and it is checked anew before it is used again."""
        with self._lock:
            self._last_error = why
            self._admitted.discard(node)
            if self._nodes[0] is node and len(self._nodes) > 1:
                self._nodes.append(self._nodes.pop(0))
                _log.warning("node failed, asking the next", node=node.url, next=self._nodes[0].url, code=why.code)

    @contextmanager
    def admitted(self) -> Iterator[Node]:
        """The preferred admitted node; a `NodeError` inside demotes it. Raises `NodeAway` if there is none."""
        with self._lock:
            node = next((node for node in self._nodes if node in self._admitted), None)
        if node is None:
            raise self.away()
        try:
            yield node
        except NodeError as why:
            if not isinstance(why, NodeRefused):
                self.demote(node, why)
            raise

    def away(self) -> NodeAway:
        """Why no node can be asked."""
        with self._lock:
            if not self._nodes:
                return NodeAway("gateway.toml names no node.", field="chain.nodes")
            if self._last_error is None:
                return NodeAway("No node was checked yet.", node=self._nodes[0].url)
            return NodeAway(f"{self._last_error}.", node=self._nodes[0].url, why=self._last_error.code)

    def close(self) -> None:
        """Drop all connections."""
        for node in self.nodes:
            node.close()
