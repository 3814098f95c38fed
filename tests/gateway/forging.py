"""What validators could seal if they wished: blocks of a real network, changed and sealed anew with its own keys."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tallystick.blocks import header_items
from tallystick.keys import CURVE_ORDER, ActKey, Address
from tallystick.qbft import chain_hash, header_from_rpc, seal_hash
from tallystick.rlp import encode, encode_integer
from tallystick_devnet.engines import QbftEngine

__all__ = ["Block", "Forger", "height_of", "mirrored"]

Block = dict[str, Any]
"""A block as a node gives it by JSON-RPC."""


def mirrored(seal: bytes) -> bytes:
    """The other signature of the same signer: s → n − s, recId → 1 − recId."""
    s = CURVE_ORDER - int.from_bytes(seal[32:64])
    return seal[:32] + s.to_bytes(32) + bytes([seal[64] ^ 1])


@dataclass(frozen=True)
class Forger:
    """Somebody who holds the validators' keys, in the order of their addresses."""

    keys: Sequence[ActKey]

    @classmethod
    def of(cls, engine: QbftEngine) -> "Forger":
        """The keys of the network's nodes, which lie in their folders."""
        files = sorted(engine.folder.glob("node*/geth/nodekey"))
        keys = [ActKey(bytes.fromhex(file.read_text().strip())) for file in files]
        return cls(sorted(keys, key=lambda key: key.address))

    def seal(
        self,
        block: Block,
        by: int | Sequence[ActKey],
        *,
        seals: Callable[[list[bytes]], list[bytes]] = lambda seals: seals,
        agreed: int | None = None,
        listed: Sequence[Address] | None = None,
    ) -> None:
        """Have the first `by` validators, or these keys, seal the block as it is now; hash and extraData change.

        `seals` may still change the seals, `agreed` is another round than the one they sign, `listed` another set.
        """
        extra = header_from_rpc(block, len(header_items(block))).extra
        vote = (extra.vote.validator, b"\xff" if extra.vote.add else b"") if extra.vote else ()
        unsealed = (extra.vanity, extra.validators if listed is None else tuple(listed), vote)
        _write_extra(block, unsealed, extra.round, [])
        digest = seal_hash(header_from_rpc(block, len(header_items(block))))
        made = [key.sign_recoverable(digest) for key in (self.keys[:by] if isinstance(by, int) else by)]
        _write_extra(block, unsealed, extra.round if agreed is None else agreed, seals(made))

    def change(self, block: Block, by: int | Sequence[ActKey], **fields: str) -> None:
        """Another block in its place: these fields changed (by default its time), sealed by `by`."""
        block.update(fields or {"timestamp": hex(int(block["timestamp"], 16) + 1)})
        self.seal(block, by)

    def without(self, address: Address) -> list[Address]:
        """The validators' addresses but for one."""
        return [key.address for key in self.keys if key.address != address]


def _write_extra(block: Block, unsealed: tuple[Any, ...], agreed: int, seals: list[bytes]) -> None:
    block["extraData"] = f"0x{encode((*unsealed, encode_integer(agreed), tuple(seals))).hex()}"
    block["hash"] = f"0x{chain_hash(header_from_rpc(block, len(header_items(block)))).hex()}"


def height_of(block: Mapping[str, Any]) -> int:
    """The block's number."""
    return int(block["number"], 16)
