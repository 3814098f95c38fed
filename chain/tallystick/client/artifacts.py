"""The compiled contracts as committed in `contracts/artifacts` (rebuilt byte for byte by a test)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError

from tallystick.keccak import keccak256

__all__ = ["CONTRACTS", "Artifact", "load"]

CONTRACTS: Final = ("Consortium", "AgreementBook", "LoanLedger", "RecordLog")
"""In the order of their deployment."""
_WORD: Final = 32


@dataclass(frozen=True, slots=True)
class Artifact:
    """A contract: its ABI, the code that creates it, and the code it leaves with holes for its immutables."""

    name: str
    abi: Sequence[Mapping[str, Any]]
    creation_code: bytes
    runtime_code: bytes
    immutables: Mapping[str, tuple[int, ...]]
    """Offsets in `runtime_code` of each immutable, a 32-byte word, by its name in the source."""

    def constructor_types(self) -> tuple[str, ...]:
        """The canonical ABI types of the constructor's arguments."""
        for entry in self.abi:
            if entry["type"] == "constructor":
                return tuple(canonical_type(argument) for argument in entry["inputs"])
        return ()

    def constructor_names(self) -> tuple[str, ...]:
        """The names of the constructor's arguments, as in the source."""
        for entry in self.abi:
            if entry["type"] == "constructor":
                return tuple(argument["name"] for argument in entry["inputs"])
        return ()

    def encode_constructor(self, *values: object) -> bytes:
        """ABI-encode the constructor's arguments."""
        return encode(self.constructor_types(), values)

    def deployed_code(self, arguments: bytes) -> bytes:
        """The code that stands on chain after construction with these ABI-encoded arguments.

        An immutable takes the constructor argument of its own name followed by an underscore; each is an address.
        Raises `ValueError` where the arguments are not of the constructor's types.
        """
        try:
            values = decode(self.constructor_types(), arguments)
        except (DecodingError, ValueError, OverflowError) as why:
            raise ValueError(f"these are no constructor arguments of {self.name}: {why}") from None
        given = dict(zip(self.constructor_names(), values, strict=True))
        code = bytearray(self.runtime_code)
        for name, offsets in self.immutables.items():
            word = bytes.fromhex(str(given[f"{name}_"])[2:]).rjust(_WORD, b"\0")
            for offset in offsets:
                code[offset : offset + _WORD] = word
        return bytes(code)

    def selector(self, function: str) -> bytes:
        """The four bytes that call `function`. Raises `KeyError`."""
        for entry in self.abi:
            if entry["type"] == "function" and entry["name"] == function:
                types = ",".join(canonical_type(argument) for argument in entry["inputs"])
                return keccak256(f"{function}({types})".encode())[:4]
        raise KeyError(function)


@cache
def load(name: str) -> Artifact:
    """The committed artifact of a contract. Raises `FileNotFoundError` for a name that is none."""
    content: Any = json.loads((files(__package__) / "artifacts" / f"{name}.json").read_text(encoding="utf-8"))
    return Artifact(
        name=name,
        abi=content["abi"],
        creation_code=bytes.fromhex(content["bytecode"].removeprefix("0x")),
        runtime_code=bytes.fromhex(content["deployedBytecode"].removeprefix("0x")),
        immutables={
            immutable: tuple(place["start"] for place in places)
            for immutable, places in content["immutableReferences"].items()
        },
    )


def canonical_type(argument: Mapping[str, Any]) -> str:
    """An ABI argument's type with tuples spelt out, as selectors and encoders want it."""
    kind = str(argument["type"])
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(canonical_type(part) for part in argument['components'])}){kind.removeprefix('tuple')}"
