"""roots.json reads back as written, is refused where it contradicts itself, and answers what a verifier asks."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.consortium import HeaderItems, Role
from tallystick.errors import TallystickError
from tallystick.keys import Address
from tallystick.qbft import Validators
from tallystick.roots import (
    LARGEST_ROOTS,
    Compromise,
    Contract,
    KeyReason,
    KeyVerdict,
    Revocation,
    Roots,
    RootsMalformed,
    RootsSignature,
    Standing,
)
from tallystick.timestamps import AuthorityMalformed
from tests.chain.roots.examples import (
    AUTHORITY,
    CONTRACTS,
    GENESIS_TIME,
    KEY_UNTIL,
    act_key,
    any_roots,
    at,
    epoch,
    id_of,
    key_entry,
    member,
    members,
    roots,
    signed,
    validator_key,
)


@given(any_roots())
def test_any_roots_read_back_with_the_same_digest(document: Roots) -> None:
    read = Roots.parse(document.to_bytes())
    assert read == document
    assert read.digest == document.digest
    assert read.to_bytes() == document.to_bytes()


def test_the_digest_does_not_depend_on_layout_nor_on_signatures() -> None:
    document = signed(roots(), 1, 2, 3)
    loose = json.dumps(json.loads(document.to_bytes()), indent=4).encode()
    assert Roots.parse(loose).digest == document.digest == roots().digest


@settings(max_examples=300)
@given(st.data())
def test_no_changed_character_keeps_the_digest(data: st.DataObject) -> None:
    document = roots()
    text = bytearray(document.to_bytes())
    position = data.draw(st.integers(0, len(text) - 1))
    text[position] = data.draw(st.integers(0, 255).filter(lambda each: each != text[position]))
    try:
        read = Roots.parse(bytes(text))
    except TallystickError:
        return
    assert read.digest != document.digest


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"engine": "tendermint"}, "engine"),
        ({"engine": "embedded"}, "validator_epochs"),
        ({"validator_epochs": ()}, "validator_epochs"),
        ({"chain_id": 1337}, "chain_id"),
        ({"header_items": (HeaderItems(1, 15),)}, "header_items"),
        ({"header_items": (HeaderItems(0, 16), HeaderItems(5, 15))}, "header_items"),
        ({"header_items": (HeaderItems(0, 15), HeaderItems(101, 16))}, "header_items"),
        ({"header_items": (HeaderItems(0, 22),)}, "items"),
        ({"validator_epochs": (epoch(0, 9, 1, 2, 3, 4),)}, "open"),
        ({"validator_epochs": (epoch(0, 9, 1, 2), epoch(11, None, 1))}, "gap"),
        ({"validator_epochs": (epoch(0, None, 1, 2), epoch(10, None, 1))}, "open"),
        ({"validator_epochs": (epoch(0, 100, 1, 2), epoch(101, None, 1))}, "above as_of_height"),
        ({"validator_epochs": (replace(epoch(0, 9, 1), stamp_by=None), epoch(10, None, 1))}, "stamp_by"),
        ({"validator_epochs": (replace(epoch(0, None, 1), stamp_by=at(9)),)}, "stamp_by"),
        (
            {
                "validator_epochs": (
                    replace(epoch(0, 9, 1), stamp_by=at(99)),
                    replace(epoch(10, 20, 1), stamp_by=at(50)),
                    epoch(21, None, 1),
                )
            },
            "stamp_by",
        ),
        ({"validator_epochs": (replace(epoch(0, None, 1), validators={}),)}, "validators"),
        (
            {
                "validator_epochs": (
                    replace(epoch(0, None, 1), validators={Address(validator_key(1).address): id_of(2)}),
                )
            },
            "VALIDATOR",
        ),
        (
            {"validator_epochs": (replace(epoch(0, None, 1), validators={Address(act_key(1).address): id_of(1)}),)},
            "VALIDATOR",
        ),
        ({"contracts": CONTRACTS[:3]}, "RecordLog"),
        ({"contracts": CONTRACTS[::-1]}, "order"),
        ({"contracts": (*CONTRACTS, replace(CONTRACTS[3], from_height=9))}, "twice"),
        ({"contracts": (*CONTRACTS[:3], replace(CONTRACTS[3], to_height=9))}, "still holds"),
        ({"contracts": (*CONTRACTS, Contract("RecordLog", Address(b"\x09" * 20), bytes(32), 9, None))}, "next begins"),
        ({"contracts": (*CONTRACTS[:3], replace(CONTRACTS[3], from_height=101))}, "above as_of_height"),
        (
            {
                "contracts": (
                    CONTRACTS[0],
                    replace(CONTRACTS[1], to_height=9),
                    Contract("Consortium", Address(b"\x09" * 20), bytes(32), 9, None),
                    *CONTRACTS[2:],
                )
            },
            "second Consortium",
        ),
        ({"contracts": (*CONTRACTS, Contract("no name", Address(b"\x09" * 20), bytes(32), 9, None))}, "name"),
        (
            {"contracts": tuple(Contract("A", Address(n.to_bytes(20)), bytes(32), n, n + 1) for n in range(3000))},
            "more than 256",
        ),
        ({"signatures": tuple(RootsSignature(n.to_bytes(32), bytes(65)) for n in range(257))}, "more than 256"),
        ({"members": {}}, "members"),
        ({"members": members(member(1, standing=(Standing(3, "SUSPENDED", (Role.LENDER,)),)))}, "ACTIVE"),
        ({"authorities": (AUTHORITY, AUTHORITY)}, "twice"),
        ({"authorities": (replace(AUTHORITY, until=AUTHORITY.since),)}, "after from"),
        ({"authorities": (replace(AUTHORITY, certificate=b""),)}, "certificate"),
        ({"authorities": (replace(AUTHORITY, certificate=bytes(16 * 1024 + 1)),)}, "certificate"),
        ({"authorities": (replace(AUTHORITY, issuers=(b"x",) * 9),)}, "issuers"),
        ({"authorities": (replace(AUTHORITY, url="ftp://x"),)}, "url"),
        ({"previous": bytes(32)}, "previous"),
    ],
)
def test_roots_that_contradict_themselves_are_refused(changes: dict[str, Any], where: str) -> None:
    with pytest.raises(RootsMalformed, match=where):
        Roots.parse(roots(**changes).to_bytes())


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        (member(1, legal_id="TEST-9"), "legal_id"),
        (member(1, name="two\nlines"), "name"),
        (member(1, certificate=bytes(31)), "certificate"),
        (member(1, standing=()), "standing"),
        (member(1, standing=(Standing(3, "ACTIVE", ()),)), "roles"),
        (member(1, standing=(Standing(3, "ACTIVE", (Role.REGULATOR, Role.LENDER)),)), "roles"),
        (member(1, standing=(Standing(3, "RETIRED", (Role.LENDER,)),)), "state"),
        (
            member(1, standing=(Standing(9, "ACTIVE", (Role.LENDER,)), Standing(9, "SUSPENDED", (Role.LENDER,)))),
            "standing",
        ),
        (member(1, standing=(Standing(4, "ACTIVE", (Role.LENDER,)),)), "before the member was admitted"),
        (
            member(1, standing=(Standing(3, "ACTIVE", (Role.LENDER,)), Standing(101, "SUSPENDED", (Role.LENDER,)))),
            "above",
        ),
        (member(1, key_entry(1, act_key(2).address)), "of another member"),
        (member(1, key_entry(1, act_key(1).address)), "twice"),
        (member(1, key_entry(1, b"\1" * 32)), "no ACT key"),
        (member(1, key_entry(1, bytes(32), "SEAL")), "no SEAL key"),
        (member(1, key_entry(1, b"\1" * 32, "LAUNDRY")), "purpose"),
        (member(1, key_entry(1, b"\1" * 32, "SEAL", not_after=GENESIS_TIME)), "not_after"),
        (member(1, key_entry(1, b"\1" * 32, "SEAL", not_after=2**48)), "not_after"),
        (member(1, key_entry(1, b"\1" * 32, "SEAL", added_height=101)), "above"),
        (member(1, key_entry(1, b"\1" * 32, "SEAL", revoked=Revocation(GENESIS_TIME + 2, 2))), "revoked"),
        (member(1, key_entry(1, b"\1" * 32, "SEAL", revoked=Revocation(GENESIS_TIME + 101, 100))), "after issued_at"),
        (
            member(
                1, key_entry(1, b"\1" * 32, "SEAL", compromises=(Compromise(GENESIS_TIME + 9, GENESIS_TIME + 8, 8),))
            ),
            "compromises",
        ),
        (
            member(
                1,
                key_entry(
                    1,
                    b"\1" * 32,
                    "SEAL",
                    compromises=(
                        Compromise(GENESIS_TIME + 1, GENESIS_TIME + 8, 8),
                        Compromise(GENESIS_TIME + 2, GENESIS_TIME + 9, 9),
                    ),
                ),
            ),
            "further back",
        ),
    ],
)
def test_a_member_that_cannot_be_is_refused(changed: Any, where: str) -> None:
    document = roots(members=members(changed, *(member(number) for number in (2, 3, 4))))
    with pytest.raises(RootsMalformed, match=where):
        Roots.parse(document.to_bytes())


HOSTILE: dict[str, bytes] = {
    "nothing": b"",
    "a list": b"[]",
    "no body": b'{"signatures":[]}',
    "not text": b"\xff\xfe\x00",
    "deep": b"[" * 200_000,
    "deep in the body": b'{"body":' + b'{"a":' * 40 + b"1" + b"}" * 41,
    "a huge number": b'{"body":' + b"9" * 100_000 + b"}",
    "over the size": b'"' + b"a" * (LARGEST_ROOTS + 1) + b'"',
    "many keys": b"{" + b",".join(b'"%d":0' % n for n in range(300_000)) + b"}",
    "a key twice": b'{"body":{},"body":{},"signatures":[]}',
    "many signatures": b'{"body":{},"signatures":[' + b",".join([b"0"] * 100_000) + b"]}",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bytes_are_refused_in_time_and_never_with_a_traceback(name: str) -> None:
    begun = time.perf_counter()
    with pytest.raises(TallystickError):
        Roots.parse(HOSTILE[name])
    assert time.perf_counter() - begun < 2


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in _places(item, (*path, key)))]


ODD: list[Any] = [None, True, 0, -1, 2**53, 10**19, "", "x", "0x", "٣", [], {}, ["a"], {"a": 1}, [[[]]], [0] * 5000]


@settings(max_examples=400)
@given(st.data())
def test_any_value_of_another_type_anywhere_is_refused_or_read_back_as_it_stands(data: st.DataObject) -> None:
    value = json.loads(signed(roots(), 1).to_bytes())
    place = data.draw(st.sampled_from(_places(value)[1:]))
    inner = value
    for step in place[:-1]:
        inner = inner[step]
    change = data.draw(st.sampled_from(("replace", "remove", "add")))
    if change == "replace":
        inner[place[-1]] = data.draw(st.sampled_from(ODD))
    elif change == "remove":
        del inner[place[-1]]
    elif isinstance(inner, dict):
        inner["comment"] = "trust me"
    else:
        inner.append(inner[0])
    try:
        read = Roots.parse(json.dumps(value).encode())
    except TallystickError:
        return
    assert json.loads(read.to_bytes()) == value


def test_a_verifier_finds_validators_contracts_and_header_items_by_height() -> None:
    book = CONTRACTS[0]
    new_book = Contract("AgreementBook", Address(b"\x0a" * 20), b"\x0a" * 32, 40, None)
    document = roots(
        validator_epochs=(epoch(0, 29, 1, 2, 3, 4), epoch(30, None, 1, 2, 3)),
        contracts=(replace(book, to_height=40), new_book, *CONTRACTS[1:]),
    )
    assert Roots.parse(document.to_bytes()) == document
    assert [document.header_items_at(height) for height in (0, 49, 50, 10**9)] == [15, 15, 16, 16]

    four, three = document.epoch_at(29), document.epoch_at(30)
    assert four is not None
    assert three is not None
    assert four.expected == Validators.of(validator_key(number).address for number in (1, 2, 3, 4))
    assert three.expected == Validators.of(validator_key(number).address for number in (1, 2, 3))
    assert document.stamp_limit(29) == at(29 + 86_400)
    assert document.stamp_limit(30) == document.stamp_limit(100) == at(100)
    assert (document.epoch_at(101), document.stamp_limit(101), document.epoch_at(-1)) == (None, None, None)

    assert document.contract_at("AgreementBook", 0) is None
    assert document.contract_at("AgreementBook", 39) == document.contract_of(book.address, 39)
    assert document.contract_of(book.address, 40) == replace(book, to_height=40)
    assert document.contract_of(book.address, 41) is None
    assert document.contract_at("AgreementBook", 40) == document.contract_of(new_book.address, 100) == new_book
    assert document.contract_at("AgreementBook", 101) is document.contract_of(new_book.address, 101) is None
    assert document.contract_at("Reconciliation", 50) is None


def test_a_chain_without_seals_has_no_epochs_to_judge_by() -> None:
    document = roots(engine="embedded", validator_epochs=())
    assert Roots.parse(document.to_bytes()) == document
    assert (document.epoch_at(5), document.stamp_limit(5)) == (None, None)
    assert not document.sealed


OLD, LOST = act_key(1, 1), act_key(1, 2)
T = GENESIS_TIME
KEYS = roots(
    members=members(
        member(
            1,
            key_entry(1, OLD.address, not_before=T + 10, not_after=T + 90, revoked=Revocation(T + 50, 50)),
            key_entry(1, LOST.address, compromises=(Compromise(T + 30, T + 60, 60), Compromise(T + 20, T + 70, 70))),
        ),
        *(member(number) for number in (2, 3, 4)),
    )
)


@pytest.mark.parametrize(
    ("key", "instant", "expected"),
    [
        (OLD, 9, KeyReason.NOT_YET),
        (OLD, 10, KeyVerdict.VALID),
        (OLD, 50, KeyVerdict.VALID),
        (OLD, 51, KeyReason.REVOKED),
        (OLD, 91, KeyReason.EXPIRED),
        (LOST, 5, KeyVerdict.COMPROMISED_SINCE),
        (LOST, 60, KeyVerdict.COMPROMISED_SINCE),
        (LOST, 61, KeyReason.COMPROMISE_REPORTED),
        (act_key(1), 100, KeyVerdict.VALID),
        (act_key(1), KEY_UNTIL - T, KeyVerdict.VALID),
        (act_key(1), KEY_UNTIL - T + 1, KeyReason.EXPIRED),
        (act_key(2), 50, KeyReason.OTHER_MEMBER),
        (validator_key(1), 50, KeyReason.OTHER_PURPOSE),
        (act_key(9), 50, KeyReason.UNKNOWN),
    ],
)
def test_a_key_is_valid_not_valid_with_its_reason_or_compromised_since(key: Any, instant: int, expected: Any) -> None:
    answer = Roots.parse(KEYS.to_bytes()).key_answer(key.address, id_of(1), "ACT", T + instant)
    assert expected in (answer.verdict, answer.reason)
    if answer.verdict is KeyVerdict.COMPROMISED_SINCE:
        assert (answer.since, answer.reported_at) == (T + 20, T + 60)


def test_whether_certificates_will_do_is_judged_when_a_token_is_checked() -> None:
    with pytest.raises(AuthorityMalformed, match="Development authority"):
        _ = Roots.parse(roots().to_bytes()).authorities[0].authority


def test_keys_and_standing_of_a_member_are_found() -> None:
    moved = Standing(60, "SUSPENDED", (Role.LENDER, Role.DEPOSITORY))
    document = roots(
        members=members(
            member(1, standing=(Standing(3, "ACTIVE", (Role.LENDER,)), moved)),
            *(member(number) for number in (2, 3, 4)),
        )
    )
    one = document.members[id_of(1)]
    assert one.standing_at(2) is None
    assert one.standing_at(59) == one.standing[0]
    assert one.standing_at(60) == moved
    assert (one.active, document.needed_signatures) == (False, 2)
    assert [key.address for key in document.keys_of(id_of(1), "ACT")] == [act_key(1).address]
    assert len(document.keys_of(id_of(1))) == 2
    assert document.keys_of(bytes(32)) == ()
    found = document.key(act_key(1).address)
    assert found is not None
    assert document.key(found.key) is found
