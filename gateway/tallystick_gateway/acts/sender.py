"""The sender: signs what was accepted early, packs signed acts into transactions, and hands these to a node.

Bytes and nonce are stored in one transaction, sent after it, and `broadcast` is said only on a node's yes. Whatever is
forgotten in between by a crash is sent again: the chain refuses a second identical act.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.watch.nodes import NodePool

from . import carrier_repository, repository
from .announcing import announce
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
_LEAST_GAS = 50_000
"""What an act takes at least, as `packing` declares it."""
_SENT_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Room:
    """What may still set out: so many transactions, declaring so much gas; None while no block was seen.

    `busy`: enough is on its way already, so that what sets out should be full.
    """

    transactions: int
    gas: int | None
    block_gas: int | None
    busy: bool

    def __bool__(self) -> bool:
        return self.transactions > 0 and not (self.busy and self.gas is not None and self.gas <= 0)

    def acts(self, most_acts: int) -> int:
        """How many acts it takes to fill it, or a few more; not too many at once."""
        most = min(_PACKED_AT_ONCE, self.transactions * most_acts)
        return most if self.gas is None else min(most, max(self.gas // _LEAST_GAS, most_acts))

    def fill(self, parcels: Sequence[Parcel]) -> list[Parcel]:
        """As many of the first of them as there is gas for; one in any case."""
        chosen: list[Parcel] = []
        left = self.gas
        for parcel in parcels:
            if left is not None:
                left -= parcel.gas
                if left < 0 and chosen:
                    break
            chosen.append(parcel)
        return chosen


class Sender:
    """One per gateway and sender key. `step` is its task."""

    def __init__(self, gateway: Gateway, pool: NodePool, block_gas: Callable[[], int | None]) -> None:
        self._gateway = gateway
        self._pool = pool
        self._desk = desk_of(gateway)
        self._block_gas = block_gas
        self._most_acts = gateway.config.settings.chain.acts_per_transaction
        self._changed = threading.Event()
        self._changed.set()
        self._waits = False
        gateway.database.on_commit(self._changed.set)
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
        """Whether something of ours is on its way to a block. Asked often: looks only after something was written."""
        if self._changed.is_set():
            self._changed.clear()
            with self._gateway.database.read() as session:
                self._waits = carrier_repository.in_flight(session).transactions > 0
        return self._waits

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
            room = self._room(session)
            waiting = repository.count_unpacked(session, self._most_acts) if room else 0
            if not waiting or (room.busy and waiting < self._most_acts):
                return False
        with self._gateway.database.write() as session:
            room = self._room(session)
            waits = [Waiting(*row) for row in repository.unpacked_acts(session, room.acts(self._most_acts))]
            parcels = room.fill(pack(waits, room.transactions, room.block_gas, self._most_acts))
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

    def _room(self, session: Session) -> Room:
        in_flight, block_gas = carrier_repository.in_flight(session), self._block_gas()
        gas = None if block_gas is None else _BLOCKS_IN_FLIGHT * block_gas - in_flight.gas
        return Room(_IN_FLIGHT - in_flight.transactions, gas, block_gas, in_flight.transactions >= _BUSY)

    # ── handing over ──

    def _broadcast(self) -> bool:
        with self._gateway.database.read() as session:
            stored = carrier_repository.stored_bytes(session, _SENT_AT_ONCE)
        if not stored:
            return False
        with self._pool.admitted() as node:
            took_any = self.handover.give(node, stored)
        return took_any and len(stored) == _SENT_AT_ONCE
