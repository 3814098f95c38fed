"""The roles a member may hold, as the bits of `uint8 roles` in the contracts."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntFlag

__all__ = ["Role", "role_mask", "roles_of"]


class Role(IntFlag):
    """One bit a role; a member may hold several."""

    LENDER = 1
    DEPOSITORY = 2
    ARBITRATOR = 4
    REGULATOR = 8


def role_mask(roles: Iterable[Role]) -> int:
    """The `uint8` that stands for `roles` on chain."""
    mask = 0
    for role in roles:
        mask |= role.value
    return mask


def roles_of(mask: int) -> tuple[Role, ...]:
    """The roles in `mask`, lowest bit first. Raises `ValueError` for a bit that is no role."""
    if mask < 0 or mask & ~role_mask(Role):
        raise ValueError(f"{mask} has bits that are no role")
    return tuple(role for role in Role if role & mask)
