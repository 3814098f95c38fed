"""A sealed chain in memory, as its validators might have sealed it: any history of sets, in no time.

Blocks are whole: transactions, receipts and seals are what their headers say. States alone are nobody's: no contract
ran, its events are written as it would have emitted them.
"""

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tallystick.client import Node
from tallystick.client.abi import encode_parameters, entries
from tallystick.client.artifacts import canonical_type
from tallystick.client.connection import Call
from tallystick.consortium import (
    CardKeys,
    Consortium,
    ContractEntry,
    HeaderItems,
    MemberCard,
    Role,
    ValidatorEpoch,
    sign_card,
)
from tallystick.keccak import keccak256
from tallystick.keys import ActKey, Address, Ed25519Key, X25519Key
from tallystick.qbft import QBFT_MIX_HASH, SetChange, Validators
from tallystick.receipts import Log, Receipt, receipts_root
from tallystick.rlp import encode
from tallystick.trie import ordered_root
from tallystick_gateway.kit.config import Config
from tallystick_gateway.watch.transactions import transaction_bytes
from tests.gateway.forging import Block, Forger
from tests.gateway.support import make_home

__all__ = ["MemoryChain", "MemoryNode", "keys_for"]

_CHAIN_ID = 2**33 + 7
_VALIDATOR = 3
_CONSORTIUM = Address(b"\xc0" * 20)
_ROLES = {
    "BANK-A": Role.LENDER,
    "BANK-B": Role.LENDER,
    "DEPOSITORY": Role.DEPOSITORY,
    "ARBITRATION": Role.ARBITRATOR,
}


def keys_for(count: int) -> list[ActKey]:
    """Validators' keys, always the same ones, by address."""
    return sorted((ActKey(bytes([number]) * 32) for number in range(1, count + 1)), key=lambda key: key.address)


class MemoryChain:
    """Blocks as JSON, from genesis on. `keys` are of all validators there may ever be, the first four found it."""

    def __init__(self, keys: Sequence[ActKey]) -> None:
        self._keys = {key.address: key for key in keys}
        self.founders = [key.address for key in keys[:4]]
        self.cards = [
            _card(legal_id, role, address)
            for (legal_id, role), address in zip(_ROLES.items(), self.founders, strict=True)
        ]
        self.members = {key.address: self.cards[turn % 4].member for turn, key in enumerate(keys)}
        self._listed = self.founders
        self.blocks: list[Block] = []
        self.receipts: dict[str, dict[str, Any]] = {}
        self._append([], self.founders, self.founders[0], signers=[])

    @property
    def height(self) -> int:
        return len(self.blocks) - 1

    def seal(
        self, *changes: SetChange, listed: Sequence[Address] | None = None, skipped: Address | None = None
    ) -> None:
        """The next block, in which the contract makes these changes; it lists `listed`, by default as the one before.

        Proposers take turns, but for one that is `skipped`; a quorum from the proposer on seals.
        """
        self._listed = list(self._listed if listed is None else listed)
        up = [address for address in self._listed if address != skipped]
        turn = len(self.blocks) % len(up)
        order = up[turn:] + up[:turn]
        self._append(changes, self._listed, order[0], signers=order[: Validators.of(self._listed).quorum])

    def found(self) -> None:
        """A block in which the contract lists the founders."""
        self.seal(*(SetChange(address, True) for address in self.founders))

    def consortium(self, *epochs: tuple[int, int | None, Sequence[Address]]) -> Consortium:
        """The file: as at the founding, or with these epochs."""
        return Consortium(
            chain_id=_CHAIN_ID,
            genesis_hash=bytes.fromhex(self.blocks[0]["hash"][2:]),
            engine="qbft",
            header_items=(HeaderItems(0, 15),),
            validator_epochs=tuple(
                ValidatorEpoch(first, last, {address: self.members[address] for address in sorted(listed)})
                for first, last, listed in epochs or [(0, None, self.founders)]
            ),
            contracts=tuple(
                ContractEntry(name, address, bytes(32), 1, b"")
                for name, address in (
                    ("Consortium", _CONSORTIUM),
                    ("AgreementBook", Address(b"\xc1" * 20)),
                    ("LoanLedger", Address(b"\xc2" * 20)),
                    ("RecordLog", Address(b"\xc3" * 20)),
                )
            ),
            members=tuple(self.cards),
        )

    def home(self, folder: Path) -> Config:
        """A home of BANK-A that has joined."""
        config = make_home(folder, "BANK-A", chain={"nodes": ["http://127.0.0.1:1"], "engine": "qbft"})
        config.consortium_path.write_bytes(self.consortium().to_bytes())
        return config

    def _append(
        self, changes: Sequence[SetChange], listed: Sequence[Address], proposer: Address, signers: Sequence[Address]
    ) -> None:
        self._listed = list(listed)
        logs = [self._log(change) for change in changes]
        transactions = [_transaction(len(self.blocks))] if logs else []
        receipts = [Receipt(0, 1, 21_000, bytes(256), tuple(logs))] if logs else []
        block: Block = {
            "parentHash": self.blocks[-1]["hash"] if self.blocks else "0x" + "00" * 32,
            "sha3Uncles": _hex(keccak256(b"\xc0")),
            "miner": _hex(proposer if self.blocks else bytes(20)),
            "stateRoot": "0x" + "00" * 32,
            "transactionsRoot": _hex(ordered_root([transaction_bytes(each) for each in transactions])),
            "receiptsRoot": _hex(receipts_root(receipts)),
            "logsBloom": "0x" + "00" * 256,
            "difficulty": "0x1",
            "number": hex(len(self.blocks)),
            "gasLimit": hex(130_000_000),
            "gasUsed": hex(21_000 * len(receipts)),
            "timestamp": hex(1_800_000_000 + len(self.blocks)),
            "extraData": _hex(encode((bytes(32), tuple(listed), (), b"", ()))),
            "mixHash": _hex(QBFT_MIX_HASH),
            "nonce": "0x" + "00" * 8,
            "transactions": transactions,
        }
        Forger(()).seal(block, [self._keys[address] for address in signers])
        self.blocks.append(block)
        for transaction, receipt in zip(transactions, receipts, strict=True):
            self.receipts[transaction["hash"]] = _receipt_json(receipt)

    def _log(self, change: SetChange) -> Log:
        """KeyAdded or KeyRevocationRecorded, as the Consortium emits it."""
        name = "KeyAdded" if change.add else "KeyRevocationRecorded"
        entry = next(each for each in entries("Consortium", "event") if each["name"] == name)
        values: dict[str, Any] = {
            "actId": secrets.token_bytes(32),
            "key": change.address.rjust(32, b"\0"),
            "member": self.members[change.address],
            "signer": "0x" + "00" * 20,
            "purpose": _VALIDATOR,
            "notBefore": 0,
            "notAfter": 2**40,
            "revokedAt": 1_800_000_000,
            "reason": bytes(32),
            "chainId": _CHAIN_ID,
        }
        signature = f"{name}({','.join(map(canonical_type, entry['inputs']))})"
        indexed = [part for part in entry["inputs"] if part["indexed"]]
        others = [part for part in entry["inputs"] if not part["indexed"]]
        topics = [encode_parameters([part], [values[part["name"]]]) for part in indexed]
        body = encode_parameters(others, [values[part["name"]] for part in others])
        return Log(_CONSORTIUM, (keccak256(signature.encode()), *topics), body)


