"""Bringing the set that seals blocks to the set that members decided on: this gateway casts its own node's votes.

A decision changes the contract's set; blocks go on being sealed by the old one until more than half of the validators
have voted for the change in blocks that they proposed. So each gateway makes its own node vote for exactly the
difference, and withdraws every other vote it finds there: one that was done with, one that an operator cast by hand.
Looked at again every few seconds: a node forgets its votes when it restarts, and the engine those in blocks with each
of its epochs.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass

import structlog

from tallystick.client import Node
from tallystick.errors import TallystickError
from tallystick.keys import Address
from tallystick_gateway.acts.desk import desk_of
from tallystick_gateway.acts.signers import key_on_chain
from tallystick_gateway.kit.clock import rfc3339
from tallystick_gateway.kit.gateway import Gateway, Reason
from tallystick_gateway.kit.worker import Task
from tallystick_gateway.watch import repository as chain
from tallystick_gateway.watch.watcher import Watcher

from . import repository
from .errors import ValidatorNotOurs
from .validator_node import ValidatorNode

__all__ = ["Voter", "attach", "votes_wanted"]

_EVERY_S = 2.0
_TIMEOUT_S = 10.0
_FEWEST_VALIDATORS = 4
"""The contract keeps so many (Consortium.sol): a smaller set is one that we have not read whole yet."""
_REMEMBERED = 20
_log = structlog.get_logger("votes")

Votes = Mapping[Address, bool]
"""Address → True to let it in, False to drop it."""


def votes_wanted(sealing: Set[bytes], governed: Set[bytes]) -> dict[Address, bool]:
    """The votes that bring `sealing` to `governed`: first who is to come in, and once all are, who is to go.

    In this order a validator that is replaced never leaves fewer behind than governance wants.
    """
    if len(governed) < _FEWEST_VALIDATORS:
        return {}
    if missing := governed - sealing:
        return {Address(address): True for address in missing}
    return {Address(address): False for address in sealing - governed}


def attach(gateway: Gateway) -> None:
    """Add the task and its fact, where this member runs a validator."""
    url = gateway.config.validator_url
    if url is not None and "validator" not in gateway.keystore.public:
        voter = Voter(gateway, ValidatorNode(Node(url, timeout_s=_TIMEOUT_S)))
        gateway.facts["votes"] = voter.facts
        gateway.checks.append(voter.reason)
        gateway.worker.add([Task("members.vote", _EVERY_S, voter.step)])


@dataclass(frozen=True, slots=True)
class _Sets:
    """The chain's two sets as of the last checked block, and whose a validator key is."""

    sealing: frozenset[bytes]
    governed: frozenset[bytes]
    owner_of_node: bytes | None


class Voter:
    """One per gateway that has a validator node. `step` is its task, `facts` what `/v1/status` shows."""

    def __init__(self, gateway: Gateway, node: ValidatorNode) -> None:
        self._gateway = gateway
        self._node = node
        self._address: Address | None = None
        self._sealing = False
        self._asked: Votes = {}
        self._withdrawn: list[dict[str, str]] = []
        self._problem: TallystickError | None = None

    def step(self) -> bool:
        """Cast what is missing and withdraw what is not wanted; never more work at once.

        Does nothing while the watcher is behind or has stopped, or our validator is not on the chain yet.
        Raises `ValidatorNotOurs`, `MethodMissing` or a `NodeError`; the task tries again.
        """
        watcher = self._gateway.part(Watcher)
        if not watcher.joined or watcher.stopped is not None or not watcher.caught_up:
            return False
        try:
            self._vote()
        except TallystickError as problem:
            self._problem = problem
            raise
        self._problem = None
        return False

    def reason(self) -> Reason | None:
        """Why no votes are cast, for an operator to look into; everything else goes on."""
        problem = self._problem
        return Reason(problem.code, str(problem), problem.advice, blocking=False) if problem else None

    def facts(self) -> dict[str, object]:
        """The node, whether it seals now, what it asks for, and votes of another's making that were withdrawn."""
        problem = self._problem
        return {
            "node": self._node.url,
            "address": _hex(self._address) if self._address else None,
            "sealing": self._sealing,
            "asked": [{"address": _hex(address), "change": _change(add)} for address, add in self._asked.items()],
            "withdrawn": list(self._withdrawn),
            "problem": {"code": problem.code, "detail": str(problem), "advice": problem.advice} if problem else None,
        }

    def _vote(self) -> None:
        self._node.check_chain(desk_of(self._gateway).consortium.chain_id)
        self._address = address = self._node.address()
        sets = self._sets(address)
        if sets is None:
            return
        self._sealing = address in sets.sealing
        if not self._is_ours(address, sets.owner_of_node):
            return
        wanted = votes_wanted(sets.sealing, sets.governed) if self._sealing else {}
        standing = self._node.votes()
        for subject, add in standing.items():
            if wanted.get(subject) is not add:
                self._node.withdraw(subject)
                self._note_withdrawal(subject, add=add, governed=sets.governed)
        for subject, add in wanted.items():
            if standing.get(subject) is not add:
                self._node.vote(subject, add=add)
                _log.info("vote cast", validator=_hex(subject), change=_change(add))
        self._asked = wanted

    def _sets(self, own: Address) -> _Sets | None:
        """None before the contracts stand."""
        with self._gateway.database.read() as session:
            governed = chain.governed_set(session)
            key = repository.find_key(session, key_on_chain(own))
            if governed is None:
                return None
            owner = key.member if key and key.purpose == "VALIDATOR" else None
            return _Sets(frozenset(chain.sealing_set(session)), frozenset(governed), owner)

    def _is_ours(self, address: Address, owner: bytes | None) -> bool:
        """Whether the chain says so; False if the chain does not know it yet but our card does.

        Raises `ValidatorNotOurs`.
        """
        ours = self._gateway.config.member_id
        if owner == ours:
            return True
        consortium = desk_of(self._gateway).consortium
        if owner is None and consortium.member(ours).keys.validator == address:
            return False
        names = {card.member: card.name for card in consortium.members}
        whose = f"{names.get(owner, owner.hex())}'s validator" if owner else "no validator of this consortium"
        raise ValidatorNotOurs(
            f"The node at {self._node.url} seals as {_hex(address)}, {whose}: no votes are cast through it.",
            found=address,
            field="chain.validator",
        )

    def _note_withdrawal(self, subject: Address, *, add: bool, governed: frozenset[bytes]) -> None:
        """A vote that is done with is nothing to speak of; one that nobody decided on is."""
        if add == (subject in governed):
            _log.info("vote done with", validator=_hex(subject), change=_change(add))
            return
        _log.warning("vote withdrawn that no decision explains", validator=_hex(subject), change=_change(add))
        at = rfc3339(self._gateway.clock.now())
        note = {"address": _hex(subject), "change": _change(add), "at": at}
        self._withdrawn = [*self._withdrawn, note][-_REMEMBERED:]


def _hex(address: bytes) -> str:
    return f"0x{address.hex()}"


def _change(add: bool) -> str:  # the sign of a vote, as the engines have it
    return "ADD" if add else "REMOVE"
