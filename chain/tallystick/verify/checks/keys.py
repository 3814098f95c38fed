"""Were the keys behind acts and seals good at the time? (`evidence.md`, Verifier; `protocol.md` §9)"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from tallystick.acts import act_types
from tallystick.keys import Address
from tallystick.package.instants import format_instant, from_unix
from tallystick.roots import KeyAnswer, KeyReason, KeyVerdict, Roots
from tallystick.verify.facts import Block, ProvedAct
from tallystick.verify.findings import Findings

__all__ = ["Attested", "check_act_keys", "check_seal_keys", "is_active", "judge_key"]

_EVEN_IF_SUSPENDED: Final = frozenset({"Cancel", "ReportCompromise", "RevokeKey"})

Attested = Mapping[int, datetime]
"""By height: the earliest instant by which a time-stamp authority saw the block."""


def check_act_keys(
    acts: Sequence[ProvedAct], blocks: Mapping[int, Block], attested: Attested, roots: Roots, found: Findings
) -> None:
    """Judge the key of every act at the time of its block, and close the check of acts."""
    for act in acts:
        height = act.place.height
        purposes = act_types()[act.kind].key.split(" or ")
        answers = [roots.key_answer(act.signer, act.member, purpose, blocks[height].time) for purpose in purposes]
        answer = next((each for each in answers if each.reason is not KeyReason.OTHER_PURPOSE), answers[0])
        if code := judge_key(answer, attested.get(height)):
            found.add(f"acts.{code}", f"act {act.id.hex()}: {_reason(answer, act.signer, act.member)}")
        if act.kind not in _EVEN_IF_SUSPENDED and not is_active(act.member, height, roots):
            found.add("acts.not_active", f"act {act.id.hex()}, member {act.member.hex()} at block {height}")
    if acts:
        members = {act.member for act in acts}
        found.passed("acts.signed", f"{len(acts)} acts of {len(members)} members")


def is_active(member: bytes, height: int, roots: Roots) -> bool:
    """Whether the member was ACTIVE at some time in the block: it may have been suspended later in the same."""
    known = roots.members.get(member)
    standings = [known.standing_at(each) for each in (height, height - 1)] if known else []
    return any(standing is not None and standing.state == "ACTIVE" for standing in standings)


def judge_key(answer: KeyAnswer, attested: datetime | None) -> str | None:
    """The finding on a key, without its family; None if it was good.

    `attested` is an instant by which an authority saw what was signed: before the compromise, the key was good.
    """
    if answer.verdict is KeyVerdict.VALID:
        return None
    if answer.verdict is KeyVerdict.NOT_VALID:
        if answer.reason in (KeyReason.UNKNOWN, KeyReason.OTHER_MEMBER):
            return "signature"
        return "key_compromised" if answer.reason is KeyReason.COMPROMISE_REPORTED else "key_invalid"
    if attested is not None and answer.since is not None and attested < from_unix(answer.since):
        return None
    return "key_compromised_later"


def check_seal_keys(blocks: Mapping[int, Block], attested: Attested, roots: Roots, found: Findings) -> None:
    """Drop seals by keys reported as compromised, unless a token is older; ask for a token in closed epochs.

    Closes the check of headers.
    """
    for height, block in sorted(blocks.items()):
        if block.epoch is None or height == 0:
            continue
        seen = attested.get(height)
        if seen is None and block.epoch.last is not None:
            found.add("headers.epoch_closed", f"block {height}, validators of blocks {block.epoch.first} on")
        counted = [signer for signer in block.signers if _counts(signer, seen, roots)]
        needed = block.epoch.expected.quorum
        if len(counted) < needed:
            found.add("headers.quorum_compromised", f"block {height}: {len(counted)} seals count, {needed} are needed")
    if blocks and roots.sealed:
        found.passed("headers.sealed", _heights(blocks))


def _counts(signer: Address, seen: datetime | None, roots: Roots) -> bool:
    key = roots.key(signer)
    if key is None or key.compromised_since is None:
        return True
    return seen is not None and seen < from_unix(key.compromised_since)


def _heights(blocks: Mapping[int, Block]) -> str:
    return f"block {min(blocks)}" if len(blocks) == 1 else f"{len(blocks)} blocks from {min(blocks)} to {max(blocks)}"


def _reason(answer: KeyAnswer, signer: Address, member: bytes) -> str:
    who = f"key 0x{signer.hex()}, member {member.hex()}"
    if answer.reason is not None:
        return f"{who}: {answer.reason.replace('_', ' ')}"
    since = format_instant(from_unix(answer.since or 0))
    return f"{who}: compromised since {since}, reported {format_instant(from_unix(answer.reported_at or 0))}"
