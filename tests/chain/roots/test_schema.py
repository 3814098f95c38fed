"""docs/schemas/roots.schema.json says of the shape of roots.json what the parser says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tallystick.errors import TallystickError
from tallystick.roots import Revocation, Roots
from tests.chain.roots.examples import GENESIS_TIME, any_roots, epoch, key_entry, member, members, roots, signed

SCHEMA = json.loads((Path(__file__).resolve().parents[3] / "docs/schemas/roots.schema.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)

EVERYTHING = signed(
    roots(
        validator_epochs=(epoch(0, 29, 1, 2, 3), epoch(30, None, 1, 2, 3, 4)),
        members=members(
            member(1, key_entry(1, b"\1" * 32, "SEAL", revoked=Revocation(GENESIS_TIME + 50, 50))),
            member(2, certificate=b"\5" * 32),
            member(3),
            member(4),
        ),
    ),
    1,
    2,
)
ODD: dict[type, list[Any]] = {
    type(None): [None],
    bool: [True],
    int: [-1, 2**53, 10**19],
    str: ["", "x", "0x", "a\n", "٣", "A" * 30_000, "0" * 64, "0x" + "0" * 40 + "\n"],
    list: [[], ["a"], [{}], [[[]]], [0] * 4097],
    dict: [{}, {"a": 1}],
}


def taken(value: Any) -> bool:
    try:
        Roots.parse(json.dumps(value).encode())
    except TallystickError:
        return False
    return True


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@settings(max_examples=25)
@given(any_roots())
def test_what_the_parser_takes_the_schema_takes(document: Roots) -> None:
    assert taken(json.loads(document.to_bytes()))
    VALIDATOR.validate(json.loads(document.to_bytes()))


@settings(max_examples=120)
@given(st.data())
def test_a_change_of_shape_is_refused_by_both(data: st.DataObject) -> None:
    value = json.loads(EVERYTHING.to_bytes())
    place = data.draw(st.sampled_from(places(value)[1:]))
    inner = value
    for step in place[:-1]:
        inner = inner[step]
    change = data.draw(st.sampled_from(("replace", "remove", "add")))
    if change == "replace":
        other_types = [kind for kind in ODD if kind is not type(inner[place[-1]]) and kind is not type(None)]
        inner[place[-1]] = data.draw(st.sampled_from([odd for kind in other_types for odd in ODD[kind]]))
    elif not isinstance(inner, dict):
        return
    elif change == "remove":
        del inner[place[-1]]
    else:
        inner["comment"] = "trust me"
    assert not VALIDATOR.is_valid(value)
    assert not taken(value)


@settings(max_examples=120)
@given(st.data())
def test_the_schema_refuses_no_value_that_the_parser_takes(data: st.DataObject) -> None:
    value = json.loads(EVERYTHING.to_bytes())
    place = data.draw(st.sampled_from([each for each in places(value) if each]))
    inner = value
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = data.draw(st.sampled_from([odd for odds in ODD.values() for odd in odds]))
    assert VALIDATOR.is_valid(value) or not taken(value)


@pytest.mark.parametrize("kind", [int, str])
def test_odd_values_of_the_right_type_are_refused_by_both(kind: type) -> None:
    """Where the schema alone takes one, the parser refuses it for what stands elsewhere in the document."""
    by_schema_alone = set()
    original = json.loads(EVERYTHING.to_bytes())
    for place in places(original)[1:]:
        value = json.loads(EVERYTHING.to_bytes())
        inner = value
        for step in place[:-1]:
            inner = inner[step]
        if type(inner[place[-1]]) is not kind:
            continue
        for odd in ODD[kind]:
            inner[place[-1]] = odd
            if VALIDATOR.is_valid(value) and not taken(value):
                by_schema_alone.add((place[-1], odd[:2] if isinstance(odd, str) else odd))
    of_another = {("member", "00"), ("legal_id", "00"), ("name", "x")}  # ids that do not belong together; a contract's
    assert by_schema_alone == (of_another if kind is str else set())
