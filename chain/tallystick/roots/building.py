"""Making roots: what the Consortium contract's events, up to a height, make of members, keys and contracts.

Nothing in them is anybody's word but names (from member cards) and time-stamp authorities: whoever followed the same
chain to the same height makes the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from tallystick.consortium import Consortium, MemberCard, roles_of
from tallystick.errors import TallystickError
from tallystick.keys import Address
from tallystick.ledger import Event
from tallystick.ledger.directory import name_of
from tallystick.ledger.facts import (
    CompromiseReported,
    ContractRegistered,
    Fact,
    KeyAdded,
    KeyRevocationRecorded,
    MemberAdmitted,
    MemberStateChanged,
    RolesChanged,
    reader,
)

from .document import Roots
from .keys import Compromise, Key, Revocation
from .members import Member, Standing
from .parts import AuthorityEntry, Contract, Epoch

__all__ = ["EVENTS", "STAMPING_S", "EpochSpan", "NothingToExport", "build_roots"]

STAMPING_S: Final = 24 * 3600
"""How long after an epoch's last block a time stamp still counts for its headers."""
_CONSORTIUM: Final = "Consortium"


class NothingToExport(TallystickError):
    """Roots as of a height at which the consortium was not founded yet, or a member whose card is not known."""

    code: ClassVar[str] = "roots.nothing_to_export"
    sentence: ClassVar[str] = "There are no roots as of height {height}: {reason}"
    advice: ClassVar[str] = "Export as of a later height, with the card of every member (`--card`)."

    height: int
    reason: str


@dataclass(frozen=True, slots=True)
class EpochSpan:
    """Who seals from `first` to `last` (None: still open), and the time of block `last`, where it is known."""

    first: int
    last: int | None
    last_time: datetime | None
    validators: Mapping[Address, bytes]


@dataclass(slots=True)
class _Register:
    """What the events made so far."""

    members: dict[bytes, Member] = field(default_factory=dict)
    keys: dict[bytes, Key] = field(default_factory=dict)
    contracts: dict[Address, Contract] = field(default_factory=dict)
    founded_at: int | None = None


def build_roots(
    consortium: Consortium,
    cards: Mapping[bytes, MemberCard],
    events: Iterable[Event],
    epochs: Sequence[EpochSpan],
    *,
    as_of_height: int,
    issued_at: datetime,
    authorities: Sequence[AuthorityEntry] = (),
    previous: bytes | None = None,
) -> Roots:
    """Roots as of a block and its time, from the Consortium contract's `EVENTS` in order (later ones are left out).

    `cards` have the name and legal id of every member. Raises `NothingToExport`, `RootsMalformed` where the parts do
    not make roots, `ValueError` for an event that is none of the contract's.
    """
    register = _Register()
    for event in events:
        if event.height <= as_of_height and event.name in _HANDLERS:
            read, take = _HANDLERS[event.name]
            take(register, read(event.values), event)
    if register.founded_at is None or not register.contracts:
        raise NothingToExport(height=as_of_height, reason="the contracts were not ratified by every founder")
    roots = Roots(
        chain_id=consortium.chain_id,
        genesis_hash=consortium.genesis_hash,
        engine=consortium.engine,
        header_items=tuple(entry for entry in consortium.header_items if entry.from_height <= as_of_height),
        validator_epochs=tuple(_epochs(epochs, as_of_height)),
        contracts=tuple(sorted(_contracts(register), key=lambda each: (each.name, each.from_height, each.address))),
        members={member: _named(register, member, cards, as_of_height) for member in sorted(register.members)},
        authorities=tuple(sorted(authorities, key=lambda each: (each.name, each.since, each.certificate))),
        issued_at=issued_at,
        as_of_height=as_of_height,
        previous=previous,
    )
    roots.check()
    return roots


