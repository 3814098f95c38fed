"""From the loose values of an event to its typed fact: exactly the parameters there are, each of its Solidity type."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import IntEnum
from typing import Annotated, Any, cast, get_args, get_origin, get_type_hints

from tallystick.acts import Struct, act_types
from tallystick.keys import Address

__all__ = [
    "U8",
    "U16",
    "U32",
    "U64",
    "U256",
    "Account",
    "Blob",
    "Bytes3",
    "Bytes32",
    "Fact",
    "SolidityField",
    "reader",
    "solidity_fields",
]

Account = Annotated[Address, "address"]
Blob = Annotated[bytes, "bytes"]
Bytes3 = Annotated[bytes, "bytes3"]
Bytes32 = Annotated[bytes, "bytes32"]
U8 = Annotated[int, "uint8"]
U16 = Annotated[int, "uint16"]
U32 = Annotated[int, "uint32"]
U64 = Annotated[int, "uint64"]
U256 = Annotated[int, "uint256"]

SolidityField = tuple[str, str]
"""Name and type of a parameter; structs by their name."""

_Check = Callable[[Any], object]
_Read = Callable[[Any], Any]


class Fact:
    """What one event says. Field names are the parameters' in snake case, in the contract's order.

    Facts of acts that a member signed have `act_id`, `member` and `signer`.
    """

    __slots__ = ()

    chain_id: int


def reader(kind: type[Any]) -> _Read:
    """A function from the values of an event or struct to `kind`.

    It takes a mapping by Solidity names. It raises `ValueError` naming the parameter that is missing, too many, or off
    its type.
    """
    parts = tuple((name, _check(name, annotation)) for name, annotation in _annotated(kind).items())
    names = frozenset(name for name, _ in parts)
    by_name = issubclass(kind, Struct)

    def read(values: object) -> object:
        if not isinstance(values, Mapping) or values.keys() != names:
            raise ValueError(f"{kind.__name__} has other parameters than {', '.join(name for name, _ in parts)}")
        if by_name:
            return kind(**{_snake(name): check(values[name]) for name, check in parts})
        return kind(*[check(values[name]) for name, check in parts])

    return read


def solidity_fields(kind: type[Any]) -> tuple[SolidityField, ...]:
    """The parameters of a fact or struct, as the contract's interface has them."""
    return tuple((name, _solidity(annotation)) for name, annotation in _annotated(kind).items())


def _annotated(kind: type[Any]) -> Mapping[str, Any]:
    """Solidity name → annotation; structs of acts take theirs from acts.json."""
    hints = get_type_hints(kind, include_extras=True)
    if issubclass(kind, Struct):
        return {
            field.name: _of_solidity(field.type, hints[field.attribute]) for field in act_types()[kind.__name__].fields
        }
    return {_camel(field.name): hints[field.name] for field in fields(kind)}


def _of_solidity(kind: str, hint: Any) -> Any:
    if get_origin(hint) is tuple:
        return hint
    return Annotated[hint, kind]


def _solidity(annotation: Any) -> str:
    origin = get_origin(annotation)
    if origin is Annotated:
        return str(get_args(annotation)[1])
    if origin is tuple:
        return _solidity(get_args(annotation)[0]) + "[]"
    return "uint8" if issubclass(annotation, IntEnum) else str(annotation.__name__)


def _check(name: str, annotation: Any) -> _Check:
    origin = get_origin(annotation)
    if origin is tuple:
        return _array(name, _check(name, get_args(annotation)[0]))
    if origin is Annotated:
        return _plain(name, str(get_args(annotation)[1]))
    if is_dataclass(annotation):
        return reader(cast("type[Any]", annotation))
    return _member_of(name, annotation)


def _member_of(name: str, kind: type[IntEnum]) -> _Check:
    members = {int(member): member for member in kind}

    def check(value: Any) -> object:
        if type(value) is not int or value not in members:
            raise ValueError(f"{name} is no {kind.__name__}")
        return members[value]

    return check


def _array(name: str, item: _Check) -> _Check:
    def check(value: Any) -> object:
        if not isinstance(value, Sequence) or isinstance(value, bytes | str):
            raise ValueError(f"{name} is no array")
        return tuple([item(element) for element in value])

    return check


def _plain(name: str, kind: str) -> _Check:
    if kind == "string":
        return _text(name)
    if kind == "bytes":
        return _bytes(name, None)
    if kind == "address":
        return _bytes(name, 20)
    if kind.startswith("bytes"):
        return _bytes(name, int(kind.removeprefix("bytes")))
    return _uint(name, int(kind.removeprefix("uint")))


def _uint(name: str, bits: int) -> _Check:
    end = 1 << bits

    def check(value: Any) -> object:
        if type(value) is not int or not 0 <= value < end:
            raise ValueError(f"{name} is no integer of {bits} bits")
        return value

    return check


def _bytes(name: str, width: int | None) -> _Check:
    def check(value: Any) -> object:
        if not isinstance(value, bytes) or (width is not None and len(value) != width):
            raise ValueError(f"{name} is no bytes{width or ''}")
        return value

    return check


def _text(name: str) -> _Check:
    def check(value: Any) -> object:
        if not isinstance(value, str):
            raise ValueError(f"{name} is no text")
        return value

    return check


def _camel(name: str) -> str:
    first, *rest = name.rstrip("_").split("_")
    return first + "".join(word.capitalize() for word in rest)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda match: "_" + match[1].lower(), name)
