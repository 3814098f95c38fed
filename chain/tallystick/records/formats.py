"""How the values of a record are written: one form each, the same to the last bit for two parties (`protocol.md` §1).

Every format is a regular expression that Python's `re` and RE2 read alike; the scalar and the columnar path use the
same ones. Text is NFC. What is NFC must not depend on who has which Unicode version: text that has only characters
assigned in Unicode 14.0 is normalised alike by 14.0 and by every later version (Unicode's stability policy), so a
character not assigned there is refused. Ideographs of the planes 2 and 3, which new versions keep adding for names,
have no other form and are taken.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from tallystick.records import errors
from tallystick.records.errors import RecordError

__all__ = ["FORMATS", "MAX_TEXT_BYTES", "QUICK_TEXT", "Format", "enum_format", "is_unicode", "text_fault"]

MAX_TEXT_BYTES: Final = 4096

_YEAR = "(?:000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})"
_LEAP_YEAR = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)"
_MONTH_AND_DAY = "(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
_DATE = f"(?:{_YEAR}-{_MONTH_AND_DAY}|{_LEAP_YEAR}-02-29)"
_TIME = "T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z"

QUICK_TEXT: Final = (
    "[ -~\u00a0-\u02ff\u0400-\u0482\u2010-\u2027\u2030-\u205e\u20a0-\u20bf\u3000-\u3029\u3041-\u3096\u30a0-\u30ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uff01-\uff5e]+"
)
"""Matches only text that is NFC and has no control character: characters that stand alone in every normal form C."""


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write a value.

    `pattern` matches all that is right and nothing else (RE2 and `re` syntax, whole value); for text there is none.
    `lookalike` matches what is written rightly but means a date or time that does not exist. `most_bytes` bounds the
    UTF-8 of a value.
    """

    form: str
    pattern: str | None
    most_bytes: int
    lookalike: str | None = None

    def fault_finder(self) -> Callable[[str], type[RecordError] | None]:
        """Give a function that names what is wrong with a value, or None."""
        if self.pattern is None:
            return text_fault
        matches = re.compile(self.pattern, re.ASCII).fullmatch
        looks_alike = re.compile(self.lookalike, re.ASCII).fullmatch if self.lookalike else None

        def fault(value: str) -> type[RecordError] | None:
            if matches(value):
                return None
            if not value:
                return errors.ValueEmpty
            if not is_unicode(value):
                return errors.ValueNotUnicode
            if looks_alike and looks_alike(value):
                return errors.DateNonexistent
            return errors.ValueOffFormat

        return fault


FORMATS: Final[Mapping[str, Format]] = {
    "text": Format("text", None, MAX_TEXT_BYTES),
    "minor-units": Format("a whole number of minor units (0|-?[1-9][0-9]{0,17})", "0|-?[1-9][0-9]{0,17}", 19),
    "count": Format("a count (0|[1-9][0-9]{0,9})", "0|[1-9][0-9]{0,9}", 10),
    "currency": Format("a currency code ([A-Z]{3})", "[A-Z]{3}", 3),
    "date": Format("a date (YYYY-MM-DD)", _DATE, 10, "[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    "instant": Format(
        "an instant (YYYY-MM-DDThh:mm:ssZ)",
        _DATE + _TIME,
        20,
        "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z",
    ),
    "bytes32": Format("32 bytes as 64 lower-case hex digits", "[0-9a-f]{64}", 64),
}


def enum_format(values: tuple[str, ...]) -> Format:
    """The format of a field that takes one of `values`."""
    pattern = "|".join(re.escape(value) for value in values)
    return Format(f"one of {', '.join(values)}", pattern, max(map(len, values)))


def _unassigned_class() -> str:
    ranges = files("tallystick.records").joinpath("unassigned-unicode-14.txt").read_text("ascii").split()
    return "".join("-".join(f"\\U{int(end, 16):08x}" for end in entry.split("-")) for entry in ranges)


_quick_text = re.compile(QUICK_TEXT).fullmatch
_control = re.compile("[\x00-\x1f\x7f-\x9f]").search
_unassigned = re.compile(f"[{_unassigned_class()}]").search


def text_fault(value: str) -> type[RecordError] | None:
    """Name what is wrong with a text value, or None; of several faults the first of `_TEXT_FAULTS`."""
    if _quick_text(value) and len(value.encode()) <= MAX_TEXT_BYTES:
        return None
    return next((fault for is_faulty, fault in _TEXT_FAULTS if is_faulty(value)), None)


def is_unicode(value: str) -> bool:
    """Tell whether a string has no lone surrogate."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


_TEXT_FAULTS: Final[tuple[tuple[Callable[[str], object], type[RecordError]], ...]] = (
    (lambda value: not value, errors.ValueEmpty),
    (lambda value: not is_unicode(value), errors.ValueNotUnicode),
    (lambda value: len(value.encode()) > MAX_TEXT_BYTES, errors.ValueTooLong),
    (_control, errors.ControlCharacter),
    (_unassigned, errors.CharacterUnassigned),
    (lambda value: not unicodedata.is_normalized("NFC", value), errors.NotNormalized),
)
