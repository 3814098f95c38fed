"""A QBFT chain of four members in memory: real headers sealed by real keys, real receipts tries, real events.

Events are encoded by eth_abi from the contracts' ABI, so by other code than the product reads them with. What the
contracts compute (counts, heads, indices) is computed here a second time. Keys are derived from names: never use them.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from Crypto.Hash import keccak
from eth_abi.abi import encode

from tallystick.acts import Act, Domain, act_id, act_types, sign
from tallystick.consortium import HeaderItems, Role
from tallystick.keys import ActKey, Address
from tallystick.package.act_files import ActFile, Place
from tallystick.package.proofs import CollectedAct, Proofs
from tallystick.pseudonyms import member_id
from tallystick.receipts import Log, Receipt, encode_receipt
from tallystick.roots import (
    AuthorityEntry,
    Contract,
    Epoch,
    Key,
    Member,
    Roots,
    Standing,
    merge_signatures,
    sign_roots,
)
from tallystick.trie import ordered_proof, ordered_root
from tests.chain.qbft.network import Block

ARTIFACTS = Path(__file__).resolve().parents[3] / "contracts" / "artifacts"
CHAIN_ID = 5_000_000_000
START = 1_795_000_000
"""Unix seconds of block 0; block h comes 2 h seconds later."""
FOREVER = START + 10 * 365 * 86_400
NAMES = ("Harbour Bank", "River Bank", "Depository of the North", "Court of Arbitration")
ROLES = (Role.LENDER, Role.LENDER, Role.DEPOSITORY, Role.ARBITRATOR)
CONTRACT_NAMES = ("AgreementBook", "Consortium", "LoanLedger", "RecordLog")
NOTHING = bytes(32)


def hashed(*parts: object) -> bytes:
    """32 bytes that stand for a name."""
    return hashlib.sha256("/".join(map(str, parts)).encode()).digest()


def keccak256(message: bytes) -> bytes:
    return bytes(keccak.new(digest_bits=256, data=message).digest())


def act_key(number: int, generation: int = 0) -> ActKey:
    return ActKey(hashed("act", number, generation))


def validator_key(number: int, generation: int = 0) -> ActKey:
    return ActKey(hashed("validator", number, generation))


def legal_id(number: int) -> str:
    return f"TEST-{number}"


def member(number: int) -> bytes:
    return member_id(legal_id(number))


def address_of(contract: str, version: int = 0) -> Address:
    return Address(hashed("contract", contract, version)[:20])


def instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@cache
def _abi(contract: str) -> dict[str, dict[str, Any]]:
    abi = json.loads((ARTIFACTS / f"{contract}.json").read_text("utf-8"))["abi"]
    return {entry["name"]: entry for entry in abi if entry["type"] == "event"}


def _type(part: Mapping[str, Any]) -> str:
    if not part["type"].startswith("tuple"):
        return str(part["type"])
    return f"({','.join(map(_type, part['components']))}){part['type'].removeprefix('tuple')}"


def _plain(value: Any) -> Any:
    if type(value).__name__ in act_types():
        fields = act_types()[type(value).__name__].fields
        return tuple(_plain(getattr(value, field.attribute)) for field in fields)
    return tuple(map(_plain, value)) if isinstance(value, tuple | list) else value


def event_log(contract: str, address: bytes, event: str, **values: Any) -> Log:
    """The log that the contract emits; a name that Python keeps for itself takes a `_`."""
    given = {name.rstrip("_"): _plain(value) for name, value in values.items()}
    inputs = _abi(contract)[event]["inputs"]
    assert given.keys() == {part["name"] for part in inputs}, (event, given.keys())
    topic = keccak256(f"{event}({','.join(map(_type, inputs))})".encode())
    indexed = [encode([_type(part)], [given[part["name"]]]) for part in inputs if part["indexed"]]
    plain = [part for part in inputs if not part["indexed"]]
    return Log(address, (topic, *indexed), encode(list(map(_type, plain)), [given[part["name"]] for part in plain]))


@dataclass
class Sealed:
    """A block as it was sealed."""

    block: Block
    header: bytes
    hash: bytes
    time: int
    receipts: list[Receipt]


@dataclass
class Recorded:
    """An act, and where it was recorded."""

    act: Act
    contract: str
    address: Address
    signature: bytes
    place: Place

    @property
    def id(self) -> bytes:
        return act_id(self.act, Domain(CHAIN_ID, self.address))

    @property
    def collected(self) -> CollectedAct:
        return CollectedAct(ActFile(self.contract, self.act, self.signature, self.place), CHAIN_ID, self.address)


@dataclass
class SealedChain:
    """The chain. `validators` are the numbers of the members whose keys seal; `epochs` begin where they changed."""

    blocks: list[Sealed] = field(default_factory=list)
    validators: tuple[int, ...] = (0, 1, 2, 3)
    epochs: list[tuple[int, tuple[int, ...]]] = field(default_factory=lambda: [(0, (0, 1, 2, 3))])
    pending: list[list[Log]] = field(default_factory=list)
    heads: dict[tuple[Address, bytes, bytes], tuple[int, bytes]] = field(default_factory=dict)
    logs: dict[tuple[bytes, bytes], tuple[int, bytes]] = field(default_factory=dict)
    refs: int = 0
    sealed: bool = True
    """False: a chain of the embedded engine, whose blocks nobody seals."""

    def __post_init__(self) -> None:
        self.seal()

    # Blocks

    @property
    def height(self) -> int:
        """The height of the block that is sealed next."""
        return len(self.blocks)

    @property
    def now(self) -> int:
        return START + 2 * self.height

    def seal(self, *, by: Sequence[int] | None = None, count: int = 1) -> Sealed:
        """Seal the pending transactions, after two failed ones of others, and `count` − 1 empty blocks."""
        signers = self.validators[: -(-2 * len(self.validators) // 3)] if by is None else by
        for _ in range(count):
            self._seal_one(signers)
        return self.blocks[-1]

    def _seal_one(self, signers: Sequence[int]) -> None:
        fillers = [Receipt(0, 0, 21_000 * (number + 1), bytes(256), ()) for number in range(2)]
        ours = [
            Receipt(0, 1, 50_000 * (number + 1), bytes(256), tuple(logs)) for number, logs in enumerate(self.pending)
        ]
        receipts = fillers + ours if ours else []
        self.pending = []
        height, time = self.height, self.now
        addresses = sorted(validator_key(number).address for number in self.validators)
        block = Block(
            validators=addresses,
            vanity=b"tallystick test".ljust(32, b"\0"),
        )
        for position, value in (
            (0, self.blocks[-1].hash if self.blocks else bytes(32)),
            (2, addresses[0]),
            (3, hashed("state", height)),
            (4, hashed("transactions", height)),
            (5, ordered_root([encode_receipt(each) for each in receipts])),
            (8, height.to_bytes((height.bit_length() + 7) // 8)),
            (11, time.to_bytes(4)),
        ):
            block = block.with_item(position, value)
        keys = [validator_key(number) for number in signers] if height else []
        header = block.sealed(keys if self.sealed else [])
        block_hash = block.chain_hash() if self.sealed else keccak256(header)
        self.blocks.append(Sealed(block, header, block_hash, time, receipts))

    def change_validators(self, *numbers: int) -> None:
        """From the next block on these seal."""
        self.validators = numbers
        self.epochs.append((self.height, numbers))

    # Acts

    def record(
        self, contract: str, act: Act, event: str, *, by: ActKey, address: Address | None = None, **values: Any
    ) -> Recorded:
        """Sign the act, and have the contract emit its event in a transaction of its own in the next block."""
        address = address or address_of(contract)
        signature = sign(act, Domain(CHAIN_ID, address), by)
        recorded = Recorded(act, contract, address, signature, Place(self.height, 2 + len(self.pending), 0))
        log = event_log(
            contract,
            address,
            event,
            **{"actId": recorded.id, "member": act.member, "signer": by.address, "chainId": CHAIN_ID, **values},
        )
        self.pending.append([log])
        return recorded

    def prefix(self, speaker: int) -> dict[str, Any]:
        """What every act begins with."""
        self.refs += 1
        return {
            "member": member(speaker),
            "ref": hashed("ref", self.refs),
            "issued_at": self.now - 1,
            "valid_until": self.now + 3600,
        }

    def link(self, contract_address: Address, agreement: bytes, loan: bytes, linked: bytes) -> dict[str, Any]:
        """Count and head of the loan after the act `linked`."""
        start = b"tallystick-head/v1" + CHAIN_ID.to_bytes(32) + contract_address + agreement + loan
        key = (contract_address, agreement, loan)
        count, head = self.heads.get(key, (0, keccak256(start)))
        self.heads[key] = (count + 1, keccak256(head + linked))
        return {"count": self.heads[key][0], "head": self.heads[key][1]}

    # Proofs

    def receipt_proof(self, height: int, transaction: int) -> tuple[bytes, ...]:
        return ordered_proof([encode_receipt(each) for each in self.blocks[height].receipts], transaction)

    def proofs(self, recorded: Sequence[Recorded], **more: Any) -> Proofs:
        """What a builder collects for these acts."""
        places = {(each.place.height, each.place.transaction) for each in recorded}
        return Proofs(
            headers={height: self.blocks[height].header for height, _ in places},
            receipts={place: self.receipt_proof(*place) for place in places},
            acts=[each.collected for each in recorded],
            **more,
        )


def member_entry(number: int, *further: Key, **changes: Any) -> Member:
    keys = [
        key_entry(number, act_key(number).address),
        key_entry(number, validator_key(number).address, "VALIDATOR"),
        *further,
    ]
    by_key = {key.key: key for key in keys}
    made: dict[str, Any] = {
        "member": member(number),
        "legal_id": legal_id(number),
        "name": NAMES[number],
        "certificate": None,
        "standing": (Standing(0, "ACTIVE", (ROLES[number],)),),
        "keys": tuple(by_key[key] for key in sorted(by_key)),
    }
    return Member(**{**made, **changes})


def key_entry(number: int, key: bytes, purpose: str = "ACT", **changes: Any) -> Key:
    made: dict[str, Any] = {
        "key": key.rjust(32, b"\0"),
        "member": member(number),
        "purpose": purpose,
        "added_height": 0,
        "not_before": START - 86_400,
        "not_after": FOREVER,
        "revoked": None,
        "compromises": (),
    }
    return Key(**{**made, **changes})


def roots_of(
    chain: SealedChain,
    *further: Key,
    authorities: Sequence[AuthorityEntry] = (),
    stamp_by_s: int = 86_400,
    signed_by: Sequence[int] = (0, 1, 2),
    **changes: Any,
) -> Roots:
    """Roots as of the newest block; `further` keys replace those of the same address."""
    members = [member_entry(number, *(key for key in further if key.member == member(number))) for number in range(4)]
    height = chain.height - 1
    made: dict[str, Any] = {
        "chain_id": CHAIN_ID,
        "genesis_hash": chain.blocks[0].hash,
        "engine": "qbft" if chain.sealed else "embedded",
        "header_items": (HeaderItems(0, 15),),
        "validator_epochs": _epochs(chain, stamp_by_s) if chain.sealed else (),
        "contracts": tuple(Contract(name, address_of(name), hashed("code", name), 0, None) for name in CONTRACT_NAMES),
        "members": {each.member: each for each in sorted(members, key=lambda each: each.member)},
        "authorities": tuple(authorities),
        "issued_at": instant(chain.blocks[-1].time + 3600),
        "as_of_height": height,
        "previous": None,
    }
    roots = Roots(**{**made, **changes})
    return merge_signatures(roots, [sign_roots(roots, member(number), act_key(number)) for number in signed_by])


def _epochs(chain: SealedChain, stamp_by_s: int) -> tuple[Epoch, ...]:
    epochs = []
    for place, (first, numbers) in enumerate(chain.epochs):
        last = chain.epochs[place + 1][0] - 1 if place + 1 < len(chain.epochs) else None
        validators = {Address(validator_key(number).address): member(number) for number in numbers}
        stamp_by = None if last is None else instant(chain.blocks[last].time + stamp_by_s)
        epochs.append(Epoch(first, last, stamp_by, dict(sorted(validators.items()))))
    return tuple(epochs)
