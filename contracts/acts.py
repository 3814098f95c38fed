"""Solidity types of the acts, generated from `acts.json` (EIP-712; `protocol.md` §4).

`python contracts/acts.py` rewrites `src/Acts.sol`; `build.py` does so on every build, and `build.py --check` refuses a
file that differs. So the type strings exist once.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

ACTS_JSON = Path(__file__).with_name("acts.json")
ACTS_SOL = Path(__file__).with_name("src") / "Acts.sol"

PREFIX = ("member", "ref", "issuedAt", "validUntil")
WORDS_PER_ENCODE = 12
"""More stack values than this in one `abi.encode` is more than the EVM can reach."""

_DEFINITION = re.compile(r"(\w+)\(([^()]*)\)")

_HEADER = """\
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// Generated from acts.json by acts.py: change them, not this file.

/// @notice What every act begins with: who speaks, of which business fact, and when the statement holds.
struct Prefix {
    bytes32 member;
    bytes32 ref;
    uint64 issuedAt;
    uint64 validUntil;
}
"""

_CONSTANT = """\
    bytes32 internal constant {typehash} = keccak256(
        "{encoded_type}"
    );"""

_HASH_OF_WORDS = """
    function hash({name} calldata value) internal pure returns (bytes32) {{
        uint256 start;
        assembly {{
            start := value
        }}
        return _hashWords({typehash}, start, {count});
    }}"""

_HASH_OF_WORDS_AND_PART = """
    function hash({name} calldata value) internal pure returns (bytes32) {{
        uint256 start;
        assembly {{
            start := value
        }}
        return _hashWords({typehash}, start, {count}, {index}, {part});
    }}"""

_HASH_OF_PARTS = """
    function hash({name} calldata value) internal pure returns (bytes32) {{
        return keccak256({encoded});
    }}"""

_HASH_OF_ARRAY = """
    function hash({name}[] calldata values) internal pure returns (bytes32) {{
        bytes32[] memory hashes = new bytes32[](values.length);
        for (uint256 i = 0; i < values.length; ++i) {{
            hashes[i] = hash(values[i]);
        }}
        return keccak256(abi.encodePacked(hashes));
    }}"""

_PREFIX = """
    function prefix({name} calldata value) internal pure returns (Prefix calldata start) {{
        assembly {{
            start := value
        }}
    }}"""

_HASH_WORDS = """
    /// @dev hashStruct of a struct without dynamic members: its words in calldata are its encodeData. Bits beyond a
    /// field's type are hashed as they are; the compiler refuses them where the field is read, so every field MUST be.
    function _hashWords(bytes32 typehash, uint256 start, uint256 words) private pure returns (bytes32 result) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, typehash)
            calldatacopy(add(free, 0x20), start, mul(words, 0x20))
            result := keccak256(free, mul(add(words, 1), 0x20))
        }
    }

    /// @dev The same, with the hash of the one dynamic member in place of its offset, which is word `index`.
    function _hashWords(bytes32 typehash, uint256 start, uint256 words, uint256 index, bytes32 part)
        private
        pure
        returns (bytes32 result)
    {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, typehash)
            calldatacopy(add(free, 0x20), start, mul(words, 0x20))
            mstore(add(free, mul(add(index, 1), 0x20)), part)
            result := keccak256(free, mul(add(words, 1), 0x20))
        }
    }
}
"""


class Field(NamedTuple):
    type: str
    name: str

    @property
    def base(self) -> str:
        return self.type.removesuffix("[]")

    @property
    def is_array(self) -> bool:
        return self.type.endswith("[]")

    @property
    def is_word(self) -> bool:
        """Whether the field's value is one word of calldata."""
        return not self.is_array and self.type[0].islower() and self.type not in ("string", "bytes")


class Struct(NamedTuple):
    name: str
    says: str
    fields: tuple[Field, ...]
    encoded_type: str

    @property
    def is_act(self) -> bool:
        return tuple(field.name for field in self.fields[:4]) == PREFIX

    @property
    def typehash(self) -> str:
        return re.sub(r"(?<!^)(?=[A-Z])", "_", self.name).upper() + "_TYPEHASH"


