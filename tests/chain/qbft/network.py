"""A QBFT network of four validators in memory: it seals any header, good or broken, with real keys."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import rlp

from tallystick.keccak import keccak256
from tallystick.keys import CURVE_ORDER, ActKey
from tallystick.qbft import Validators

KEYS = sorted((ActKey(bytes([i]) * 32) for i in range(1, 5)), key=lambda key: key.address)
STRANGERS = sorted((ActKey(bytes([i]) * 32) for i in range(11, 15)), key=lambda key: key.address)
VALIDATORS = Validators.of(key.address for key in KEYS)

EMPTY_UNCLES = keccak256(rlp.encode([]))
MIX_HASH = bytes.fromhex("63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365")
FORK_ITEMS = (b"", b"w" * 32, b"\x01", b"", b"b" * 32, b"q" * 32)
EXTRA_DATA = 12


@dataclass(frozen=True)
class Block:
    """A header to be sealed. Whatever is put in is encoded as it is, so that a test can break one thing alone."""

    items: tuple[Any, ...] = (
        b"p" * 32,
        EMPTY_UNCLES,
        KEYS[0].address,
        b"s" * 32,
        b"t" * 32,
        b"r" * 32,
        bytes(256),
        b"\x01",
        b"\x07",
        b"\x0f\x42\x40",
        b"",
        b"\x6b\x02\xc3\xe4",
        b"extraData",
        MIX_HASH,
        bytes(8),
    )
    vanity: Any = bytes(32)
    validators: Any = field(default_factory=lambda: [key.address for key in KEYS])
    vote: Any = field(default_factory=list)
    round: Any = b""
    more_extra: tuple[Any, ...] = ()

    def with_item(self, position: int, value: Any) -> "Block":
        return replace(self, items=(*self.items[:position], value, *self.items[position + 1 :]))

    def with_forks(self, count: int) -> "Block":
        return replace(self, items=self.items[:15] + FORK_ITEMS[: count - 15])

    def encode(self, seals: Iterable[Any], agreed_round: Any = None) -> bytes:
        agreed = self.round if agreed_round is None else agreed_round
        extra = rlp.encode([self.vanity, self.validators, self.vote, agreed, list(seals), *self.more_extra])
        return rlp.encode([*self.items[:EXTRA_DATA], extra, *self.items[EXTRA_DATA + 1 :]])

    def seal_hash(self) -> bytes:
        return keccak256(self.encode([]))

    def chain_hash(self) -> bytes:
        return keccak256(self.encode([], b""))

    def sealed(
        self,
        by: Sequence[ActKey] = tuple(KEYS[:3]),
        change: Callable[[list[bytes]], list[Any]] = lambda seals: seals,
        digest: bytes | None = None,
    ) -> bytes:
        """The header's bytes, sealed by these keys over its seal hash (or over `digest`), the seals then changed."""
        seals = [key.sign_recoverable(digest or self.seal_hash()) for key in by]
        return self.encode(change(seals))


def mirrored(seal: bytes) -> bytes:
    """The other signature of the same signer: s → n − s, recId → 1 − recId."""
    s = CURVE_ORDER - int.from_bytes(seal[32:64])
    return seal[:32] + s.to_bytes(32) + bytes([seal[64] ^ 1])
