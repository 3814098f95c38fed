"""`consortium.json`: the chain, the contracts and the members that every founder checks before ratifying.

File: `{"format": "tallystick-consortium/1", "body": {…}}`; its digest, which founders compare by another channel, is
SHA-256(JCS(body)). `roots.json` of the verifier is built from it (`evidence.md`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

import rfc8785

from tallystick.consortium.card import MemberCard
from tallystick.consortium.fields import Fields
from tallystick.errors import TallystickError
from tallystick.keys import Address
from tallystick.strictjson import Json, loads

__all__ = ["Consortium", "ConsortiumMalformed", "ContractEntry", "HeaderItems", "ValidatorEpoch"]

FORMAT = "tallystick-consortium/1"
ENGINES = ("embedded", "qbft", "besu")
REQUIRED_CONTRACTS = ("Consortium", "AgreementBook", "LoanLedger", "RecordLog")
MIN_CHAIN_ID, MAX_CHAIN_ID = 2**32, 2**52
MIN_HEADER_ITEMS, MAX_HEADER_ITEMS = 15, 21
MIN_MEMBERS = 4
_MAX_BYTES = 4 * 1024 * 1024
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,31}")


class ConsortiumMalformed(TallystickError):
    """A file that is not a consortium document, or contradicts itself."""

    code = "consortium.malformed"
    advice = "Ask whoever ran `tally consortium assemble` for the file again, and compare its digest by telephone."

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"consortium.json: {field or 'the file'} {reason}", field=field, reason=reason)


@dataclass(frozen=True, slots=True)
class ContractEntry:
    """A contract of the directory: its code hash is keccak256 of the code as deployed."""

    name: str
    address: Address
    code_hash: bytes
    from_height: int
    constructor_arguments: bytes
    """ABI-encoded, so that anyone can rebuild the deployed code from the artifact."""


@dataclass(frozen=True, slots=True)
class HeaderItems:
    """From this height on a block header has `items` RLP items (`protocol.md` §7)."""

    from_height: int
    items: int


@dataclass(frozen=True, slots=True)
class ValidatorEpoch:
    """Which addresses seal from height `first` to `last` (None: still open), and the member behind each."""

    first: int
    last: int | None
    validators: Mapping[Address, bytes]


@dataclass(frozen=True, slots=True)
class Consortium:
    """What a gateway pins when it joins.

    `members` are in the order of their admission, founders first, each with the card that it came with: keys that it
    added, revoked or replaced since stand on the chain and never in a new card.
    """

    chain_id: int
    genesis_hash: bytes
    engine: str
    header_items: tuple[HeaderItems, ...]
    validator_epochs: tuple[ValidatorEpoch, ...]
    contracts: tuple[ContractEntry, ...]
    members: tuple[MemberCard, ...]

    @property
    def digest(self) -> bytes:
        """SHA-256(JCS(body)): what founders read to each other."""
        return hashlib.sha256(rfc8785.dumps(self.body())).digest()

    @classmethod
    def parse(cls, raw: bytes) -> Consortium:
        """Raises `ConsortiumMalformed`, `CardMalformed` or `JsonMalformed`; checks every card's signatures."""
        fields = Fields(loads(raw, max_bytes=_MAX_BYTES), "", ConsortiumMalformed)
        if fields.text("format") != FORMAT:
            raise ConsortiumMalformed("format", f"is not {FORMAT}")
        body = fields.inner("body")
        fields.end()
        document = cls(
            chain_id=body.integer("chain_id", low=MIN_CHAIN_ID, high=MAX_CHAIN_ID - 1),
            genesis_hash=body.bytes_of("genesis_hash", 32),
            engine=body.text("engine"),
            header_items=body.items("header_items", _read_header_items),
            validator_epochs=body.items("validator_epochs", _read_epoch),
            contracts=body.items("contracts", _read_contract),
            members=body.items("members", MemberCard.from_json),
        )
        body.end()
        document.check()
        return document

    def check(self) -> None:
        """Raises `ConsortiumMalformed` where the parts contradict each other."""
        if self.engine not in ENGINES:
            raise ConsortiumMalformed("body.engine", f"is not one of {', '.join(ENGINES)}")
        heights = [entry.from_height for entry in self.header_items]
        if not heights or heights[0] != 0 or sorted(set(heights)) != heights:
            raise ConsortiumMalformed("body.header_items", "does not begin at height 0 and rise")
        _unique("body.contracts", [entry.name for entry in self.contracts])
        _unique("body.contracts", [entry.address for entry in self.contracts])
        _unique("body.members", [card.member for card in self.members])
        _unique("body.members", [key for c in self.members for key in (c.keys.act, c.keys.recovery, c.keys.validator)])
        if len(self.members) < MIN_MEMBERS:
            raise ConsortiumMalformed("body.members", f"has fewer than {MIN_MEMBERS} members")
        for required in REQUIRED_CONTRACTS:
            self.contract(required)
        self._check_epochs()

    def _check_epochs(self) -> None:
        if (self.engine == "embedded") != (not self.validator_epochs):
            raise ConsortiumMalformed("body.validator_epochs", "is for engines with validators, and only for them")
        known = {card.member for card in self.members}
        expected = 0
        for epoch in self.validator_epochs:
            if epoch.first != expected or not set(epoch.validators.values()) <= known:
                raise ConsortiumMalformed("body.validator_epochs", "has a gap, an overlap, or an unknown member")
            expected = -1 if epoch.last is None else epoch.last + 1
        if self.validator_epochs and expected != -1:
            raise ConsortiumMalformed("body.validator_epochs", "does not end with an open epoch")
        for address, member in self.validator_epochs[0].validators.items() if self.validator_epochs else ():
            if self.member(member).keys.validator != address:
                raise ConsortiumMalformed(
                    "body.validator_epochs[0]", "names a validator that its member's card does not"
                )

    def contract(self, name: str) -> ContractEntry:
        """The entry called `name`, or `ConsortiumMalformed`."""
        for entry in self.contracts:
            if entry.name == name:
                return entry
        raise ConsortiumMalformed("body.contracts", f"has no {name}")

    def member(self, member: bytes) -> MemberCard:
        """The card of `member`, or `ConsortiumMalformed`."""
        for card in self.members:
            if card.member == member:
                return card
        raise ConsortiumMalformed("body.members", f"has no member {member.hex()}")

    def header_items_at(self, height: int) -> int:
        """How many RLP items a header of this height has."""
        return next(entry.items for entry in reversed(self.header_items) if entry.from_height <= height)

    def body(self) -> dict[str, Json]:
        """The part that the digest covers, as JSON values."""
        return {
            "chain_id": self.chain_id,
            "genesis_hash": self.genesis_hash.hex(),
            "engine": self.engine,
            "header_items": [{"from_height": e.from_height, "items": e.items} for e in self.header_items],
            "validator_epochs": [
                {
                    "first": epoch.first,
                    "last": epoch.last,
                    "validators": [
                        {"address": f"0x{address.hex()}", "member": member.hex()}
                        for address, member in sorted(epoch.validators.items())
                    ],
                }
                for epoch in self.validator_epochs
            ],
            "contracts": [
                {
                    "name": entry.name,
                    "address": f"0x{entry.address.hex()}",
                    "code_hash": entry.code_hash.hex(),
                    "from_height": entry.from_height,
                    "constructor_arguments": entry.constructor_arguments.hex(),
                }
                for entry in self.contracts
            ],
            "members": [card.to_json() for card in self.members],
        }

    def to_bytes(self) -> bytes:
        """The file, in JCS."""
        return rfc8785.dumps({"format": FORMAT, "body": self.body()})


