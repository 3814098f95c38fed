"""The sender: signs what was accepted early, packs signed acts into transactions, and hands these to a node.

Bytes and nonce are stored in one transaction, sent after it, and `broadcast` is said only on a node's yes. Whatever is
forgotten in between by a crash is sent again: the chain refuses a second identical act.
"""

from collections.abc import Callable, Sequence

from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.watch.nodes import NodePool

from . import carrier_repository, repository
from .announcing import announce
from .carrier_repository import InFlight
from .carriers import Call, store
from .desk import desk_of
from .ends import tell_ended
from .errors import KeyNotValid
from .handover import Handover
from .packing import Parcel, Waiting, pack
from .refusals import error_text
from .repository import ActLine, UnsignedAct
from .signers import require_valid_key
from .states import Facts, State

__all__ = ["Sender"]

_IN_FLIGHT = 1024
"""Transactions stored or accepted and not yet in a block, at most."""
_BLOCKS_IN_FLIGHT = 4
"""So many blocks' worth of gas is on its way, so that no block waits for us."""
_BUSY = 8
"""With so many in flight only full parcels leave: the next block makes room, and fewer transactions carry more."""
_SIGNED_AT_ONCE = 2000
_PACKED_AT_ONCE = 2000
_SENT_AT_ONCE = 256


class Sender:
    """One per gateway and sender key. `step` is its task."""

    def __init__(self, gateway: Gateway, pool: NodePool, block_gas: Callable[[], int | None]) -> None:
        self._gateway = gateway
        self._pool = pool
        self._desk = desk_of(gateway)
        self._block_gas = block_gas
        self._most_acts = gateway.config.settings.chain.acts_per_transaction
        self.handover = Handover(gateway)

    def step(self) -> bool:
        """Sign, pack and send what waits; True if more is waiting.

        Raises `NodeAway` or a `NodeError` if no node takes it (tried again), or what the watcher stopped for.
        """
        if not self._desk.joined or not self._desk.may_sign:
            return False
        signed = self._sign_received()
        packed = self._pack()
        sent = self._broadcast()
        return signed or packed or sent

    def waits_for_blocks(self) -> bool:
        """Whether something of ours is on its way to a block."""
        with self._gateway.database.read() as session:
            return carrier_repository.in_flight(session).transactions > 0

    # ── signing what was accepted before a node was seen ──

    def _sign_received(self) -> bool:
        with self._gateway.database.read() as session:
            if not repository.unsigned_acts(session, 1):
                return False
        with self._gateway.database.write() as session:
            waiting = repository.unsigned_acts(session, _SIGNED_AT_ONCE)
            for by_recovery in {row.by_recovery for row in waiting}:
                self._sign(session, [row for row in waiting if row.by_recovery is by_recovery], by_recovery)
        return len(waiting) == _SIGNED_AT_ONCE

    def _sign(self, session: Session, waiting: Sequence[UnsignedAct], by_recovery: bool) -> None:
        key = self._desk.recovery_key if by_recovery else self._desk.act_key
        now = self._gateway.clock.now()
        lines = [ActLine(act.id, State.RECEIVED, act.submission_id, act.valid_until) for act in waiting]
        try:
            require_valid_key(session, self._desk, key, now)
        except KeyNotValid as refused:
            reason = error_text(refused.code, str(refused), **refused.values)
            facts = Facts(valid_until=0, refusal=refused.code)
            repository.move(session, lines, State.REJECTED, facts, now, error=reason)
            announce(session, now, lines, State.REJECTED)
            tell_ended(session, [line.id for line in lines])
            return
        repository.store_signatures(session, [(act.id, key.sign_digest(act.act_id)) for act in waiting])
        repository.move(session, lines, State.SIGNED, Facts(valid_until=0, signature_stored=True), now)

    # ── packing ──

    def _pack(self) -> bool:
        with self._gateway.database.read() as session:
            if not self._packable(session):
                return False
        with self._gateway.database.write() as session:
            in_flight = carrier_repository.in_flight(session)
            block_gas = self._block_gas()
            parcels = pack(self._packable(session), _IN_FLIGHT - in_flight.transactions, block_gas, self._most_acts)
            parcels = _affordable(parcels, in_flight, block_gas)
            address = self._desk.sender_key.address
            nonce = carrier_repository.next_nonce(session, address)
            if nonce is None or not parcels:
                return False
            calls = [Call(each.contract, each.kind, each.calldata, each.gas, len(each.acts)) for each in parcels]
            carrier_ids = store(session, self._desk, nonce, calls, session.now)
            carried = zip(parcels, carrier_ids, strict=True)
            repository.assign_carriers(session, [(act.id, id_) for parcel, id_ in carried for act in parcel.acts])
            carrier_repository.set_next_nonce(session, address, nonce + len(parcels))
        return True

    def _packable(self, session: Session) -> list[Waiting]:
        """Signed acts without a transaction, as far as there is room for more in flight."""
        in_flight = carrier_repository.in_flight(session).transactions
        if in_flight >= _IN_FLIGHT:
            return []
        waiting = [Waiting(*row) for row in repository.unpacked_acts(session, _PACKED_AT_ONCE)]
        if in_flight >= _BUSY and len(waiting) < self._most_acts:
            return []
        return waiting

    # ── handing over ──

    def _broadcast(self) -> bool:
        with self._gateway.database.read() as session:
            stored = carrier_repository.stored_bytes(session, _SENT_AT_ONCE)
        if not stored:
            return False
        with self._pool.admitted() as node:
            took_any = self.handover.give(node, stored)
        return took_any and len(stored) == _SENT_AT_ONCE


def _affordable(parcels: Sequence[Parcel], in_flight: InFlight, block_gas: int | None) -> list[Parcel]:
    """As many of the first of them as keep a few blocks busy."""
    left = None if block_gas is None else _BLOCKS_IN_FLIGHT * block_gas - in_flight.gas
    chosen: list[Parcel] = []
    for parcel in parcels:
        if left is not None:
            left -= parcel.gas
            if left < 0 and in_flight.transactions + len(chosen) >= _BUSY:
                break
        chosen.append(parcel)
    return chosen
