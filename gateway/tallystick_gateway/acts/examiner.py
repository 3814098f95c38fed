"""When a transaction reverts: find the acts that are to blame, reject only those, and let the others go again.

A batch is all or nothing, so one act that the contract refuses takes up to ninety-nine with it. Each act is tried by
itself; if all pass alone, they fail together (a limit that only their sum exceeds), and bisection finds the first one
that does not fit any more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from tallystick.client import Node, NodeRefused
from tallystick.client.errors import ContractRefused, decode_revert
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.watch.calls import eth_calls
from tallystick_gateway.watch.nodes import NodePool

from . import carrier_repository, repository
from .announcing import announce
from .carrier_repository import CarrierLine
from .desk import desk_of
from .ends import tell_ended
from .handover import MOST_FAILURES
from .packing import calldata_of
from .refusals import error_text
from .repository import ActLine, CarriedAct
from .states import Facts, State

__all__ = ["Examiner", "Verdict"]

_AT_ONCE = 64
_TRY_AGAIN = frozenset({"IssuedInFuture"})
"""Refusals that pass with time."""
_log = structlog.get_logger("examiner")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the contract says now of the acts of one transaction: guilty ones with the reason, the others go again."""

    guilty: tuple[tuple[CarriedAct, ContractRefused], ...]
    innocent: tuple[CarriedAct, ...]


class Examiner:
    """One per gateway. `step` is its task: it looks at transactions that a checked block shows as reverted."""

    def __init__(self, gateway: Gateway, pool: NodePool) -> None:
        self._gateway = gateway
        self._pool = pool
        self._desk = desk_of(gateway)

    def step(self) -> bool:
        """Examine the reverted transaction of the lowest nonce; True if there are more."""
        with self._gateway.database.read() as session:
            reverted = carrier_repository.open_carriers(session, ["reverted"], _AT_ONCE)
            if not reverted:
                return False
            first = reverted[0]
            items = repository.items_of(session, first.id)
        verdict = Verdict((), ())
        if items:
            with self._pool.admitted() as node:
                verdict = self.examine(node, items)
        with self._gateway.database.write() as session:
            self._carry_out(session, first, verdict)
            if verdict.innocent:
                self._send_again_behind(session, first, reverted[1:])
        return len(reverted) > 1

    def examine(self, node: Node, items: Sequence[CarriedAct]) -> Verdict:
        """Ask the node, as of its latest block, which of these acts the contract would refuse. Raises `NodeError`."""
        if self._refusal_of(node, items) is None:
            return Verdict((), tuple(items))
        alone = self._refusals_alone(node, items)
        guilty = [(item, refusal) for item, refusal in zip(items, alone, strict=True) if refusal]
        rest = [item for item, refusal in zip(items, alone, strict=True) if not refusal]
        while rest and (refusal := self._refusal_of(node, rest)) is not None:
            index, refusal = self._first_misfit(node, rest, refusal)
            guilty.append((rest.pop(index), refusal))
        return Verdict(tuple(guilty), tuple(rest))

    def _first_misfit(
        self, node: Node, items: Sequence[CarriedAct], refusal: ContractRefused
    ) -> tuple[int, ContractRefused]:
        """The least k for which the first k + 1 acts are refused together, by bisection."""
        passing, failing = 0, len(items)
        while failing - passing > 1:
            middle = (passing + failing) // 2
            found = self._refusal_of(node, items[:middle])
            if found is None:
                passing = middle
            else:
                failing, refusal = middle, found
        return failing - 1, refusal

    def _refusal_of(self, node: Node, items: Sequence[CarriedAct]) -> ContractRefused | None:
        """Why the contract would refuse these acts together, None if it would not."""
        return self._refusals(node, [items])[0]

    def _refusals_alone(self, node: Node, items: Sequence[CarriedAct]) -> list[ContractRefused | None]:
        return self._refusals(node, [[item] for item in items])

    def _refusals(self, node: Node, batches: Sequence[Sequence[CarriedAct]]) -> list[ContractRefused | None]:
        requests = [
            (
                self._desk.consortium.contract(items[0].contract).address,
                calldata_of(items[0].contract, items[0].kind, items),
            )
            for items in batches
        ]
        answers = eth_calls(node, requests, self._desk.sender_key.address)
        return [decode_revert(x.revert_data) if isinstance(x, NodeRefused) else None for x in answers]

    def _carry_out(self, session: Session, carrier: CarrierLine, verdict: Verdict) -> None:
        carrier_repository.mark_carriers(session, [carrier.id], state="examined")
        again = list(verdict.innocent)
        failing: list[CarriedAct] = []
        if len(again) == carrier.items:
            again, failing = [], again
        for item, refusal in verdict.guilty:
            if refusal.name == "AlreadyRecorded" and refusal.values.get("actId") == item.act_id:
                # The chain has it: the watcher will see its event, here or in an earlier block.
                repository.release(session, [item.id])
                self._leave_to_watcher(session, item)
            elif refusal.name in _TRY_AGAIN:
                failing.append(item)
            else:
                self._reject(session, item, refusal.code, str(refusal), refusal.values)
        self._note_failing(session, failing)
        self._send_again(session, again)
        _log.info(
            "examined a reverted transaction",
            nonce=carrier.nonce,
            guilty=[refusal.name for _, refusal in verdict.guilty],
            again=len(again),
            failing=len(failing),
        )

    def _note_failing(self, session: Session, items: Sequence[CarriedAct]) -> None:
        """Acts whose transaction failed though none of them is refused now: it lacked gas, or time has to pass."""
        repository.note_failures(session, [item.id for item in items])
        self._send_again(session, [item for item in items if item.failures + 1 < MOST_FAILURES])
        for item in items:
            if item.failures + 1 >= MOST_FAILURES:
                self._reject(session, item, "acts.kept_failing", "The transaction reverted again and again.", {})

    def _send_again_behind(self, session: Session, first: CarrierLine, later: Sequence[CarrierLine]) -> None:
        """What reverted behind acts of the same kind that now go again may have failed for want of them alone."""
        for carrier in later:
            if (carrier.contract, carrier.kind) == (first.contract, first.kind):
                carrier_repository.mark_carriers(session, [carrier.id], state="examined")
                self._send_again(session, repository.items_of(session, carrier.id))

    def _send_again(self, session: Session, items: Sequence[CarriedAct]) -> None:
        ids = [item.id for item in items]
        lines = [_line(item) for item in items if item.state == State.BROADCAST]
        facts = Facts(valid_until=0, carrier_lost=True, signature_stored=True)
        repository.move(session, lines, State.SIGNED, facts, session.now)
        repository.release(session, ids)
        repository.note_attempt(session, ids, error_text("acts.carrier_reverted", "Its transaction reverted."))

    def _leave_to_watcher(self, session: Session, item: CarriedAct) -> None:
        if item.state == State.SIGNED:
            facts = Facts(valid_until=0, node_accepted=True)
            repository.move(session, [_line(item)], State.BROADCAST, facts, session.now)

    def _reject(self, session: Session, item: CarriedAct, code: str, detail: str, values: Mapping[str, object]) -> None:
        now = session.now
        reason = error_text(code, detail, **values)
        lines = [_line(item)]
        repository.move(session, lines, State.REJECTED, Facts(valid_until=0, refusal=code), now, error=reason)
        repository.release(session, [item.id])
        announce(session, now, lines, State.REJECTED)
        tell_ended(session, [item.id])


def _line(item: CarriedAct) -> ActLine:
    return ActLine(item.id, State(item.state), item.submission_id, item.valid_until)
