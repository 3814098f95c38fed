"""Do the receipts stand in the blocks? (`protocol.md` §8)"""

from collections.abc import Mapping
from typing import Final

from tallystick.package.paths import Part
from tallystick.receipts import Receipt, ReceiptMalformed, verify_receipt
from tallystick.rlp import RlpMalformed, decode_strict
from tallystick.trie import TrieProofInvalid
from tallystick.verify.facts import Block, Material
from tallystick.verify.findings import Findings

__all__ = ["Receipts", "check_receipts"]

MAX_PROOF_NODES: Final = 16
MAX_RECEIPT_BYTES: Final = 4 * 1024 * 1024
Receipts = dict[tuple[int, int], Receipt]
"""By height and index of the transaction."""


def check_receipts(material: Material, blocks: Mapping[int, Block], found: Findings) -> Receipts:
    """The receipts that stand in a proved block, of transactions that succeeded."""
    receipts: Receipts = {}
    for path, name in material.of(Part.RECEIPT):
        height, transaction = name.numbers
        where = f"transaction {transaction} of block {height}"
        block = blocks.get(height)
        if block is None:
            if f"proofs/headers/{height}.rlp" not in material.files:
                found.add("headers.missing", f"block {height}")
            found.add("receipts.not_examined", where)
            continue
        if len(material.files[path]) > MAX_RECEIPT_BYTES:
            found.add("receipts.not_examined", f"{where}: its proof has more than {MAX_RECEIPT_BYTES} bytes")
            continue
        try:
            receipt = verify_receipt(block.receipts_root, transaction, _nodes(material.content(path)))
        except (TrieProofInvalid, ReceiptMalformed, RlpMalformed, ValueError) as why:
            found.add("receipts.refused", f"{where}: {why}")
            continue
        if receipt.status != 1:
            found.add("receipts.reverted", where)
            continue
        receipts[height, transaction] = receipt
    if receipts:
        found.passed("receipts.proved", f"{len(receipts)} receipts")
    return receipts


def _nodes(encoded: bytes) -> tuple[bytes, ...]:
    items = decode_strict(encoded, max_depth=2)
    nodes = tuple(item for item in items if isinstance(item, bytes))
    if isinstance(items, bytes) or len(nodes) != len(items) or not 0 < len(nodes) <= MAX_PROOF_NODES:
        raise ValueError(f"it is not a list of 1 to {MAX_PROOF_NODES} trie nodes")
    return nodes
