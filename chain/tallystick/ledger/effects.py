"""What the execution of each change brings about: the events due, by `Governance.sol` `_apply`.

The values come from the proposal and the state before it; whether they are allowed is checked where each event is
booked.
"""

from collections.abc import Callable, Mapping
from typing import Final

from .books import CONSORTIUM, CONSORTIUM_NAME, NO_ADDRESS, Books, Due
from .codes import Change, KeyPurpose, MemberState
from .errors import Rule, broken
from .event import Event
from .facts import (
    CompromiseReported,
    ContractRegistered,
    DelayChanged,
    Fact,
    KeyAdded,
    KeyRevocationRecorded,
    MemberAdmitted,
    MemberStateChanged,
    RolesChanged,
    ThresholdChanged,
)
from .state import Proposal

__all__ = ["effects_of"]

REASON_EXPELLED: Final = b"expelled".ljust(32, b"\0")
_LARGEST_INSTANT: Final = (1 << 64) - 1

_Words = tuple[bytes, ...]
_Effects = Callable[[Books, _Words, Event], list[Due]]


def effects_of(books: Books, proposal: Proposal, event: Event) -> list[Due]:
    """The events that carry the decided change out, in order. Raises `ReplayBroken` where there can be none."""
    payload = proposal.payload
    words = tuple(payload[start : start + 32] for start in range(0, len(payload), 32))
    due = _EFFECTS[proposal.change](books, words, event)
    return [Due(CONSORTIUM, item.kind, {"act_id": proposal.proposal, **item.values}) for item in due]


def _due(kind: type[Fact], **values: object) -> Due:
    return Due(CONSORTIUM, kind, values)


def _admit(books: Books, words: _Words, event: Event) -> list[Due]:
    member, roles, certificate, recovery, start, end = words
    admitted = _due(
        MemberAdmitted,
        member=member,
        roles=int.from_bytes(roles),
        index=len(books.members),
        certificate=certificate,
    )
    return [admitted, _governed_key(member, KeyPurpose.RECOVERY, recovery, start, end, event)]


def _suspend(books: Books, words: _Words, event: Event) -> list[Due]:
    return [_state_change(books, words[0], MemberState.ACTIVE, MemberState.SUSPENDED, words[1], event)]


def _reinstate(books: Books, words: _Words, event: Event) -> list[Due]:
    return [_state_change(books, words[0], MemberState.SUSPENDED, MemberState.ACTIVE, words[1], event)]


def _expel(books: Books, words: _Words, event: Event) -> list[Due]:
    member, reason = words
    previous = _not_expelled(books, member, event)
    changed = _state_change(books, member, previous, MemberState.EXPELLED, reason, event)
    dropped = [
        _governed_end(member, KeyPurpose.VALIDATOR, key, REASON_EXPELLED, event)
        for key in reversed(books.validators)
        if books.keys[key].member == member
    ]
    return [changed, *dropped]


def _set_roles(books: Books, words: _Words, event: Event) -> list[Due]:
    member, roles = words
    _not_expelled(books, member, event)
    return [
        _due(
            RolesChanged,
            member=member,
            previous_roles=books.members[member].roles,
            roles=int.from_bytes(roles),
        )
    ]


def _add_validator(books: Books, words: _Words, event: Event) -> list[Due]:
    member, key, start, end = words
    _not_expelled(books, member, event)
    return [_governed_key(member, KeyPurpose.VALIDATOR, key, start, end, event)]


def _remove_validator(_books: Books, words: _Words, event: Event) -> list[Due]:
    member, key, reason = words
    return [_governed_end(member, KeyPurpose.VALIDATOR, key, reason, event)]


def _set_threshold(books: Books, words: _Words, _event: Event) -> list[Due]:
    return [_due(ThresholdChanged, previous_threshold=books.threshold, threshold=int.from_bytes(words[0]))]


def _set_delay(books: Books, words: _Words, _event: Event) -> list[Due]:
    return [_due(DelayChanged, previous_delay=books.delay, delay=int.from_bytes(words[0]))]


def _set_contract(_books: Books, words: _Words, event: Event) -> list[Due]:
    name, deployed, code_hash = words
    if name == CONSORTIUM_NAME or any(deployed[:12]):
        raise broken(event, Rule.DIRECTORY, "the Consortium is fixed, and contracts have addresses")
    return [_due(ContractRegistered, name=name, deployed=deployed[12:], code_hash=code_hash)]


def _backdate_compromise(_books: Books, words: _Words, event: Event) -> list[Due]:
    member, purpose, key, since, reason = words
    if int.from_bytes(purpose) not in set(KeyPurpose):
        raise broken(event, Rule.PROPOSAL, f"{int.from_bytes(purpose)} is no purpose")
    return [
        _due(
            CompromiseReported,
            member=member,
            signer=NO_ADDRESS,
            purpose=KeyPurpose(int.from_bytes(purpose)),
            key=key,
            since=_instant(since) or 1,
            reason=reason,
        )
    ]


def _replace_recovery(books: Books, words: _Words, event: Event) -> list[Due]:
    member, old, new, start, end, reason = words
    _not_expelled(books, member, event)
    due = []
    if any(old):
        due.append(_governed_end(member, KeyPurpose.RECOVERY, old, reason, event))
    if any(new):
        due.append(_governed_key(member, KeyPurpose.RECOVERY, new, start, end, event))
    return due


def _state_change(
    books: Books, member: bytes, previous: MemberState, state: MemberState, reason: bytes, event: Event
) -> Due:
    books.known(event, member)
    return _due(MemberStateChanged, member=member, previous=previous, state=state, reason=reason, epoch=books.epoch + 1)


def _governed_key(member: bytes, purpose: KeyPurpose, key: bytes, start: bytes, end: bytes, event: Event) -> Due:
    return _due(
        KeyAdded,
        key=key,
        member=member,
        signer=NO_ADDRESS,
        purpose=purpose,
        not_before=max(_instant(start), event.block_time),
        not_after=_instant(end),
    )


def _governed_end(member: bytes, purpose: KeyPurpose, key: bytes, reason: bytes, event: Event) -> Due:
    return _due(
        KeyRevocationRecorded,
        key=key,
        member=member,
        signer=NO_ADDRESS,
        purpose=purpose,
        revoked_at=event.block_time,
        reason=reason,
    )


def _not_expelled(books: Books, member: bytes, event: Event) -> MemberState:
    state = books.known(event, member).state
    if state is MemberState.EXPELLED:
        raise broken(event, Rule.MEMBER, f"{member.hex()} is EXPELLED")
    return state


def _instant(word: bytes) -> int:
    return min(int.from_bytes(word), _LARGEST_INSTANT)


_EFFECTS: Mapping[Change, _Effects] = {
    Change.ADMIT: _admit,
    Change.SUSPEND: _suspend,
    Change.REINSTATE: _reinstate,
    Change.EXPEL: _expel,
    Change.SET_ROLES: _set_roles,
    Change.ADD_VALIDATOR: _add_validator,
    Change.REMOVE_VALIDATOR: _remove_validator,
    Change.SET_THRESHOLD: _set_threshold,
    Change.SET_DELAY: _set_delay,
    Change.SET_CONTRACT: _set_contract,
    Change.BACKDATE_COMPROMISE: _backdate_compromise,
    Change.REPLACE_RECOVERY: _replace_recovery,
}
