"""docs/formats.md as data: the examples that stand in it, and the tables that are made from the code."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

__all__ = ["PAGE", "Example", "Given", "examples", "rewritten", "tables"]

REPOSITORY: Final = Path(__file__).parents[2]
PAGE: Final = REPOSITORY / "docs" / "formats.md"

_EXAMPLE: Final = re.compile(r"^```json example=([a-z0-9-]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TABLE: Final = re.compile(r"^<!-- made from the code: ([a-z-]+) -->\n(.*?)^<!-- end -->$", re.MULTILINE | re.DOTALL)
_WIDTH: Final = 116


class Given:
    """The members of an example, which remembers those that were read: they are what it starts from."""

    def __init__(self, members: Mapping[str, Any]) -> None:
        self._members = members
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self.read.add(name)
        return self._members[name]

    def hex(self, name: str) -> bytes:
        """Bytes as hex digits, with or without 0x; a list of them is one long text in pieces."""
        value = self[name]
        return bytes.fromhex((value if isinstance(value, str) else "".join(value)).removeprefix("0x"))

    def hexes(self, name: str) -> list[bytes]:
        """A list of byte strings."""
        return [bytes.fromhex(each.removeprefix("0x")) for each in self[name]]


@dataclass(frozen=True)
class Example:
    """A fenced block `json example=name`: where it begins, and its members."""

    name: str
    line: int
    members: Mapping[str, Any]


def examples(page: str) -> Iterator[Example]:
    """The examples of the page, in order. Raises `ValueError` naming the line of one that is not JSON."""
    for found in _EXAMPLE.finditer(page):
        line = page.count("\n", 0, found.start()) + 1
        try:
            yield Example(found[1], line, json.loads(found[2]))
        except ValueError as broken:
            raise ValueError(f"{PAGE.name}, line {line}: {broken}") from broken


def tables(page: str) -> dict[str, str]:
    """The text of each table that is made from the code, by name."""
    return {found[1]: found[2] for found in _TABLE.finditer(page)}


def rewritten(
    page: str, recompute: Mapping[str, Callable[[Given], Mapping[str, Any]]], made: Mapping[str, Callable[[], str]]
) -> str:
    """The page with every example and every table computed anew."""

    def example(found: re.Match[str]) -> str:
        members = json.loads(found[2])
        return f"```json example={found[1]}\n{shown(members | dict(recompute[found[1]](Given(members))))}\n```"

    def table(found: re.Match[str]) -> str:
        return f"<!-- made from the code: {found[1]} -->\n{made[found[1]]()}<!-- end -->"

    return _TABLE.sub(table, _EXAMPLE.sub(example, page))


def shown(value: Any, indent: int = 0) -> str:
    """JSON in lines that a person can read: what fits on a line stays on one."""
    compact = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or (indent and len(compact) + indent <= _WIDTH):
        return compact
    pad = " " * (indent + 1)
    if isinstance(value, list):
        inside = [f"{pad}{shown(item, indent + 1)}" for item in value]
        return "[\n" + ",\n".join(inside) + "\n" + " " * indent + "]"
    named = [f"{pad}{json.dumps(name)}: {shown(item, indent + 1)}" for name, item in value.items()]
    return "{\n" + ",\n".join(named) + "\n" + " " * indent + "}"
