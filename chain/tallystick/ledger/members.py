"""Events about members and settings: `Membership.sol`."""

from dataclasses import replace
from typing import Final

from .books import CONSORTIUM, NOTHING, Books, Handlers, place_of
from .codes import KeyPurpose, MemberState
from .errors import Rule, broken
from .event import Event
from .facts import DelayChanged, MemberAdmitted, MemberStateChanged, RolesChanged, ThresholdChanged
from .state import Member

__all__ = ["HANDLERS"]

FEWEST_MEMBERS: Final = 4
MOST_FOUNDERS: Final = 32
MOST_MEMBERS: Final = 256
ALL_ROLES: Final = 15
LONGEST_DELAY: Final = 14 * 86_400
FOUNDING_KEYS: Final = (KeyPurpose.ACT, KeyPurpose.RECOVERY, KeyPurpose.VALIDATOR)


def _admitted(books: Books, fact: MemberAdmitted, event: Event) -> None:
    if fact.member == NOTHING or fact.member in books.members:
        raise broken(event, Rule.MEMBERSHIP, f"{fact.member.hex()} cannot be admitted")
    if fact.index != len(books.members) or fact.index >= MOST_MEMBERS:
        raise broken(event, Rule.MEMBERSHIP, f"the next index is {len(books.members)}, not {fact.index}")
    if not books.founded and books.delay:
        raise broken(event, Rule.FOUNDING, "founders come before the settings")
    _require_roles(event, fact.roles)
    books.members[fact.member] = Member(
        fact.member, MemberState.ACTIVE, fact.roles, fact.index, fact.certificate, place_of(event)
    )
    books.epoch += 1


def _state_changed(books: Books, fact: MemberStateChanged, event: Event) -> None:
    member = books.known(event, fact.member)
    if fact.previous is not member.state:
        raise broken(event, Rule.OLD_VALUE, f"the member is {member.state.name}, not {fact.previous.name}")
    if fact.epoch != books.epoch + 1:
        raise broken(event, Rule.MEMBERSHIP, f"the next epoch is {books.epoch + 1}, not {fact.epoch}")
    if member.state is MemberState.ACTIVE:
        left = books.active_count - 1
        if left < FEWEST_MEMBERS or left < books.threshold:
            raise broken(event, Rule.MEMBERSHIP, f"{left} active members would be too few")
    books.members[fact.member] = replace(member, state=fact.state)
    books.epoch = fact.epoch


def _roles_changed(books: Books, fact: RolesChanged, event: Event) -> None:
    member = books.known(event, fact.member)
    if fact.previous_roles != member.roles:
        raise broken(event, Rule.OLD_VALUE, f"the roles were {member.roles}, not {fact.previous_roles}")
    _require_roles(event, fact.roles)
    books.members[fact.member] = replace(member, roles=fact.roles)


def _delay_changed(books: Books, fact: DelayChanged, event: Event) -> None:
    if fact.previous_delay != books.delay:
        raise broken(event, Rule.OLD_VALUE, f"the delay was {books.delay}, not {fact.previous_delay}")
    if not 0 < fact.delay <= LONGEST_DELAY:
        raise broken(event, Rule.SETTINGS, f"a delay of {fact.delay} s")
    books.delay = fact.delay


def _threshold_changed(books: Books, fact: ThresholdChanged, event: Event) -> None:
    if fact.previous_threshold != books.threshold:
        raise broken(event, Rule.OLD_VALUE, f"the threshold was {books.threshold}, not {fact.previous_threshold}")
    if fact.threshold > books.active_count:
        raise broken(event, Rule.SETTINGS, f"a threshold of {fact.threshold} of {books.active_count} members")
    if not books.founded:
        _end_founding(books, event)
    books.threshold = fact.threshold


def _end_founding(books: Books, event: Event) -> None:
    if not books.delay:
        raise broken(event, Rule.FOUNDING, "the delay comes before the threshold")
    if not FEWEST_MEMBERS <= len(books.members) <= MOST_FOUNDERS:
        raise broken(event, Rule.FOUNDING, f"{len(books.members)} founders")
    held = {(key.member, key.purpose) for key in books.keys.values()}
    for member in books.members:
        if missing := [purpose.name for purpose in FOUNDING_KEYS if (member, purpose) not in held]:
            raise broken(event, Rule.FOUNDING, f"{member.hex()} has no {missing[0]} key")
    books.founded = True
    books.founders = frozenset(books.members)


def _require_roles(event: Event, roles: int) -> None:
    if not 0 < roles <= ALL_ROLES:
        raise broken(event, Rule.ROLE, f"{roles} is no set of roles")


HANDLERS: Handlers = {
    (CONSORTIUM, MemberAdmitted): _admitted,
    (CONSORTIUM, MemberStateChanged): _state_changed,
    (CONSORTIUM, RolesChanged): _roles_changed,
    (CONSORTIUM, DelayChanged): _delay_changed,
    (CONSORTIUM, ThresholdChanged): _threshold_changed,
}
