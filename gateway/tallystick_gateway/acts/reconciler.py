"""Our nonces against the node's: on start and on a timer, upward and downward, with gaps filled.

Upward: the account has sent more than we remember (our database came from a backup): we go on after it. Downward: the
node has forgotten what it took: the stored bytes are handed over again. A nonce that nothing of ours stands at would
block all later ones for ever: a no-op, a transfer of nothing to ourselves, takes it.
"""

import structlog

from tallystick.client import Node
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
_log = structlog.get_logger("reconciler")


class Reconciler:
    """One per gateway and sender key. `step` is its task; nothing is packed before it has run once."""

    def __init__(self, gateway: Gateway, pool: NodePool, sender: Sender) -> None:
        self._gateway = gateway
        self._pool = pool
        self._sender = sender
        self._desk = desk_of(gateway)
        self._spent_before = 0
        """The account's nonce at the last comparison: what stands below it had time to be seen by the watcher."""

    def step(self) -> bool:
        """Compare and repair once. Raises `NodeAway` or a `NodeError` if no node answers."""
        if not self._desk.joined or not self._desk.may_sign:
            return False
        address = self._desk.sender_key.address
        with self._pool.admitted() as node:
            spent = node.nonce(address, "latest")
            self._raise_floor(address, spent)
            with self._gateway.database.read() as session:
                open_ = carrier_repository.open_carriers(session, ["stored", "accepted"], _AT_ONCE)
            self._settle_spent(node, [carrier for carrier in open_ if carrier.nonce < self._spent_before])
            self._spent_before = spent
            if any(carrier.state == "accepted" and carrier.nonce >= spent for carrier in open_):
                self._remind(open_, node.nonce(address, "pending"))
        self._fill_gaps(address, spent)
        return False

    def _raise_floor(self, address: bytes, spent: int) -> None:
        with self._gateway.database.read() as session:
            ours = carrier_repository.next_nonce(session, address)
        if ours is not None and ours >= spent:
            return
        if ours is not None:
            _log.warning("the account has sent more than we remember", ours=ours, node=spent)
        with self._gateway.database.write() as session:
            if (carrier_repository.next_nonce(session, address) or 0) <= spent:
                carrier_repository.set_next_nonce(session, address, spent)

    def _settle_spent(self, node: Node, carriers: list[CarrierLine]) -> None:
        """Open transactions whose nonces were spent a while ago: the watcher is late, or something else took them."""
        for carrier in carriers:
            self._sender.settle_nonce(node, carrier.sender, carrier.nonce)

    def _remind(self, carriers: list[CarrierLine], known: int) -> None:
        """What a node accepted and no longer has is handed over again: `known` is the first nonce it has nothing at."""
        forgotten = [carrier.id for carrier in carriers if carrier.state == "accepted" and carrier.nonce >= known]
        if forgotten:
            _log.warning("the node has forgotten transactions", count=len(forgotten))
            with self._gateway.database.write() as session:
                carrier_repository.mark_carriers(session, forgotten, state="stored")

    def _fill_gaps(self, address: bytes, spent: int) -> None:
        with self._gateway.database.read() as session:
            missing = _missing(session, address, spent)
        if not missing:
            return
        with self._gateway.database.write() as session:
            missing = _missing(session, address, spent)
            _log.warning("filling gaps in our nonces", nonces=missing)
            now = self._gateway.clock.now()
            for nonce in missing:
                store(session, self._desk, nonce, None, now)


def _missing(session: Session, address: bytes, spent: int) -> list[int]:
    """Nonces from the node's next up to ours at which nothing open stands, lowest first, not too many at once."""
    ours = carrier_repository.next_nonce(session, address)
    if ours is None or ours <= spent:
        return []
    taken = carrier_repository.open_nonces(session, address, spent)
    return [nonce for nonce in range(spent, min(ours, spent + _AT_ONCE)) if nonce not in taken]
