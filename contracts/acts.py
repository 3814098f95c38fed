"""Solidity types of the acts, generated from `acts.json` (EIP-712; `protocol.md` §4).

`python contracts/acts.py` rewrites `src/Acts.sol`; `build.py` does so on every build, and `build.py --check` refuses a
file that differs. So the type strings exist once.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import NamedTuple

ACTS_JSON = Path(__file__).with_name("acts.json")
ACTS_SOL = Path(__file__).with_name("src") / "Acts.sol"

PREFIX = ("member", "ref", "issuedAt", "validUntil")
WORDS_PER_ENCODE = 11
"""More stack values than this in one `abi.encode` is more than the EVM can reach."""

_DEFINITION = re.compile(r"(\w+)\(([^()]*)\)")

_HEADER = """// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// Generated from acts.json by acts.py: change them, not this file.
"""


_HASH_WORDS = """
    /// @dev hashStruct of a struct without dynamic members: its words in calldata are its encodeData. Bits beyond a field's
    /// type are hashed as they are; the compiler refuses them where the field is read, so every field MUST be read.
    function _hashWords(bytes32 typehash, uint256 start, uint256 words) private pure returns (bytes32 result) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, typehash)
            calldatacopy(add(free, 0x20), start, mul(words, 0x20))
            result := keccak256(free, mul(add(words, 1), 0x20))
        }
    }""".split("\n")


class Field(NamedTuple):
    type: str
    name: str

    @property
    def base(self) -> str:
        return self.type.removesuffix("[]")

    @property
    def is_array(self) -> bool:
        return self.type.endswith("[]")


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


def _fields(members: str) -> tuple[Field, ...]:
    return tuple(Field(*member.split(" ")) for member in members.split(","))


def _encoded_type(name: str, definitions: dict[str, str]) -> str:
    """EIP-712 encodeType: the struct, then every struct it names, by name."""
    found: set[str] = set()
    queue = [name]
    while queue:
        for field in _fields(_DEFINITION.fullmatch(definitions[queue.pop()])[2]):  # type: ignore[index]
            if field.base in definitions and field.base not in found:
                found.add(field.base)
                queue.append(field.base)
    return definitions[name] + "".join(definitions[other] for other in sorted(found - {name}))


def structs(registry: dict[str, object]) -> list[Struct]:
    """Every struct of the registry, those that others name first. Raises `ValueError` on a type that contradicts itself."""
    listed: list[dict[str, str]] = [*registry["acts"], *registry["statements"]]  # type: ignore[misc]
    definitions: dict[str, str] = dict(registry["structs"])  # type: ignore[call-overload]
    definitions |= {entry["name"]: entry["type"].partition(")")[0] + ")" for entry in listed}
    says = {entry["name"]: entry.get("says", "") for entry in listed}
    given = {entry["name"]: entry["type"] for entry in listed}

    found = []
    for name, definition in definitions.items():
        encoded = _encoded_type(name, definitions)
        match = _DEFINITION.fullmatch(definition)
        if match is None or match[1] != name or given.get(name, encoded) != encoded:
            raise ValueError(f"the type of {name} is not its EIP-712 encodeType: {encoded}")
        found.append(Struct(name, says.get(name, ""), _fields(match[2]), encoded))
    order = {name: rank for rank, name in enumerate(["ContractEntry", "Party", "AgreementTerms"])}
    return sorted(found, key=lambda struct: order.get(struct.name, len(order)))


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


def _is_static(struct: Struct) -> bool:
    return all(not f.is_array and f.type not in ("string", "bytes") and f.type[0].islower() for f in struct.fields)


def _hash_function(struct: Struct, known: set[str]) -> list[str]:
    lines = [f"    function hash({struct.name} calldata value) internal pure returns (bytes32) {{"]
    if _is_static(struct):
        return [
            *lines,
            "        uint256 start;",
            "        assembly {",
            "            start := value",
            "        }",
            f"        return _hashWords({struct.typehash}, start, {len(struct.fields)});",
            "    }",
        ]
    words = [struct.typehash, *(_word(field, known) for field in struct.fields)]
    chunks = [words[start : start + WORDS_PER_ENCODE] for start in range(0, len(words), WORDS_PER_ENCODE)]
    if len(words) <= WORDS_PER_ENCODE + 1:
        return [*lines, f"        return keccak256(abi.encode({', '.join(words)}));", "    }"]
    encoded = ", ".join(f"abi.encode({', '.join(chunk)})" for chunk in chunks)
    return [*lines, f"        return keccak256(bytes.concat({encoded}));", "    }"]


def _array_hash_function(name: str) -> list[str]:
    return [
        f"    function hash({name}[] calldata values) internal pure returns (bytes32) {{",
        "        bytes32[] memory hashes = new bytes32[](values.length);",
        "        for (uint256 i = 0; i < values.length; ++i) {",
        "            hashes[i] = hash(values[i]);",
        "        }",
        "        return keccak256(abi.encodePacked(hashes));",
        "    }",
    ]


def render(registry: dict[str, object]) -> str:
    """The text of `src/Acts.sol`."""
    everything = structs(registry)
    known = {struct.name for struct in everything if not struct.is_act and struct.name != "RecordReceipt"}
    everything = [struct for struct in everything if struct.name != "RecordReceipt"]
    arrays = sorted({field.base for s in everything for field in s.fields if field.is_array and field.base in known})
    lines = [_HEADER.rstrip("\n"), ""]
    lines += ["/// @notice What every act begins with: who speaks, of which business fact, and when the statement holds."]
    lines += ["struct Prefix {", "    bytes32 member;", "    bytes32 ref;", "    uint64 issuedAt;", "    uint64 validUntil;"]
    lines += ["}", ""]
    for struct in everything:
        if struct.says:
            lines.append(f"/// @notice {struct.says}")
        lines += [f"struct {struct.name} {{", *(f"    {f.type} {f.name};" for f in struct.fields), "}", ""]

    lines += ["/// @title EIP-712 typehashes and struct hashes of the acts", "library ActTypes {"]
    for struct in everything:
        lines += [f"    bytes32 internal constant {struct.typehash} = keccak256(", f'        "{struct.encoded_type}"', "    );"]
    for struct in everything:
        lines += ["", *_hash_function(struct, known)]
        if struct.name in arrays:
            lines += ["", *_array_hash_function(struct.name)]
    for struct in everything:
        if struct.is_act:
            lines += [
                "",
                f"    function prefix({struct.name} calldata value) internal pure returns (Prefix calldata start) {{",
                "        assembly {",
                "            start := value",
                "        }",
                "    }",
            ]
    lines += _HASH_WORDS
    return "\n".join([*lines, "}", ""])


def generated() -> str:
    return render(json.loads(ACTS_JSON.read_text(encoding="utf-8")))


if __name__ == "__main__":
    ACTS_SOL.write_text(generated(), encoding="utf-8")
