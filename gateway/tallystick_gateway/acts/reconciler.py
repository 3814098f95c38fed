"""Our nonces and bytes against what the nodes have: on start and on a timer, upward and downward, with gaps filled.

Upward: the account has sent more than we remember (our database came from a backup): we go on after it. Downward: a
node has forgotten what it took, or never heard of it: the stored bytes are handed over. Every node of ours is asked,
so that no single one can hold acts for ever: one that takes transactions and never puts them into a block (cut off
from the others, paused, its pool lost) is only slower than the next. A nonce that nothing of ours stands at would
block all later ones for ever: a no-op, a transfer of nothing to ourselves, takes it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from tallystick.client import Node, NodeError, NodeRefused
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.watch.nodes import NodePool

from . import carrier_repository
from .carrier_repository import CarrierLine
from .carriers import store
from .desk import desk_of
from .sender import Sender

__all__ = ["Reconciler"]

_AT_ONCE = 256
_NO_NONCE = 2**62
_ALL = 100_000
_log = structlog.get_logger("reconciler")


class Reconciler:
    """One per gateway and sender key. `step` is its task; nothing is packed before it has run once."""

    def __init__(self, gateway: Gateway, pool: NodePool, sender: Sender) -> None:
        self._gateway = gateway
        self._pool = pool
        self._handover = sender.handover
        self._desk = desk_of(gateway)
        self._spent_before = 0
        """The account's nonce at the last comparison: what stands below it had time to be seen by the watcher."""
        self._ours_before = 0
        """Our next nonce at the last comparison: what stands below it had time to reach every node."""

    def step(self) -> bool:
        """Compare and repair once. Raises `NodeAway` or a `NodeError` if no node answers."""
        if not self._desk.joined or not self._desk.may_sign:
            return False
        address = self._desk.sender_key.address
        with self._pool.admitted() as node:
            spent = node.nonce(address, "latest")
            self._raise_floor(address, spent)
            self._settle_spent(node, address, range(min(self._spent_before, spent)))
            self._spent_before = spent
        self._fill_gaps(address, spent)
        self._spread(address)
        return False

    def _raise_floor(self, address: bytes, spent: int) -> None:
        with self._gateway.database.read() as session:
            ours = carrier_repository.next_nonce(session, address)
        if ours is not None and ours >= spent:
            return
        spent = self._least_spent(address, spent)
        if ours is not None and ours < spent:
            _log.warning("the account has sent more than we remember", ours=ours, nodes=spent)
        with self._gateway.database.write() as session:
            if (carrier_repository.next_nonce(session, address) or 0) <= spent:
                carrier_repository.set_next_nonce(session, address, spent)

    def _least_spent(self, address: bytes, spent: int) -> int:
        """What no node that answers contradicts: a nonce too high would wait for ever."""
        for node in self._pool.due():
            with self._forgiving(node):
                spent = min(spent, node.nonce(address, "latest"))
        return spent

    @contextmanager
    def _forgiving(self, node: Node) -> Iterator[None]:
        """One node of several failed: it is left alone for a while, and the others are asked."""
        try:
            yield
        except NodeError as why:
            _log.info("a node gave no answer", node=node.url, code=why.code)
            if not isinstance(why, NodeRefused):
                self._pool.demote(node, why)

    def _settle_spent(self, node: Node, address: bytes, nonces: range) -> None:
        """Open transactions whose nonces were spent a while ago: the watcher is late, or something else took them."""
        if not self._unmined(nonces):
            return
        for carrier in self._unmined(range(self._least_spent(address, nonces.stop))):
            self._handover.settle_nonce(node, address, carrier.nonce)

    def _unmined(self, nonces: range) -> list[CarrierLine]:
        with self._gateway.database.read() as session:
            return carrier_repository.unmined(session, nonces, _AT_ONCE)

    # ── what some node lacks ──

    def _spread(self, address: bytes) -> None:
        """Hand every node what it lacks of all that waited at the last comparison already."""
        before, self._ours_before = self._ours_before, self._ours(address)
        if not self._unmined(range(before)):
            return
        for node in self._pool.due():
            with self._forgiving(node):
                self._hand_over(node, range(node.nonce(address, "pending"), before))

    def _hand_over(self, node: Node, lacking: range) -> None:
        with self._gateway.database.read() as session:
            waiting = carrier_repository.unmined_bytes(session, lacking, _AT_ONCE)
        if waiting:
            self._handover.offer(node, waiting)

    # ── gaps ──

    def _ours(self, address: bytes) -> int:
        with self._gateway.database.read() as session:
            return carrier_repository.next_nonce(session, address) or 0

    def _fill_gaps(self, address: bytes, spent: int) -> None:
        with self._gateway.database.read() as session:
            missing = _missing(session, address, spent)
        if not missing:
            return
        with self._gateway.database.write() as session:
            missing = _missing(session, address, spent)
            if len(missing) == _AT_ONCE:
                self._go_back(session, address, spent)
                return
            _log.warning("filling gaps in our nonces", nonces=missing)
            for nonce in missing:
                store(session, self._desk, nonce, [None], session.now)

    def _go_back(self, session: Session, address: bytes, spent: int) -> None:
        """Our nonces are far above the account's (a node had claimed too much): nothing of ours could ever be mined."""
        _log.warning(
            "our nonces ran away, going back", ours=carrier_repository.next_nonce(session, address), node=spent
        )
        for carrier in carrier_repository.unmined(session, range(spent, _NO_NONCE), _ALL):
            self._handover.abandon(session, carrier)
        carrier_repository.set_next_nonce(session, address, spent)


def _missing(session: Session, address: bytes, spent: int) -> list[int]:
    """Nonces from the node's next up to ours at which nothing open stands, lowest first, not too many at once."""
    ours = carrier_repository.next_nonce(session, address)
    if ours is None or ours <= spent:
        return []
    taken = carrier_repository.open_nonces(session, address, spent)
    return [nonce for nonce in range(spent, min(ours, spent + _AT_ONCE)) if nonce not in taken]
