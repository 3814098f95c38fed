"""Stored transactions handed to a node, and what its answers mean for them.

`broadcast` is said only on a node's yes. Handing the same bytes over again, to the same node or to another, is always
safe: a nonce is spent once, and the chain refuses a second identical act.
"""

from collections.abc import Mapping, Sequence

import structlog

from tallystick.client import Fault, Node, NodeError, NodeRefused
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway

from . import carrier_repository, repository
from .announcing import announce
from .carrier_repository import CarrierLine
from .ends import tell_ended
from .refusals import error_text
from .repository import ActLine
from .states import Facts, State

__all__ = ["MOST_FAILURES", "Handover"]

MOST_FAILURES = 5
"""So many transactions of an act may fail, none of its companions being to blame, before it is given up."""
_NEVER = frozenset({Fault.GAS_ABOVE_BLOCK, Fault.GAS_TOO_LOW, Fault.TRANSACTION_TOO_LARGE})
"""The node will not take these bytes, however often they are sent."""
_LATER = frozenset({Fault.NONCE_TOO_HIGH, Fault.POOL_FULL, Fault.REPLACEMENT_UNDERPRICED})
"""The next blocks make room, or show what else stands at the nonce."""
_OPEN = (State.SIGNED, State.BROADCAST)
_log = structlog.get_logger("handover")

Stored = Sequence[tuple[CarrierLine, bytes]]
"""Transactions with their bytes, lowest nonce first."""


class Handover:
    """One per gateway and sender key."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def give(self, node: Node, stored: Stored) -> bool:
        """Hand them to the gateway's node and carry out what follows; True if it took any.

        Raises a `NodeError` if the node is away, or refuses for a reason that the next block does not change.
        """
        answers = node.send_raw_batch([raw for _, raw in stored])
        refused: dict[int, NodeError] = {}
        for (carrier, _), answer in zip(stored, answers, strict=True):
            if isinstance(answer, NodeError) and _fault(answer) is not Fault.ALREADY_KNOWN:
                refused[carrier.id] = answer
        with self._gateway.database.write() as session:
            self._note_taken(session, [carrier for carrier, _ in stored if carrier.id not in refused])
            self._note_refused(session, [carrier for carrier, _ in stored if carrier.id in refused], refused)
        for carrier, _ in stored:
            if carrier.id in refused and _fault(refused[carrier.id]) is Fault.NONCE_TOO_LOW:
                self.settle_nonce(node, carrier.sender, carrier.nonce)
        for why in refused.values():
            if _fault(why) not in _NEVER | _LATER | {Fault.NONCE_TOO_LOW}:
                raise why
        return len(refused) < len(stored)

    def offer(self, node: Node, stored: Stored) -> None:
        """Hand them to a further node; its refusals mean nothing. Raises a `NodeError` if it is away."""
        answers = node.send_raw_batch([raw for _, raw in stored])
        taken = [carrier for (carrier, _), answer in zip(stored, answers, strict=True) if isinstance(answer, bytes)]
        if taken:
            _log.info("handed transactions to a node that lacked them", node=node.url, count=len(taken))
            with self._gateway.database.write() as session:
                self._note_taken(session, taken)

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
        unsettled = [carrier for carrier in candidates if carrier.state in {"stored", "accepted"}]
        with self._gateway.database.write() as session:
            self._note_taken(session, [carrier for carrier in unsettled if carrier.id in mined])
            for carrier in unsettled:
                if carrier.id not in mined:
                    self.abandon(session, carrier)

    def abandon(self, session: Session, carrier: CarrierLine) -> list[ActLine]:
        """The transaction will never be mined: its open acts, which it returns, go back to be packed anew."""
        carrier_repository.mark_carriers(session, [carrier.id], state="lost")
        lines = repository.acts_on(session, [carrier.id])
        back = [line for line in lines if line.state is State.BROADCAST]
        facts = Facts(valid_until=0, carrier_lost=True, signature_stored=True)
        repository.move(session, back, State.SIGNED, facts, session.now)
        released = [line._replace(state=State.SIGNED) for line in lines if line.state in _OPEN]
        repository.release(session, [line.id for line in released])
        return released

    def _note_taken(self, session: Session, carriers: Sequence[CarrierLine]) -> None:
        """A node has them, or had them and put them into a block."""
        ids = [carrier.id for carrier in carriers if carrier.state == "stored"]
        carrier_repository.mark_carriers(session, ids, state="accepted", last_error=None)
        lines = [line for line in repository.acts_on(session, ids) if line.state is State.SIGNED]
        repository.move(session, lines, State.BROADCAST, Facts(valid_until=0, node_accepted=True), session.now)

    def _note_refused(self, session: Session, carriers: Sequence[CarrierLine], why: Mapping[int, NodeError]) -> None:
        by_reason: dict[str, list[CarrierLine]] = {}
        for carrier in carriers:
            by_reason.setdefault(error_text(why[carrier.id].code, str(why[carrier.id])), []).append(carrier)
        for reason, same in by_reason.items():
            ids = [carrier.id for carrier in same]
            carrier_repository.note_refusal(session, ids, reason)
            repository.note_attempt(session, [line.id for line in repository.acts_on(session, ids)], reason)
        for carrier in carriers:
            if _fault(why[carrier.id]) in _NEVER:
                _log.warning("a transaction can never be taken", nonce=carrier.nonce, reason=str(why[carrier.id]))
                self._never(session, carrier, why[carrier.id])

    def _never(self, session: Session, carrier: CarrierLine, why: NodeError) -> None:
        """Pack its acts otherwise; give up those that no node takes in whatever parcel they come."""
        lines = self.abandon(session, carrier)
        repository.note_failures(session, [line.id for line in lines])
        self._give_up(session, [line for line in lines if line.failures + 1 >= MOST_FAILURES], why)

    def _give_up(self, session: Session, lines: Sequence[ActLine], why: NodeError) -> None:
        facts = Facts(valid_until=0, refusal=why.code)
        repository.move(session, lines, State.REJECTED, facts, session.now, error=error_text(why.code, str(why)))
        announce(session, session.now, lines, State.REJECTED)
        tell_ended(session, [line.id for line in lines])


def _fault(why: NodeError) -> Fault:
    return why.fault if isinstance(why, NodeRefused) else Fault.OTHER
