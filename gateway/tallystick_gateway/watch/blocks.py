"""A block with everything in it, believed only after every hash was recomputed (`protocol.md` §8).

Transactions root from every transaction's bytes, receipts root from every receipt, both as the checked header has them.
Only then are logs read; what a node merely says about a receipt is never used.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tallystick.errors import TallystickError
from tallystick.receipts import Log, Receipt, receipt_from_rpc, receipts_root
from tallystick.trie import ordered_root

from .errors import BodyMismatch, NodeTalksNonsense, ReceiptsRootMismatch
from .headers import CheckedHeader
from .quantities import Answer, item_of, list_of, object_of
from .transactions import transaction_bytes, transaction_hash

__all__ = ["CheckedBlock", "CheckedLog", "Execution", "check_block"]


@dataclass(frozen=True, slots=True)
class Execution:
    """What became of one transaction of a checked block: status 1, or 0 if it was reverted."""

    hash: bytes
    status: int
    gas_used: int


@dataclass(frozen=True, slots=True)
class CheckedLog:
    """A log of a checked block; `index` counts the block's logs from 0."""

    log: Log
    transaction_hash: bytes
    transaction_index: int
    index: int


@dataclass(frozen=True, slots=True)
class CheckedBlock:
    """A block whose header, transactions and receipts belong together. `final` only if seals were checked."""

    header: CheckedHeader
    executions: tuple[Execution, ...]
    logs: tuple[CheckedLog, ...]

    @property
    def height(self) -> int:
        return self.header.height

    @property
    def hash(self) -> bytes:
        return self.header.hash

    @property
    def time(self) -> int:
        return self.header.time

    @property
    def final(self) -> bool:
        return self.header.final


def check_block(block: Answer, receipts: Sequence[object], header: CheckedHeader) -> CheckedBlock:
    """Check that the transactions of `block` and all its receipts are those of its checked header.

    Raises `BodyMismatch`, `ReceiptsRootMismatch`, `NodeTalksNonsense`.
    """
    hashes = _transaction_hashes(block, header)
    read = _receipts(receipts, header, len(hashes))
    return CheckedBlock(header, _executions(hashes, read), _logs(hashes, read))


def _transaction_hashes(block: Answer, header: CheckedHeader) -> list[bytes]:
    entries = list_of(item_of(block, "transactions"), "transactions")
    transactions = [object_of(entry, "transaction") for entry in entries]
    encoded = [transaction_bytes(transaction) for transaction in transactions]
    computed = ordered_root(encoded)
    if computed != header.transactions_root:
        raise BodyMismatch(
            f"The {len(encoded)} transactions of block {header.height} do not give its transactions root.",
            height=header.height,
            expected=header.transactions_root,
            computed=computed,
        )
    return [transaction_hash(entry, text) for entry, text in zip(transactions, encoded, strict=True)]


def _receipts(receipts: Sequence[object], header: CheckedHeader, transactions: int) -> list[Receipt]:
    try:
        read = [receipt_from_rpc(object_of(receipt, "receipt")) for receipt in receipts]
    except NodeTalksNonsense:
        raise
    except TallystickError as malformed:
        raise NodeTalksNonsense(f"A receipt of block {header.height}: {malformed}", height=header.height) from None
    computed = receipts_root(read)
    if len(read) != transactions or computed != header.receipts_root:
        raise ReceiptsRootMismatch(
            f"The {len(read)} receipts of block {header.height} do not give its receipts root.",
            height=header.height,
            expected=header.receipts_root,
            computed=computed,
            receipts=len(read),
            transactions=transactions,
        )
    return read


def _executions(hashes: Sequence[bytes], receipts: Sequence[Receipt]) -> tuple[Execution, ...]:
    executions = []
    gas_before = 0
    for hash_, receipt in zip(hashes, receipts, strict=True):
        executions.append(Execution(hash_, receipt.status, receipt.cumulative_gas_used - gas_before))
        gas_before = receipt.cumulative_gas_used
    return tuple(executions)


def _logs(hashes: Sequence[bytes], receipts: Sequence[Receipt]) -> tuple[CheckedLog, ...]:
    logs: list[CheckedLog] = []
    for position, (hash_, receipt) in enumerate(zip(hashes, receipts, strict=True)):
        for log in receipt.logs:
            logs.append(CheckedLog(log, hash_, position, len(logs)))  # the index is the length so far
    return tuple(logs)
