"""The watcher: follows the chain block by block, believes nothing it has not recomputed, stops loudly when lied to.

Each step takes the next few blocks and writes what follows from them in one transaction, with the blocks' own rows:
after a crash it goes on where that transaction ended.
"""

from collections.abc import Sequence
from datetime import datetime

import structlog

from tallystick.client import Node, NodeError
from tallystick_gateway.acts.desk import desk_of
from tallystick_gateway.acts.states import State
from tallystick_gateway.kit.clock import from_unix, rfc3339
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.members import repository as members

from . import repository
from .blocks import CheckedBlock
from .directory import Directory
from .errors import BlockMissing, ChainDistrusted
from .headers import HeaderChecker, headers_of
from .identity import Chain, Tip
from .nodes import NodePool
from .projections import PROJECTIONS, Projection

__all__ = ["Watcher"]

_MOST_BLOCKS = 16
_MOST_TRANSACTIONS = 48
"""Above so many transactions in a step the next one takes a single block: what is held in memory stays small."""
_REMEMBERED = 20_000
"""Empty blocks are remembered this far back, to name the height at which a history was changed."""
_COMPARE_EVERY = 20
_log = structlog.get_logger("watch")


class Watcher:
    """One per gateway. `step` is its task; `facts` is what `/v1/status` shows."""

    def __init__(
        self,
        gateway: Gateway,
        pool: NodePool,
        headers: HeaderChecker | None = None,
        projections: Sequence[Projection] = PROJECTIONS,
    ) -> None:
        self._gateway = gateway
        self._desk = desk_of(gateway)
        self._pool = pool
        self._headers = headers
        self._projections = tuple(projections)
        self._chain: Chain | None = None
        self._directory: Directory | None = None
        self._tip: Tip | None = None
        self._head: int | None = None
        self._seen_at: datetime | None = None
        self._stopped: ChainDistrusted | None = None
        self._blocks_next = _MOST_BLOCKS
        self._block_gas: int | None = None
        self._steps = 0

    @property
    def tip(self) -> Tip | None:
        """The last block taken since this process started, None before the first."""
        return self._tip

    @property
    def stopped(self) -> ChainDistrusted | None:
        """Why the watcher believes the node no more, None while it does."""
        return self._stopped

    @property
    def joined(self) -> bool:
        """Whether there is a consortium to follow."""
        return self._desk.joined

    def block_gas(self) -> int | None:
        """The gas limit of the last block taken, None before the first."""
        return self._block_gas

    @property
    def caught_up(self) -> bool:
        """Whether the last block taken is the node's head as last seen."""
        return self._tip is not None and self._head is not None and self._tip.height >= self._head

    def step(self) -> bool:
        """Take what is new, at most a few blocks; True if more is waiting.

        Raises `NodeAway`, `BlockMissing` (asked again later), or a `ChainDistrusted` subclass, which stops the worker.
        """
        if not self._desk.joined:
            return False
        try:
            return self._step(self._chain or self._start())
        except ChainDistrusted as lie:
            self._stopped = lie
            self._desk.halt(lie)
            _log.critical("the node cannot be believed", code=lie.code, detail=str(lie))
            raise

    def facts(self) -> dict[str, object]:
        """Where the watcher is and what it thinks of the node, as JSON."""
        tip, stopped = self._tip, self._stopped
        preferred = next(iter(self._pool.nodes), None)
        return {
            "node": preferred.url if preferred else None,
            "head": self._head,
            "checked": tip.height if tip else None,
            "checked_hash": tip.hash.hex() if tip else None,
            "checked_block_time": rfc3339(from_unix(tip.time)) if tip else None,
            "behind": None if tip is None or self._head is None else max(0, self._head - tip.height),
            "last_answer_at": rfc3339(self._seen_at) if self._seen_at else None,
            "goal": self._desk.goal.value,
            "finality": "none" if self._desk.goal is State.INCLUDED else "seals",
            "stopped": {"code": stopped.code, "detail": str(stopped), "advice": stopped.advice} if stopped else None,
        }

    def _start(self) -> Chain:
        """Pin the consortium, and go on after the last block taken."""
        consortium = self._desk.consortium
        with self._gateway.database.read() as session:
            last = repository.last_block(session)
            later = [(row.address, row.name) for row in members.directory(session)]
        self._directory = Directory(consortium, later)
        self._tip = Tip(last.height, last.hash, last.time) if last else None
        self._chain = Chain(consortium, self._headers or headers_of(consortium))
        return self._chain

    def _step(self, chain: Chain) -> bool:
        self._admit_one(chain)
        was_caught_up, last_head = self.caught_up, self._head
        with self._pool.admitted() as node:
            head = node.height()
            if self._tip is not None:
                chain.check_history(node, self._tip, head, self._remembered)
            self._head, self._seen_at = head, self._gateway.clock.now()
            self._take(chain, node, head)
            self._steps += 1
            if self._tip is not None and self._steps % _COMPARE_EVERY == 0:
                chain.compare([other for other in self._pool.nodes if other is not node], self._tip)
        if self.caught_up and self._tip is not None:
            fresh = was_caught_up and last_head is not None and head > last_head
            self._gateway.skew.observe(from_unix(self._tip.time), fresh=fresh)
            self._desk.node_checked()
        return not self.caught_up

    def _admit_one(self, chain: Chain) -> None:
        """Have an admitted node at hand, checking candidates in order. Raises `NodeAway` if none answers."""
        for node in self._pool.nodes:
            if self._pool.is_admitted(node):
                return
            try:
                chain.check_node(node, self._tip, self._remembered)
            except NodeError as why:
                self._pool.demote(node, why)
            except BlockMissing:
                continue
            else:
                self._pool.admit(node)
                return
        raise self._pool.away()

    def _remembered(self, height: int) -> bytes | None:
        with self._gateway.database.read() as session:
            row = repository.block_at(session, height)
            return row.hash if row else None

    def _take(self, chain: Chain, node: Node, head: int) -> None:
        first = self._tip.height + 1 if self._tip else 0
        heights = range(first, min(head, first + self._blocks_next - 1) + 1)
        if not heights:
            return
        blocks = chain.blocks(node, heights, self._tip.hash if self._tip else None)
        with self._gateway.database.write() as session:
            for block in blocks:
                self._apply(session, block)
            if first // _REMEMBERED != (heights[-1] + 1) // _REMEMBERED:
                repository.forget_empty_blocks(session, first - _REMEMBERED)
        last = blocks[-1]
        self._tip = Tip(last.height, last.hash, last.time)
        self._block_gas = last.header.gas_limit
        transactions = sum(len(block.executions) for block in blocks)
        self._blocks_next = 1 if transactions > _MOST_TRANSACTIONS else _MOST_BLOCKS

    def _apply(self, session: Session, block: CheckedBlock) -> None:
        events = self._directory.events(block) if self._directory else []
        for projection in self._projections:
            projection(session, block, events)
        repository.add_block(session, block.height, block.hash, block.time, len(events))
