"""QBFT block headers: their parts, their bytes and their two hashes (EEA QBFT v1; `protocol.md` §7).

`extraData = RLP[vanity32, [validators], vote, round, [seals]]`. The chain hash leaves round and seals out, the seal
hash leaves only the seals out: in round 0 they are equal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tallystick.blocks import LARGEST_ITEM_COUNT, SMALLEST_ITEM_COUNT, header_items
from tallystick.keccak import keccak256
from tallystick.keys import Address
from tallystick.rlp import (
    IntegerMalformed,
    Item,
    RlpMalformed,
    decode_integer,
    decode_strict,
    encode,
    encode_integer,
)

from .errors import HeaderRefused, Rule

__all__ = [
    "Extra",
    "Header",
    "Vote",
    "chain_hash",
    "decode_header",
    "encode_header",
    "header_from_rpc",
    "seal_hash",
]

_EXTRA_DATA: Final = 12
_LARGEST_ROUND_BYTES: Final = 4
_ADDRESS_BYTES: Final = 20
_SEAL_BYTES: Final = 65
_VANITY_BYTES: Final = 32

_WIDTHS: Final[Mapping[int, int]] = {
    0: 32,
    1: 32,
    2: 20,
    3: 32,
    4: 32,
    5: 32,
    6: 256,
    13: 32,
    14: 8,
    16: 32,
    19: 32,
    20: 32,
}
"""Items of fixed length."""

_INTEGERS: Final[Mapping[int, int]] = {7: 32, 8: 8, 9: 8, 10: 8, 11: 8, 15: 32, 17: 8, 18: 8}
"""Items that are integers, and the most bytes each may take."""


@dataclass(frozen=True, slots=True)
class Vote:
    """What the proposer asks the others for: to let `validator` in, or (not `add`) to drop it."""

    validator: Address
    add: bool


@dataclass(frozen=True, slots=True)
class Extra:
    """What extraData says: the set that seals this block, a vote, the round it was agreed in, and the seals."""

    vanity: bytes
    validators: tuple[Address, ...]
    vote: Vote | None
    round: int
    seals: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Header:
    """A header whose parts all have their shape (R01–R03, R05, R06); nothing more is known of it.

    `items` are its byte strings in order, extraData and what forks added among them.
    """

    parent_hash: bytes
    uncles_hash: bytes
    coinbase: Address
    state_root: bytes
    transactions_root: bytes
    receipts_root: bytes
    logs_bloom: bytes
    difficulty: int
    number: int
    gas_limit: int
    gas_used: int
    timestamp: int
    extra: Extra
    mix_hash: bytes
    nonce: bytes
    items: tuple[bytes, ...]


def decode_header(encoded: bytes, item_count: int = SMALLEST_ITEM_COUNT) -> Header:
    """The header that `encoded` stands for, with as many items as the roots give for its height (15 to 21).

    Raises `HeaderRefused` with R01, R02, R03, R05 or R06.
    """
    try:
        items = decode_strict(encoded, max_depth=len(encoded))
    except RlpMalformed as why:
        raise HeaderRefused(rule=Rule.R01, reason=f"byte {why.offset}: {why.reason}") from None
    if isinstance(items, bytes):
        raise HeaderRefused(rule=Rule.R02, reason="a byte string, not a list")
    return _header(items, item_count)


def header_from_rpc(block: Mapping[str, Any], item_count: int = SMALLEST_ITEM_COUNT) -> Header:
    """The header a node gave as JSON (`eth_getBlockByNumber`).

    Raises `tallystick.blocks.BlockMalformed`, and `HeaderRefused` with R02, R03, R05 or R06.
    """
    return _header(header_items(block), item_count)


def encode_header(header: Header) -> bytes:
    """The header's bytes, with round and seals."""
    return encode(header.items)


def chain_hash(header: Header) -> bytes:
    """The block's hash, by which blocks are compared: Keccak-256 with round 0 and without seals."""
    return _hash_with(header, 0)


def seal_hash(header: Header) -> bytes:
    """What validators sign: Keccak-256 with the real round and without seals."""
    return _hash_with(header, header.extra.round)


