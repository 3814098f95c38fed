"""Events about keys: `Keyring.sol`."""

from dataclasses import replace
from typing import Final

from .books import CONSORTIUM, NO_ADDRESS, NOTHING, Books, Handlers, as_key
from .codes import KeyPurpose
from .errors import Rule, broken
from .event import Event
from .facts import CompromiseReported, KeyAdded, KeyRevocationRecorded
from .state import Key

__all__ = ["HANDLERS"]

OWN_COMPROMISE_REACH: Final = 72 * 3600
FEWEST_VALIDATORS: Final = 4
MOST_VALIDATORS: Final = 64
ADDRESSES: Final = frozenset({KeyPurpose.ACT, KeyPurpose.RECOVERY, KeyPurpose.VALIDATOR})


def _added(books: Books, fact: KeyAdded, event: Event) -> None:
    if fact.key == NOTHING or (fact.purpose in ADDRESSES and any(fact.key[:12])):
        raise broken(event, Rule.KEY, f"{fact.key.hex()} is no {fact.purpose.name} key")
    if not fact.not_before < fact.not_after < 1 << 48:
        raise broken(event, Rule.KEY, f"the window {fact.not_before}–{fact.not_after} is empty or out of range")
    if fact.key in books.keys:
        raise broken(event, Rule.KEY, f"{fact.key.hex()} has an owner")
    books.known(event, fact.member)
    if fact.signer != NO_ADDRESS:
        _check_own_addition(books, fact, event)
    elif not books.founded:
        _check_founding_key(books, fact, event)
    if fact.purpose is KeyPurpose.VALIDATOR:
        if len(books.validators) == MOST_VALIDATORS:
            raise broken(event, Rule.VALIDATORS, f"more than {MOST_VALIDATORS} validators")
        books.validators.append(fact.key)
    books.keys[fact.key] = Key(fact.key, fact.member, fact.purpose, fact.not_before, fact.not_after)


def _check_own_addition(books: Books, fact: KeyAdded, event: Event) -> None:
    _require_own_purpose(books, fact, event)
    wait = 0 if _signed_by_recovery(books, fact) else books.delay
    if fact.not_before < event.block_time + wait:
        raise broken(event, Rule.TIMELOCK, f"the key begins {fact.not_before}, before its delay of {wait} s is over")


def _check_founding_key(books: Books, fact: KeyAdded, event: Event) -> None:
    """Founders one after the other, the keys of each in the order of their purposes."""
    latest = next(reversed(books.members))
    held = [key.purpose for key in books.keys.values() if key.member == latest]
    if books.delay or fact.member != latest or (held and fact.purpose <= held[-1]):
        raise broken(event, Rule.FOUNDING, f"a {fact.purpose.name} key of {fact.member.hex()} is out of turn")


def _revoked(books: Books, fact: KeyRevocationRecorded, event: Event) -> None:
    key = _key_of(books, fact, event)
    if key.revoked_at is not None:
        raise broken(event, Rule.KEY, f"{fact.key.hex()} was revoked before")
    if fact.revoked_at != event.block_time:
        raise broken(event, Rule.KEY, f"a key is revoked at the block's time {event.block_time}, not {fact.revoked_at}")
    if fact.signer != NO_ADDRESS:
        _require_own_purpose(books, fact, event)
    if fact.purpose is KeyPurpose.VALIDATOR:
        _drop_validator(books, fact, event)
    books.keys[fact.key] = replace(key, revoked_at=fact.revoked_at)


def _drop_validator(books: Books, fact: KeyRevocationRecorded, event: Event) -> None:
    """As the contract does: the last one takes the place that becomes free."""
    if fact.key not in books.validators or len(books.validators) <= FEWEST_VALIDATORS:
        raise broken(event, Rule.VALIDATORS, f"{len(books.validators)} validators, of which {fact.key.hex()} goes")
    position = books.validators.index(fact.key)
    books.validators[position] = books.validators[-1]
    books.validators.pop()


def _compromised(books: Books, fact: CompromiseReported, event: Event) -> None:
    key = _key_of(books, fact, event)
    known = key.compromised_since
    if fact.previous_since != (known or 0):
        raise broken(event, Rule.OLD_VALUE, f"compromised since {known or 0} before, not {fact.previous_since}")
    if not 0 < fact.since <= event.block_time or (known is not None and fact.since >= known):
        raise broken(event, Rule.COMPROMISE, f"a compromise at {fact.since}, reported at {event.block_time}")
    if fact.signer != NO_ADDRESS:
        if fact.purpose is KeyPurpose.RECOVERY and not _signed_by_recovery(books, fact):
            raise broken(event, Rule.SIGNER, "a RECOVERY key is reported by a RECOVERY key")
        if fact.since < event.block_time - OWN_COMPROMISE_REACH:
            raise broken(event, Rule.COMPROMISE, f"a member alone dates back 72 hours, not to {fact.since}")
    books.keys[fact.key] = replace(
        key,
        compromised_since=fact.since,
        compromise_reported_at=event.block_time,
        compromise_reported_by=fact.act_id,
    )


def _key_of(books: Books, fact: KeyRevocationRecorded | CompromiseReported, event: Event) -> Key:
    key = books.keys.get(fact.key)
    if key is None or key.member != fact.member or key.purpose is not fact.purpose:
        raise broken(event, Rule.KEY, f"{fact.key.hex()} is no {fact.purpose.name} key of {fact.member.hex()}")
    return key


def _require_own_purpose(books: Books, fact: KeyAdded | KeyRevocationRecorded, event: Event) -> None:
    if fact.purpose is KeyPurpose.VALIDATOR:
        raise broken(event, Rule.CAUSE, "VALIDATOR keys change by proposal only")
    if fact.purpose is KeyPurpose.RECOVERY and not _signed_by_recovery(books, fact):
        raise broken(event, Rule.SIGNER, "RECOVERY keys change by a RECOVERY key")


def _signed_by_recovery(books: Books, fact: KeyAdded | KeyRevocationRecorded | CompromiseReported) -> bool:
    return books.keys[as_key(fact.signer)].purpose is KeyPurpose.RECOVERY


HANDLERS: Handlers = {
    (CONSORTIUM, KeyAdded): _added,
    (CONSORTIUM, KeyRevocationRecorded): _revoked,
    (CONSORTIUM, CompromiseReported): _compromised,
}
