"""Events of our contracts from their logs, by the contracts' ABI: compiled once an event, strict, quick.

(`tallystick.client.events` reads the same by `eth_abi`, for a few logs at a time; tests hold both equal.)
A log whose first topic is no event of the interface, or whose data are not exactly what the event says, stops the
watcher: the contracts would be others than this gateway knows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from tallystick.client import artifacts
from tallystick.hexadecimal import byte_string
from tallystick.keccak import keccak256

from .blocks import CheckedLog
from .chain_event import ChainEvent
from .errors import EventUnreadable, NodeTalksNonsense
from .headers import CheckedHeader

__all__ = ["ResultReader", "read_event", "result_reader"]

_WORD = 32
_LARGEST_ARRAY = 4096
_Read = Callable[[bytes, int], Any]


class _Malformed(Exception):
    """The bytes are not what the type says."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a value of a type is read at an offset; a `dynamic` one stands behind a pointer, relative to its frame."""

    dynamic: bool
    read: _Read
    words: int = 1


@dataclass(frozen=True, slots=True)
class _Event:
    name: str
    indexed: tuple[tuple[str, _Read], ...]
    values: Callable[[bytes], dict[str, Any]]


def read_event(contract: str, checked: CheckedLog, header: CheckedHeader) -> ChainEvent:
    """The event that `contract` (a name of the directory) emitted as `checked`. Raises `EventUnreadable`."""
    log = checked.log
    event = _events(contract).get(log.topics[0]) if log.topics else None
    if event is None:
        topic = log.topics[0].hex() if log.topics else "none"
        raise EventUnreadable(f"{contract} emitted an unknown event {topic}.", contract=contract, topic=topic)
    if len(log.topics) != len(event.indexed) + 1:
        raise EventUnreadable(f"{event.name} of {contract} has {len(log.topics)} topics.", contract=contract)
    try:
        values = {name: read(topic, 0) for (name, read), topic in zip(event.indexed, log.topics[1:], strict=True)}
        values.update(event.values(log.data))
    except (_Malformed, IndexError) as why:
        raise EventUnreadable(f"{event.name} of {contract} cannot be read: {why}.", contract=contract) from None
    return ChainEvent(
        name=event.name,
        contract=contract,
        address=log.address,
        values=values,
        height=header.height,
        time=header.time,
        transaction_hash=checked.transaction_hash,
        transaction_index=checked.transaction_index,
        log_index=checked.index,
    )


@dataclass(frozen=True, slots=True)
class ResultReader:
    """How a view is called, and what it returned is read. Structs are mappings, several results a mapping by name."""

    selector: bytes
    outputs: _Layout
    only: str | None

    def read(self, returned: object) -> Any:
        """The value that an `eth_call` returned as JSON-RPC data. Raises `NodeTalksNonsense`."""
        try:
            values = self.outputs.read(byte_string(returned), 0)
        except (_Malformed, ValueError) as why:
            raise NodeTalksNonsense(f"A contract's view returned {why}.", what="eth_call") from None
        return values if self.only is None else values[self.only]


@cache
def result_reader(contract: str, function: str) -> ResultReader:
    """The reader of a view of `contract`. Raises `KeyError` if it has none of that name."""
    artifact = artifacts.load(contract)
    outputs = next(
        entry["outputs"] for entry in artifact.abi if entry["type"] == "function" and entry["name"] == function
    )
    named = [{**part, "name": part["name"] or str(position)} for position, part in enumerate(outputs)]
    only = named[0]["name"] if len(named) == 1 else None
    return ResultReader(artifact.selector(function), _struct(named), only)


@cache
def _events(contract: str) -> Mapping[bytes, _Event]:
    events = {}
    for entry in artifacts.load(contract).abi:
        if entry["type"] == "event":
            signature = f"{entry['name']}({','.join(map(artifacts.canonical_type, entry['inputs']))})"
            events[keccak256(signature.encode())] = _compile_event(entry)
    return events


