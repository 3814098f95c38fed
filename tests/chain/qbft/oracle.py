"""Which rules a header breaks, each judged for itself and by other code than the product's (pyrlp, eth-keys).

The product names one broken rule; it must be one of these. A rule that cannot be judged, because what it speaks of
is not there, counts as broken only if nothing could make it hold.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import rlp
from eth_hash.auto import keccak
from eth_keys.backends.native import NativeECCBackend
from eth_keys.datatypes import Signature

N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
WIDTHS = [32, 32, 20, 32, 32, 32, 256, None, None, None, None, None, None, 32, 8, None, 32, None, None, 32, 32]
INTEGERS = {7: 32, 8: 8, 9: 8, 10: 8, 11: 8, 15: 32, 17: 8, 18: 8}
BACKEND = NativeECCBackend()


def broken_rules(
    encoded: bytes,
    validators: Sequence[bytes],
    item_count: int = 15,
    number: int | None = None,
    parent_hash: bytes | None = None,
    block_hash: bytes | None = None,
    genesis_hash: bytes | None = None,
) -> set[str]:
    items = canonical(encoded)
    if not isinstance(items, list):
        return {"R01" if items is None else "R02"}
    extra = canonical(items[12]) if len(items) > 12 and isinstance(items[12], bytes) else None
    broken = structure_rules(items, extra, item_count)
    if broken:
        return broken
    height, of_chain = int.from_bytes(items[8], "big"), hashed(items, extra, b"")
    asked = (number in (None, height), parent_hash in (None, items[0]), block_hash in (None, of_chain))
    genesis = height or of_chain == genesis_hash
    identity = set() if all(asked) and genesis else {"R14"}
    return identity | (final_rules(items, extra, validators) if height else set())


def structure_rules(items: list[Any], extra: Any, item_count: int) -> set[str]:
    is_five = isinstance(extra, list) and len(extra) == 5
    rules = {
        "R02": len(items) == item_count,
        "R03": all(shape_holds(position, item) for position, item in enumerate(items)),
        "R05": is_five,
        "R06": not is_five or extra_holds(extra),
    }
    return {rule for rule, holds in rules.items() if not holds}


def final_rules(items: list[Any], extra: list[Any], validators: Sequence[bytes]) -> set[str]:
    listed, seals = extra[1], extra[4]
    digest = hashed(items, extra, extra[3])
    signers = [signer(digest, seal) for seal in seals]
    rules = {
        "R04": (items[1], items[7], items[13], items[14])
        == (keccak(b"\xc0"), b"\x01", b"ctical byzantine fault tolerance", bytes(8)),
        "R07": bool(listed) and listed == sorted(set(listed)),
        "R08": sorted(listed) == sorted(validators) and len(listed) == len(validators),
        "R09": items[2] in listed,
        "R10": all(each is not None for each in signers),
        "R11": all(each in validators for each in signers if each is not None),
        "R12": len(set(signers)) == len(signers),
        "R13": len(set(signers) & set(validators)) * 3 >= len(validators) * 2,
    }
    return {rule for rule, holds in rules.items() if not holds}


def canonical(encoded: bytes) -> Any:
    try:
        items = rlp.decode(encoded, strict=True)
    except (rlp.DecodingError, IndexError, RecursionError):
        return None
    return items if rlp.encode(items) == encoded else None


def shape_holds(position: int, item: Any) -> bool:
    if position >= len(WIDTHS):
        return True
    width = WIDTHS[position]
    if not isinstance(item, bytes) or (width is not None and len(item) != width):
        return False
    return position not in INTEGERS or integer_holds(item, INTEGERS[position])


def integer_holds(text: Any, largest: int) -> bool:
    return isinstance(text, bytes) and len(text) <= largest and not text.startswith(b"\x00")


def extra_holds(extra: list[Any]) -> bool:
    vanity, validators, vote, agreed, seals = extra

    def texts(items: Any, width: int) -> bool:
        return isinstance(items, list) and all(isinstance(each, bytes) and len(each) == width for each in items)

    votes = vote == [] or (
        isinstance(vote, list) and len(vote) == 2 and texts(vote[:1], 20) and vote[1] in (b"", b"\xff")
    )
    return texts([vanity], 32) and texts(validators, 20) and votes and integer_holds(agreed, 4) and texts(seals, 65)


def hashed(items: list[Any], extra: list[Any], agreed: bytes) -> bytes:
    unsealed = rlp.encode([*extra[:3], agreed, []])
    return bytes(keccak(rlp.encode([*items[:12], unsealed, *items[13:]])))


@lru_cache(maxsize=4096)
def signer(digest: bytes, seal: bytes) -> bytes | None:
    r, s, recovery = int.from_bytes(seal[:32], "big"), int.from_bytes(seal[32:64], "big"), seal[64]
    if not (0 < r < N and 0 < s < N and recovery in (0, 1)):
        return None
    try:
        public_key = BACKEND.ecdsa_recover(digest, Signature(vrs=(recovery, r, s)))
    except Exception:  # noqa: BLE001  # eth-keys raises several kinds where no key can be recovered
        return None
    return bytes(keccak(public_key.to_bytes())[12:])
