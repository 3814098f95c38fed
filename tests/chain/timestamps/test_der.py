"""DER has one encoding for each value, and the reader takes no other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509 import ObjectIdentifier
from hypothesis import given
from hypothesis import strategies as st

from tallystick.timestamps import der
from tallystick.timestamps.der import DerMalformed, Element, Fields
from tallystick.timestamps.stripping import only_piece

LARGE = 1 << 16

INTEGERS = st.integers(-(2**200), 2**200)
ARCS = st.tuples(st.integers(0, 1), st.integers(0, 39), st.lists(st.integers(0, 2**40), max_size=6))
IDENTIFIERS = ARCS.map(lambda parts: ".".join(map(str, [parts[0], parts[1], *parts[2]])))
INSTANTS = st.integers(0, 10**16).map(lambda micros: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros))

LEAVES = st.one_of(
    INTEGERS.map(der.encode_integer),
    IDENTIFIERS.map(der.encode_object_identifier),
    INSTANTS.map(der.encode_time),
    st.booleans().map(der.encode_boolean),
    st.binary(max_size=300).map(lambda content: der.encode(der.OCTET_STRING, content)),
    st.just(der.encode(der.NULL)),
    st.binary(max_size=9).map(lambda content: der.encode(der.BIT_STRING, b"\x00", content)),
    st.binary(max_size=9).map(lambda content: der.encode(der.context(2, constructed=False), content)),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=6).map(lambda parts: der.encode(der.SEQUENCE, *parts)),
        st.lists(inner, max_size=6).map(lambda parts: der.encode_set(der.SET, parts)),
        st.lists(inner, max_size=3).map(lambda parts: der.encode(der.context(0), *parts)),
    ),
    max_leaves=30,
)


def encoded_again(element: Element) -> bytes:
    if element.tag & 0x20:
        return der.encode(element.tag, *map(encoded_again, element.children))
    return der.encode(element.tag, element.content)


@given(VALUES)
def test_what_is_written_is_read(value: bytes) -> None:
    element = der.decode(value, LARGE)
    assert element.encoded == encoded_again(element) == value


@given(st.one_of(st.binary(max_size=60), VALUES), st.data())
def test_whatever_is_accepted_is_the_one_encoding_of_what_it_means(value: bytes, data: st.DataObject) -> None:
    changed = bytearray(value)
    for _ in range(data.draw(st.integers(0, 3))):
        if changed:
            changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    try:
        element = der.decode(bytes(changed), LARGE)
    except DerMalformed:
        return
    assert encoded_again(element) == changed


@given(VALUES, st.data())
def test_no_byte_can_be_added_or_taken_away(value: bytes, data: st.DataObject) -> None:
    with pytest.raises(DerMalformed):
        der.decode(value + data.draw(st.binary(min_size=1, max_size=3)), LARGE)
    with pytest.raises(DerMalformed):
        der.decode(value[: data.draw(st.integers(0, len(value) - 1))], LARGE)


@given(INTEGERS, IDENTIFIERS, INSTANTS)
def test_numbers_identifiers_and_times_come_back(number: int, identifier: str, instant: datetime) -> None:
    assert der.decode(der.encode_integer(number), LARGE).integer() == number
    assert der.decode(der.encode_object_identifier(identifier), LARGE).object_identifier() == identifier
    assert der.decode(der.encode_time(instant), LARGE).time() == instant


def test_identifiers_agree_with_another_implementation() -> None:
    name = x509.Name([x509.NameAttribute(ObjectIdentifier("2.25.329800735698586629"), "x")])
    attribute = der.decode(name.public_bytes(), LARGE).children[0].children[0]
    assert attribute.children[0].object_identifier() == "2.25.329800735698586629"
    assert der.encode_object_identifier("2.25.329800735698586629") == attribute.children[0].encoded


@pytest.mark.parametrize(
    "encoded",
    [
        "",
        "30",
        "3001",
        "308000000000",  # indefinite
        "30800000",
        "308100",  # long form of a short length
        "04817f" + "00" * 127,
        "0482008000",
        "30850000000000",
        "30ff" + "00" * 127,
        "1f0100",  # a tag above 30, as every 1f
        "3f0100",
        "0000",  # end of contents
        "010100 00",
        "0100",
        "010101",
        "01020000",
        "0200",
        "02020001",
        "0202ff80",
        "0a020001",
        "0300",
        "030101",
        "030208ff",
        "03020101",
        "050100",
        "0600",
        "0601 80",
        "06028001",
        "06022a80",
        "0603 2a8001",
        "1000",  # a sequence that is not constructed
        "2400",  # octets in pieces
        "2200",
        "0900",  # a real number
        "4000",  # another class
        "6000",
        "c000",
        "170b3236303630313132303030",
        "170d3236303630313132303030302b",
        "170f3236303630313132303030302e355a",
        "1811323032363036303131323030" + "30302e305a",
        "180f32303236313330313132303030305a",
        "180f32303236303630313234303030305a",
        "3106 020102 020101",  # a set out of order
        "310404000400" + "00",
    ],
)
def test_other_encodings_are_refused(encoded: str) -> None:
    with pytest.raises(DerMalformed):
        der.decode(bytes.fromhex(encoded), LARGE)


def test_depth_and_size_are_bounded() -> None:
    value = b""
    for _ in range(der.MAX_DEPTH):
        value = der.encode(der.SEQUENCE, value)
    assert der.decode(value, LARGE)
    with pytest.raises(DerMalformed):
        der.decode(der.encode(der.SEQUENCE, value), LARGE)
    with pytest.raises(DerMalformed):
        der.decode(der.encode(der.OCTET_STRING, bytes(100)), 101)
    with pytest.raises(DerMalformed):
        der.decode(b"\x30\x80" * 5000, LARGE)


def test_numbers_and_identifiers_are_bounded() -> None:
    with pytest.raises(DerMalformed):
        der.decode(der.encode_integer(2**300), LARGE).integer()
    with pytest.raises(DerMalformed):
        der.decode(der.encode(der.OBJECT_IDENTIFIER, b"\x2a" * 65), LARGE).object_identifier()


def test_fields_are_taken_in_order_and_all() -> None:
    pair = der.decode(der.encode(der.SEQUENCE, der.encode_integer(1), der.encode(der.NULL)), LARGE)

    fields = Fields(pair, "the pair")
    assert fields.optional(der.BOOLEAN) is None
    assert fields.take(der.INTEGER, "number").integer() == 1
    with pytest.raises(DerMalformed, match="the pair has no number"):
        fields.take(der.INTEGER, "number")
    with pytest.raises(DerMalformed, match="does not belong"):
        fields.close()
    fields.take(der.NULL, "null")
    fields.close()
    with pytest.raises(DerMalformed, match="the pair has no more"):
        fields.take(der.NULL, "more")


@given(st.binary(max_size=200))
def test_pieces_of_ber_are_found_or_refused(content: bytes) -> None:
    try:
        piece = only_piece(content)
    except DerMalformed:
        return
    assert piece.encoded == content


def test_ber_is_bounded_too() -> None:
    for text in ("3080" * 40, "3080", "0484ffffffff", "30ff" + "ff" * 127, "1f1f"):
        with pytest.raises(DerMalformed):
            only_piece(bytes.fromhex(text))
    assert only_piece(b"\x30\x80\x04\x01x\x00\x00").content == b"\x04\x01x"
