"""The list of EIP-712 types, `contracts/acts.json`, as Python values."""

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from keyword import iskeyword
from typing import Any

__all__ = ["ActType", "Field", "act_types", "domain_name", "domain_version"]


@dataclass(frozen=True, slots=True)
class Field:
    """One member of a struct type: its name and type as in Solidity."""

    name: str
    type: str

    @property
    def attribute(self) -> str:
        """The name in Python: snake case; what Python keeps for itself takes a `_`."""
        snake = re.sub(r"(?<=[a-z0-9])([A-Z])", lambda match: "_" + match[1].lower(), self.name)
        return snake + "_" if iskeyword(snake) else snake


@dataclass(frozen=True, slots=True)
class ActType:
    """An entry of acts.json.

    `contract` is "*" for an act that every contract takes and "" for a plain struct; `business_id` says of which text
    an act's `ref` is made; `key` is the purpose of the key that signs; 0 is no bound of validity.
    """

    name: str
    contract: str
    type_string: str
    fields: tuple[Field, ...]
    business_id: str
    key: str
    longest_validity_s: int


def domain_name() -> str:
    """`name` of the EIP-712 domain."""
    return str(_document()["domain"]["name"])


def domain_version() -> str:
    """`version` of the EIP-712 domain."""
    return str(_document()["domain"]["version"])


@lru_cache(maxsize=1)
def act_types() -> dict[str, ActType]:
    """Every type of acts.json by name: structs, acts and statements. Do not change the answer."""
    document = _document()
    definitions: dict[str, str] = document["structs"]
    structs = {
        name: ActType(name, "", _with_referenced(text, definitions), _members(text), "", "", 0)
        for name, text in definitions.items()
    }
    signed = {
        entry["name"]: ActType(
            name=entry["name"],
            contract=entry["contract"],
            type_string=entry["type"],
            fields=_members(entry["type"]),
            business_id=entry.get("business_id", ""),
            key=entry.get("key", ""),
            longest_validity_s=entry.get("longest_validity_s", 0),
        )
        for entry in [*document["acts"], *document["statements"]]
    }
    return structs | signed


@lru_cache(maxsize=1)
def _document() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(resources.files(__package__).joinpath("acts.json").read_text("utf-8"))
    return loaded


def _with_referenced(definition: str, definitions: dict[str, str]) -> str:
    """`encodeType` of a struct: its definition, then those it refers to by name (acts.json gives the bare ones)."""
    found: set[str] = set()
    waiting = [definition.partition(")")[0] + ")"]
    while waiting:
        for member in _members(waiting.pop()):
            name = member.type.removesuffix("[]")
            if name in definitions and name not in found:
                found.add(name)
                waiting.append(definitions[name])
    return definition.partition(")")[0] + ")" + "".join(definitions[name] for name in sorted(found))


def _members(type_string: str) -> tuple[Field, ...]:
    inside = type_string[type_string.index("(") + 1 : type_string.index(")")]
    return tuple(Field(name, kind) for kind, name in (member.split(" ") for member in inside.split(",")))
