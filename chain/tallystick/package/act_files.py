"""An act as a file of a package: what was signed, the signature, and where its event is (`docs/package.md`)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import rfc8785

from tallystick import strictjson
from tallystick.acts import Act, Struct, act_types, types
from tallystick.strictjson import Json

from .errors import PackageRefused

__all__ = ["MAX_ACT_BYTES", "ActFile", "Place", "parse_act_file", "to_wire"]

MAX_ACT_BYTES: Final = 32_768
_KEYS: Final = frozenset({"contract", "kind", "fields", "signature", "height", "transaction", "log"})
_MAX_NUMBER: Final = 2**53 - 1
_MAX_ITEMS: Final = 1024
_DIGITS: Final = re.compile(r"0|[1-9][0-9]{0,77}", re.ASCII)
_HEX: Final = re.compile(r"(?:[0-9a-f]{2})*", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where an event stands: block, transaction in it, log in that transaction's receipt, all from 0."""

    height: int
    transaction: int
    log: int


@dataclass(frozen=True, slots=True)
class ActFile:
    """An act that a contract took: `contract` is the directory's name of the contract. Nothing is verified yet."""

    contract: str
    act: Act
    signature: bytes
    place: Place

    @property
    def kind(self) -> str:
        """The name of the act's EIP-712 type."""
        return type(self.act).__name__

    def to_json(self) -> bytes:
        """The file."""
        return rfc8785.dumps(
            {
                "contract": self.contract,
                "kind": self.kind,
                "fields": to_wire(self.act),
                "signature": self.signature.hex(),
                "height": self.place.height,
                "transaction": self.place.transaction,
                "log": self.place.log,
            }
        )


def parse_act_file(raw: bytes) -> ActFile:
    """Read an act's file.

    Raises `PackageRefused`: `acts.malformed`, or `acts.unknown` for a kind of act that this version does not know.
    """
    try:
        value = strictjson.loads_object(raw, max_bytes=MAX_ACT_BYTES)
    except strictjson.JsonMalformed as why:
        raise _malformed(str(why)) from None
    if value.keys() != _KEYS:
        raise _malformed(f"its members are not {', '.join(sorted(_KEYS))}")
    kind, contract = value["kind"], value["contract"]
    if not isinstance(kind, str) or not isinstance(contract, str) or len(contract) > 32:
        raise _malformed("contract or kind is not a name")
    known = getattr(types, kind, None) if kind in act_types() else None
    if not (isinstance(known, type) and issubclass(known, Act)):
        raise PackageRefused("acts.unknown", f"this version knows no act of kind {kind[:64]!a}")
    act = _struct(known, value["fields"], kind)
    signature = value["signature"]
    if not isinstance(signature, str) or len(signature) != 130 or not _HEX.fullmatch(signature):
        raise _malformed("the signature is not 65 bytes in hex")
    place = Place(*(_number(value[name], name) for name in ("height", "transaction", "log")))
    parsed = ActFile(contract, act, bytes.fromhex(signature), place)
    if parsed.to_json() != raw:
        raise _malformed("it is not in canonical form (RFC 8785)")
    return parsed


def to_wire(value: Struct) -> dict[str, Json]:
    """The fields of an act or struct by their Solidity names, as JSON values."""
    fields = act_types()[type(value).__name__].fields
    return {field.name: _wire(field.type, getattr(value, field.attribute)) for field in fields}


def _wire(kind: str, value: object) -> Json:
    if isinstance(value, Struct):
        return to_wire(value)
    if isinstance(value, tuple):
        return [_wire(kind.removesuffix("[]"), item) for item in value]
    if isinstance(value, bytes):
        return "0x" + value.hex() if kind == "address" else value.hex()
    return str(value)


def _struct(known: type, value: Json, where: str) -> Act:
    fields = act_types()[known.__name__].fields
    if not isinstance(value, Mapping) or value.keys() != {field.name for field in fields}:
        raise _malformed(f"{where} does not have exactly the fields of its type")
    read = {field.attribute: _value(field.type, value[field.name], f"{where}.{field.name}") for field in fields}
    built: Act = known(**read)
    return built


def _value(kind: str, value: Json, where: str) -> object:
    if kind.endswith("[]"):
        if not isinstance(value, list) or len(value) > _MAX_ITEMS:
            raise _malformed(f"{where} is not an array of at most {_MAX_ITEMS}")
        return tuple(_value(kind.removesuffix("[]"), item, where) for item in value)
    if kind[0].isupper():
        return _struct(getattr(types, kind), value, where)
    if not isinstance(value, str):
        raise _malformed(f"{where} is not text")
    if kind == "string":
        return value
    if kind.startswith("uint"):
        if not _DIGITS.fullmatch(value) or int(value).bit_length() > int(kind.removeprefix("uint")):
            raise _malformed(f"{where} is not the digits of a {kind}")
        return int(value)
    return _bytes(kind, value, where)


def _bytes(kind: str, value: str, where: str) -> bytes:
    if kind == "address":
        if not value.startswith("0x"):
            raise _malformed(f"{where} is not an address")
        value = value.removeprefix("0x")
    width = {"address": 20, "bytes": None}.get(kind, 0)
    if width == 0:
        width = int(kind.removeprefix("bytes"))
    if not _HEX.fullmatch(value) or (width is not None and len(value) != 2 * width):
        raise _malformed(f"{where} is not the lower-case hex of a {kind}")
    return bytes.fromhex(value)


def _number(value: Json, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MAX_NUMBER:
        raise _malformed(f"{where} is not a whole number below 2^53")
    return value


def _malformed(reason: str) -> PackageRefused:
    return PackageRefused("acts.malformed", reason)
