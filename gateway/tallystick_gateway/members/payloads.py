"""What a proposal would change, between the wire's fields and the bytes on the chain (`acts.json`, changes)."""

import re
from collections.abc import Mapping

from eth_abi.abi import decode, encode

from .codes import CHANGES, ChangeType
from .errors import ChangeUnknown, PayloadMalformed

__all__ = ["change_of_code", "change_of_name", "decode_payload", "encode_payload"]

_HEX = re.compile(r"(0x)?[0-9a-f]*", re.ASCII)


def change_of_name(name: str) -> ChangeType:
    """The change called `name`; raises `ChangeUnknown`."""
    if name not in CHANGES:
        raise ChangeUnknown(f"There is no change {name[:64]!r}.", field="change", known=sorted(CHANGES))
    return CHANGES[name]


def change_of_code(code: int) -> ChangeType:
    """The change with this code on chain; raises `ChangeUnknown`."""
    for change in CHANGES.values():
        if change.code == code:
            return change
    raise ChangeUnknown(f"There is no change with code {code}.", field="change")


def encode_payload(change: ChangeType, fields: Mapping[str, str]) -> bytes:
    """The payload from the wire: bytes32 as hex, addresses with 0x, numbers as digits. Raises `PayloadMalformed`."""
    expected = [name for _, name in change.fields]
    for name in fields:
        if name not in expected:
            raise PayloadMalformed(f"{change.name} has no field {name[:64]!r}.", field=f"payload.{name[:64]}")
    values = []
    for kind, name in change.fields:
        if name not in fields:
            raise PayloadMalformed(f"{change.name} needs {name}.", field=f"payload.{name}")
        values.append(_value(kind, name, fields[name]))
    return encode([kind for kind, _ in change.fields], values)


def decode_payload(code: int, payload: bytes) -> dict[str, str]:
    """The fields of a payload as the wire shows them. The contract has checked its form."""
    change = change_of_code(code)
    values = decode([kind for kind, _ in change.fields], payload)
    return {name: _text(value) for (_, name), value in zip(change.fields, values, strict=True)}


def _value(kind: str, name: str, text: str) -> object:
    if kind.startswith("uint"):
        if not (text.isascii() and text.isdigit()) or len(text) > 20 or int(text) >> int(kind[4:]):
            raise PayloadMalformed(f"{name} is no {kind}.", field=f"payload.{name}")
        return int(text)
    size = 20 if kind == "address" else 32
    digits = text.removeprefix("0x")
    if not _HEX.fullmatch(text) or len(digits) != 2 * size or text.startswith("0x") != (kind == "address"):
        raise PayloadMalformed(f"{name} is no {kind} in lower-case hex.", field=f"payload.{name}")
    return text if kind == "address" else bytes.fromhex(digits)


def _text(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value).lower()