def _epochs(spans: Iterable[EpochSpan], height: int) -> Iterable[Epoch]:
    """The spans as they were known at a height: what ends there or later was open then."""
    for span in spans:
        if span.first > height:
            continue
        validators = dict(sorted(span.validators.items()))
        if span.last is None or span.last >= height:
            yield Epoch(span.first, None, None, validators)
        elif span.last_time is None:
            raise ValueError(f"the time of block {span.last}, the last of its epoch, is not given")
        else:
            yield Epoch(span.first, span.last, span.last_time + timedelta(seconds=STAMPING_S), validators)


def _contracts(register: _Register) -> Iterable[Contract]:
    """The Consortium counts from its own deployment on: founders speak before there is a directory."""
    for contract in register.contracts.values():
        if contract.name == _CONSORTIUM and register.founded_at is not None:
            yield replace(contract, from_height=register.founded_at)
        else:
            yield contract


def _named(register: _Register, member: bytes, cards: Mapping[bytes, MemberCard], height: int) -> Member:
    if (card := cards.get(member)) is None:
        raise NothingToExport(height=height, reason=f"the card of member {member.hex()} is not known")
    keys = sorted((key for key in register.keys.values() if key.member == member), key=lambda key: key.key)
    return replace(register.members[member], legal_id=card.legal_id, name=card.name, keys=tuple(keys))


def _admitted(register: _Register, fact: MemberAdmitted, event: Event) -> None:
    if register.founded_at is None:
        register.founded_at = event.height
    certificate = fact.certificate if any(fact.certificate) else None
    standing = Standing(event.height, "ACTIVE", roles_of(fact.roles))
    register.members[fact.member] = Member(fact.member, "", "", certificate, (standing,), ())


def _state_changed(register: _Register, fact: MemberStateChanged, event: Event) -> None:
    _stands(register, fact.member, event, state=fact.state.name)


def _roles_changed(register: _Register, fact: RolesChanged, event: Event) -> None:
    _stands(register, fact.member, event, roles=roles_of(fact.roles))


def _stands(register: _Register, member: bytes, event: Event, **changed: Any) -> None:
    """A further standing; of several in one block the last."""
    found = register.members[member]
    now = replace(found.standing[-1], from_height=event.height, **changed)
    before = found.standing[:-1] if found.standing[-1].from_height == event.height else found.standing
    register.members[member] = replace(found, standing=(*before, now))


def _key_added(register: _Register, fact: KeyAdded, event: Event) -> None:
    register.keys[fact.key] = Key(
        key=fact.key,
        member=fact.member,
        purpose=fact.purpose.name,
        added_height=event.height,
        not_before=fact.not_before,
        not_after=fact.not_after,
        revoked=None,
        compromises=(),
    )


def _key_revoked(register: _Register, fact: KeyRevocationRecorded, event: Event) -> None:
    revoked = Revocation(fact.revoked_at, event.height)
    register.keys[fact.key] = replace(register.keys[fact.key], revoked=revoked)


def _key_compromised(register: _Register, fact: CompromiseReported, event: Event) -> None:
    key = register.keys[fact.key]
    report = Compromise(fact.since, event.block_time, event.height)
    register.keys[fact.key] = replace(key, compromises=(*key.compromises, report))


def _contract_registered(register: _Register, fact: ContractRegistered, event: Event) -> None:
    if (replaced := register.contracts.get(fact.previous)) is not None:
        register.contracts[fact.previous] = replace(replaced, to_height=event.height)
    register.contracts[fact.deployed] = Contract(name_of(fact.name), fact.deployed, fact.code_hash, event.height, None)


_Take = Callable[[_Register, Any, Event], None]
_TAKERS: Final[Mapping[type[Fact], _Take]] = {
    MemberAdmitted: _admitted,
    MemberStateChanged: _state_changed,
    RolesChanged: _roles_changed,
    KeyAdded: _key_added,
    KeyRevocationRecorded: _key_revoked,
    CompromiseReported: _key_compromised,
    ContractRegistered: _contract_registered,
}
_HANDLERS: Final[Mapping[str, tuple[Callable[[Any], Any], _Take]]] = {
    kind.__name__: (reader(kind), take) for kind, take in _TAKERS.items()
}
EVENTS: Final = frozenset(_HANDLERS)
"""The names of the Consortium contract's events that roots are made of."""
