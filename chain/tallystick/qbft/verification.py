"""Judging a QBFT header: who sealed it, and whether it is final (`protocol.md` §7).

A node's own check is weaker (GoQuorum takes F + 1 seals): that a node served a header proves little.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Self

from tallystick.blocks import SMALLEST_ITEM_COUNT
from tallystick.keys import Address, SignatureMalformed, recover_address

from .errors import HeaderRefused, Rule
from .header import Header, chain_hash, decode_header, seal_hash

__all__ = [
    "QBFT_MIX_HASH",
    "Equivocation",
    "Validators",
    "Verified",
    "check_header",
    "find_equivocation",
    "verify_header",
]

_EMPTY_UNCLES: Final = bytes.fromhex("1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347")
QBFT_MIX_HASH: Final = bytes.fromhex("63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365")
"""What the mixHash of every QBFT header is, and of nobody else's."""


@dataclass(frozen=True, slots=True)
class Validators:
    """The set the roots give for a height: ascending, without duplicates."""

    addresses: tuple[Address, ...]

    def __post_init__(self) -> None:
        """Raises `ValueError` unless there is one or more, each of 20 bytes, strictly ascending."""
        ascending = all(one < other for one, other in pairwise(self.addresses))
        if not self.addresses or not ascending or any(len(each) != 20 for each in self.addresses):
            raise ValueError("a validator set is one or more different addresses of 20 bytes, ascending")

    @classmethod
    def of(cls, addresses: Iterable[bytes]) -> Self:
        """The set of `addresses`, given in any order. Raises `ValueError` as the constructor does."""
        return cls(tuple(sorted(Address(address) for address in addresses)))

    @property
    def quorum(self) -> int:
        """How many of them make a block final: ⌈2n/3⌉."""
        return -(-2 * len(self.addresses) // 3)


@dataclass(frozen=True, slots=True)
class Verified:
    """A header that holds, its chain hash, and who sealed it (nobody at height 0)."""

    header: Header
    chain_hash: bytes
    signers: frozenset[Address]


@dataclass(frozen=True, slots=True)
class Equivocation:
    """Two final blocks of one height: the gravest finding. `culprits` sealed both."""

    number: int
    chain_hashes: tuple[bytes, bytes]
    culprits: frozenset[Address]


def verify_header(
    encoded: bytes,
    validators: Validators,
    *,
    item_count: int = SMALLEST_ITEM_COUNT,
    number: int | None = None,
    parent_hash: bytes | None = None,
    block_hash: bytes | None = None,
    genesis_hash: bytes | None = None,
) -> Verified:
    """Judge one header by rules R01–R14.

    `validators` and `item_count` (15 to 21) are what the roots give for its height; `number`, `parent_hash` and
    `block_hash` what is asked for, where known. Height 0 is accepted by `genesis_hash` alone, and not without it.
    Raises `HeaderRefused` with the first rule found broken.
    """
    return check_header(
        decode_header(encoded, item_count),
        validators,
        number=number,
        parent_hash=parent_hash,
        block_hash=block_hash,
        genesis_hash=genesis_hash,
    )


def check_header(
    header: Header,
    validators: Validators,
    *,
    number: int | None = None,
    parent_hash: bytes | None = None,
    block_hash: bytes | None = None,
    genesis_hash: bytes | None = None,
) -> Verified:
    """As `verify_header`, for a header whose parts were read already (R01–R03, R05 and R06 hold)."""
    of_chain = chain_hash(header)
    if header.number == 0:
        signers: frozenset[Address] = frozenset()
        _check_genesis(of_chain, genesis_hash)
    else:
        _check_constants(header)
        _check_validators(header, validators)
        digest = seal_hash(header) if header.extra.round else of_chain
        signers = _check_seals(header, digest, validators)
    _check_identity(header, of_chain, number, parent_hash, block_hash)
    return Verified(header, of_chain, signers)


def find_equivocation(one: Verified, other: Verified) -> Equivocation | None:
    """The finding that two verified headers are different blocks of one height, or None."""
    if one.header.number != other.header.number or one.chain_hash == other.chain_hash:
        return None
    return Equivocation(one.header.number, (one.chain_hash, other.chain_hash), one.signers & other.signers)


def _check_genesis(of_chain: bytes, genesis_hash: bytes | None) -> None:
    if genesis_hash is None:
        raise HeaderRefused(rule=Rule.R14, reason="height 0, and no genesis hash to compare it with")
    if of_chain != genesis_hash:
        raise HeaderRefused(rule=Rule.R14, reason="height 0, and not the genesis of the roots")


def _check_constants(header: Header) -> None:
    constants = {
        "uncles hash": header.uncles_hash == _EMPTY_UNCLES,
        "difficulty": header.difficulty == 1,
        "mixHash": header.mix_hash == QBFT_MIX_HASH,
        "nonce": header.nonce == bytes(8),
    }
    for name, holds in constants.items():
        if not holds:
            raise HeaderRefused(rule=Rule.R04, reason=f"{name} is not the constant of QBFT")


def _check_validators(header: Header, validators: Validators) -> None:
    listed = header.extra.validators
    if not listed:
        raise HeaderRefused(rule=Rule.R07, reason="no validators")
    if any(one >= other for one, other in pairwise(listed)):
        raise HeaderRefused(rule=Rule.R07, reason="validators are not strictly ascending")
    if listed != validators.addresses:
        raise HeaderRefused(rule=Rule.R08, reason="validators differ from the expected set")
    if header.coinbase not in listed:
        raise HeaderRefused(rule=Rule.R09, reason="the coinbase is not a validator")


def _check_seals(header: Header, digest: bytes, validators: Validators) -> frozenset[Address]:
    """Who sealed. Stops at the first seal that breaks a rule: at most one recovery for each validator, and one more."""
    signers: set[Address] = set()
    for position, seal in enumerate(header.extra.seals):
        try:
            signer = recover_address(digest, seal)
        except SignatureMalformed as why:
            raise HeaderRefused(rule=Rule.R10, reason=f"seal {position}: {why}") from None
        if signer not in validators.addresses:
            raise HeaderRefused(rule=Rule.R11, reason=f"seal {position} is by 0x{signer.hex()}, not a validator")
        if signer in signers:
            raise HeaderRefused(rule=Rule.R12, reason=f"seal {position} is 0x{signer.hex()}'s second")
        signers.add(signer)
    if len(signers) < validators.quorum:
        raise HeaderRefused(
            rule=Rule.R13,
            reason=f"{len(signers)} seals, {validators.quorum} of {len(validators.addresses)} are needed",
        )
    return frozenset(signers)


def _check_identity(
    header: Header, of_chain: bytes, number: int | None, parent_hash: bytes | None, block_hash: bytes | None
) -> None:
    asked = {
        "number": number in (None, header.number),
        "parent hash": parent_hash in (None, header.parent_hash),
        "block hash": block_hash in (None, of_chain),
    }
    for name, holds in asked.items():
        if not holds:
            raise HeaderRefused(rule=Rule.R14, reason=f"not the {name} asked for")
