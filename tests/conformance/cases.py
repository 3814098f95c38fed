"""What a file of test vectors holds, once its shape is recognised."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

LARGEST_FILE = 64 << 20


class Refuted(Exception):
    """The product's answer is not the one the vector gives."""


@dataclass(frozen=True)
class Case:
    """One question with a known answer: `check` raises (`Refuted`, or anything) if the product answers otherwise."""

    name: str
    check: Callable[[], None]


@dataclass
class Recognised:
    """A file, or several that belong together, of one source. `note` says why some cases are not put."""

    source: str
    cases: list[Case] = field(default_factory=list)
    not_yet: int = 0
    note: str = ""
    companions: frozenset[Path] = frozenset()


@dataclass(frozen=True)
class VectorFile:
    """A file below the vectors' folder; what it holds is read when a shape asks."""

    root: Path
    path: Path

    @property
    def name(self) -> str:
        return self.path.relative_to(self.root).as_posix()

    @cached_property
    def content(self) -> bytes:
        with self.path.open("rb") as opened:
            content = opened.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            raise ValueError(f"larger than {LARGEST_FILE} bytes")
        return content

    @cached_property
    def is_json(self) -> bool:
        return self.path.suffix == ".json" or self.content.lstrip()[:1] in (b"{", b"[")

    @cached_property
    def document(self) -> Any:
        """The parsed JSON; raises `ValueError` (`RecursionError` from a bomb counts as one) if it is none."""
        if self.content.count(b"[") + self.content.count(b"{") > 1000 and _deepest(self.content) > 200:
            raise ValueError("nested deeper than 200")
        return json.loads(self.content)


def accepted(attempt: Callable[[], object], refusals: type[Exception] | tuple[type[Exception], ...]) -> bool:
    """Whether `attempt` returned rather than raised one of `refusals`."""
    try:
        attempt()
    except refusals:
        return False
    return True


def require(holds: object, otherwise: str) -> None:
    """Raises `Refuted` unless `holds`."""
    if not holds:
        raise Refuted(otherwise)


def require_equal(found: object, expected: object, what: str) -> None:
    """Raises `Refuted` unless both are equal."""
    require(found == expected, f"{what}: {_short(found)}, expected {_short(expected)}")


def is_list_of(value: object, *keys: str) -> bool:
    """Whether `value` is a list whose first element is an object with these keys (an empty list is one too)."""
    return isinstance(value, list) and all(isinstance(item, dict) and set(keys) <= item.keys() for item in value[:1])


def companions(file: VectorFile, texts: Iterable[str]) -> frozenset[Path]:
    """The files beside or below `file` that `texts` name by relative path, and those that differ in suffix only."""
    found = set()
    for text in texts:
        named = file.path.parent / text
        try:
            if len(text) < 200 and named.is_file():
                found |= {named, *(other for other in named.parent.iterdir() if other.stem == named.stem)}
        except (OSError, ValueError):
            continue
    return frozenset(found - {file.path})


def all_texts(value: object) -> Iterable[str]:
    """Every string in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from all_texts(item)


def unhex(text: str) -> bytes:
    """The bytes of `0x…`."""
    if not text.startswith("0x"):
        raise ValueError(f"no 0x in front: {text[:20]}")
    return bytes.fromhex(text[2:])


def _deepest(content: bytes) -> int:
    """An upper bound of the nesting, brackets in strings counted too."""
    depth = deepest = 0
    for byte in content:
        if byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest


def _short(value: object) -> str:
    text = value.hex() if isinstance(value, bytes) else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
