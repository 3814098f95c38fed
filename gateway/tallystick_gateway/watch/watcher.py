"""The watcher: follows the chain block by block, believes nothing it has not recomputed, stops loudly when it must.

Each step takes the next few blocks and writes what follows from them in one transaction, with the blocks' own rows and
who sealed them: after a crash it goes on where that transaction ended.
"""

import time
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from tallystick.client import Node, NodeError
from tallystick_gateway.acts.desk import desk_of
from tallystick_gateway.acts.states import State
from tallystick_gateway.kit.clock import from_unix, rfc3339
from tallystick_gateway.kit.gateway import Gateway, Reason
from tallystick_gateway.members import repository as members

from . import repository, sealing
from .directory import Directory
from .errors import BlockMissing, ChainDistrusted
from .headers import TakenBlock
from .identity import Standing
from .nodes import NodePool, NodeState
from .pace import Pace, Stall, describe_stall
from .projections import PROJECTIONS, Projection
from .reading import ReadBlock, Reader
from .witnesses import Witnesses, evidence

__all__ = ["Watcher"]

_MOST_BLOCKS = 16
_MOST_TRANSACTIONS = 48
"""Above so many transactions in a step the next one takes a single block: what is held in memory stays small."""
_REMEMBERED = 20_000
"""Empty blocks are remembered this far back, to name the height at which a history was changed."""
_log = structlog.get_logger("watch")