class MemoryNode(Node):
    """A node that serves a `MemoryChain` up to `shown`."""

    def __init__(self, chain: MemoryChain, url: str = "http://127.0.0.1:1") -> None:
        super().__init__(url)
        self._chain = chain
        self.shown = chain.height

    def call(self, method: str, *params: object) -> Any:
        match method:
            case "eth_chainId":
                return hex(_CHAIN_ID)
            case "eth_blockNumber":
                return hex(self.shown)
            case "eth_getBlockByNumber":
                height = int(str(params[0]), 16)
                return self._chain.blocks[height] if height <= self.shown else None
            case "eth_getBlockReceipts":
                transactions = self._chain.blocks[int(str(params[0]), 16)]["transactions"]
                return [self._chain.receipts[transaction["hash"]] for transaction in transactions]
        raise AssertionError(f"nobody answers {method}")

    def batch(self, calls: Sequence[Call]) -> list[Any]:
        return [self.call(method, *params) for method, params in calls]


def _transaction(nonce: int) -> dict[str, Any]:
    transaction: dict[str, Any] = {
        "type": "0x0",
        "nonce": hex(nonce),
        "gasPrice": "0x0",
        "gas": hex(100_000),
        "to": _hex(_CONSORTIUM),
        "value": "0x0",
        "input": "0x",
        "v": "0x1b",
        "r": "0x1",
        "s": "0x1",
    }
    return transaction | {"hash": _hex(keccak256(transaction_bytes(transaction)))}


def _receipt_json(receipt: Receipt) -> dict[str, Any]:
    return {
        "type": hex(receipt.type),
        "status": hex(receipt.status),
        "cumulativeGasUsed": hex(receipt.cumulative_gas_used),
        "logsBloom": _hex(receipt.bloom),
        "logs": [
            {"address": _hex(log.address), "topics": [_hex(topic) for topic in log.topics], "data": _hex(log.data)}
            for log in receipt.logs
        ],
    }


def _card(legal_id: str, role: Role, validator: Address) -> MemberCard:
    act, recovery = ActKey.generate(), ActKey.generate()
    keys = CardKeys(
        act=act.address,
        recovery=recovery.address,
        validator=validator,
        exchange=Ed25519Key.generate().public,
        seal=X25519Key.generate().public,
        document=bytes(32),
    )
    card = MemberCard(legal_id, f"{legal_id} (test)", (role,), keys, "http://127.0.0.1:1")
    return sign_card(card, act, recovery)


def _hex(value: bytes) -> str:
    return f"0x{value.hex()}"
