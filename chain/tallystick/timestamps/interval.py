"""Between which instants a block was recorded, and who vouches for each end (`protocol.md` §9).

The upper end is an authority's alone: it saw a checkpoint that covers the block. The lower end is an authority's and
the validators': the block came after one that names a token. Block timestamps are no end: they are the validators'
claim. Of tokens that count, those of development authorities are taken only where there is no other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from .authority import VerifiedToken

__all__ = ["End", "Interval", "Noted", "interval_of"]


@dataclass(frozen=True, slots=True)
class Noted:
    """A token whose digest a member noted on the chain (`noteTime`) in the block of `height`."""

    height: int
    token: VerifiedToken


@dataclass(frozen=True, slots=True)
class End:
    """An instant, the authority whose clock it is (`development`: it proves nothing), and its token's digest.

    `noted_at` is the height of the block that names the token, for a lower end: from there on block order counts.
    """

    instant: datetime
    authority: str
    development: bool
    token_digest: bytes
    noted_at: int | None = None


@dataclass(frozen=True, slots=True)
class Interval:
    """When a block was recorded: not before `lower`, not after `upper`; None where nobody vouches for an end."""

    lower: End | None
    upper: End | None

    @property
    def contradictory(self) -> bool:
        """Whether the ends exclude each other: a clock was wrong, or the order of blocks."""
        return self.lower is not None and self.upper is not None and self.lower.instant > self.upper.instant


def interval_of(height: int, uppers: Iterable[VerifiedToken], notes: Iterable[Noted]) -> Interval:
    """The narrowest interval for the block of `height`.

    `uppers` are tokens that hold, over checkpoints that cover this block's header, and count for it (`stamp_counts`).
    `notes` are proved `TimeNoted` events with their tokens, that hold; those of later blocks are passed over.
    """
    above = [_end(token, token.latest, None) for token in uppers]
    below = [_end(note.token, note.token.earliest, note.height) for note in notes if note.height <= height]
    lower = max(below, key=lambda end: (not end.development, end.instant, end.token_digest), default=None)
    upper = min(above, key=lambda end: (end.development, end.instant, end.token_digest), default=None)
    return Interval(lower, upper)


def _end(token: VerifiedToken, instant: datetime, noted_at: int | None) -> End:
    return End(instant, token.authority.name, token.authority.development, token.digest, noted_at)
