"""Roots follow one another: signed by the members of the version before, and never telling the past otherwise."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.consortium import HeaderItems, Role
from tallystick.keys import CURVE_ORDER, Address
from tallystick.roots import (
    Compromise,
    Contract,
    Key,
    Member,
    Revocation,
    Roots,
    RootsContradict,
    RootsDigestDiffers,
    RootsNotChained,
    RootsOfAnotherChain,
    RootsSignature,
    RootsSignatureInvalid,
    RootsUnsigned,
    Standing,
    check_chain,
    check_continues,
    check_signatures,
    merge_signatures,
    sign_roots,
)
from tests.chain.roots.examples import (
    AUTHORITY,
    CONTRACTS,
    FOUR,
    GENESIS_TIME,
    act_key,
    any_roots,
    at,
    cut,
    epoch,
    following,
    id_of,
    key_entry,
    member,
    members,
    roots,
    signed,
    validator_key,
)

T = GENESIS_TIME
SINCE_150 = (Standing(150, "ACTIVE", (Role.LENDER,)),)
FIRST = signed(roots(), 1, 2, 3)
SECOND = signed(following(FIRST), 2, 3, 4)
THIRD = signed(following(SECOND), 1, 2, 3, 4)


@pytest.mark.parametrize("order", list(itertools.permutations((FIRST, SECOND, THIRD))))
@pytest.mark.parametrize("pinned", [FIRST, SECOND, THIRD])
def test_a_chain_in_any_order_is_pinned_by_the_digest_of_any_version(order: tuple[Roots, ...], pinned: Roots) -> None:
    chain = check_chain(order, pinned.digest)
    assert chain.ordered == (FIRST, SECOND, THIRD)
    assert (chain.newest, chain.pinned) == (THIRD, True)


def test_what_is_not_pinned_is_said_to_be_unpinned() -> None:
    assert not check_chain([FIRST]).pinned
    assert not check_chain([SECOND, THIRD]).pinned


def test_a_digest_that_no_version_has_is_refused() -> None:
    with pytest.raises(RootsDigestDiffers, match=FIRST.digest.hex()):
        check_chain([FIRST], b"\1" * 32)


@pytest.mark.parametrize("given_roots", [[], [FIRST, FIRST], [FIRST, THIRD], [FIRST] * 65])
def test_what_is_no_chain_is_refused(given_roots: list[Roots]) -> None:
    with pytest.raises(RootsNotChained):
        check_chain(given_roots, None)


def test_one_signature_too_few_is_refused() -> None:
    with pytest.raises(RootsUnsigned, match="2 of the 3"):
        check_chain([signed(roots(), 1, 2)])
    with pytest.raises(RootsUnsigned, match="2 of the 3"):
        check_chain([FIRST, signed(following(FIRST), 1, 4)])


def test_a_pinned_version_does_not_need_the_ones_before_it_but_its_signatures_must_hold() -> None:
    grown = members(*FOUR.values(), *(member(n, standing=SINCE_150, keys=()) for n in (5, 6)))
    document = signed(following(FIRST, members=grown), 1, 2, 3)
    assert check_chain([FIRST, document]).newest == document
    assert check_chain([document], document.digest).pinned
    with pytest.raises(RootsUnsigned, match="3 of the 4"):
        check_chain([document])
    forged = replace(
        document, signatures=(RootsSignature(id_of(1), sign_roots(document, id_of(2), act_key(2)).signature),)
    )
    with pytest.raises(RootsSignatureInvalid):
        check_chain([forged], forged.digest)


def test_new_members_do_not_count_for_the_version_that_admits_them() -> None:
    crowd = members(
        *FOUR.values(),
        *(
            member(
                n,
                standing=SINCE_150,
                keys=(key_entry(n, act_key(n).address, added_height=150, not_before=T + 150),),
            )
            for n in (5, 6, 7)
        ),
    )
    admitting = following(FIRST, members=crowd)
    with pytest.raises(RootsUnsigned, match="1 of the 3"):
        check_chain([FIRST, signed(admitting, 1, 5, 6, 7)])
    enough = signed(admitting, 1, 2, 3, 5)
    assert check_signatures(enough, FIRST) == {id_of(1), id_of(2), id_of(3)}
    assert check_chain([FIRST, enough, signed(following(enough), 1, 2, 5, 6, 7)]).newest.as_of_height == 300
    with pytest.raises(RootsUnsigned, match="4 of the 5"):
        check_chain([FIRST, enough, signed(following(enough), 1, 2, 5, 6)])


def test_a_suspended_member_neither_counts_nor_is_counted() -> None:
    suspended = member(4, standing=(*FOUR[id_of(4)].standing, Standing(50, "SUSPENDED", (Role.LENDER,))))
    three = roots(members=members(*(member(number) for number in (1, 2, 3)), suspended))
    assert check_chain([signed(three, 1, 2)]).newest.needed_signatures == 2
    with pytest.raises(RootsUnsigned, match="1 of the 2"):
        check_chain([signed(three, 1, 4)])


@pytest.mark.parametrize(
    "changes",
    [
        {"revoked": Revocation(T + 150, 150)},
        {"compromises": (Compromise(T + 10, T + 150, 150),)},
    ],
)
def test_a_key_that_the_new_version_itself_calls_lost_cannot_sign_it(changes: dict[str, Any]) -> None:
    lost = member(1, keys=tuple(replace(k, **changes) if k.purpose == "ACT" else k for k in FOUR[id_of(1)].keys))
    document = following(FIRST, members=members(lost, *(member(number) for number in (2, 3, 4))))
    with pytest.raises(RootsSignatureInvalid, match="no valid ACT key"):
        signed(document, 1, 2, 3)
    assert check_chain([FIRST, signed(document, 2, 3, 4)]).newest == signed(document, 2, 3, 4)


def test_a_key_added_since_is_sound_but_does_not_count() -> None:
    new = key_entry(1, act_key(1, 1).address, added_height=150, not_before=T + 150)
    document = following(FIRST, members=members(member(1, new), *(member(number) for number in (2, 3, 4))))
    by_new_key = sign_roots(document, id_of(1), act_key(1, 1))
    with pytest.raises(RootsUnsigned, match="2 of the 3"):
        check_chain([FIRST, merge_signatures(signed(document, 2, 3), [by_new_key])])
    assert check_chain([FIRST, merge_signatures(signed(document, 2, 3, 4), [by_new_key])])


def _by_validator_key(document: Roots) -> RootsSignature:
    return sign_roots(document, id_of(4), validator_key(4))


def _mirrored(document: Roots) -> RootsSignature:
    good = sign_roots(document, id_of(4), act_key(4)).signature
    return RootsSignature(
        id_of(4), good[:32] + (CURVE_ORDER - int.from_bytes(good[32:64])).to_bytes(32) + bytes([55 - good[64]])
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda document: sign_roots(document, id_of(4), act_key(1)),
        lambda document: sign_roots(document, id_of(4), act_key(99)),
        lambda document: sign_roots(document, b"\7" * 32, act_key(4)),
        lambda document: sign_roots(roots(as_of_height=101), id_of(4), act_key(4)),
        lambda document: sign_roots(roots(chain_id=2**41), id_of(4), act_key(4)),
        lambda document: RootsSignature(id_of(4), bytes(65)),
        _by_validator_key,
        _mirrored,
    ],
)
def test_a_signature_that_does_not_hold_spoils_the_file(make: Callable[[Roots], RootsSignature]) -> None:
    spoilt = replace(FIRST, signatures=(*FIRST.signatures, make(FIRST)))
    with pytest.raises(RootsSignatureInvalid):
        check_chain([spoilt], spoilt.digest)


def test_roots_of_another_chain_are_told_apart() -> None:
    for changes in ({"chain_id": 2**41}, {"genesis_hash": b"\x08" * 32}):
        with pytest.raises(RootsOfAnotherChain):
            check_chain([FIRST, signed(following(FIRST, **changes), 1, 2, 3)])
        with pytest.raises(RootsOfAnotherChain):
            check_chain([FIRST, signed(roots(**changes), 1, 2, 3)])


def test_two_signed_versions_that_follow_one_are_a_contradiction_and_junk_beside_one_is_not() -> None:
    other = following(FIRST, as_of_height=300)
    with pytest.raises(RootsContradict, match="what follows"):
        check_chain([FIRST, SECOND, signed(other, 1, 2, 3)])
    with pytest.raises(RootsUnsigned):
        check_chain([FIRST, SECOND, other])


# The past

LATER_BOOK = Contract("AgreementBook", Address(b"\x0a" * 20), b"\x0a" * 32, 60, None)
LOST_KEY = key_entry(1, b"\1" * 32, "SEAL", compromises=(Compromise(T + 20, T + 70, 70),))
OLD_KEY = key_entry(1, b"\2" * 32, "SEAL", revoked=Revocation(T + 50, 50))
PAST = signed(
    roots(
        validator_epochs=(epoch(0, 29, 1, 2, 3, 4), epoch(30, None, 1, 2, 3)),
        contracts=(replace(CONTRACTS[0], to_height=60), LATER_BOOK, *CONTRACTS[1:]),
        members=members(
            member(1, LOST_KEY, OLD_KEY),
            member(2, standing=(Standing(3, "ACTIVE", (Role.LENDER,)), Standing(40, "SUSPENDED", (Role.LENDER,)))),
            member(3),
            member(4, certificate=b"\5" * 32),
        ),
    ),
    1,
    3,
)


def _with_member(changed: Member) -> dict[str, Any]:
    return {"members": members(changed, *(each for each in PAST.members.values() if each.member != changed.member))}


def _with_key(old: Key, **changes: Any) -> dict[str, Any]:
    one = PAST.members[id_of(1)]
    return _with_member(replace(one, keys=tuple(replace(k, **changes) if k.key == old.key else k for k in one.keys)))


ONE, TWO = PAST.members[id_of(1)], PAST.members[id_of(2)]
REWRITES: dict[str, tuple[dict[str, Any], str]] = {
    "header items": ({"header_items": (HeaderItems(0, 15), HeaderItems(51, 16))}, "header_items"),
    "header items since": (
        {"header_items": (HeaderItems(0, 15), HeaderItems(50, 16), HeaderItems(100, 17))},
        "header_items",
    ),
    "an epoch's end": ({"validator_epochs": (epoch(0, 39, 1, 2, 3, 4), epoch(40, None, 1, 2, 3))}, "epoch from 0"),
    "an epoch's set": ({"validator_epochs": (epoch(0, 29, 1, 2, 3), epoch(30, None, 1, 2, 3))}, "epoch from 0"),
    "an epoch's stamp_by": (
        {"validator_epochs": (replace(epoch(0, 29, 1, 2, 3, 4), stamp_by=at(99_999)), epoch(30, None, 1, 2, 3))},
        "epoch from 0",
    ),
    "the open set": ({"validator_epochs": (epoch(0, 29, 1, 2, 3, 4), epoch(30, None, 1, 2))}, "epoch from 30"),
    "an end before": (
        {"validator_epochs": (epoch(0, 29, 1, 2, 3, 4), epoch(30, 99, 1, 2, 3), epoch(100, None, 1))},
        "epoch from 30",
    ),
    "a code hash": ({"contracts": (*PAST.contracts[:4], replace(CONTRACTS[3], code_hash=bytes(32)))}, "RecordLog"),
    "a contract's end": (
        {"contracts": (replace(CONTRACTS[0], to_height=61), replace(LATER_BOOK, from_height=61), *CONTRACTS[1:])},
        "AgreementBook",
    ),
    "a contract that vanishes": ({"contracts": CONTRACTS}, "AgreementBook"),
    "a contract that was not there": (
        {
            "contracts": (
                *PAST.contracts[:4],
                replace(CONTRACTS[3], to_height=90),
                Contract("RecordLog", Address(b"\x0b" * 20), bytes(32), 90, None),
            )
        },
        "RecordLog",
    ),
    "a member that vanishes": (
        {
            "members": members(*(each for each in PAST.members.values() if each.legal_id != "TEST-4")),
            "validator_epochs": PAST.validator_epochs,
        },
        "TEST-4",
    ),
    "a member that was there": (
        {"members": members(*PAST.members.values(), member(5))},
        "TEST-5",
    ),
    "a suspension": (_with_member(replace(TWO, standing=TWO.standing[:1])), "TEST-2"),
    "roles": (
        _with_member(replace(TWO, standing=(Standing(3, "ACTIVE", (Role.REGULATOR,)), TWO.standing[1]))),
        "TEST-2",
    ),
    "a certificate": (_with_member(replace(PAST.members[id_of(4)], certificate=None)), "TEST-4"),
    "a key that was not there": (
        _with_member(
            replace(ONE, keys=tuple(sorted((*ONE.keys, key_entry(1, b"\3" * 32, "SEAL")), key=lambda k: k.key)))
        ),
        "03030303",
    ),
    "a key that vanishes": (_with_member(replace(ONE, keys=tuple(k for k in ONE.keys if k != OLD_KEY))), "02020202"),
    "a window": (_with_key(OLD_KEY, not_after=T + 99), "02020202"),
    "a revocation undone": (_with_key(OLD_KEY, revoked=None), "02020202"),
    "a revocation moved": (_with_key(OLD_KEY, revoked=Revocation(T + 51, 51)), "02020202"),
    "a revocation before": (_with_key(LOST_KEY, revoked=Revocation(T + 99, 99)), "01010101"),
    "a compromise undone": (_with_key(LOST_KEY, compromises=()), "01010101"),
    "a compromise moved": (_with_key(LOST_KEY, compromises=(Compromise(T + 30, T + 70, 70),)), "01010101"),
    "an authority gone": ({"authorities": ()}, "Development authority"),
    "an authority's window": ({"authorities": (replace(AUTHORITY, until=at(99)),)}, "Development authority"),
    "an authority that was not there": (
        {"authorities": (AUTHORITY, replace(AUTHORITY, name="Elsewhere", certificate=b"x"))},
        "Elsewhere",
    ),
    "an authority's issuers": ({"authorities": (replace(AUTHORITY, issuers=()),)}, "Development authority"),
    "an authority's kind": ({"authorities": (replace(AUTHORITY, development=False),)}, "Development authority"),
    "the engine": ({"engine": "embedded", "validator_epochs": ()}, "sealed"),
    "an older height": ({"as_of_height": 99}, "as_of_height"),
}


@pytest.mark.parametrize("name", REWRITES)
def test_what_was_closed_cannot_be_told_otherwise(name: str) -> None:
    changes, what = REWRITES[name]
    later = following(PAST, **changes)
    with pytest.raises(RootsContradict) as refused:
        check_continues(PAST, later)
    assert what in str(refused.value)


CONTINUATIONS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "an epoch that ends": {
        "validator_epochs": (PAST.validator_epochs[0], epoch(30, 100, 1, 2, 3), epoch(101, None, 1, 2, 3, 4))
    },
    "header items": {"header_items": (*PAST.header_items, HeaderItems(101, 17))},
    "a contract replaced": {
        "contracts": (
            *PAST.contracts[:4],
            replace(CONTRACTS[3], to_height=101),
            Contract("RecordLog", Address(b"\x0b" * 20), bytes(32), 101, None),
        )
    },
    "a member admitted": {
        "members": members(
            *PAST.members.values(), member(5, standing=(Standing(101, "ACTIVE", (Role.LENDER,)),), keys=())
        )
    },
    "a member reinstated": _with_member(
        replace(TWO, standing=(*TWO.standing, Standing(101, "ACTIVE", (Role.LENDER,))))
    ),
    "a member renamed": _with_member(replace(TWO, name="Member 2, formerly 1")),
    "a key added": _with_member(member(1, LOST_KEY, OLD_KEY, key_entry(1, b"\3" * 32, "SEAL", added_height=101))),
    "a key revoked": _with_key(LOST_KEY, revoked=Revocation(T + 101, 101)),
    "a compromise dated back": _with_key(
        LOST_KEY, compromises=(*LOST_KEY.compromises, Compromise(T + 10, T + 101, 101))
    ),
    "an authority ended": {"authorities": (replace(AUTHORITY, until=at(101)),)},
    "an authority added": {
        "authorities": (AUTHORITY, replace(AUTHORITY, name="Elsewhere", certificate=b"x", since=at(101)))
    },
    "an authority moved": {"authorities": (replace(AUTHORITY, url=None),)},
    "another sealed engine": {"engine": "besu"},
}


@pytest.mark.parametrize("name", CONTINUATIONS)
def test_what_came_since_is_no_contradiction(name: str) -> None:
    later = following(PAST, **CONTINUATIONS[name])
    assert Roots.parse(later.to_bytes()) == later
    check_continues(PAST, later)


@settings(max_examples=150)
@given(any_roots(), st.data())
def test_one_history_told_at_two_heights_never_contradicts_itself(document: Roots, data: st.DataObject) -> None:
    height = data.draw(st.integers(10, document.as_of_height))
    earlier = cut(document, height)
    assert Roots.parse(earlier.to_bytes()) == earlier
    check_continues(earlier, document)
