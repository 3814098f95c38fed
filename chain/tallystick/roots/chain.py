"""Several versions of roots as one chain, each signed by members of the version before (`evidence.md`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from .contradiction import check_continues
from .document import Roots
from .errors import RootsContradict, RootsDigestDiffers, RootsNotChained
from .signing import check_signatures, signers_of

__all__ = ["LONGEST_CHAIN", "RootsChain", "check_chain"]

LONGEST_CHAIN: Final = 64


@dataclass(frozen=True, slots=True)
class RootsChain:
    """Versions in order. `pinned`: the digest of one of them came from elsewhere, and the newest rests on it."""

    ordered: tuple[Roots, ...]
    pinned: bool

    @property
    def newest(self) -> Roots:
        """The version to verify by."""
        return self.ordered[-1]


def check_chain(roots: Sequence[Roots], pinned: bytes | None = None) -> RootsChain:
    """Put `roots`, given in any order, into one chain, and judge it.

    Each version must be signed by m = ⌈2n/3⌉ of the members that were active in the version before, and must leave
    alone what that one had closed. The first is signed by m of its own members; if `pinned` is its digest and it
    follows one that was not given, the pin stands for that.

    Raises `RootsDigestDiffers` if `pinned` is the digest of none; `RootsNotChained`, `RootsOfAnotherChain`,
    `RootsContradict`, `RootsSignatureInvalid`, `RootsUnsigned`.
    """
    if not 0 < len(roots) <= LONGEST_CHAIN:
        raise RootsNotChained(reason=f"{len(roots)} versions; 1 to {LONGEST_CHAIN} can be given")
    by_digest = {each.digest: each for each in roots}
    if len(by_digest) != len(roots):
        raise RootsNotChained(reason="one version is given twice")
    if pinned is not None and pinned not in by_digest:
        raise RootsDigestDiffers(pinned=pinned.hex(), found=", ".join(sorted(each.hex() for each in by_digest)))
    first = _first(by_digest)
    if first.digest == pinned and first.previous is not None:
        signers_of(first, None)
    else:
        check_signatures(first, None)
    return RootsChain(_followers(first, by_digest), pinned is not None)


def _first(by_digest: Mapping[bytes, Roots]) -> Roots:
    firsts = [each for each in by_digest.values() if each.previous not in by_digest]
    if len(firsts) != 1:
        for each in firsts:
            check_signatures(each, None)
        for other in firsts[1:]:
            check_continues(*sorted((firsts[0], other), key=lambda each: (each.as_of_height, each.issued_at)))
        missing = ", ".join(sorted((each.previous or b"").hex() or "none" for each in firsts))
        raise RootsNotChained(reason=f"{len(firsts)} of them follow none of the others (their previous: {missing})")
    return firsts[0]


def _followers(first: Roots, by_digest: Mapping[bytes, Roots]) -> tuple[Roots, ...]:
    """`first` and what follows it, every step judged before a fork is told: junk is no contradiction."""
    following: dict[bytes, list[Roots]] = {}
    for each in by_digest.values():
        if each is not first and each.previous is not None:
            following.setdefault(each.previous, []).append(each)
    ordered = [first]
    while nexts := following.get(ordered[-1].digest):
        for each in nexts:
            check_signatures(each, ordered[-1])
            check_continues(ordered[-1], each)
        if len(nexts) > 1:
            one, other = sorted(each.digest.hex() for each in nexts)[:2]
            raise RootsContradict(what=f"what follows {ordered[-1].digest.hex()}", said=one, says=other)
        ordered.append(nexts[0])
    return tuple(ordered)
