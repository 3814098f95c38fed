"""The sender: signs what was accepted early, packs signed acts into transactions, and hands these to a node.

Bytes and nonce are stored in one transaction, sent after it, and `broadcast` is said only on a node's yes. Whatever is
forgotten in between by a crash is sent again: the chain refuses a second identical act.
"""

from collections.abc import Callable, Sequence

import structlog

from tallystick.client import Fault, Node, NodeError, NodeRefused
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.watch.nodes import NodePool

from . import carrier_repository, repository
from .announcing import announce
from .carrier_repository import CarrierLine
from .carriers import Call, store
from .desk import desk_of
from .ends import tell_ended
from .errors import KeyNotValid
from .packing import MOST_ACTS, Waiting, pack
from .refusals import error_text
from .repository import ActLine, UnsignedAct
from .signers import require_valid_key
from .states import Facts, State

__all__ = ["Sender"]

_IN_FLIGHT = 128
"""Transactions stored or accepted and not yet in a block: several blocks' worth, so that no block waits for us."""
_BUSY = 8
"""With so many in flight only full parcels leave: the next block makes room, and fewer transactions carry more."""
_SIGNED_AT_ONCE = 2000
_SENT_AT_ONCE = 64
_MOST_ATTEMPTS = 5
_log = structlog.get_logger("sender")


