"""The door of the outbox: what is accepted here is signed, stored, sent until recorded, and followed to its end."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import event

import tallystick.acts
from tallystick.acts import Act, act_id, act_types
from tallystick.pseudonyms import act_ref
from tallystick_gateway.kit.clock import as_unix
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway

from . import repository
from .abi import encode_act
from .desk import Desk, desk_of
from .errors import AlreadyRequested, SubmissionUnknown, ValidityTooLong
from .signers import require_valid_key
from .states import State, is_done

__all__ = ["Draft", "Enqueued", "SubmissionState", "count_of_kind", "enqueue", "reference", "submission_state"]

_LONGEST_VALIDITY_S = 24 * 3600
"""What the gateway asks for by itself, even where the contract allows more: a leaked signature ages quickly."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An act without its common prefix: what is to be said, and the business fact that it stands for.

    `values` are the act's own fields as in `tallystick.acts`; `business_id` as `acts.json` words it; `ref_secret` the
    agreement's secret where the fact belongs to an agreement, else None for the member's own; `contract` is only for
    acts that every contract takes (CoSign, Cancel); `by_recovery` signs with the RECOVERY key;
    `companion` is what the function takes between act and signature (Cancel: the encoded act to burn).
    """

    kind: str
    values: Mapping[str, object]
    business_id: str
    subject: str
    ref_secret: bytes | None = field(default=None, repr=False)
    contract: str | None = None
    by_recovery: bool = False
    companion: bytes | None = None


@dataclass(frozen=True, slots=True)
class Enqueued:
    """An accepted request: follow `submission_id`; `act_ids` in the order of the drafts."""

    submission_id: str
    act_ids: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class SubmissionState:
    """Where a submission is: the state of its least advanced act, or of its worst end once all have ended."""

    state: State
    done: bool
    counts: Mapping[State, int]


def reference(desk: Desk, draft: Draft) -> bytes:
    """The `ref` of the draft's business fact: the same fact always gives the same."""
    return act_ref(draft.ref_secret or desk.ref_secret, draft.kind, draft.business_id)


def enqueue(
    session: Session, gateway: Gateway, drafts: Sequence[Draft], *, subject: str, valid_for: timedelta | None = None
) -> Enqueued:
    """Fix times and references of one or many acts of one kind, sign and store them in the caller's transaction.

    The acts are `signed`, or `received` while no node of the right chain was seen since start (signed later, under the
    same ids). Raises `NotJoined`, `AlreadyRequested`, `KeyNotValid`, `ValidityTooLong`, `ClockSkewed`, or what the
    watcher stopped for; nothing is stored then.
    """
    desk = desk_of(gateway)
    now = gateway.clock.now()
    kind = _one_kind(drafts)
    acts = _complete(session.owner, desk, drafts, as_unix(now), _validity_s(kind, valid_for))
    refs = [act.ref for act in acts]
    if earlier := repository.earlier_requests(session, kind, refs):
        raise _already(drafts, refs, earlier)
    contract = _contract(drafts[0])
    domain = desk.domain(contract)
    ids = tuple(act_id(act, domain) for act in acts)
    key = desk.recovery_key if drafts[0].by_recovery else desk.act_key
    sign = require_valid_key(session, desk, key, now)
    submission_id = secrets.token_hex(16)
    repository.add_submission(session, submission_id, kind, subject, len(acts), now)
    rows: list[dict[str, object]] = [
        {
            "submission_id": submission_id,
            "act_id": id_,
            "kind": kind,
            "ref": act.ref,
            "contract": contract,
            "subject": draft.subject,
            "encoded": encode_act(act),
            "companion": draft.companion,
            "signature": key.sign_digest(id_) if sign else None,
            "issued_at": act.issued_at,
            "valid_until": act.valid_until,
            "state": State.SIGNED if sign else State.RECEIVED,
            "attempts": 0,
            "by_recovery": draft.by_recovery,
        }
        for act, id_, draft in zip(acts, ids, drafts, strict=True)
    ]
    repository.add_acts(session, rows, submission_id, now)
    event.listen(session, "after_commit", lambda _session: gateway.worker.nudge("acts.send"), once=True)
    return Enqueued(submission_id, ids)


def count_of_kind(session: Session, kind: str) -> int:
    """How many acts of this kind were requested here and have not failed."""
    return repository.count_of_kind(session, kind)


def submission_state(session: Session, gateway: Gateway, submission_id: str) -> SubmissionState:
    """Where the submission is now. Raises `SubmissionUnknown`."""
    if repository.find_submission(session, submission_id) is None:
        raise SubmissionUnknown(f"There is no submission {submission_id}.", submission_id=submission_id)
    return summary(repository.counts_by_state(session, [submission_id])[submission_id], desk_of(gateway).goal)


_PROGRESS = (
    State.RECEIVED,
    State.SIGNED,
    State.BROADCAST,
    State.INCLUDED,
    State.REJECTED,
    State.EXPIRED,
    State.CANCELLED,
    State.FINAL,
)


def summary(counts: Mapping[State, int], goal: State) -> SubmissionState:
    """One state for many acts: what is still under way comes first, then what failed, then what succeeded."""
    pending = [state for state in _PROGRESS if state in counts and not is_done(state, goal)]
    ended = [state for state in (State.REJECTED, State.EXPIRED, State.CANCELLED) if state in counts]
    reached = [state for state in (State.INCLUDED, State.FINAL) if state in counts]
    return SubmissionState((pending + ended + reached)[0], not pending, dict(counts))


def _one_kind(drafts: Sequence[Draft]) -> str:
    kinds = {(draft.kind, draft.contract, draft.by_recovery) for draft in drafts}
    if len(kinds) != 1:
        raise ValueError("a submission has one or more acts of one kind")
    return drafts[0].kind


def _contract(draft: Draft) -> str:
    named = act_types()[draft.kind].contract
    if named != "*":
        return named
    if draft.contract is None:
        raise ValueError(f"{draft.kind} needs the name of its contract")
    return draft.contract


def _validity_s(kind: str, valid_for: timedelta | None) -> int:
    longest = act_types()[kind].longest_validity_s
    if valid_for is None:
        return min(longest, _LONGEST_VALIDITY_S)
    asked = int(valid_for.total_seconds())
    if not 0 < asked <= longest:
        raise ValidityTooLong(
            f"{kind} may be valid for 1 to {longest} seconds, not {asked}.", field="valid_for_s", longest_s=longest
        )
    return asked


def _complete(member: bytes, desk: Desk, drafts: Sequence[Draft], issued_at: int, validity_s: int) -> list[Act]:
    make: Callable[..., Act] = getattr(tallystick.acts, drafts[0].kind)
    prefix: dict[str, Any] = {"member": member, "issued_at": issued_at, "valid_until": issued_at + validity_s}
    return [make(ref=reference(desk, draft), **prefix, **draft.values) for draft in drafts]


def _already(drafts: Sequence[Draft], refs: Sequence[bytes], earlier: Mapping[bytes, str]) -> AlreadyRequested:
    index = next(index for index, ref in enumerate(refs) if ref in earlier)
    submission_id = earlier[refs[index]]
    return AlreadyRequested(
        f"{drafts[index].subject} was requested before, in submission {submission_id}.",
        submission_id=submission_id,
        subject=drafts[index].subject,
        index=index,
    )
