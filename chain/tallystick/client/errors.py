"""What a contract returned instead of doing something: its typed error, with its values, in words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, ClassVar, Final

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError

from tallystick.client import artifacts
from tallystick.client.refusals import ADVICE_OTHERWISE, REFUSALS, Words
from tallystick.consortium import roles_of
from tallystick.errors import TallystickError
from tallystick.keccak import keccak256

__all__ = ["ContractRefused", "decode_revert"]

_SOLIDITY: Final = {
    bytes.fromhex("08c379a0"): ("Error", (("reason", "string", ""),)),
    bytes.fromhex("4e487b71"): ("Panic", (("number", "uint256", ""),)),
}
"""What the compiler's own checks return: `revert("…")` and overflow, division by zero, bad index."""

_OWN_WORDS: Final[Mapping[str, Words]] = {
    "Error": Words("The contract refused: {reason}"),
    "Panic": Words("The contract met an impossible state (Solidity panic {number})"),
    "Nothing": Words("The contract refused without a word: out of gas, or there is no such contract or function"),
    "Unknown": Words("The contract refused with {selector}, which no contract of this version knows"),
}
_OWN_ADVICE: Final = "Check that the directory names this version's contracts; if it does, this is a defect: report it."

_STATES: Final[Mapping[str, Sequence[str]]] = {
    "MemberState": ("unknown", "active", "suspended", "expelled"),
    "AgreementState": ("unknown", "proposed", "active", "withdrawn"),
    "LoanState": ("unknown", "pending", "active", "settled", "written off", "reversed"),
    "ProposalState": ("unknown", "open", "cancelled", "executed"),
    "KeyPurpose": ("nothing", "ACT", "RECOVERY", "VALIDATOR", "EXCHANGE", "SEAL", "DOCUMENT"),
    "Visibility": ("SEALED", "OPEN"),
}
_TIMES: Final = frozenset(
    {"timestamp", "issuedAt", "validUntil", "notBefore", "notAfter", "revokedAt", "since", "earliest", "reported"}
    | {"lapsesAt", "executableFrom", "openUntil"}
)
_TEXTS: Final = frozenset({"name", "term"})
_ROLES: Final = frozenset({"required", "roles"})
_ADDRESS_BYTES: Final = 20
_LATEST: Final = 253402300799
"""9999-12-31T23:59:59Z."""
_LONGEST_WORDS: Final = 300


@dataclass(frozen=True, slots=True)
class _Shape:
    """A custom error of an ABI: parameters are (name, ABI type, internal type)."""

    name: str
    parameters: tuple[tuple[str, str, str], ...]


class ContractRefused(TallystickError):
    """A contract's typed error.

    `name` is its name in the source, `values` are its values by their Solidity names: `bytesN` and addresses as bytes,
    integers and enums as int. Each error has a class of its own, with its `code`, such as
    `contract.loan_limit_exceeded`, and its `advice`.
    """

    code: ClassVar[str] = "contract.refused"
    name: ClassVar[str] = ""

    def __init__(self, sentence: str, values: Mapping[str, Any]) -> None:
        super().__init__(sentence)
        self.values = dict(values)


def decode_revert(data: bytes) -> ContractRefused:
    """The error that `data`, returned by a reverted call, stands for. Never raises, whatever the bytes are."""
    if not data:
        return _refusal("Nothing", {}, {})
    selector = data[:4]
    shape = _shapes().get(selector)
    if shape is None and selector in _SOLIDITY:
        shape = _Shape(*_SOLIDITY[selector])
    if shape is not None:
        try:
            values = decode([kind for _, kind, _ in shape.parameters], data[4:])
        except (DecodingError, ValueError, OverflowError):
            values = None
        if values is not None:
            return _read(shape, values)
    return _refusal("Unknown", {"selector": selector}, {"selector": f"0x{selector.hex()}"})


def _read(shape: _Shape, found: Sequence[Any]) -> ContractRefused:
    values: dict[str, Any] = {}
    shown: dict[str, str] = {}
    for (name, kind, internal), value in zip(shape.parameters, found, strict=True):
        values[name] = bytes.fromhex(value[2:]) if kind == "address" else value
        shown[name] = _show(name, internal, values[name])
    return _refusal(shape.name, values, shown)


def _refusal(name: str, values: Mapping[str, Any], shown: Mapping[str, str]) -> ContractRefused:
    words = _OWN_WORDS.get(name) or REFUSALS.get(name)
    if words is not None:
        sentence = words.sentence.format(**shown)
    else:
        sentence = f"The contract refused: {name}({', '.join(f'{key} {value}' for key, value in shown.items())})"
    return _class_of(name)(sentence, values)


@cache
def _class_of(name: str) -> type[ContractRefused]:
    words = REFUSALS.get(name)
    advice = _OWN_ADVICE if name in _OWN_WORDS else (words and words.advice) or ADVICE_OTHERWISE
    code = f"contract.{re.sub(r'(?<!^)(?=[A-Z])', '_', name).lower()}"
    return type(name, (ContractRefused,), {"code": code, "name": name, "advice": advice})


def _show(name: str, internal: str, value: Any) -> str:
    """A value as people read it."""
    states = _STATES.get(internal.removeprefix("enum "))
    if states is not None and isinstance(value, int):
        return states[value] if value < len(states) else str(value)
    if isinstance(value, int):
        if name in _TIMES and value <= _LATEST:
            return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return _show_roles(value) if name in _ROLES else str(value)
    if isinstance(value, bytes):
        text = value.rstrip(b"\0")
        if text and (name in _TEXTS or len(value) == 3) and text.isascii() and text.decode().isprintable():
            return text.decode()
        return f"0x{value.hex()}" if len(value) == _ADDRESS_BYTES else value.hex()
    return "".join(c if c.isprintable() else " " for c in str(value)[:_LONGEST_WORDS])


def _show_roles(mask: int) -> str:
    try:
        return ", ".join(role.name or "" for role in roles_of(mask)) or "none"
    except ValueError:
        return str(mask)


@cache
def _shapes() -> Mapping[bytes, _Shape]:
    """Every custom error of our contracts, by its selector."""
    shapes: dict[bytes, _Shape] = {}
    for contract in artifacts.CONTRACTS:
        for entry in artifacts.load(contract).abi:
            if entry["type"] != "error":
                continue
            kinds = [artifacts.canonical_type(part) for part in entry["inputs"]]
            selector = keccak256(f"{entry['name']}({','.join(kinds)})".encode())[:4]
            parameters = tuple(
                (part["name"], kind, part.get("internalType", ""))
                for part, kind in zip(entry["inputs"], kinds, strict=True)
            )
            shapes[selector] = _Shape(entry["name"], parameters)
    return shapes
