"""The rules a QBFT header is judged by, and its refusal (`protocol.md` §7)."""

from enum import StrEnum
from typing import Any, ClassVar, Final

from tallystick.errors import TallystickError
from tallystick.keys import Address

__all__ = ["RULES", "FoundersDiffer", "HeaderRefused", "Rule", "SetUnexplained"]


class Rule(StrEnum):
    """The names of the rules, as the QBFT test vectors give them."""

    R01 = "R01"
    R02 = "R02"
    R03 = "R03"
    R04 = "R04"
    R05 = "R05"
    R06 = "R06"
    R07 = "R07"
    R08 = "R08"
    R09 = "R09"
    R10 = "R10"
    R11 = "R11"
    R12 = "R12"
    R13 = "R13"
    R14 = "R14"


RULES: Final = {
    Rule.R01: "the header is one canonical RLP item: nothing missing, nothing trailing, shortest length forms",
    Rule.R02: "the header is a list of as many items as the roots give for its height",
    Rule.R03: "each item has its length; integers have no leading zero byte",
    Rule.R04: "constants: empty uncles hash, difficulty 1, QBFT mixHash, nonce 0",
    Rule.R05: "extraData is one canonical RLP list of exactly 5 items",
    Rule.R06: "vanity 32 bytes, validators 20 bytes each, vote [] or [20 bytes, 0xff or empty], "
    "round a canonical integer of at most 4 bytes, seals 65 bytes each",
    Rule.R07: "validators are there and strictly ascending",
    Rule.R08: "validators are the expected set for this height",
    Rule.R09: "the coinbase is one of the validators",
    Rule.R10: "each seal: 0 < r < n, 0 < s < n, recId 0 or 1, a key recovers",
    Rule.R11: "each seal, over the seal hash, is by a validator",
    Rule.R12: "no validator is counted twice, by a repeated or a mirrored seal",
    Rule.R13: "at least two thirds of the validators, rounded up, have sealed",
    Rule.R14: "the header is the one asked for: number, parent hash, block hash, genesis",
}


class HeaderRefused(TallystickError):
    """A header does not hold: `rule` is one it breaks, `reason` how."""

    code: ClassVar[str] = "qbft.header_refused"
    sentence: ClassVar[str] = "Header refused by {rule}: {reason}"
    advice: ClassVar[str] = "Ask another node for the block, and check that the roots are those of this chain."

    rule: Rule
    reason: str


class SetUnexplained(HeaderRefused):
    """A header lists another set than the one that is due, and governance in the blocks before does not explain it.

    `signers` are those of the validators that are due who sealed it all the same, `quorum` how many make a block final.
    """

    code: ClassVar[str] = "qbft.set_unexplained"
    advice: ClassVar[str] = (
        "Ask another node for the block. If the validators sealed it themselves, stop and compare with the other "
        "members which proposals were carried out."
    )

    number: int
    added: tuple[Address, ...]
    removed: tuple[Address, ...]
    signers: frozenset[Address]
    quorum: int

    def __init__(self, **values: Any) -> None:
        changes = [f"adds 0x{address.hex()}" for address in values["added"]]
        changes += [f"drops 0x{address.hex()}" for address in values["removed"]]
        what = " and ".join(changes) or "lists the validators in another order"
        values.setdefault("rule", Rule.R08)
        values.setdefault("reason", f"block {values['number']} {what}, which no executed proposal explains")
        super().__init__(**values)

    @property
    def by_validators(self) -> bool:
        """Whether a quorum of the validators that are due sealed the unexplained set."""
        return len(self.signers) >= self.quorum


class FoundersDiffer(TallystickError):
    """The contract's list was founded with other validators than those that seal: it lacks `missing`, has `extra`."""

    code: ClassVar[str] = "qbft.founders_differ"
    sentence: ClassVar[str] = "The validators that the contracts name in block {number} are not those that seal"
    advice: ClassVar[str] = "The contracts were deployed for another set: found the consortium anew with this chain's."

    number: int
    missing: tuple[Address, ...]
    extra: tuple[Address, ...]
