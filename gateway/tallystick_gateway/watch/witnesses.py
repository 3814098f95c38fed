"""The nodes as witnesses: each shows itself every few seconds, whether it is asked otherwise or not, and is judged.

So a node that was away is used again once it has answered, one that fell behind is passed over, and a second block at
a height that we took is seen on whichever node shows it. On a chain with seals one that lies is named and never asked
again; what the validators themselves did wrong, and on a chain without seals every lie, stops everything.
"""

import threading
from typing import NoReturn

import structlog

from tallystick.client import Node, NodeError
from tallystick_gateway.acts.desk import desk_of
from tallystick_gateway.kit.gateway import Gateway

from . import repository
from .errors import BlockMissing, ChainDistrusted, NodeLied
from .headers import TakenBlock
from .identity import Chain, Standing
from .nodes import NodePool

__all__ = ["Witnesses", "evidence"]

_log = structlog.get_logger("watch")


class Witnesses:
    """One per gateway; safe between threads. `look` is its task; the watcher says in `standing` what it took."""

    def __init__(self, gateway: Gateway, pool: NodePool) -> None:
        self._gateway = gateway
        self._desk = desk_of(gateway)
        self._pool = pool
        self._chain: Chain | None = None
        self._stopped: ChainDistrusted | None = None
        self._lock = threading.Lock()
        self.standing = Standing()

    @property
    def stopped(self) -> ChainDistrusted | None:
        """Why nothing is believed any more, None while something is."""
        return self._stopped

    @property
    def chain(self) -> Chain:
        """The chain that was pinned. Raises `NotJoined`."""
        with self._lock:
            if self._chain is None:
                self._chain = Chain(self._desk.consortium)
            return self._chain

    def look(self) -> bool:
        """Look once at each node that is due. Raises the `ChainDistrusted` that stops everything."""
        if self._desk.joined:
            for node in self._pool.due():
                self.check(node)
        return False

    def one(self) -> Node:
        """The node to ask now, checked. Raises `NodeAway` if none will do, and as `look` does."""
        if node := self._pool.preferred():
            return node
        for node in self._pool.candidates():
            if self.check(node):
                return node
        raise self._pool.away()

    def check(self, node: Node) -> bool:
        """Have a node show that it serves our chain with the history we took; whether it may be asked now.

        Raises the `ChainDistrusted` that stops everything.
        """
        chain, standing = self.chain, self.standing
        try:
            if self._pool.is_admitted(node):
                head = chain.check_history(node, node.height(), standing, self.remembered)
            else:
                head = chain.check_node(node, standing, self.remembered)
        except (NodeError, BlockMissing) as why:
            self._pool.demote(node, why)
            return False
        except ChainDistrusted as lie:
            self.condemn(node, lie)
            return False
        self._pool.admit(node)
        self._pool.saw_head(node, head)
        return True

    def condemn(self, node: Node, lie: ChainDistrusted) -> None:
        """The node showed what cannot be. If it alone is to blame and there are others, it is never asked again.

        Otherwise raises `lie`, which stops everything.
        """
        told_apart = isinstance(lie, NodeLied) and self.chain.sealed
        if not (told_apart and isinstance(lie, NodeLied) and self._pool.distrust(node, lie, self._gateway.clock.now())):
            self.stop(lie)

    def stop(self, why: ChainDistrusted) -> NoReturn:
        """Believe nobody any more, sign nothing, say so. Raises `why`."""
        with self._lock:
            self._stopped = self._stopped or why
        self._desk.halt(why)
        _log.critical("the chain cannot be followed", code=why.code, detail=str(why), headers=evidence(why))
        raise why

    def remembered(self, height: int) -> TakenBlock | None:
        """What we took at a height, if we still know."""
        with self._gateway.database.read() as session:
            row = repository.block_at(session, height)
            return self.chain.taken(row.height, row.hash, row.time, row.header) if row else None


def evidence(why: ChainDistrusted) -> list[str]:
    """The headers that prove what validators did, as hex of their RLP; none where it is a node's doing."""
    headers = why.values.get("headers")
    return [header.hex() for header in headers] if isinstance(headers, list) else []
