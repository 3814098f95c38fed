"""Whether a key of a member counts at an instant, by what the chain says of it."""

from .models import KeyRow

__all__ = ["is_valid", "state_of"]


def state_of(key: KeyRow, at: int) -> str:
    """REVOKED, COMPROMISED, NOT_YET_VALID, EXPIRED or VALID at `at` (Unix seconds)."""
    for holds, state in (
        (key.revoked_at is not None and key.revoked_at <= at, "REVOKED"),
        (key.compromised_since is not None, "COMPROMISED"),
        (at < key.not_before, "NOT_YET_VALID"),
        (at > key.not_after, "EXPIRED"),
    ):
        if holds:
            return state
    return "VALID"


def is_valid(key: KeyRow, at: int) -> bool:
    """Whether the key counts at `at` (Unix seconds)."""
    return state_of(key, at) == "VALID"
