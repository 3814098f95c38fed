"""Contracts on the embedded engine whose blocks and time a test makes itself.

Nothing is mined but by `Chain`, and each block is one second after the one before it unless a test says when. So a
refusal's values, times among them, are known exactly, and `Chain.rewound` gives every test the same chain.
"""

import ast
import hashlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tallystick.acts import Act, ContractEntry, Domain, Ratify, act_id, act_types, sign
from tallystick.client import Node, NodeRefused
from tallystick.client.artifacts import CONTRACTS, load
from tallystick.client.calls import ask, encode_call
from tallystick.client.errors import ContractRefused, decode_revert
from tallystick.client.events import Emitted, decode_logs
from tallystick.client.transactions import created_address, sign_transaction
from tallystick.consortium import Role
from tallystick.keccak import keccak256
from tallystick.keys import ActKey
from tallystick.pseudonyms import member_id
from tallystick.receipts import receipt_from_rpc

__all__ = [
    "DAY",
    "DELAY_S",
    "HOUR",
    "NOBODY",
    "Call",
    "Chain",
    "Creation",
    "Deployed",
    "Member",
    "Network",
    "cast",
    "digest",
    "errors_of",
    "found",
    "key_named",
    "refusals_named_in",
    "the",
    "word",
]

HOUR = 3600
DAY = 24 * HOUR
DELAY_S = HOUR
"""The timelock of the consortium that `found` makes."""
NOBODY = bytes(32)
_GAS = 100_000_000
_KEY_LIFE_S = 10 * 365 * DAY
_VALIDITY_S = DAY

_Act = TypeVar("_Act", bound=Act)


def digest(text: str) -> bytes:
    """32 bytes that stand for `text`."""
    return hashlib.sha256(text.encode()).digest()


def word(value: str | bytes | int) -> bytes:
    """A Solidity word: ASCII left-aligned, addresses and integers right-aligned, 32 bytes as they are."""
    if isinstance(value, str):
        return value.encode("ascii").ljust(32, b"\0")
    return value.to_bytes(32) if isinstance(value, int) else value.rjust(32, b"\0")


def key_named(name: str) -> ActKey:
    """Always the same key for a name."""
    return ActKey(digest(f"key of {name}"))


@dataclass(frozen=True)
class Deployed:
    """A contract of ours at its address."""

    name: str
    address: bytes


@dataclass(frozen=True)
class Call:
    """A function of a contract with its arguments."""

    to: Deployed
    function: str
    arguments: tuple[Any, ...]

    @property
    def calldata(self) -> bytes:
        return encode_call(self.to.name, self.function, *self.arguments)


@dataclass(frozen=True)
class Creation:
    """A contract of ours about to be created."""

    name: str
    arguments: tuple[Any, ...]

    @property
    def calldata(self) -> bytes:
        artifact = load(self.name)
        return artifact.creation_code + artifact.encode_constructor(*self.arguments)


