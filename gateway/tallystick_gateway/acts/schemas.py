"""Submissions and their acts as clients see them."""

from typing import Any

from tallystick_gateway.kit.wire import AddressHex, Hex32, Instant, Wire

__all__ = ["ActOut", "StepOut", "SubmissionOut", "WaitingOut"]


class StepOut(Wire):
    """One step of an act: the state it took, when, after how many tries, and the last error of those."""

    state: str
    at: Instant
    attempt: int
    error: dict[str, Any] | None = None


class ActOut(Wire):
    """One signed act. `act_id` is the EIP-712 digest under which the contract records it."""

    act_id: Hex32
    kind: str
    contract: str
    contract_address: AddressHex
    subject: str
    state: str
    issued_at: Instant
    valid_until: Instant
    attempts: int
    height: int | None = None
    error: dict[str, Any] | None = None
    history: list[StepOut] | None = None


class WaitingOut(Wire):
    """What keeps a submission: a stable code, what is known, and what to do about it."""

    code: str
    detail: str
    advice: str


class SubmissionOut(Wire):
    """An accepted request and how far it is. `done` once every act has reached `goal` or ended.

    `state` is that of the least advanced act; once all are done, that of the worst end, else the goal. `waiting` says
    what keeps an open one, if anything out of the ordinary is known to.
    """

    id: str
    kind: str
    subject: str
    created_at: Instant
    total: int
    state: str
    done: bool
    goal: str
    counts: dict[str, int]
    waiting: WaitingOut | None = None
    error: dict[str, Any] | None = None
    """Why the first failed act failed, if any did."""
    acts: list[ActOut] | None = None
    """The act with its history, if there is only one; others are listed under `/v1/submissions/{id}/acts`."""
