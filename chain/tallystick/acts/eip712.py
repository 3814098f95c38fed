"""EIP-712 hashing of the types in `contracts/acts.json`, compiled once a type into a plain function.

`hashStruct(s) = keccak256(typeHash ‖ encodeData(s))`; here `encode_data` is that whole preimage.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from tallystick.errors import TallystickError
from tallystick.keccak import keccak256

from . import types
from .registry import act_types, domain_name, domain_version
from .types import Struct

__all__ = [
    "ActFieldInvalid",
    "Domain",
    "digest",
    "domain_separator",
    "encode_data",
    "struct_hash",
    "type_hash",
    "values",
]

Word = Callable[[object], bytes]
"""How one member of a struct becomes 32 bytes."""


class ActFieldInvalid(TallystickError):
    """A field of an act does not fit its EIP-712 type."""

    code = "act.field_invalid"
    advice = "Give the value in the width and kind that contracts/acts.json names."


@dataclass(frozen=True, slots=True)
class Domain:
    """The contract on the chain an act is meant for: `verifying_contract` is its 20-byte address."""

    chain_id: int
    verifying_contract: bytes


_DOMAIN_TYPE = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"


@lru_cache(maxsize=1024)
def domain_separator(domain: Domain) -> bytes:
    """`hashStruct(EIP712Domain)`: name and version from acts.json, chain id, contract. Raises `ActFieldInvalid`."""
    return keccak256(
        keccak256(_DOMAIN_TYPE)
        + keccak256(domain_name().encode())
        + keccak256(domain_version().encode())
        + _uint("chainId", 256)(domain.chain_id)
        + _address("verifyingContract")(domain.verifying_contract)
    )


def type_hash(kind: type[Struct]) -> bytes:
    """`typeHash` of EIP-712 for a class of `tallystick.acts.types`."""
    return keccak256(act_types()[kind.__name__].type_string.encode())


def encode_data(value: Struct) -> bytes:
    """`typeHash ‖ encodeData(value)`: one 32-byte word for the type and one a field. Raises `ActFieldInvalid`."""
    return _encoder(type(value))(value)


def struct_hash(value: Struct) -> bytes:
    """`hashStruct(value)`. Raises `ActFieldInvalid`."""
    return keccak256(_encoder(type(value))(value))


def digest(value: Struct, domain: Domain) -> bytes:
    """What is signed: `keccak256(0x19 0x01 ‖ domainSeparator ‖ hashStruct(value))`. Raises `ActFieldInvalid`."""
    return keccak256(b"\x19\x01" + domain_separator(domain) + struct_hash(value))


def values(value: Struct) -> tuple[object, ...]:
    """The fields in order, nested structs and arrays as tuples: the form an ABI encoder takes for calldata."""
    return tuple(_plain(getattr(value, field.attribute)) for field in act_types()[type(value).__name__].fields)


def _plain(value: object) -> object:
    if isinstance(value, Struct):
        return values(value)
    if isinstance(value, tuple):
        return tuple(_plain(item) for item in value)
    return value


def _encoder(kind: type[Struct]) -> Callable[[Struct], bytes]:
    if kind not in _ENCODERS:
        _ENCODERS[kind] = _compile(kind)
    return _ENCODERS[kind]


def _compile(kind: type[Struct]) -> Callable[[Struct], bytes]:
    prefix = type_hash(kind)
    members = act_types()[kind.__name__].fields
    words = tuple((member.attribute, _word(f"{kind.__name__}.{member.name}", member.type)) for member in members)

    def encode(value: Struct) -> bytes:
        return prefix + b"".join([word(getattr(value, attribute)) for attribute, word in words])

    return encode


def _word(where: str, kind: str) -> Word:
    if kind.endswith("[]"):
        return _array(where, _word(where, kind.removesuffix("[]")))
    if kind in _UNSIZED:
        return _UNSIZED[kind](where)
    for prefix, sized in _SIZED.items():
        if kind.startswith(prefix):
            return sized(where, int(kind.removeprefix(prefix)))
    return _struct(where, kind)


def _refuse(where: str, expected: str) -> ActFieldInvalid:
    return ActFieldInvalid(f"{where} must be {expected}", field=where, expected=expected)


def _fixed_bytes(where: str, width: int) -> Word:
    padding = bytes(32 - width)

    def word(value: object) -> bytes:
        if type(value) is not bytes or len(value) != width:
            raise _refuse(where, f"{width} bytes")
        return value + padding

    return word


def _address(where: str) -> Word:
    def word(value: object) -> bytes:
        if type(value) is not bytes or len(value) != 20:
            raise _refuse(where, "an address of 20 bytes")
        return bytes(12) + value

    return word


def _uint(where: str, bits: int) -> Word:
    def word(value: object) -> bytes:
        if type(value) is not int or value < 0 or value.bit_length() > bits:
            raise _refuse(where, f"an integer from 0 to 2^{bits} − 1")
        return value.to_bytes(32)

    return word


def _string(where: str) -> Word:
    def word(value: object) -> bytes:
        if type(value) is not str:
            raise _refuse(where, "text")
        return keccak256(value.encode(errors="surrogateescape"))  # text that a contract took may be no UTF-8

    return word


def _bytes(where: str) -> Word:
    def word(value: object) -> bytes:
        if type(value) is not bytes:
            raise _refuse(where, "bytes")
        return keccak256(value)

    return word


def _array(where: str, item: Word) -> Word:
    def word(value: object) -> bytes:
        if type(value) is not tuple:
            raise _refuse(where, "a tuple")
        return keccak256(b"".join([item(element) for element in value]))

    return word


def _struct(where: str, name: str) -> Word:
    kind: type[Struct] = getattr(types, name)

    def word(value: object) -> bytes:
        if not isinstance(value, kind):
            raise _refuse(where, f"a {name}")
        return struct_hash(value)

    return word


_UNSIZED: dict[str, Callable[[str], Word]] = {"address": _address, "string": _string, "bytes": _bytes}
_SIZED: dict[str, Callable[[str, int], Word]] = {"bytes": _fixed_bytes, "uint": _uint}
_ENCODERS: dict[type[Struct], Callable[[Struct], bytes]] = {}
