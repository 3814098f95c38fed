"""RFC 8785 as records and openings are written in it: the public vectors through the library in use."""

import json
import math
import struct
from pathlib import Path

import pytest
import rfc8785

from tests.conformance.locate import vector_file

CASES = ["arrays", "french", "values", "weird"]


@pytest.mark.vectors
@pytest.mark.parametrize("name", CASES)
def test_canonical_form_is_that_of_the_public_vectors(name: str) -> None:
    given: Path = vector_file("json-canonicalization", "input", f"{name}.json")
    expected: Path = vector_file("json-canonicalization", "output", f"{name}.json")
    shown: Path = vector_file("json-canonicalization", "outhex", f"{name}.txt")

    canonical = rfc8785.dumps(json.loads(given.read_bytes()))

    assert canonical == expected.read_bytes() == bytes.fromhex(shown.read_text("ascii"))


@pytest.mark.vectors
def test_numbers_print_as_ecmascript_prints_them() -> None:
    lines = vector_file("json-canonicalization", "es6-numbers.txt").read_text("ascii").split()
    assert lines
    for line in lines:
        bits, expected = line.split(",")
        (number,) = struct.unpack(">d", bytes.fromhex(bits.zfill(16)))
        assert rfc8785.dumps(number).decode() == expected


@pytest.mark.parametrize("value", [2**53, math.nan, math.inf, "\ud800"])
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(rfc8785.CanonicalizationError):
        rfc8785.dumps(value)
