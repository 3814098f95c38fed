"""The record types of the product: ordered fields with formats, versioned, never changed after release.

The types stand in `registry.json`. Every type begins with the common fields; the position of a field in its type goes
into its commitment, so neither order nor names may change: what changes gets a new version.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final

from tallystick.records import errors
from tallystick.records.errors import RecordError
from tallystick.records.formats import FORMATS, Format, enum_format

__all__ = ["MAX_JCS_BYTES", "Field", "RecordType", "record_type", "record_types"]

MAX_JCS_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record type. `fault` names what is wrong with a value, or gives None."""

    name: str
    format: Format
    optional: bool
    fault: Callable[[str], type[RecordError] | None] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True, eq=False)
class RecordType:
    """A record type in one version, with its fields in the order of their commitments; each exists once."""

    name: str
    version: int
    fields: tuple[Field, ...] = field(repr=False)
    names: frozenset[str] = field(repr=False)

    def most_jcs_bytes(self) -> int:
        """Bound the RFC 8785 form of a record of this type: every text at its longest, each of its bytes escaped."""
        members = sum(len(each.name) + 2 * each.format.most_bytes + 6 for each in self.fields)
        return members + len(f'{{"type":"{self.name}","version":"{self.version}"}}')


def record_type(name: str, version: int = 1, *, line: int | None = None) -> RecordType:
    """Find a type; raises `TypeUnknown` or `VersionUnknown`."""
    try:
        return record_types()[name, version]
    except KeyError:
        if any(name == known for known, _ in record_types()):
            raise errors.VersionUnknown(line=line, field="version", type=name) from None
        raise errors.TypeUnknown(line=line, field="type") from None


@cache
def record_types() -> Mapping[tuple[str, int], RecordType]:
    """All types by (name, version)."""
    registry = json.loads(files("tallystick.records").joinpath("registry.json").read_text("utf-8"))
    common = [_field(entry) for entry in registry["common"]]
    types = {}
    for entry in registry["types"]:
        fields = (*common, *map(_field, entry["fields"]))
        names = frozenset(each.name for each in fields)
        types[entry["name"], entry["version"]] = RecordType(entry["name"], entry["version"], fields, names)
    return MappingProxyType(types)


def _field(entry: dict[str, Any]) -> Field:
    values = entry.get("values")
    written = FORMATS[entry["format"]] if values is None else enum_format(tuple(values))
    return Field(entry["name"], written, entry.get("optional", False), written.fault_finder())
