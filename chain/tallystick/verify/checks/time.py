"""Does a time-stamp authority vouch for when the blocks were recorded? (`protocol.md` §9)"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from tallystick.package.instants import format_instant, from_unix
from tallystick.package.paths import Part
from tallystick.roots import Roots
from tallystick.timestamps import (
    Authority,
    AuthorityMalformed,
    AuthorityUnknown,
    Checkpoint,
    CheckpointMalformed,
    Interval,
    NotCovered,
    Noted,
    OutsideWindow,
    TokenLapsed,
    TokenRefused,
    VerifiedToken,
    interval_of,
    require_holds,
    verify_renewals,
)
from tallystick.verify.facts import Block, CheckpointFacts, Material, ProvedAct, Times
from tallystick.verify.findings import Findings

__all__ = ["authorities_of", "check_time", "holds"]

MAX_PATH_NODES: Final = 64
CLOCK_TOLERANCE: Final = timedelta(seconds=60)
"""How far the validators' clocks may be from an authority's."""


def authorities_of(roots: Roots, found: Findings, code: str) -> tuple[Authority, ...]:
    """The authorities of the roots; one whose certificate cannot be used is passed over with a finding."""
    authorities = []
    for entry in roots.authorities:
        try:
            authorities.append(entry.authority)
        except AuthorityMalformed as why:
            found.note(code, entry.name, why)
    return tuple(authorities)


def check_time(
    material: Material,
    blocks: Mapping[int, Block],
    acts: Sequence[ProvedAct],
    stamps: Sequence[VerifiedToken],
    roots: Roots,
    at: datetime,
    found: Findings,
) -> Times:
    """The intervals of the blocks. `stamps` are the tokens over the package itself, which renew those in it."""
    authorities = authorities_of(roots, found, "time.authority")
    above: dict[int, list[VerifiedToken]] = {}
    verified: dict[bytes, VerifiedToken] = {}
    facts = []
    for path, name in material.of(Part.CHECKPOINT):
        checkpoint = _checkpoint(material.content(path), name.numbers, roots, found)
        if checkpoint is None:
            continue
        heights = _covered(material, checkpoint, blocks, found)
        chains = _chains(material, checkpoint)
        facts.append(_facts(material, checkpoint, heights, chains, acts))
        for chain in chains:
            tokens = _tokens(material, chain, checkpoint, authorities, stamps, at, found)
            verified |= {token.digest: token for token in tokens}
            for height in heights if tokens else ():
                if _is_in_time(tokens[0], height, roots, found):
                    above.setdefault(height, []).append(tokens[0])
    notes = [
        Noted(act.place.height, verified[digest])
        for act in acts
        if act.kind == "NoteTime" and (digest := act.hash("tokenDigest")) in verified
    ]
    intervals = {height: interval_of(height, above.get(height, ()), notes) for height in sorted(blocks)}
    _judge(intervals, _noting_only(acts, verified), found)
    _check_clocks(intervals, blocks, found)
    return Times(intervals, tuple(facts))


def holds(chain: Sequence[VerifiedToken], stamps: Sequence[VerifiedToken], at: datetime) -> None:
    """Raise `TokenLapsed` unless `chain` holds at `at`, by its own renewals or by those of the package's stamp."""
    try:
        require_holds(chain, at)
    except TokenLapsed:
        if not stamps:
            raise
        require_holds([*chain, *stamps], at)


def _checkpoint(stamped: bytes, bounds: tuple[int, ...], roots: Roots, found: Findings) -> Checkpoint | None:
    where = f"the checkpoint of blocks {bounds[0]} to {bounds[1]}"
    try:
        checkpoint = Checkpoint.decode(stamped)
    except CheckpointMalformed as why:
        found.note("time.checkpoint", where, why)
        return None
    if (checkpoint.chain_id, checkpoint.genesis_hash) != (roots.chain_id, roots.genesis_hash):
        found.add("time.checkpoint", f"{where} is of another chain")
        return None
    if (checkpoint.first, checkpoint.last) != bounds:
        found.add("time.checkpoint", f"{where} is of blocks {checkpoint.first} to {checkpoint.last}")
        return None
    return checkpoint


def _covered(
    material: Material, checkpoint: Checkpoint, blocks: Mapping[int, Block], found: Findings
) -> tuple[int, ...]:
    heights = []
    for path, name in material.of(Part.PATH):
        first, last, height = name.numbers
        block = blocks.get(height)
        if (first, last) != (checkpoint.first, checkpoint.last) or block is None:
            continue
        nodes = material.content(path)
        try:
            checkpoint.require_covers(height, block.hash, block.header, _split(nodes))
        except (NotCovered, ValueError) as why:
            found.add("time.path", f"block {height}: {why}")
        else:
            heights.append(height)
    return tuple(heights)