class Chain:
    """An embedded engine that mines when told to. `now` is the time of its newest block."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.id = node.chain_id()
        self.sender = key_named("whoever carries transactions")
        self.directory: dict[bytes, str] = {}
        node.call("evm_setIntervalMining", 0)
        node.call("anvil_setBlockTimestampInterval", 1)

    @property
    def now(self) -> int:
        """Seconds. Calls and refusals are judged at this time, a transaction one second later."""
        return self.node.block("latest").timestamp

    @property
    def height(self) -> int:
        return self.node.block("latest").number

    def travel_to(self, timestamp: int) -> None:
        """Make a block at `timestamp`."""
        if timestamp != self.now:
            self.node.call("evm_setNextBlockTimestamp", timestamp)
            self.node.call("evm_mine")

    def travel(self, seconds: int) -> None:
        self.travel_to(self.now + seconds)

    def mine(self, blocks: int = 1) -> None:
        for _ in range(blocks):
            self.node.call("evm_mine")

    @contextmanager
    def rewound(self) -> Iterator[None]:
        """Undo everything that happens inside."""
        snapshot = self.node.call("evm_snapshot")
        known = dict(self.directory)
        try:
            yield
        finally:
            assert self.node.call("evm_revert", snapshot) is True
            self.directory = known

    def deploy(self, name: str, *arguments: object, at: int | None = None) -> Deployed:
        """Create a contract of ours. Raises `ContractRefused` where its constructor does."""
        deployed = self.create(name, Creation(name, arguments).calldata, at=at)
        self.directory[deployed.address] = name
        return deployed

    def create(self, name: str, code: bytes, *, at: int | None = None) -> Deployed:
        """Create a contract, of ours or not, by its creation code. Raises as `deploy` does."""
        receipt = self._mined(None, code, at)
        return Deployed(name, bytes.fromhex(receipt["contractAddress"][2:]))

    def send(self, call: Call, *, at: int | None = None, sender: ActKey | None = None) -> list[Emitted]:
        """Have a block with this one transaction; our contracts' events in order. Raises `ContractRefused`."""
        receipt = receipt_from_rpc(self._mined(call.to.address, call.calldata, at, sender))
        return list(decode_logs(receipt.logs, self.directory))

    def ask(self, deployed: Deployed, function: str, *arguments: object, sender: bytes | None = None) -> Any:
        """What a function would return now. Raises `ContractRefused`."""
        return ask(self.node, deployed.name, deployed.address, function, *arguments, sender=sender)

    def refused(self, call: Call | Creation, error: str, /, *, sender: bytes | None = None, **values: Any) -> None:
        """Assert that the contract refuses `call` now with exactly this error and these values."""
        to = call.to.address if isinstance(call, Call) else None
        refusal = self._refusal(to, call.calldata, sender or bytes(20))
        assert (refusal.name, refusal.values) == (error, values)

    def code_hash(self, deployed: Deployed) -> bytes:
        return keccak256(self.node.code(deployed.address))

    def _mined(self, to: bytes | None, data: bytes, at: int | None, sender: ActKey | None = None) -> Mapping[str, Any]:
        sender = sender or self.sender
        if at is not None:
            self.node.call("evm_setNextBlockTimestamp", at)
        nonce = self.node.nonce(sender.address)
        transaction = sign_transaction(sender, chain_id=self.id, nonce=nonce, gas=_GAS, to=to, data=data)
        self.node.send_raw(transaction.raw)
        self.node.call("evm_mine")
        receipt = self.node.receipt(transaction.hash)
        assert receipt is not None
        if receipt["status"] != "0x1":
            raise self._refusal(to, data, sender.address)
        assert to is not None or receipt["contractAddress"] == f"0x{created_address(sender.address, nonce).hex()}"
        return receipt

    def _refusal(self, to: bytes | None, data: bytes, sender: bytes) -> ContractRefused:
        request = {"from": f"0x{sender.hex()}", "data": f"0x{data.hex()}", "gas": hex(_GAS)}
        if to is not None:
            request["to"] = f"0x{to.hex()}"
        with pytest.raises(NodeRefused) as refused:
            self.node.call("eth_call", request, "latest")
        return decode_revert(refused.value.revert_data)


@dataclass(frozen=True)
class Member:
    """An institution with its first keys."""

    name: str
    roles: Role

    @cached_property
    def id(self) -> bytes:
        return member_id(self.name)

    @cached_property
    def act(self) -> ActKey:
        return key_named(f"{self.name} ACT")

    @cached_property
    def recovery(self) -> ActKey:
        return key_named(f"{self.name} RECOVERY")

    @cached_property
    def validator(self) -> ActKey:
        return key_named(f"{self.name} VALIDATOR")

    @cached_property
    def exchange(self) -> bytes:
        return digest(f"{self.name} EXCHANGE")

    @cached_property
    def seal(self) -> bytes:
        return digest(f"{self.name} SEAL")

    @cached_property
    def document(self) -> bytes:
        return digest(f"{self.name} DOCUMENT")

    @cached_property
    def certificate(self) -> bytes:
        return digest(f"{self.name} certificate")

    def as_founder(self, not_before: int, not_after: int, **changes: object) -> tuple[object, ...]:
        """The constructor's `Founder`; `changes` by field of the struct."""
        founder = {
            "member": self.id,
            "roles": int(self.roles),
            "certificate": self.certificate,
            "act": _address(self.act),
            "recovery": _address(self.recovery),
            "validator": _address(self.validator),
            "exchange": self.exchange,
            "seal": self.seal,
            "document": self.document,
            "notBefore": not_before,
            "notAfter": not_after,
        }
        assert founder.keys() >= changes.keys()
        return tuple((founder | changes).values())


def cast() -> tuple[Member, ...]:
    """Five founders: two lenders, a depository, an arbitration body, a third lender."""
    return (
        Member("BANK-A", Role.LENDER),
        Member("BANK-B", Role.LENDER),
        Member("DEPOSITORY", Role.DEPOSITORY),
        Member("ARBITRATION", Role.ARBITRATOR),
        Member("BANK-C", Role.LENDER),
    )


