"""Solidity values and ours: structs are dataclasses going in and mappings coming out, addresses are 20 bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError, EncodingError

from tallystick.client.artifacts import canonical_type, load

__all__ = ["Parameter", "decode_parameters", "encode_parameters", "entries"]

Parameter = Mapping[str, Any]
"""An entry under `inputs` or `outputs` of an ABI."""


def entries(contract: str, kind: str) -> list[Mapping[str, Any]]:
    """The entries of this kind (`function`, `event`, `error`) of a contract's ABI."""
    return [entry for entry in load(contract).abi if entry["type"] == kind]


def encode_parameters(parameters: Sequence[Parameter], values: Sequence[object]) -> bytes:
    """ABI-encode. A struct may be given as an act or another dataclass whose fields are in Solidity's order.

    Raises `ValueError` where a value does not fit.
    """
    if len(parameters) != len(values):
        raise ValueError(f"{len(values)} values for {len(parameters)} parameters")
    try:
        return encode([canonical_type(parameter) for parameter in parameters], [_plain(value) for value in values])
    except EncodingError as why:
        raise ValueError(str(why)) from None


def decode_parameters(parameters: Sequence[Parameter], encoded: bytes) -> dict[str, Any]:
    """The values by their Solidity names (by position where they have none).

    Raises `ValueError` where the bytes are not of these types, or not exactly what these values encode to.
    """
    types = [canonical_type(parameter) for parameter in parameters]
    try:
        values = decode(types, encoded)
        again = encode(types, values)
    except (DecodingError, OverflowError, UnicodeDecodeError) as why:
        raise ValueError(f"not {', '.join(types)}: {why}") from None
    if again != encoded:
        raise ValueError("not the encoding of its values")
    return _named(parameters, values)


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return tuple(_plain(getattr(value, field.name)) for field in fields(value))
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _named(parameters: Sequence[Parameter], values: Sequence[Any]) -> dict[str, Any]:
    return {
        parameter["name"] or str(position): _read(parameter, parameter["type"], value)
        for position, (parameter, value) in enumerate(zip(parameters, values, strict=True))
    }


def _read(parameter: Parameter, kind: str, value: Any) -> Any:
    if kind.endswith("[]"):
        return tuple(_read(parameter, kind.removesuffix("[]"), item) for item in value)
    if kind == "tuple":
        return _named(parameter["components"], value)
    return bytes.fromhex(value[2:]) if kind == "address" else value
