"""Whether the parts of a roots document fit each other."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from tallystick.consortium import is_sealed
from tallystick.consortium.document import REQUIRED_CONTRACTS

from .errors import RootsMalformed
from .keys import as_key32

if TYPE_CHECKING:
    from .document import Roots
    from .parts import Contract

__all__ = ["check_consistency"]

MOST_MEMBERS: Final = 256
MOST_AUTHORITIES: Final = 64
MOST_CONTRACTS: Final = 256


def check_consistency(roots: Roots) -> None:
    """Raises `RootsMalformed`, naming the part."""
    if not 0 < len(roots.members) <= MOST_MEMBERS or not any(member.active for member in roots.members.values()):
        raise RootsMalformed("body.members", f"is not 1 to {MOST_MEMBERS}, or none of them is ACTIVE")
    if len(roots.signatures) > MOST_MEMBERS:
        raise RootsMalformed("signatures", f"is more than {MOST_MEMBERS}")
    _check_header_items(roots)
    _check_epochs(roots)
    _check_contracts(roots)
    _check_members(roots)
    _check_authorities(roots)


def _check_header_items(roots: Roots) -> None:
    heights = [entry.from_height for entry in roots.header_items]
    if not heights or heights[0] != 0 or heights != sorted(set(heights)):
        raise RootsMalformed("body.header_items", "does not begin at height 0 and rise")
    _known("body.header_items", heights[-1], roots)
    if any(one.items > other.items for one, other in pairwise(roots.header_items)):
        raise RootsMalformed("body.header_items", "falls: forks only ever add items")


def _check_epochs(roots: Roots) -> None:
    if is_sealed(roots.engine) != bool(roots.validator_epochs):
        raise RootsMalformed("body.validator_epochs", "is for engines with validators, and only for them")
    expected, stamped = 0, None
    for index, epoch in enumerate(roots.validator_epochs):
        where = f"body.validator_epochs[{index}]"
        is_last = index == len(roots.validator_epochs) - 1
        if epoch.first != expected or (epoch.last is None) != is_last:
            raise RootsMalformed(where, "leaves a gap, overlaps, or is open and not the last")
        if stamped is not None and epoch.stamp_by is not None and epoch.stamp_by < stamped:
            raise RootsMalformed(f"{where}.stamp_by", "is before that of the epoch before")
        for address, member in epoch.validators.items():
            key = roots.key(as_key32(address))
            if key is None or key.member != member or key.purpose != "VALIDATOR":
                raise RootsMalformed(f"{where}.validators", f"0x{address.hex()} is no VALIDATOR key of its member")
        # The epoch of `as_of_height` is open: nobody at that height can know that it ends there.
        _known(where, epoch.first if epoch.last is None else epoch.last + 1, roots)
        expected, stamped = (epoch.last or 0) + 1, epoch.stamp_by


def _check_contracts(roots: Roots) -> None:
    if len(roots.contracts) > MOST_CONTRACTS:
        raise RootsMalformed("body.contracts", f"is more than {MOST_CONTRACTS}")
    order = [(entry.name, entry.from_height, entry.address) for entry in roots.contracts]
    if order != sorted(order) or len({entry.address for entry in roots.contracts}) != len(order):
        raise RootsMalformed("body.contracts", "is not in order of name and height, or has an address twice")
    for required in REQUIRED_CONTRACTS:
        if not roots.contracts_named(required):
            raise RootsMalformed("body.contracts", f"has no {required}")
    if len(roots.contracts_named(REQUIRED_CONTRACTS[0])) != 1:
        raise RootsMalformed("body.contracts", "has a second Consortium, which is never replaced")
    for name in {entry.name for entry in roots.contracts}:
        _check_lineage(roots, roots.contracts_named(name))


def _check_lineage(roots: Roots, lineage: tuple[Contract, ...]) -> None:
    where = f"body.contracts ({lineage[0].name})"
    if lineage[-1].to_height is not None:
        raise RootsMalformed(where, "does not end with one that still holds")
    for one, other in pairwise(lineage):
        if one.to_height != other.from_height:
            raise RootsMalformed(where, "has one that does not end where the next begins")
    _known(where, lineage[-1].from_height, roots)


def _check_members(roots: Roots) -> None:
    seen: set[bytes] = set()
    for member in roots.members.values():
        where = f"body.members ({member.legal_id})"
        _known(where, member.standing[-1].from_height, roots)
        for key in member.keys:
            if key.key in seen:
                raise RootsMalformed(where, f"has the key {key.key.hex()} of another member")
            seen.add(key.key)
            times = [key.revoked_at or 0, *(each.reported_at for each in key.compromises)]
            if max(times) > roots.issued_at.timestamp():
                raise RootsMalformed(where, f"says of {key.key.hex()} what came after issued_at")
            latest = [key.added_height, *(each.height for each in (key.revoked, *key.compromises) if each)]
            _known(where, max(latest), roots)


def _check_authorities(roots: Roots) -> None:
    order = [(entry.name, entry.since, entry.certificate) for entry in roots.authorities]
    if len(order) > MOST_AUTHORITIES or order != sorted(order):
        raise RootsMalformed("body.authorities", f"is more than {MOST_AUTHORITIES}, or not in order of name and time")
    if len({certificate for _, _, certificate in order}) != len(order):
        raise RootsMalformed("body.authorities", "has one certificate twice")


def _known(where: str, height: int, roots: Roots) -> None:
    if height > roots.as_of_height:
        raise RootsMalformed(where, f"speaks of height {height}, above as_of_height {roots.as_of_height}")