class Sender:
    """One per gateway and sender key. `step` is its task."""

    def __init__(self, gateway: Gateway, pool: NodePool, block_gas: Callable[[], int | None]) -> None:
        self._gateway = gateway
        self._pool = pool
        self._desk = desk_of(gateway)
        self._block_gas = block_gas

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
            return carrier_repository.in_flight(session) > 0

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
            waiting = self._packable(session)
            if not waiting:
                return False
            room = _IN_FLIGHT - carrier_repository.in_flight(session)
            parcels = pack(waiting, room, self._block_gas())
            address = self._desk.sender_key.address
            nonce = carrier_repository.next_nonce(session, address)
            if nonce is None:
                return False
            now = self._gateway.clock.now()
            for each, parcel in enumerate(parcels, nonce):
                call = Call(parcel.contract, parcel.kind, parcel.calldata, parcel.gas, len(parcel.acts))
                carrier_id = store(session, self._desk, each, call, now)
                repository.assign_carriers(session, [act.id for act in parcel.acts], carrier_id)
            carrier_repository.set_next_nonce(session, address, nonce + len(parcels))
        return True

    def _packable(self, session: Session) -> list[Waiting]:
        """Signed acts without a transaction, as far as there is room for more in flight."""
        in_flight = carrier_repository.in_flight(session)
        room = _IN_FLIGHT - in_flight
        if room <= 0:
            return []
        waiting = [Waiting(*row) for row in repository.unpacked_acts(session, room * MOST_ACTS)]
        if in_flight >= _BUSY and len(waiting) < MOST_ACTS:
            return []
        return waiting

    # ── handing over ──

    def _broadcast(self) -> bool:
        with self._gateway.database.read() as session:
            stored = carrier_repository.stored_bytes(session, _SENT_AT_ONCE)
        if not stored:
            return False
        with self._pool.admitted() as node:
            answers = node.send_raw_batch([raw for _, raw in stored])
            self._note(node, [(carrier, answer) for (carrier, _), answer in zip(stored, answers, strict=True)])
        return len(stored) == _SENT_AT_ONCE

    def _note(self, node: Node, answers: Sequence[tuple[CarrierLine, bytes | NodeError]]) -> None:
        taken: list[int] = []
        failed: list[tuple[CarrierLine, NodeError]] = []
        for carrier, answer in answers:
            if isinstance(answer, bytes) or _fault(answer) is Fault.ALREADY_KNOWN:
                taken.append(carrier.id)
            else:
                failed.append((carrier, answer))
        now = self._gateway.clock.now()
        with self._gateway.database.write() as session:
            carrier_repository.mark_carriers(session, taken, state="accepted")
            lines = [line for line in repository.acts_on(session, taken) if line.state is State.SIGNED]
            repository.move(session, lines, State.BROADCAST, Facts(valid_until=0, node_accepted=True), now)
            for carrier, why in failed:
                self._note_failure(session, carrier, why)
        for carrier, why in failed:
            if _fault(why) is Fault.NONCE_TOO_LOW:
                self.settle_nonce(node, carrier.sender, carrier.nonce)
        others = [why for _, why in failed if _fault(why) is not Fault.NONCE_TOO_LOW and not _never(why)]
        if others:
            raise others[0]

    def _note_failure(self, session: Session, carrier: CarrierLine, why: NodeError) -> None:
        text = error_text(why.code, str(why))
        carrier_repository.note_carrier_attempt(session, carrier.id, text)
        lines = repository.acts_on(session, [carrier.id])
        repository.note_attempt(session, [line.id for line in lines], text)
        if _never(why):
            _log.warning("a transaction can never be taken", nonce=carrier.nonce, reason=str(why))
            self.abandon(session, carrier)
            self._give_up(session, [line for line in lines if line.attempts >= _MOST_ATTEMPTS], why)

    def _give_up(self, session: Session, lines: Sequence[ActLine], why: NodeError) -> None:
        """Acts that no node takes in whatever parcel they come."""
        open_ = [line._replace(state=State.SIGNED) for line in lines if line.state in (State.SIGNED, State.BROADCAST)]
        now = self._gateway.clock.now()
        facts = Facts(valid_until=0, refusal=why.code)
        repository.move(session, open_, State.REJECTED, facts, now, error=error_text(why.code, str(why)))
        announce(session, now, open_, State.REJECTED)
        tell_ended(session, [line.id for line in open_])

    def settle_nonce(self, node: Node, sender: bytes, nonce: int) -> None:
        """The node says this nonce is spent: find out by which of everything we ever signed at it, if any.

        What has a receipt is left to the watcher; the acts of what can never be mined any more are packed anew.
        """
        with self._gateway.database.read() as session:
            candidates = carrier_repository.carriers_at_nonce(session, sender, nonce)
        calls = [("eth_getTransactionReceipt", (f"0x{carrier.hash.hex()}",)) for carrier in candidates]
        receipts = node.batch(calls)
        for receipt in receipts:
            if isinstance(receipt, NodeError):
                raise receipt
        mined = {carrier.id for carrier, receipt in zip(candidates, receipts, strict=True) if receipt is not None}
        now = self._gateway.clock.now()
        with self._gateway.database.write() as session:
            for carrier in candidates:
                if carrier.state not in {"stored", "accepted"}:
                    continue
                if carrier.id in mined:
                    carrier_repository.mark_carriers(session, [carrier.id], state="accepted")
                    lines = [x for x in repository.acts_on(session, [carrier.id]) if x.state is State.SIGNED]
                    repository.move(session, lines, State.BROADCAST, Facts(valid_until=0, node_accepted=True), now)
                else:
                    self.abandon(session, carrier)

    def abandon(self, session: Session, carrier: CarrierLine) -> None:
        """The transaction will never be mined: its open acts go back to be packed anew."""
        carrier_repository.mark_carriers(session, [carrier.id], state="lost")
        lines = repository.acts_on(session, [carrier.id])
        back = [line for line in lines if line.state is State.BROADCAST]
        facts = Facts(valid_until=0, carrier_lost=True, signature_stored=True)
        repository.move(session, back, State.SIGNED, facts, self._gateway.clock.now())
        again = [line.id for line in lines if line.state in (State.BROADCAST, State.SIGNED)]
        repository.assign_carriers(session, again, None)


_NEVER = frozenset({Fault.GAS_ABOVE_BLOCK, Fault.GAS_TOO_LOW, Fault.TRANSACTION_TOO_LARGE})


def _fault(why: NodeError) -> Fault:
    return why.fault if isinstance(why, NodeRefused) else Fault.OTHER


def _never(why: NodeError) -> bool:
    """The node will not take these bytes, however often they are sent."""
    return _fault(why) in _NEVER