def _read_header_items(value: Json, path: str) -> HeaderItems:
    fields = Fields(value, path, ConsortiumMalformed)
    entry = HeaderItems(
        from_height=fields.integer("from_height"),
        items=fields.integer("items", low=MIN_HEADER_ITEMS, high=MAX_HEADER_ITEMS),
    )
    fields.end()
    return entry


def _read_epoch(value: Json, path: str) -> ValidatorEpoch:
    fields = Fields(value, path, ConsortiumMalformed)
    first = fields.integer("first")
    last = fields.integer_or_null("last", low=first)
    pairs = fields.items("validators", _read_validator)
    fields.end()
    validators = dict(pairs)
    if not pairs or len(validators) != len(pairs) or list(validators) != sorted(validators):
        raise ConsortiumMalformed(f"{path}.validators", "is empty, repeated or unsorted")
    return ValidatorEpoch(first=first, last=last, validators=validators)


def _read_validator(value: Json, path: str) -> tuple[Address, bytes]:
    fields = Fields(value, path, ConsortiumMalformed)
    pair = Address(fields.address("address")), fields.bytes_of("member", 32)
    fields.end()
    return pair


def _read_contract(value: Json, path: str) -> ContractEntry:
    fields = Fields(value, path, ConsortiumMalformed)
    name = fields.text("name", max_length=32)
    if not _NAME.fullmatch(name):
        raise ConsortiumMalformed(f"{path}.name", f"does not match {_NAME.pattern}")
    entry = ContractEntry(
        name=name,
        address=Address(fields.address("address")),
        code_hash=fields.bytes_of("code_hash", 32),
        from_height=fields.integer("from_height"),
        constructor_arguments=fields.hex_bytes("constructor_arguments", max_bytes=64 * 1024),
    )
    fields.end()
    return entry


def _unique(field: str, values: list[str] | list[bytes] | list[Address]) -> None:
    if len(set(values)) != len(values):
        raise ConsortiumMalformed(field, "names one thing twice")
