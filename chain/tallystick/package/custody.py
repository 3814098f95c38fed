"""Who had the proofs in hand: lines that each name the one before (`docs/package.md`, Custody)."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import rfc8785

from tallystick import strictjson

from .errors import PackageRefused
from .instants import format_instant, parse_instant

__all__ = ["STEPS", "Custody", "Step", "custody_file", "parse_custody"]

STEPS: Final = ("collected", "checked", "disclosed", "exported")
MAX_CUSTODY_BYTES: Final = 262_144
MAX_NOTE_BYTES: Final = 512
_KEYS: Final = frozenset({"at", "by", "note", "prev", "step"})
_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_FIRST: Final = bytes(32)


@dataclass(frozen=True, slots=True)
class Step:
    """What `by`, a member, did with the proofs, and when by its own clock; `note` is its word alone."""

    step: str
    by: bytes
    at: datetime
    note: str = ""


Custody = tuple[Step, ...]


def custody_file(steps: Iterable[Step]) -> bytes:
    """`custody.jsonl` of these steps."""
    lines, before = bytearray(), _FIRST
    for each in steps:
        line = _line(each, before)
        lines += line + b"\n"
        before = hashlib.sha256(line).digest()
    return bytes(lines)


def parse_custody(raw: bytes, member: bytes, built_at: datetime) -> Custody:
    """The steps of a chain that ends with the export by `member` at `built_at`.

    Raises `PackageRefused` `custody.broken` for a chain that is cut, reordered, or ends otherwise.
    """
    if len(raw) > MAX_CUSTODY_BYTES:
        raise _broken(f"more than {MAX_CUSTODY_BYTES} bytes")
    lines = raw.split(b"\n")
    if lines.pop() or not lines:
        raise _broken("it is not whole lines")
    steps: list[Step] = []
    before = _FIRST
    for number, line in enumerate(lines, 1):
        each = _step(line, number)
        if line != _line(each, before):
            raise _broken(f"line {number} does not follow from the line before it")
        if steps and each.at < steps[-1].at:
            raise _broken(f"line {number} is earlier than the line before it")
        steps.append(each)
        before = hashlib.sha256(line).digest()
    last = steps[-1]
    exports = [each for each in steps if each.step == "exported"]
    if exports != [last] or (last.by, last.at) != (member, built_at):
        raise _broken("it does not end with the export, once, by the builder when it built the package")
    return tuple(steps)


def _line(each: Step, before: bytes) -> bytes:
    return rfc8785.dumps(
        {
            "at": format_instant(each.at),
            "by": each.by.hex(),
            "note": each.note,
            "prev": before.hex(),
            "step": each.step,
        }
    )


def _step(line: bytes, number: int) -> Step:
    try:
        value = strictjson.loads_object(line, max_bytes=8 * MAX_NOTE_BYTES)
    except strictjson.JsonMalformed as why:
        raise _broken(f"line {number}: {why}") from None
    texts = {name: text for name, text in value.items() if isinstance(text, str)}
    if texts.keys() != _KEYS or value.keys() != _KEYS:
        raise _broken(f"line {number} does not have exactly the members {', '.join(sorted(_KEYS))}")
    at = parse_instant(texts["at"])
    if at is None or texts["step"] not in STEPS or not _HASH.fullmatch(texts["by"]):
        raise _broken(f"line {number} names no instant, no step or no member")
    if len(texts["note"].encode()) > MAX_NOTE_BYTES or _CONTROL.search(texts["note"]):
        raise _broken(f"the note in line {number} is too long, or not plain text")
    return Step(texts["step"], bytes.fromhex(texts["by"]), at, texts["note"])


def _broken(reason: str) -> PackageRefused:
    return PackageRefused("custody.broken", reason)