@dataclass
class Network:
    """A consortium's contracts by their names, and its founders."""

    chain: Chain
    founders: tuple[Member, ...]
    contracts: dict[str, Deployed]
    keys: dict[bytes, ActKey] = field(default_factory=dict)
    """The ACT key that signs for a member unless a test says otherwise, by the member's id."""
    _number: Iterator[int] = field(default_factory=itertools.count)

    def act(self, kind: type[_Act], member: Member, /, **fields: Any) -> _Act:
        """An act about a new business fact, issued now and valid for a day, unless `fields` say otherwise."""
        now = self.chain.now
        prefix: dict[str, Any] = {
            "member": member.id,
            "ref": digest(f"business fact {next(self._number)}"),
            "issued_at": now,
            "valid_until": now + _VALIDITY_S,
        }
        return kind(**(prefix | fields))

    def domain(self, to: Deployed) -> Domain:
        return Domain(self.chain.id, to.address)

    def act_id(self, act: Act, to: Deployed | None = None) -> bytes:
        return act_id(act, self.domain(to or self._contract_of(act)))

    def call(
        self,
        acts: Act | Sequence[Act],
        /,
        *between: object,
        by: ActKey | None = None,
        signature: bytes | None = None,
        to: Deployed | None = None,
    ) -> Call:
        """The call that hands in an act, or several of a kind, signed by their members' ACT keys or by `by`.

        `between` are what the function takes between act and signature (`cancel`, `adoptAgreement`); `to` is another
        contract than the one that the directory names for the kind of act.
        """
        several = acts if isinstance(acts, Sequence) else (acts,)
        to = to or self._contract_of(several[0])
        kind = type(several[0]).__name__
        function = kind[0].lower() + kind[1:]
        domain = self.domain(to)
        signatures = [signature or sign(act, domain, by or self.keys[act.member]) for act in several]
        if _takes_arrays(to.name, function):
            return Call(to, function, (tuple(several), tuple(signatures)))
        (act,), (only,) = several, signatures
        return Call(to, function, (act, *between, only))

    def send(self, acts: Act | Sequence[Act], /, *between: object, at: int | None = None, **how: Any) -> list[Emitted]:
        """Record acts (`how` as in `call`); the events. Raises `ContractRefused`."""
        return self.chain.send(self.call(acts, *between, **how), at=at)

    def refused(
        self,
        acts: Act | Sequence[Act],
        error: str,
        /,
        *between: object,
        by: ActKey | None = None,
        signature: bytes | None = None,
        to: Deployed | None = None,
        **values: Any,
    ) -> None:
        """Assert that the contract refuses the acts now with exactly this error and these values."""
        self.chain.refused(self.call(acts, *between, by=by, signature=signature, to=to), error, **values)

    def ask(self, contract: str, function: str, *arguments: object) -> Any:
        """What a view of the contract returns now."""
        return self.chain.ask(self.contracts[contract], function, *arguments)

    def directory_list(self) -> tuple[ContractEntry, ...]:
        """The list of contracts that founders ratify."""
        return tuple(self.entry(name, deployed) for name, deployed in self.contracts.items())

    def entry(self, name: str, deployed: Deployed) -> ContractEntry:
        return ContractEntry(name=word(name), at=deployed.address, code_hash=self.chain.code_hash(deployed))

    def ratify_all(self) -> None:
        """Every founder ratifies: from here on the consortium is active."""
        contracts = self.directory_list()
        for founder in self.founders:
            self.send(self.act(Ratify, founder, contracts=contracts))

    def _contract_of(self, act: Act) -> Deployed:
        return self.contracts[act_types()[type(act).__name__].contract]


def found(
    chain: Chain, founders: Sequence[Member] | None = None, *, delay_s: int = DELAY_S, threshold: int = 0
) -> Network:
    """Deploy every contract of a consortium, for `cast()` unless told otherwise; nobody has ratified yet."""
    founders = tuple(founders or cast())
    now = chain.now
    entries = [founder.as_founder(now, now + _KEY_LIFE_S) for founder in founders]
    consortium = chain.deploy("Consortium", entries, (delay_s, threshold))
    contracts = {"Consortium": consortium}
    for name in CONTRACTS[1:]:
        given = {"consortium_": f"0x{consortium.address.hex()}", "predecessor_": f"0x{bytes(20).hex()}"}
        contracts[name] = chain.deploy(name, *(given[argument] for argument in load(name).constructor_names()))
    return Network(chain, founders, contracts, {founder.id: founder.act for founder in founders})


def the(events: Sequence[Emitted], name: str) -> dict[str, Any]:
    """The values of the one event of this name."""
    (values,) = [dict(event.values) for event in events if event.name == name]
    return values


def errors_of(contract: str) -> set[str]:
    """The names of a contract's typed errors."""
    return {entry["name"] for entry in load(contract).abi if entry["type"] == "error"}


def refusals_named_in(place: Path) -> set[str]:
    """The errors that the tests of a file or folder assert: every text given to a call of something named `refused`."""
    named: set[str] = set()
    for path in [place] if place.is_file() else place.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == "refused":
                named |= {a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)}
    return named


def _address(key: ActKey) -> str:
    return f"0x{key.address.hex()}"


def _takes_arrays(contract: str, function: str) -> bool:
    inputs = next(e["inputs"] for e in load(contract).abi if e["type"] == "function" and e["name"] == function)
    return bool(inputs[0]["type"] == "tuple[]")
