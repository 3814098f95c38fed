"""Calldata for functions that carry acts: `f(Act act, bytes signature)` and `f(Act[] acts, bytes[] signatures)`.

Encodings follow the Solidity contract ABI. Every act is encoded once, when it is signed (`encode_act`), and only
joined when transactions are packed: a hundred of them cost little more than their copying. Encoders are compiled
from the types of `acts.json`; tests hold them equal to `eth_abi`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any, cast

from eth_abi.abi import decode

import tallystick.acts
from tallystick.acts import Act, Struct, act_types

__all__ = ["array_calldata", "decode_act", "encode_act", "is_dynamic", "single_calldata"]

_WORD = 32
_Encode = Callable[[Any], bytes]


@dataclass(frozen=True, slots=True)
class _Layout:
    """How one type is laid out: a `dynamic` one stands behind an offset, another takes `words` words in place."""

    dynamic: bool
    encode: _Encode
    words: int = 1


def encode_act(act: Act) -> bytes:
    """`act` as an ABI tuple, in the order of its EIP-712 type. Values MUST have passed `tallystick.acts.act_id`."""
    return _struct(type(act).__name__).encode(act)


def decode_act(kind: str, encoded: bytes) -> Act:
    """The act that `encode_act` encoded."""
    where = _uint(_WORD) if is_dynamic(kind) else b""
    (values,) = decode([_tuple_type(kind)], where + encoded)
    return cast("Act", _rebuild(kind, values))


def is_dynamic(kind: str) -> bool:
    """Whether the tuple of this kind of act stands behind an offset."""
    return _struct(kind).dynamic


def single_calldata(selector: bytes, kind: str, act: bytes, signature: bytes, companion: bytes | None = None) -> bytes:
    """Calldata of `f(Act, bytes)` from an encoded act and its signature, or of `f(Act, bytes companion, bytes)`."""
    tails = [_bytes(part) for part in (companion, signature) if part is not None]
    dynamic = is_dynamic(kind)
    offset = (_WORD if dynamic else len(act)) + _WORD * len(tails)
    head = [_uint(offset)] if dynamic else [act]
    if dynamic:
        tails.insert(0, act)
        offset += len(act)
    for tail in tails[1:] if dynamic else tails:
        head.append(_uint(offset))
        offset += len(tail)
    return b"".join((selector, *head, *tails))


def array_calldata(selector: bytes, kind: str, acts: Sequence[bytes], signatures: Sequence[bytes]) -> bytes:
    """Calldata of `f(Act[], bytes[])` from encoded acts and their signatures, equally many."""
    if len(acts) != len(signatures):
        raise ValueError(f"{len(acts)} acts and {len(signatures)} signatures")
    first = _array(acts, is_dynamic(kind))
    second = _array([_bytes(signature) for signature in signatures], True)
    return b"".join((selector, _uint(2 * _WORD), _uint(2 * _WORD + len(first)), first, second))


def _uint(value: int) -> bytes:
    return value.to_bytes(_WORD)


def _bytes(value: bytes) -> bytes:
    return _uint(len(value)) + value + bytes(-len(value) % _WORD)


def _array(items: Sequence[bytes], dynamic: bool) -> bytes:
    if not dynamic:
        return _uint(len(items)) + b"".join(items)
    offset = _WORD * len(items)
    offsets = []
    for item in items:
        offsets.append(_uint(offset))
        offset += len(item)
    return b"".join((_uint(len(items)), *offsets, *items))


def _tuple_type(name: str) -> str:
    return f"({','.join(_type_of(field.type) for field in act_types()[name].fields)})"


def _type_of(type_: str) -> str:
    if type_.endswith("[]"):
        return f"{_type_of(type_[:-2])}[]"
    return _tuple_type(type_) if type_ in act_types() else type_


def _rebuild(name: str, values: Sequence[Any]) -> Struct:
    fields = act_types()[name].fields
    make: type[Struct] = getattr(tallystick.acts, name)
    return make(**{field.attribute: _value(field.type, value) for field, value in zip(fields, values, strict=True)})


def _value(type_: str, value: Any) -> Any:
    if type_.endswith("[]"):
        return tuple(_value(type_[:-2], item) for item in value)
    if type_ in act_types():
        return _rebuild(type_, value)
    return bytes.fromhex(value[2:]) if type_ == "address" else value


@cache
def _struct(name: str) -> _Layout:
    fields = act_types()[name].fields
    parts = [_layout(field.type) for field in fields]
    values = attrgetter(*(field.attribute for field in fields))
    if not any(part.dynamic for part in parts):
        encodes = [part.encode for part in parts]

        def flat(item: object) -> bytes:
            return b"".join([encode(value) for encode, value in zip(encodes, values(item), strict=True)])

        return _Layout(False, flat, sum(part.words for part in parts))

    head_size = _WORD * sum(1 if part.dynamic else part.words for part in parts)
    steps = [(part.dynamic, part.encode) for part in parts]

    def split(item: object) -> bytes:
        head: list[bytes] = []
        tail: list[bytes] = []
        offset = head_size
        for (dynamic, encode), value in zip(steps, values(item), strict=True):
            encoded = encode(value)
            if dynamic:
                head.append(_uint(offset))
                tail.append(encoded)
                offset += len(encoded)
            else:
                head.append(encoded)
        return b"".join(head + tail)

    return _Layout(True, split)


@cache
def _layout(type_: str) -> _Layout:
    if type_.endswith("[]"):
        item = _layout(type_[:-2])
        return _Layout(True, lambda value: _array([item.encode(one) for one in value], item.dynamic))
    if type_ in _UNSIZED:
        return _UNSIZED[type_]
    for prefix, layout in _SIZED.items():
        if type_.startswith(prefix):
            return layout
    return _struct(type_)


_UNSIZED = {
    "string": _Layout(True, lambda value: _bytes(value.encode(errors="surrogateescape"))),
    "bytes": _Layout(True, _bytes),
    "address": _Layout(False, lambda value: value.rjust(_WORD, b"\0")),
}
_SIZED = {"bytes": _Layout(False, lambda value: value.ljust(_WORD, b"\0")), "uint": _Layout(False, _uint)}