def _hash_with(header: Header, agreed_round: int) -> bytes:
    extra, vote = header.extra, header.extra.vote
    unsealed = encode(
        (
            extra.vanity,
            extra.validators,
            (vote.validator, b"\xff" if vote.add else b"") if vote else (),
            encode_integer(agreed_round),
            (),
        )
    )
    return keccak256(encode((*header.items[:_EXTRA_DATA], unsealed, *header.items[_EXTRA_DATA + 1 :])))


def _header(items: Sequence[Item], item_count: int) -> Header:
    if not SMALLEST_ITEM_COUNT <= item_count <= LARGEST_ITEM_COUNT:
        raise ValueError(f"a header has {SMALLEST_ITEM_COUNT} to {LARGEST_ITEM_COUNT} items, not {item_count}")
    if len(items) != item_count:
        raise HeaderRefused(rule=Rule.R02, reason=f"{len(items)} items, not {item_count}")
    texts = tuple(_text(item, Rule.R03, f"item {position}") for position, item in enumerate(items))
    for position, width in _WIDTHS.items():
        if position < item_count and len(texts[position]) != width:
            raise HeaderRefused(rule=Rule.R03, reason=f"item {position} has {len(texts[position])} bytes, not {width}")
    numbers = {
        position: _integer(texts[position], largest, Rule.R03, f"item {position}")
        for position, largest in _INTEGERS.items()
        if position < item_count
    }
    return Header(
        parent_hash=texts[0],
        uncles_hash=texts[1],
        coinbase=Address(texts[2]),
        state_root=texts[3],
        transactions_root=texts[4],
        receipts_root=texts[5],
        logs_bloom=texts[6],
        difficulty=numbers[7],
        number=numbers[8],
        gas_limit=numbers[9],
        gas_used=numbers[10],
        timestamp=numbers[11],
        extra=_extra(texts[_EXTRA_DATA]),
        mix_hash=texts[13],
        nonce=texts[14],
        items=texts,
    )


def _extra(encoded: bytes) -> Extra:
    try:
        items = decode_strict(encoded, max_depth=len(encoded))
    except RlpMalformed as why:
        raise HeaderRefused(rule=Rule.R05, reason=f"extraData, byte {why.offset}: {why.reason}") from None
    if isinstance(items, bytes) or len(items) != 5:
        found = "a byte string" if isinstance(items, bytes) else f"{len(items)} items"
        raise HeaderRefused(rule=Rule.R05, reason=f"extraData has {found}, not 5 items")
    vanity, validators, vote, agreed_round, seals = items
    return Extra(
        vanity=_text(vanity, Rule.R06, "vanity", _VANITY_BYTES),
        validators=tuple(
            Address(_text(each, Rule.R06, "a validator", _ADDRESS_BYTES)) for each in _list(validators, "validators")
        ),
        vote=_vote(_list(vote, "vote")),
        round=_integer(_text(agreed_round, Rule.R06, "round"), _LARGEST_ROUND_BYTES, Rule.R06, "round"),
        seals=tuple(_text(each, Rule.R06, "a seal", _SEAL_BYTES) for each in _list(seals, "seals")),
    )


def _vote(items: Sequence[Item]) -> Vote | None:
    if not items:
        return None
    if len(items) != 2:
        raise HeaderRefused(rule=Rule.R06, reason=f"vote has {len(items)} items, not 0 or 2")
    validator = Address(_text(items[0], Rule.R06, "the validator voted on", _ADDRESS_BYTES))
    if items[1] not in (b"\xff", b""):
        raise HeaderRefused(rule=Rule.R06, reason="vote is neither 0xff nor empty")
    return Vote(validator, add=items[1] == b"\xff")


def _list(item: Item, what: str) -> Sequence[Item]:
    if isinstance(item, bytes):
        raise HeaderRefused(rule=Rule.R06, reason=f"{what}: a byte string where a list belongs")
    return item


def _text(item: Item, rule: Rule, what: str, width: int | None = None) -> bytes:
    if not isinstance(item, bytes):
        raise HeaderRefused(rule=rule, reason=f"{what}: a list where a byte string belongs")
    if width is not None and len(item) != width:
        raise HeaderRefused(rule=rule, reason=f"{what} has {len(item)} bytes, not {width}")
    return item


def _integer(text: bytes, largest: int, rule: Rule, what: str) -> int:
    try:
        return decode_integer(text, largest)
    except IntegerMalformed as why:
        raise HeaderRefused(rule=rule, reason=f"{what}: {why.reason}") from None