def _split(nodes: bytes) -> tuple[bytes, ...]:
    if len(nodes) % 32 or len(nodes) > 32 * MAX_PATH_NODES:
        raise ValueError(f"its path is not up to {MAX_PATH_NODES} hashes")
    return tuple(nodes[start : start + 32] for start in range(0, len(nodes), 32))


def _chains(material: Material, checkpoint: Checkpoint) -> list[list[str]]:
    """The tokens' files, one list an authority, each with its renewals in order."""
    by_authority: dict[int, list[str]] = {}
    for path, name in material.of(Part.TOKEN):
        if name.numbers[:2] == (checkpoint.first, checkpoint.last):
            by_authority.setdefault(name.numbers[2], []).append(path)
    return list(by_authority.values())


def _facts(
    material: Material,
    checkpoint: Checkpoint,
    heights: tuple[int, ...],
    chains: Sequence[Sequence[str]],
    acts: Sequence[ProvedAct],
) -> CheckpointFacts:
    paths = tuple(path for chain in chains for path in chain)
    noted = {act.hash("tokenDigest") for act in acts if act.kind == "NoteTime"}
    is_noted = any(hashlib.sha256(material.files[path]).digest() in noted for path in paths)
    return CheckpointFacts(checkpoint, heights, paths, is_noted)


def _tokens(
    material: Material,
    chain: Sequence[str],
    checkpoint: Checkpoint,
    authorities: Sequence[Authority],
    stamps: Sequence[VerifiedToken],
    at: datetime,
    found: Findings,
) -> Sequence[VerifiedToken]:
    """A token and its renewals, if the first still counts at `at`."""
    if [path[-7:-4] for path in chain] != [f"{number:03}" for number in range(len(chain))]:
        found.add("time.token", f"{chain[0]}: its renewals are not numbered from 000 without a gap")
        return ()
    try:
        tokens = verify_renewals([material.content(path) for path in chain], checkpoint.encode(), authorities)
        holds(tokens, stamps, at)
    except (AuthorityUnknown, OutsideWindow) as why:
        found.note("time.authority", chain[0], why)
    except TokenLapsed as why:
        found.note("time.lapsed", chain[0], why)
    except TokenRefused as why:
        found.note("time.token", chain[0], why)
    else:
        return tokens
    return ()


def _is_in_time(token: VerifiedToken, height: int, roots: Roots, found: Findings) -> bool:
    limit = roots.stamp_limit(height) or roots.issued_at
    if token.gen_time <= limit:
        return True
    found.add(
        "time.late",
        f"block {height}: {token.authority.name} stamped at {format_instant(token.gen_time)},"
        f" the roots take stamps until {format_instant(limit)}",
    )
    return False


def _noting_only(acts: Sequence[ProvedAct], verified: Mapping[bytes, VerifiedToken]) -> frozenset[int]:
    """The blocks that are in the package only to show that a token was noted."""
    noting = {act.place.height for act in acts if act.kind == "NoteTime" and act.hash("tokenDigest") in verified}
    return frozenset(noting - {act.place.height for act in acts if act.kind != "NoteTime"})


def _judge(intervals: Mapping[int, Interval], exempt: frozenset[int], found: Findings) -> None:
    for height, interval in intervals.items():
        if interval.contradictory and interval.lower and interval.upper:
            lower, upper = format_instant(interval.lower.instant), format_instant(interval.upper.instant)
            found.add("time.contradictory", f"block {height}: after {lower} and before {upper}")
    unstamped = [height for height, each in intervals.items() if each.upper is None and height not in exempt]
    if unstamped:
        shown = ", ".join(map(str, unstamped[:10])) + (", …" if len(unstamped) > 10 else "")
        found.add("time.unstamped", f"blocks {shown}")
    relied = [each.upper for each in intervals.values() if each.upper]
    if names := sorted({end.authority for end in relied if end.development}):
        found.add("time.development", ", ".join(names))
    if relied and not unstamped:
        newest = max(end.instant for end in relied)
        found.passed("time.stamped", f"{len(relied)} blocks, the last by {format_instant(newest)}")


def _check_clocks(intervals: Mapping[int, Interval], blocks: Mapping[int, Block], found: Findings) -> None:
    for height, interval in intervals.items():
        said = from_unix(blocks[height].time)
        too_late = interval.upper and said > interval.upper.instant + CLOCK_TOLERANCE
        too_early = interval.lower and said < interval.lower.instant - CLOCK_TOLERANCE
        if too_late or too_early:
            found.add("time.clock", f"block {height} says {format_instant(said)}")
