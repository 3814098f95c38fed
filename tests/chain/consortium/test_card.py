"""A member card is refused unless every byte of it is what the member signed."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.consortium import CardKeys, CardMalformed, MemberCard, Role, role_mask, roles_of, sign_card
from tallystick.errors import TallystickError
from tallystick.keys import CURVE_ORDER, ActKey, Address
from tallystick.pseudonyms import member_id

ACT, RECOVERY, VALIDATOR = (ActKey(bytes([n]) * 32) for n in (1, 2, 3))


def card(**changes: object) -> MemberCard:
    fields = {
        "legal_id": "LEI:5493001KJTIIGC8Y1R12",
        "name": "Harbour Bank",
        "roles": (Role.LENDER,),
        "keys": CardKeys(ACT.address, RECOVERY.address, VALIDATOR.address, b"\1" * 32, b"\2" * 32, bytes(32)),
        "endpoint": "http://127.0.0.1:8100",
    }
    return MemberCard(**{**fields, **changes})  # type: ignore[arg-type]


def raw(signed: MemberCard) -> bytes:
    return json.dumps(signed.to_json()).encode()


def test_a_signed_card_reads_back_as_it_was() -> None:
    signed = sign_card(card(), ACT, RECOVERY)
    assert MemberCard.parse(raw(signed)) == signed
    assert signed.member == member_id("LEI:5493001KJTIIGC8Y1R12")


def test_signing_with_a_key_that_the_card_does_not_name_is_refused() -> None:
    with pytest.raises(CardMalformed, match="recovery"):
        sign_card(card(), ACT, VALIDATOR)


@given(st.data())
def test_no_changed_character_of_a_card_is_accepted(data: st.DataObject) -> None:
    text = bytearray(raw(sign_card(card(), ACT, RECOVERY)))
    position = data.draw(st.integers(0, len(text) - 1))
    text[position] = data.draw(st.integers(0, 255).filter(lambda b: b != text[position]))
    try:
        read = MemberCard.parse(bytes(text))
    except TallystickError:
        return
    assert read == sign_card(card(), ACT, RECOVERY)  # only white space may differ


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"roles": ()}, "roles"),
        ({"roles": (Role.LENDER, Role.LENDER)}, "roles"),
        ({"endpoint": "ftp://x"}, "endpoint"),
        ({"endpoint": "http://[::1"}, "endpoint"),
        ({"legal_id": "lower case"}, "legal_id"),
        ({"name": "two\nlines"}, "name"),
        ({"keys": CardKeys(ACT.address, RECOVERY.address, ACT.address, bytes(32), bytes(32), bytes(32))}, "keys"),
        (
            {"keys": CardKeys(ACT.address, RECOVERY.address, Address(b"\1"), bytes(32), bytes(32), bytes(32))},
            "validator",
        ),
    ],
)
def test_a_card_with_a_bad_field_is_refused_by_the_name_of_the_field(change: dict[str, object], field: str) -> None:
    signed = sign_card(card(**change), ACT, RECOVERY)
    with pytest.raises(CardMalformed) as refused:
        MemberCard.parse(raw(signed))
    assert field in str(refused.value)


def test_the_mirrored_signature_is_refused_so_that_a_card_has_one_form_only() -> None:
    signed = sign_card(card(), ACT, RECOVERY)
    r, s, v = signed.signatures[0][:32], int.from_bytes(signed.signatures[0][32:64]), signed.signatures[0][64]
    mirrored = r + (CURVE_ORDER - s).to_bytes(32) + bytes([55 - v])
    value = dataclasses.replace(signed, signatures=(mirrored, signed.signatures[1])).to_json()
    with pytest.raises(CardMalformed, match=r"signatures\.act"):
        MemberCard.parse(json.dumps(value).encode())


def test_an_unknown_field_is_refused() -> None:
    value = sign_card(card(), ACT, RECOVERY).to_json()
    value["comment"] = "trust me"
    with pytest.raises(CardMalformed, match="comment"):
        MemberCard.parse(json.dumps(value).encode())


@given(st.sets(st.sampled_from(list(Role))))
def test_roles_survive_their_mask(roles: set[Role]) -> None:
    assert set(roles_of(role_mask(roles))) == roles


@pytest.mark.parametrize("mask", [16, -1, 255])
def test_a_bit_that_is_no_role_is_refused(mask: int) -> None:
    with pytest.raises(ValueError, match="no role"):
        roles_of(mask)
