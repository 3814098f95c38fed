"""Formats: dates are those of the calendar, text is the same for every Unicode version, and two engines agree."""

import re
import sys
import unicodedata
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.records.errors import (
    CharacterUnassigned,
    ControlCharacter,
    NotNormalized,
    ValueEmpty,
    ValueNotUnicode,
    ValueTooLong,
)
from tallystick.records.formats import FORMATS, QUICK_TEXT, text_fault
from tests.chain.records.examples import ANY_TEXT, EDGES

PATTERNS = {name: written.pattern for name, written in FORMATS.items() if written.pattern}


def exists(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("year", [0, 1, 4, 100, 400, 1582, 1900, 1999, 2000, 2023, 2024, 2100, 2400, 9996, 9999])
def test_a_date_is_taken_if_and_only_if_the_calendar_has_it(year: int) -> None:
    fault = FORMATS["date"].fault_finder()
    for month in range(14):
        for day in range(33):
            written = f"{year:04}-{month:02}-{day:02}"
            assert (fault(written) is None) is exists(year, month, day), written


@given(st.dates())
def test_every_date_is_taken_and_told_from_the_day_after(day: date) -> None:
    fault = FORMATS["instant"].fault_finder()
    assert fault(f"{day}T12:00:00Z") is None
    if day < date.max:
        assert fault(f"{day + timedelta(days=1)}T00:00:00Z") is None


@given(st.sampled_from(sorted(PATTERNS)), st.data())
def test_both_engines_read_every_pattern_alike(name: str, data: st.DataObject) -> None:
    value = data.draw(st.sampled_from([edge for edges in EDGES.values() for edge in edges]) | ANY_TEXT)
    if re.search("[\ud800-\udfff]", value):
        return
    in_python = re.fullmatch(PATTERNS[name], value, re.ASCII) is not None
    in_re2 = pc.match_substring_regex(pa.array([value]), f"^(?:{PATTERNS[name]})\\z")[0].as_py()
    assert in_python is in_re2


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("", ValueEmpty),
        ("\ud800", ValueNotUnicode),
        ("a\x00", ControlCharacter),
        ("a\x9f", ControlCharacter),
        ("x" * 4096 + "\n", ValueTooLong),
        ("e\u0301", NotNormalized),
        ("\u0344", NotNormalized),
        ("\uffff", CharacterUnassigned),
        ("\U0001fae9", CharacterUnassigned),  # Unicode 16.0
        ("\U00011382\U000113c9", CharacterUnassigned),  # two letters that Unicode 16.0 composes
        ("e\u0302\u0323", NotNormalized),
        ("é", None),
        ("\u0958", NotNormalized),
        ("\u0915\u093c", None),  # excluded from composition: two characters are the normal form
        ("葛\U000e0100", None),  # an ideograph with its variant selector
        ("\U00031350", None),  # an ideograph of Unicode 15.0
        ("\u200f", None),
        ("x" * 4096, None),
    ],
)
def test_what_is_wrong_with_a_text_is_named(value: str, fault: type | None) -> None:
    assert text_fault(value) is fault


def test_quick_text_holds_only_characters_that_stand_alone_in_every_normal_form_c() -> None:
    second_parts = {chr(jamo) for jamo in range(0x1161, 0x11C3)}
    for code in range(sys.maxunicode + 1):
        parts = unicodedata.decomposition(chr(code)).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            second_parts.add(chr(int(parts[1], 16)))
    quick = re.compile(QUICK_TEXT).fullmatch
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        if quick(character):
            assert unicodedata.combining(character) == 0
            assert unicodedata.category(character) not in {"Cc", "Cs"}
            assert unicodedata.is_normalized("NFC", character)
            assert character not in second_parts
            assert text_fault(character) is None


@pytest.mark.skipif(unicodedata.unidata_version != "14.0.0", reason="needs the tables of Unicode 14.0 to compare with")
def test_the_characters_refused_as_unassigned_are_those_of_unicode_14() -> None:
    for code in range(sys.maxunicode + 1):
        is_ideograph = 0x20000 <= code <= 0x3FFFD and code & 0xFFFF < 0xFFFE and not 0x2F800 <= code <= 0x2FA1F
        unassigned = unicodedata.category(chr(code)) == "Cn" and not is_ideograph
        assert (text_fault(chr(code)) is CharacterUnassigned) is unassigned, hex(code)


@given(ANY_TEXT)
def test_text_that_is_taken_is_its_own_normal_form(value: str) -> None:
    if text_fault(value) is None:
        assert unicodedata.normalize("NFC", value) == value