def structs(registry: dict[str, Any]) -> list[Struct]:
    """Every struct of the registry. Raises `ValueError` on a type that is not the EIP-712 encodeType of its struct."""
    listed: list[dict[str, str]] = [*registry["acts"], *registry["statements"]]
    definitions: dict[str, str] = dict(registry["structs"])
    definitions |= {entry["name"]: entry["type"].partition(")")[0] + ")" for entry in listed}
    by_name = {entry["name"]: entry for entry in listed}

    found = []
    for name in definitions:
        entry = by_name.get(name, {})
        encoded = _encoded_type(name, definitions)
        if entry.get("type", encoded) != encoded:
            raise ValueError(f"the type of {name} is not its EIP-712 encodeType: {encoded}")
        found.append(Struct(name, entry.get("says", ""), _fields(definitions[name]), encoded))
    return found


def render(registry: dict[str, Any]) -> str:
    """The text of `src/Acts.sol`."""
    everything = structs(registry)
    known = {struct.name for struct in everything}
    arrays = {field.base for struct in everything for field in struct.fields if field.is_array and field.base in known}
    parts = [_HEADER]
    parts += [_declaration(struct) for struct in everything]
    parts.append("/// @title EIP-712 typehashes and struct hashes of the acts\nlibrary ActTypes {")
    parts += [_CONSTANT.format(typehash=s.typehash, encoded_type=s.encoded_type) for s in everything]
    for struct in everything:
        parts.append(_hash_function(struct, known))
        if struct.name in arrays:
            parts.append(_HASH_OF_ARRAY.format(name=struct.name))
    parts += [_PREFIX.format(name=struct.name) for struct in everything if struct.is_act]
    parts.append(_HASH_WORDS)
    return "\n".join(parts)


def generated() -> str:
    return render(json.loads(ACTS_JSON.read_text(encoding="utf-8")))


def _fields(definition: str) -> tuple[Field, ...]:
    match = _DEFINITION.fullmatch(definition)
    if match is None:
        raise ValueError(f"no EIP-712 struct: {definition}")
    return tuple(Field(*member.split(" ")) for member in match[2].split(","))


def _encoded_type(name: str, definitions: dict[str, str]) -> str:
    """EIP-712 encodeType: the struct, then every struct it names, by name."""
    found: set[str] = set()
    queue = [name]
    while queue:
        for field in _fields(definitions[queue.pop()]):
            if field.base in definitions and field.base not in found:
                found.add(field.base)
                queue.append(field.base)
    return definitions[name] + "".join(definitions[other] for other in sorted(found - {name}))


def _declaration(struct: Struct) -> str:
    says = [f"/// @notice {struct.says}"] if struct.says else []
    fields = [f"    {field.type} {field.name};" for field in struct.fields]
    return "\n".join([*says, f"struct {struct.name} {{", *fields, "}", ""])


def _hash_function(struct: Struct, known: set[str]) -> str:
    if all(field.is_word for field in struct.fields):
        return _HASH_OF_WORDS.format(name=struct.name, typehash=struct.typehash, count=len(struct.fields))
    dynamic = [index for index, field in enumerate(struct.fields) if not field.is_word]
    if len(dynamic) == 1:
        part = _word(struct.fields[dynamic[0]], known)
        return _HASH_OF_WORDS_AND_PART.format(
            name=struct.name, typehash=struct.typehash, count=len(struct.fields), index=dynamic[0], part=part
        )
    words = [struct.typehash, *(_word(field, known) for field in struct.fields)]
    chunks = [words[start : start + WORDS_PER_ENCODE] for start in range(0, len(words), WORDS_PER_ENCODE)]
    encoded = [f"abi.encode({', '.join(chunk)})" for chunk in chunks]
    whole = encoded[0] if len(encoded) == 1 else f"bytes.concat({', '.join(encoded)})"
    return _HASH_OF_PARTS.format(name=struct.name, encoded=whole)


def _word(field: Field, known: set[str]) -> str:
    """The Solidity expression of one word of encodeData."""
    value = f"value.{field.name}"
    if field.base in known:
        return f"hash({value})"
    if field.is_array:
        return f"keccak256(abi.encodePacked({value}))"
    if field.type == "string":
        return f"keccak256(bytes({value}))"
    if field.type == "bytes":
        return f"keccak256({value})"
    return value


if __name__ == "__main__":
    ACTS_SOL.write_text(generated(), encoding="utf-8")