class Watcher:
    """One per gateway. `step` is its task; `facts` is what `/v1/status` shows."""

    def __init__(
        self,
        gateway: Gateway,
        pool: NodePool,
        projections: Sequence[Projection] = PROJECTIONS,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._gateway = gateway
        self._desk = desk_of(gateway)
        self._pool = pool
        self._projections = tuple(projections)
        self.witnesses = Witnesses(gateway, pool)
        self._reader: Reader | None = None
        self._head: int | None = None
        self._seen_at: datetime | None = None
        self._history_seen: tuple[Node, int] | None = None
        self._pace = Pace(now_s)
        self._stall: Stall | None = None
        self._blocks_next = _MOST_BLOCKS
        self._block_gas: int | None = None

    # ── what others ask ──

    @property
    def standing(self) -> Standing:
        """The last block taken, and who sealed up to it."""
        return self.witnesses.standing

    @property
    def tip(self) -> TakenBlock | None:
        """The last block taken, None before the first."""
        return self.standing.tip

    @property
    def stopped(self) -> ChainDistrusted | None:
        """Why nothing is believed any more, None while something is."""
        return self.witnesses.stopped

    @property
    def stalled(self) -> Stall | None:
        """Since when no block came, None while they do."""
        return self._stall

    @property
    def look_again_s(self) -> float:
        """How soon to step again while somebody waits for a block."""
        return self._pace.look_again_s

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
        return self.tip is not None and self._head is not None and self.tip.height >= self._head

    def reason(self) -> Reason | None:
        """What keeps the gateway from following the chain, the gravest thing first; None if nothing does."""
        if self.stopped is not None:
            return Reason(self.stopped.code, str(self.stopped), self.stopped.advice)
        if not self.joined:
            return Reason("acts.not_joined", "This gateway has not joined a consortium.", "Run `tally join`.")
        if self._pool.preferred() is None:
            away = self._pool.away()
            return Reason(away.code, str(away), away.advice)
        if not self.caught_up:
            return Reason("watch.behind", "The watcher has not caught up with the chain.", "Wait, or see /v1/status.")
        if self._stall is not None:
            advice = "See whose validators are down (`GET /v1/validators`); what was accepted waits."
            return Reason("watch.chain_stalled", self._stall.detail, advice)
        return None

    def facts(self) -> dict[str, object]:
        """Where the watcher is and what it thinks of the nodes, as JSON."""
        tip, stopped, stall, asked = self.tip, self.stopped, self._stall, self._pool.preferred()
        return {
            "node": asked.url if asked else None,
            "head": self._head,
            "checked": tip.height if tip else None,
            "checked_hash": tip.hash.hex() if tip else None,
            "checked_block_time": rfc3339(from_unix(tip.time)) if tip else None,
            "behind": None if tip is None or self._head is None else max(0, self._head - tip.height),
            "last_answer_at": rfc3339(self._seen_at) if self._seen_at else None,
            "goal": self._desk.goal.value,
            "finality": "none" if self._desk.goal is State.INCLUDED else "seals",
            "stopped": stopped
            and {
                "code": stopped.code,
                "detail": str(stopped),
                "advice": stopped.advice,
                "headers": evidence(stopped),
            },
            "stalled": stall and {"since": rfc3339(stall.since), "head": stall.head, "detail": stall.detail},
            "distrusted": [
                {"node": each.url, "code": each.lie.code, "detail": str(each.lie), "at": rfc3339(each.at)}
                for each in self._pool.distrusted
            ],
            "nodes": [
                {"url": view.url, "state": view.state.value, "head": view.head, "detail": view.detail}
                for view in self._pool.views()
            ],
        }

    # ── blocks ──

    def step(self) -> bool:
        """Take what is new, at most a few blocks; True if more is waiting, or another node is to be asked.

        Raises `NodeAway`, a `NodeError` or `BlockMissing` (asked again later), or the `ChainDistrusted` that stops the
        worker.
        """
        if not self._desk.joined:
            return False
        if self.stopped is not None:
            raise self.stopped
        reader, self._reader = self._reader or self._open(), None
        node = self.witnesses.one()
        try:
            more = self._follow(node, reader)
        except (NodeError, BlockMissing) as why:
            self._pool.demote(node, why)
            if not self._pool.has_untried():
                raise
            return True
        except ChainDistrusted as lie:
            self.witnesses.condemn(node, lie)
            return True
        self._reader = reader
        return more

    def _open(self) -> Reader:
        """Go on after the last block that was stored."""
        chain = self.witnesses.chain
        with self._gateway.database.read() as session:
            last = repository.last_block(session)
            later = [(row.address, row.name) for row in members.directory(session)]
            succession = sealing.load(session, last.height) if last and chain.sealed else None
        tip = chain.taken(last.height, last.hash, last.time, last.header) if last else None
        self.witnesses.standing = Standing(tip, succession)
        try:
            return Reader(chain, Directory(chain.consortium, later), self.standing)
        except ChainDistrusted as differ:
            self.witnesses.stop(differ)

    def _follow(self, node: Node, reader: Reader) -> bool:
        was_caught_up, last_head = self.caught_up, self._head
        head = node.height()
        self._pool.saw_head(node, head)
        if self.tip is not None and head <= self.tip.height and self._history_seen != (node, head):
            self.witnesses.chain.check_history(node, head, self.standing, self.witnesses.remembered)
            self._history_seen = (node, head)
        self._head, self._seen_at = head, self._gateway.clock.now()
        self._take(reader, node, head)
        if self.caught_up and self.tip is not None:
            fresh = was_caught_up and last_head is not None and head > last_head
            self._gateway.skew.observe(from_unix(self.tip.time), fresh=fresh)
            self._desk.node_checked()
        self._note_stall()
        return not self.caught_up

    def _take(self, reader: Reader, node: Node, head: int) -> None:
        before = reader.standing
        blocks = reader.read(node, head, self._blocks_next)
        if not blocks:
            return
        self._store(blocks, before, reader.standing)
        self.witnesses.standing = reader.standing
        self._block_gas = blocks[-1].block.header.gas_limit
        self._pace.moved([read.block.time for read in blocks])
        transactions = sum(len(read.block.executions) for read in blocks)
        self._blocks_next = 1 if transactions > _MOST_TRANSACTIONS else _MOST_BLOCKS

    def _store(self, blocks: Sequence[ReadBlock], before: Standing, after: Standing) -> None:
        first, last = blocks[0].block.height, blocks[-1].block.height
        with self._gateway.database.write() as session:
            for read in blocks:
                block = read.block
                for projection in self._projections:
                    projection(session, block, read.events)
                kept = sealing.header_bytes(read)
                repository.add_block(session, block.height, block.hash, block.time, len(read.events), kept)
            if after.succession is not None:
                consortium = self.witnesses.chain.consortium
                sealing.store(session, before.succession, after.succession, blocks, consortium)
            if first // _REMEMBERED != (last + 1) // _REMEMBERED:
                repository.forget_empty_blocks(session, first - _REMEMBERED)

    def _note_stall(self) -> None:
        """Say once why the chain may stand still; forget it when a block comes."""
        tip = self.tip
        if tip is None or not self.caught_up or not self._pace.is_stalled:
            self._stall = None
        elif self._stall is None:
            succession, consortium = self.standing.succession, self.witnesses.chain.consortium
            silent = [view.url for view in self._pool.views() if view.state is NodeState.AWAY]
            with self._gateway.database.read() as session:
                rows = repository.validators(session)
                detail = describe_stall(tip, succession.sealing if succession else None, rows, consortium, silent)
            self._stall = Stall(from_unix(tip.time), tip.height, detail)
            _log.warning("the chain stands still", head=tip.height, detail=detail)