def _compile_event(entry: Mapping[str, Any]) -> _Event:
    indexed = tuple((part["name"], _layout(part).read) for part in entry["inputs"] if part["indexed"])
    rest = [part for part in entry["inputs"] if not part["indexed"]]
    body = _struct(rest)

    def values(payload: bytes) -> dict[str, Any]:
        found: dict[str, Any] = body.read(payload, 0)
        return found

    return _Event(entry["name"], indexed, values)


def _layout(part: Mapping[str, Any]) -> _Layout:
    kind: str = part["type"]
    if kind.endswith("[]"):
        return _array(_layout({**part, "type": kind.removesuffix("[]")}))
    if kind == "tuple":
        return _struct(part["components"])
    if kind in {"string", "bytes"}:
        return _Layout(True, _text if kind == "string" else _bytes)
    if kind.startswith("bytes"):
        return _Layout(False, _fixed(int(kind.removeprefix("bytes"))))
    if kind.startswith("uint"):
        return _Layout(False, _uint(int(kind.removeprefix("uint"))))
    return _Layout(False, {"address": _address, "bool": _flag}[kind])


def _struct(parts: Sequence[Mapping[str, Any]]) -> _Layout:
    members: list[tuple[str, int, bool, _Read]] = []
    head = 0
    for part in parts:
        layout = _layout(part)
        members.append((part["name"], head, layout.dynamic, layout.read))
        head += _WORD * (1 if layout.dynamic else layout.words)

    def read(data: bytes, start: int) -> dict[str, Any]:
        if len(data) < start + head:
            raise _Malformed("the data end too early")
        return {
            name: inner(data, start + (_offset(data, start + at) if dynamic else at))
            for name, at, dynamic, inner in members
        }

    return _Layout(any(dynamic for _, _, dynamic, _ in members), read, head // _WORD)


def _array(item: _Layout) -> _Layout:
    def read(data: bytes, start: int) -> tuple[Any, ...]:
        length = _word(data, start)
        if length > _LARGEST_ARRAY:
            raise _Malformed(f"an array of {length} items")
        frame = start + _WORD
        if item.dynamic:
            return tuple(item.read(data, frame + _offset(data, frame + _WORD * i)) for i in range(length))
        return tuple(item.read(data, frame + _WORD * item.words * i) for i in range(length))

    return _Layout(True, read)


def _word(data: bytes, start: int) -> int:
    word = data[start : start + _WORD]
    if len(word) != _WORD:
        raise _Malformed("the data end too early")
    return int.from_bytes(word)


def _offset(data: bytes, start: int) -> int:
    offset = _word(data, start)
    if offset > len(data):
        raise _Malformed(f"a pointer to byte {offset} of {len(data)}")
    return offset


def _uint(bits: int) -> _Read:
    def read(data: bytes, start: int) -> int:
        value = _word(data, start)
        if value >> bits:
            raise _Malformed(f"a number of more than {bits} bits")
        return value

    return read


def _fixed(size: int) -> _Read:
    padding = bytes(_WORD - size)

    def read(data: bytes, start: int) -> bytes:
        word = data[start : start + _WORD]
        if len(word) != _WORD or word[size:] != padding:
            raise _Malformed(f"not {size} bytes")
        return word[:size]

    return read


def _address(data: bytes, start: int) -> bytes:
    if _word(data, start) >> 160:
        raise _Malformed("not an address")
    return data[start + 12 : start + _WORD]


def _flag(data: bytes, start: int) -> bool:
    value = _word(data, start)
    if value > 1:
        raise _Malformed("not a boolean")
    return value == 1


def _bytes(data: bytes, start: int) -> bytes:
    length = _word(data, start)
    found = data[start + _WORD : start + _WORD + length]
    if len(found) != length:
        raise _Malformed("the data end too early")
    return found


def _text(data: bytes, start: int) -> str:
    """A contract takes any bytes for text: what is no UTF-8 stays as surrogates, and hashes to what was signed."""
    return _bytes(data, start).decode(errors="surrogateescape")
