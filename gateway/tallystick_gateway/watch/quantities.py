"""Reading a node's JSON: what does not have its form is named, never guessed."""

from collections.abc import Mapping, Sequence
from typing import Any

from tallystick.hexadecimal import byte_string, quantity
from tallystick.rlp import encode_integer

from .errors import NodeTalksNonsense

__all__ = ["Answer", "data_of", "item_of", "list_of", "object_of", "quantity_of", "scalar_of"]

Answer = Mapping[str, Any]
"""An object of a JSON-RPC answer."""


def object_of(value: object, what: str) -> Answer:
    """`value` as an object; raises `NodeTalksNonsense`."""
    if not isinstance(value, Mapping):
        raise NodeTalksNonsense(f"The node's {what} is not an object.", what=what)
    return value


def list_of(value: object, what: str) -> Sequence[object]:
    """`value` as an array; raises `NodeTalksNonsense`."""
    if not isinstance(value, list):
        raise NodeTalksNonsense(f"The node's {what} is not an array.", what=what)
    return value


def item_of(answer: Answer, name: str) -> object:
    """The field `name`; raises `NodeTalksNonsense` if it is missing."""
    if name not in answer:
        raise NodeTalksNonsense(f"The node's answer has no {name}.", what=name)
    return answer[name]


def quantity_of(answer: Answer, name: str) -> int:
    """A JSON-RPC quantity of at most 256 bits; raises `NodeTalksNonsense`."""
    try:
        return quantity(item_of(answer, name))
    except ValueError as why:
        raise NodeTalksNonsense(f"The node's {name} is {why}.", what=name) from None


def data_of(answer: Answer, name: str, size: int | None = None) -> bytes:
    """JSON-RPC data, of exactly `size` bytes if given; raises `NodeTalksNonsense`."""
    try:
        return byte_string(item_of(answer, name), size)
    except ValueError as why:
        raise NodeTalksNonsense(f"The node's {name} is {why}.", what=name) from None


def scalar_of(answer: Answer, name: str) -> bytes:
    """A quantity as RLP writes it: big-endian without leading zeros."""
    return encode_integer(quantity_of(answer, name))
