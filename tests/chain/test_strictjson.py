"""The door for JSON from outside."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.strictjson import JsonMalformed, loads, loads_object

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner)
    ),
    max_leaves=20,
)


@given(VALUES)
def test_what_is_strict_reads_as_it_was_written(value: object) -> None:
    for ascii_only in (True, False):
        assert loads(json.dumps(value, ensure_ascii=ascii_only).encode(), max_bytes=10**6) == value


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b'{"a":1,"a":2}', "twice"),
        (b'{"a":1,"\\u0061":2}', "twice"),
        (b"1.0", "not an integer"),
        (b"1e3", "not an integer"),
        (b"NaN", "NaN"),
        (b"-Infinity", "Infinity"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        (b'"\xff"', "UTF-8"),
        (b'"\\ud800"', "surrogate"),
        (b'{"\\udc00":1}', "surrogate"),
        (b"{} {}", "Extra data"),
        (b"", "Expecting value"),
        (b"'a'", "Expecting value"),
        (b"9" * 5000, "5000 digits"),
        (b"[" * 100_000, "deeper"),
        (b'{"a":' * 50 + b"1" + b"}" * 50, "deeper"),
        (b"[" * 31 + b'"[[[[["' + b"]" * 31 + b"]", "Extra data"),
    ],
)
def test_everything_else_is_refused_with_the_reason(raw: bytes, reason: str) -> None:
    with pytest.raises(JsonMalformed, match=reason):
        loads(raw, max_bytes=200_000)


def test_a_paired_surrogate_is_one_character() -> None:
    assert loads(b'"\\ud83d\\ude00"', max_bytes=100) == "\N{GRINNING FACE}"


def test_size_is_bounded_before_anything_is_read() -> None:
    with pytest.raises(JsonMalformed, match="at most 10"):
        loads(b"x" * 11, max_bytes=10)


def test_an_object_is_asked_for() -> None:
    with pytest.raises(JsonMalformed, match="object"):
        loads_object(b"[]", max_bytes=10)
