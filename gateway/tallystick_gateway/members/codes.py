"""The numbers that the contracts use for states, purposes and changes, by name, read from `acts.json`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

__all__ = [
    "AGREEMENT_STATES",
    "CHANGES",
    "KEY_PURPOSES",
    "LOAN_STATES",
    "MATTER_KINDS",
    "MEMBER_STATES",
    "VISIBILITIES",
    "ChangeType",
]


@dataclass(frozen=True, slots=True)
class ChangeType:
    """A change that m of n members can decide: its code on chain, and the fields of its payload as Solidity types."""

    name: str
    code: int
    fields: tuple[tuple[str, str], ...]
    """(type, name) in ABI order."""


@cache
def _document() -> Mapping[str, Any]:
    document: Mapping[str, Any] = json.loads(resources.files("tallystick.acts").joinpath("acts.json").read_bytes())
    return document


def _names(enum: str) -> Mapping[int, str]:
    return {code: name for name, code in _document()["enums"][enum].items()}


def _change(entry: Mapping[str, Any]) -> ChangeType:
    fields = tuple(tuple(field.split(" ")) for field in entry["payload"].split(","))
    return ChangeType(entry["name"], entry["code"], fields)


MEMBER_STATES = _names("member_states")
KEY_PURPOSES = _names("purposes")
AGREEMENT_STATES = _names("agreement_states")
LOAN_STATES = _names("loan_states")
VISIBILITIES = _names("visibility")
MATTER_KINDS: Mapping[int, str] = {1: "AGREEMENT", 2: "SEALED_LOAN", 3: "SHARE_TRANSFER", 4: "SERVICING_TRANSFER"}
CHANGES: Mapping[str, ChangeType] = {change.name: change for change in map(_change, _document()["changes"])}
