"""The consortium's nodes that this gateway may ask: in the operator's order, each checked before it is believed."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import structlog

from tallystick.client import Node, NodeError, NodeRefused
from tallystick.errors import TallystickError

from .errors import NodeAway, NodeLied

__all__ = ["Distrust", "NodePool", "NodeState", "NodeView"]

_log = structlog.get_logger("nodes")
_TIMEOUT_S = 5.0
"""What one hanging node may cost before the next is asked. (A whole answer may take four times as long to come.)"""
_FAR_BEHIND = 3
"""So many blocks behind another node for `_BEHIND_S`, a node is asked only if there is no better one."""
_BEHIND_S = 3.0
_LONGEST_PENALTY_S = 60.0
_FORGIVEN_S = 120.0


class NodeState(StrEnum):
    """How a node stands with us."""

    UNCHECKED = "unchecked"
    USABLE = "usable"
    BEHIND = "behind"
    AWAY = "away"
    DISTRUSTED = "distrusted"


@dataclass(frozen=True, slots=True)
class Distrust:
    """A node that lied, what about, and when we saw it."""

    url: str
    lie: NodeLied
    at: datetime


@dataclass(frozen=True, slots=True)
class NodeView:
    """A node as an operator sees it; `detail` is what is or was wrong with it since it was last admitted."""

    url: str
    state: NodeState
    head: int | None
    detail: str | None


@dataclass(slots=True)
class _Standing:
    """What is known about a node. Times are monotonic seconds."""

    node: Node
    admitted: bool = False
    head: int | None = None
    behind_since: float | None = None
    failed_at: float | None = None
    failures: int = 0
    detail: str | None = None
    distrust: Distrust | None = None


class NodePool:
    """Nodes in order of preference. Shared by the watcher, the sender and the audit; safe between threads.

    A node is used only after it was `admit`ted (chain id, genesis, history). One that fails must be admitted anew; one
    that lied never is.
    """

    def __init__(
        self,
        urls: Sequence[str],
        make: Callable[[str], Node] | None = None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        make = make or (lambda url: Node(url, timeout_s=_TIMEOUT_S))
        self._standings = {node: _Standing(node) for node in map(make, urls)}
        self._now_s = now_s
        self._lock = threading.Lock()
        self._last_error: TallystickError | None = None

    @property
    def nodes(self) -> tuple[Node, ...]:
        """All nodes that did not lie, in the operator's order, whether they answer or not."""
        with self._lock:
            return tuple(node for node, standing in self._standings.items() if standing.distrust is None)

    @property
    def distrusted(self) -> tuple[Distrust, ...]:
        """Those that lied, in the operator's order."""
        with self._lock:
            return tuple(standing.distrust for standing in self._standings.values() if standing.distrust)

    def views(self) -> list[NodeView]:
        """Every node as it stands now."""
        with self._lock:
            return [
                NodeView(each.node.url, self._state(each), each.head, each.detail) for each in self._standings.values()
            ]

    # ── whom to ask ──

    def preferred(self) -> Node | None:
        """The node to ask: the first admitted one that is not behind, else the first that is; None without any."""
        with self._lock:
            admitted = [each for each in self._standings.values() if each.admitted]
            fresh = [each for each in admitted if self._state(each) is NodeState.USABLE]
            return next((each.node for each in (*fresh, *admitted)), None)

    @contextmanager
    def admitted(self) -> Iterator[Node]:
        """The preferred node; a `NodeError` inside demotes it. Raises `NodeAway` if there is none."""
        node = self.preferred()
        if node is None:
            raise self.away()
        try:
            yield node
        except NodeError as why:
            if not isinstance(why, NodeRefused):
                self.demote(node, why)
            raise

    def candidates(self) -> list[Node]:
        """The nodes that are not admitted and did not lie, those that failed last at the end."""
        with self._lock:
            waiting = [each for each in self._standings.values() if not each.admitted and each.distrust is None]
            return [each.node for each in sorted(waiting, key=lambda each: each.failed_at or 0.0)]

    def due(self) -> list[Node]:
        """The nodes to look at now: all but those that lied, or failed so lately that they have to wait.

        Admitted ones first: the others may take their time to answer.
        """
        with self._lock:
            due = [each for each in self._standings.values() if each.distrust is None and self._forgiven(each)]
            return [each.node for each in sorted(due, key=lambda each: not each.admitted)]

    def is_admitted(self, node: Node) -> bool:
        """Whether the node was found to serve the pinned chain, and did not fail since."""
        with self._lock:
            return self._standings[node].admitted

    def has_untried(self) -> bool:
        """Whether there is a node that may be asked and did not fail in the last few seconds."""
        with self._lock:
            lately = self._now_s() - _TIMEOUT_S
            waiting = [each for each in self._standings.values() if each.distrust is None]
            return any(each.failed_at is None or each.admitted or each.failed_at < lately for each in waiting)

    def away(self) -> NodeAway:
        """Why no node can be asked."""
        with self._lock:
            if not self._standings:
                return NodeAway("gateway.toml names no node.", field="chain.nodes")
            first = next(iter(self._standings))
            if self._last_error is None:
                return NodeAway("No node was checked yet.", node=first.url)
            return NodeAway(f"{self._last_error}.", node=first.url, why=self._last_error.code)

    # ── what was found ──

    def admit(self, node: Node) -> None:
        """The node was found to serve the pinned chain with the history we know."""
        with self._lock:
            standing = self._standings[node]
            if not standing.admitted and standing.distrust is None:
                standing.admitted, standing.detail = True, None

    def saw_head(self, node: Node, head: int) -> None:
        """The node says that this is its height. One that falls is told in the log: it restarted, or was reset."""
        with self._lock:
            standing = self._standings[node]
            before, standing.head = standing.head, head
            best = max((each.head for each in self._standings.values() if each.admitted and each.head), default=head)
            for each in self._standings.values():
                if each.head is None or each.head >= best - _FAR_BEHIND:
                    each.behind_since = None
                elif each.behind_since is None:
                    each.behind_since = self._now_s()
            if before is not None and head < before:
                standing.detail = f"Its height fell from {before} to {head}."
        if before is not None and head < before:
            _log.warning("a node's height fell", node=node.url, before=before, now=head)

    def demote(self, node: Node, why: TallystickError) -> None:
        """The node failed: others are asked, and it is checked anew before it is used again."""
        with self._lock:
            standing, now = self._standings[node], self._now_s()
            was_admitted, standing.admitted = standing.admitted, False
            lately = standing.failed_at is not None and now - standing.failed_at < _FORGIVEN_S
            standing.failures = standing.failures + 1 if lately else 1
            standing.failed_at, standing.detail = now, f"{why}."
            self._last_error = why
        if was_admitted:
            following = self.preferred()
            _log.warning("node failed", node=node.url, code=why.code, next=following.url if following else None)

    def distrust(self, node: Node, lie: NodeLied, at: datetime) -> bool:
        """The node lied: it is never asked again. Whether there is another."""
        with self._lock:
            standing = self._standings[node]
            standing.admitted = False
            standing.distrust = standing.distrust or Distrust(node.url, lie, at)
            standing.detail = str(standing.distrust.lie)
            left = any(each.distrust is None for each in self._standings.values())
        _log.critical("a node lied", node=node.url, code=lie.code, detail=str(lie), others_left=left)
        return left

    def close(self) -> None:
        """Drop all connections."""
        for node in self._standings:
            node.close()

    def _state(self, standing: _Standing) -> NodeState:
        if standing.distrust is not None:
            return NodeState.DISTRUSTED
        if not standing.admitted:
            return NodeState.UNCHECKED if standing.failed_at is None else NodeState.AWAY
        since = standing.behind_since
        return NodeState.BEHIND if since is not None and self._now_s() - since >= _BEHIND_S else NodeState.USABLE

    def _forgiven(self, standing: _Standing) -> bool:
        if standing.admitted or standing.failed_at is None:
            return True
        return self._now_s() - standing.failed_at >= min(_LONGEST_PENALTY_S, 2.0**standing.failures)
