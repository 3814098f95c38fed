"""What a later version of roots may not change: everything up to the height and instant of the earlier one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from .errors import RootsContradict, RootsOfAnotherChain
from .keys import Key
from .members import Member
from .parts import AuthorityEntry, Contract, Epoch, instant

if TYPE_CHECKING:
    from .document import Roots

__all__ = ["check_continues"]

_Part = TypeVar("_Part")


def check_continues(earlier: Roots, later: Roots) -> None:
    """Raises `RootsOfAnotherChain`, or `RootsContradict` with the first thing that `later` tells otherwise.

    `later` is cut back to what was known at the height of `earlier`; the two must then be the same. Names of members
    may change, nothing else of what was known.
    """
    for what, one, other in (
        ("chain_id", str(earlier.chain_id), str(later.chain_id)),
        ("genesis_hash", earlier.genesis_hash.hex(), later.genesis_hash.hex()),
    ):
        if one != other:
            raise RootsOfAnotherChain(what=what, one=one, other=other)
    _same("whether headers are sealed", earlier.sealed, later.sealed)
    if later.as_of_height < earlier.as_of_height:
        _same("as_of_height", earlier.as_of_height, later.as_of_height)
    if later.issued_at < earlier.issued_at:
        _same("issued_at", earlier.issued_at, later.issued_at)
    height = earlier.as_of_height
    known_items = tuple(entry for entry in later.header_items if entry.from_height <= height)
    _same("header_items", earlier.header_items, known_items)
    _same_parts("epoch from", _epochs(earlier.validator_epochs, height), _epochs(later.validator_epochs, height))
    _same_parts("contract", _contracts(earlier.contracts, height), _contracts(later.contracts, height))
    _same_parts("member", _members(earlier, height), _members(later, height))
    _same_parts("key", _keys(earlier, height), _keys(later, height))
    _same_parts("authority", _authorities(earlier, earlier.issued_at), _authorities(later, earlier.issued_at))


def _epochs(epochs: Iterable[Epoch], height: int) -> Mapping[str, Epoch]:
    known = (each for each in epochs if each.first <= height)
    return {
        str(each.first): each
        if each.last is not None and each.last < height
        else replace(each, last=None, stamp_by=None)
        for each in known
    }


def _contracts(contracts: Iterable[Contract], height: int) -> Mapping[str, Contract]:
    return {
        f"{each.name} 0x{each.address.hex()}": each
        if each.to_height is not None and each.to_height <= height
        else replace(each, to_height=None)
        for each in contracts
        if each.from_height <= height
    }


def _members(roots: Roots, height: int) -> Mapping[str, Member]:
    return {
        each.legal_id: replace(
            each, name="", keys=(), standing=tuple(one for one in each.standing if one.from_height <= height)
        )
        for each in roots.members.values()
        if each.standing[0].from_height <= height
    }


def _keys(roots: Roots, height: int) -> Mapping[str, Key]:
    return {
        f"{key.key.hex()} of {member.legal_id}": replace(
            key,
            revoked=key.revoked if key.revoked and key.revoked.height <= height else None,
            compromises=tuple(each for each in key.compromises if each.height <= height),
        )
        for member in roots.members.values()
        for key in member.keys
        if key.added_height <= height
    }


def _authorities(roots: Roots, moment: datetime) -> Mapping[str, AuthorityEntry]:
    """Windows up to `moment`: later they may end sooner or last longer. The address to ask is no evidence."""
    return {
        f"{each.name} {each.certificate_digest.hex()}": replace(each, until=min(each.until, moment), url=None)
        for each in roots.authorities
        if each.since <= moment
    }


def _same_parts(kind: str, earlier: Mapping[str, _Part], later: Mapping[str, _Part]) -> None:
    for name, said in earlier.items():
        if name not in later:
            raise RootsContradict(what=f"{kind} {name}", said="there", says="nothing of it")
        _same(f"{kind} {name}", said, later[name])
    for name in later:
        if name not in earlier:
            raise RootsContradict(what=f"{kind} {name}", said="not there then", says="that it was")


def _same(what: str, said: object, says: object) -> None:
    if said != says:
        raise RootsContradict(what=what, said=_shown(said), says=_shown(says))


def _shown(value: object) -> str:
    if isinstance(value, datetime):
        return instant(value)
    to_json = getattr(value, "to_json", None)
    return str(to_json() if to_json else value)
