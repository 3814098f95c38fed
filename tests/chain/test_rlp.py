"""RLP has one encoding for each item, and the decoder takes no other."""

import pytest
import rlp as pyrlp
from hypothesis import given
from hypothesis import strategies as st

from tallystick import rlp
from tallystick.rlp import Item, RlpMalformed

ITEMS = st.recursive(st.binary(max_size=70), lambda inner: st.lists(inner, max_size=8).map(tuple), max_leaves=40)


def listed(item: Item) -> object:
    return item if isinstance(item, bytes) else [listed(child) for child in item]


@given(ITEMS)
def test_what_is_encoded_is_decoded_and_agrees_with_another_implementation(item: Item) -> None:
    encoded = rlp.encode(item)

    assert rlp.decode_strict(encoded) == item
    assert encoded == pyrlp.encode(item)
    assert listed(item) == pyrlp.decode(encoded)


@given(st.binary(max_size=80))
def test_whatever_is_accepted_is_the_canonical_encoding_of_what_it_means(encoded: bytes) -> None:
    try:
        item = rlp.decode_strict(encoded)
    except RlpMalformed:
        return
    assert rlp.encode(item) == encoded


@given(ITEMS, st.data())
def test_no_byte_can_be_added_or_taken_away(item: Item, data: st.DataObject) -> None:
    encoded = rlp.encode(item)
    cut = data.draw(st.integers(0, len(encoded) - 1))

    with pytest.raises(RlpMalformed):
        rlp.decode_strict(encoded + data.draw(st.binary(min_size=1, max_size=3)))
    with pytest.raises(RlpMalformed):
        rlp.decode_strict(encoded[:cut])


@pytest.mark.parametrize(
    "encoded",
    [
        "",
        "8100",  # one byte below 0x80 with a length
        "817f",
        "b800",  # long form of a short string
        "b837" + "00" * 55,
        "b90038" + "00" * 56,  # length with a leading zero
        "f800",
        "f90038" + "80" * 56,
        "b8",
        "bfffffffffffffffff",
        "ffffffffffffffffff",
        "c28200",  # the child reaches beyond its parent
        "c2c2",
        "8080",
        "c0c0",
    ],
)
def test_other_forms_are_refused(encoded: str) -> None:
    with pytest.raises(RlpMalformed):
        rlp.decode_strict(bytes.fromhex(encoded))


def test_depth_is_bounded_without_a_stack() -> None:
    bomb = b""
    for _ in range(3000):
        bomb = pyrlp.codec.length_prefix(len(bomb), 0xC0) + bomb

    with pytest.raises(RlpMalformed, match="deeper than 16"):
        rlp.decode_strict(bomb)
    assert isinstance(rlp.decode_strict(bomb, max_depth=len(bomb)), tuple)


@given(st.integers(0, 2**64 - 1))
def test_integers_have_one_form(number: int) -> None:
    text = rlp.encode_integer(number)

    assert rlp.decode_integer(text) == number
    with pytest.raises(rlp.IntegerMalformed):
        rlp.decode_integer(b"\x00" + text, max_bytes=9)


def test_an_integer_longer_than_allowed_is_refused() -> None:
    with pytest.raises(rlp.IntegerMalformed):
        rlp.decode_integer(b"\x01" + bytes(8))
