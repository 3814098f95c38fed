"""Do the records open to what was anchored? (`protocol.md` §1 and §2)

Records are read one at a time and only counted: a package may hold more of them than memory.
"""

import json
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from tallystick.errors import TallystickError
from tallystick.merkle import InclusionInvalid
from tallystick.package.paths import RECORDS
from tallystick.records import RecordError
from tallystick.records.errors import TypeUnknown, VersionUnknown
from tallystick.records.handover import (
    MAX_OPENING_BYTES,
    BatchNotAnchored,
    OpenedRecord,
    OpeningMalformed,
    parse_opening,
    verify_opening,
)
from tallystick.records.openings import OpeningRefused
from tallystick.verify.facts import Content, Material
from tallystick.verify.findings import Findings

from .logs import Anchor, Log, Logs

__all__ = ["LogTally", "RecordTally", "check_records", "is_canonical"]

MOST_REFUSED: Final = 256
"""After so many records that do not hold, the rest are not looked at: no verdict would change."""

_CHUNK: Final = 1 << 20
_CODES: Final[tuple[tuple[type[TallystickError], str], ...]] = (
    (OpeningMalformed, "records.malformed"),
    (TypeUnknown, "records.unknown"),
    (VersionUnknown, "records.unknown"),
    (BatchNotAnchored, "records.batch"),
    (InclusionInvalid, "records.batch"),
    (OpeningRefused, "records.opening"),
    (RecordError, "records.opening"),
)


@dataclass(slots=True)
class LogTally:
    """How much of one log is opened."""

    records: int = 0
    first_index: int | None = None
    last_index: int = -1
    is_unbroken: bool = True
    loans_shown: bool = True

    def add(self, record: OpenedRecord) -> None:
        """Count a record; they come by ascending index."""
        if self.first_index is None:
            self.first_index = record.index
        elif record.index != self.last_index + 1:
            self.is_unbroken = False
        self.records += 1
        self.last_index = record.index
        self.loans_shown &= "loan" in record.disclosed

    def is_whole(self, log: Log) -> bool:
        """Whether every record that the log's anchors cover, without a gap between them, is opened."""
        opened = (self.first_index, self.last_index + 1)
        return self.is_unbroken and log.is_unbroken and opened == (log.first_index, log.next_index)


@dataclass(slots=True)
class RecordTally:
    """What the opened records add up to: by log, and how many withhold which field."""

    logs: dict[tuple[bytes, bytes], LogTally] = field(default_factory=dict)
    withheld: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    by_type: Counter[str] = field(default_factory=Counter)

    def add(self, record: OpenedRecord) -> None:
        """Count a record."""
        self.logs.setdefault((record.member, record.stream), LogTally()).add(record)
        self.by_type[record.kind.name] += 1
        for name in record.withheld:
            self.withheld[record.kind.name, record.kind.version, name] += 1

    @property
    def total(self) -> int:
        """How many records are opened."""
        return self.by_type.total()


def check_records(
    material: Material, logs: Logs, found: Findings, *listeners: Callable[[OpenedRecord], None]
) -> RecordTally:
    """Open every record of the package; each that holds goes to the `listeners` too."""
    tally = RecordTally()
    if RECORDS not in material.files:
        found.add("records.none", f"there is no {RECORDS}")
        return tally
    before: tuple[bytes, bytes, int] | None = None
    refused = 0
    for number, line in enumerate(_lines(material.files[RECORDS]), 1):
        record = _open(number, line, logs, found)
        if record is None:
            refused += 1
            if refused == MOST_REFUSED:
                found.add("records.not_examined", f"from line {number + 1} on")
                break
            continue
        place = (record.member, record.stream, record.index)
        if before is not None and place <= before:
            found.add("records.order", f"line {number}")
            continue
        before = place
        tally.add(record)
        for listener in listeners:
            listener(record)
    if tally.total:
        found.passed("records.opened", f"{tally.total} records")
    return tally


def _open(number: int, line: bytes, logs: Logs, found: Findings) -> OpenedRecord | None:
    try:
        opening = parse_opening(line)
        if not is_canonical(line):
            raise OpeningMalformed("the line", "it is not in canonical form (RFC 8785)", None)
        anchor = _anchor_of(logs.get((opening.batch.member, opening.batch.stream)), opening.index)
        if anchor is None:
            found.add("records.no_anchor", f"line {number}, index {opening.index}")
            return None
        return verify_opening(opening, anchor.batch)
    except TallystickError as why:
        code = next((code for kind, code in _CODES if isinstance(why, kind)), "records.opening")
        found.add(code, f"line {number}: {why}")
        return None


def is_canonical(line: bytes) -> bool:
    """Whether strict JSON without floats, its names all ASCII, is in the form of RFC 8785.

    For such JSON the standard library's compact form with sorted names is that form, and ten times as fast to make.
    """
    return json.dumps(json.loads(line), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() == line


def _anchor_of(log: Log | None, index: int) -> Anchor | None:
    if log is None:
        return None
    place = bisect_right(log.anchors, index, key=lambda anchor: anchor.first_index)
    anchor = log.anchors[place - 1] if place else None
    return anchor if anchor and index < anchor.next_index else None


def _lines(content: Content) -> Iterator[bytes]:
    """The lines without their ends; one that is too long, or has no end, is given as far as it was read."""
    rest = b""
    for start in range(0, len(content), _CHUNK):
        *lines, rest = (rest + content[start : start + _CHUNK]).split(b"\n")
        yield from lines
        if len(rest) > MAX_OPENING_BYTES:
            break
    if rest or not len(content):
        yield rest + b"\n"
