"""Roots of an invented consortium of four, by hand and by hypothesis. Keys are derived from numbers: never use them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from tallystick.consortium import HeaderItems, Role
from tallystick.keys import ActKey, Address
from tallystick.pseudonyms import member_id
from tallystick.roots import (
    AuthorityEntry,
    Compromise,
    Contract,
    Epoch,
    Key,
    Member,
    Revocation,
    Roots,
    Standing,
    merge_signatures,
    sign_roots,
)

GENESIS_TIME = 1_750_000_000
"""Block h of the invented chain has the time GENESIS_TIME + h."""
FOUNDED = 3
KEY_UNTIL = GENESIS_TIME + 10 * 365 * 86_400


def at(height: int) -> datetime:
    """The time of a block."""
    return datetime.fromtimestamp(GENESIS_TIME + height, UTC)


def _secret(kind: str, number: int, generation: int) -> ActKey:
    return ActKey(hashlib.sha256(f"{kind}/{number}/{generation}".encode()).digest())


def act_key(number: int, generation: int = 0) -> ActKey:
    return _secret("act", number, generation)


def validator_key(number: int) -> ActKey:
    return _secret("validator", number, 0)


def id_of(number: int) -> bytes:
    return member_id(f"TEST-{number}")


def key_entry(number: int, key: bytes, purpose: str = "ACT", **changes: Any) -> Key:
    made = Key(
        key=key.rjust(32, b"\0"),
        member=id_of(number),
        purpose=purpose,
        added_height=FOUNDED,
        not_before=GENESIS_TIME,
        not_after=KEY_UNTIL,
        revoked=None,
        compromises=(),
    )
    return replace(made, **changes)


def member(number: int, *further: Key, **changes: Any) -> Member:
    """A founder with its ACT and VALIDATOR key, and `further` ones."""
    keys = [
        key_entry(number, act_key(number).address),
        key_entry(number, validator_key(number).address, "VALIDATOR"),
        *further,
    ]
    made = Member(
        member=id_of(number),
        legal_id=f"TEST-{number}",
        name=f"Member {number}",
        certificate=None,
        standing=(Standing(FOUNDED, "ACTIVE", (Role.LENDER,)),),
        keys=tuple(sorted(keys, key=lambda key: key.key)),
    )
    return replace(made, **changes)


def members(*made: Member) -> dict[bytes, Member]:
    return {each.member: each for each in sorted(made, key=lambda each: each.member)}


FOUR = members(*(member(number) for number in range(1, 5)))
CONTRACTS = tuple(
    Contract(name, Address(bytes([n]) * 20), bytes([n]) * 32, n, None)
    for n, name in enumerate(("AgreementBook", "Consortium", "LoanLedger", "RecordLog"), start=1)
)
AUTHORITY = AuthorityEntry(
    name="Development authority",
    certificate=b"not a certificate, but roots do not judge",
    issuers=(b"nor is this",),
    url="http://127.0.0.1:3161/",
    since=at(0),
    until=at(10**8),
    development=True,
)


def epoch(first: int, last: int | None, *numbers: int) -> Epoch:
    validators = {Address(validator_key(number).address): id_of(number) for number in numbers}
    return Epoch(first, last, None if last is None else at(last + 86_400), dict(sorted(validators.items())))


def roots(**changes: Any) -> Roots:
    """Version one, as of height 100; unsigned."""
    made = Roots(
        chain_id=2**40,
        genesis_hash=b"\7" * 32,
        engine="qbft",
        header_items=(HeaderItems(0, 15), HeaderItems(50, 16)),
        validator_epochs=(epoch(0, None, 1, 2, 3, 4),),
        contracts=CONTRACTS,
        members=FOUR,
        authorities=(AUTHORITY,),
        issued_at=at(100),
        as_of_height=100,
        previous=None,
    )
    return replace(made, **changes)


def signed(document: Roots, *signers: int, generation: int = 0) -> Roots:
    """With the signatures of these members."""
    return merge_signatures(
        document, [sign_roots(document, id_of(number), act_key(number, generation)) for number in signers]
    )


def following(previous: Roots, **changes: Any) -> Roots:
    """The next version, 100 blocks later, unsigned; `changes` on what `previous` says."""
    height = changes.pop("as_of_height", previous.as_of_height + 100)
    return replace(
        previous,
        **{"as_of_height": height, "issued_at": at(height), "previous": previous.digest, "signatures": (), **changes},
    )


# By hypothesis


@st.composite
def any_roots(draw: st.DrawFn) -> Roots:
    """Any roots with something of everything, as of a height from 50 to 1000."""
    height = draw(st.integers(50, 1000))
    engine = draw(st.sampled_from(("qbft", "besu", "embedded")))
    crowd = members(*(draw(_members(number, height)) for number in range(1, draw(st.integers(5, 7)))))
    return Roots(
        chain_id=draw(st.integers(2**32, 2**52 - 1)),
        genesis_hash=draw(st.binary(min_size=32, max_size=32)),
        engine=engine,
        header_items=draw(_header_items(height)),
        validator_epochs=() if engine == "embedded" else draw(_epochs(height)),
        contracts=draw(_contracts(height)),
        members=crowd,
        authorities=draw(_authorities()),
        issued_at=at(height),
        as_of_height=height,
        previous=draw(st.none() | st.binary(min_size=32, max_size=32).filter(any)),
    )


def _rising(draw: st.DrawFn, low: int, high: int, most: int = 4) -> list[int]:
    return sorted(draw(st.sets(st.integers(low, high), max_size=most)))


@st.composite
def _header_items(draw: st.DrawFn, height: int) -> tuple[HeaderItems, ...]:
    heights = [0, *_rising(draw, 1, height)]
    counts = sorted(draw(st.lists(st.integers(15, 21), min_size=len(heights), max_size=len(heights))))
    return tuple(HeaderItems(*pair) for pair in zip(heights, counts, strict=True))


@st.composite
def _epochs(draw: st.DrawFn, height: int) -> tuple[Epoch, ...]:
    firsts: list[int | None] = [0, *_rising(draw, 1, height), None]
    numbers = st.sets(st.sampled_from((1, 2, 3, 4)), min_size=1)
    made = []
    for first, after in pairwise(firsts):
        assert first is not None
        made.append(epoch(first, None if after is None else after - 1, *draw(numbers)))
    return tuple(made)


@st.composite
def _contracts(draw: st.DrawFn, height: int) -> tuple[Contract, ...]:
    made = []
    for place, name in enumerate(("AgreementBook", "Consortium", "LoanLedger", "RecordLog"), start=1):
        later = [] if name == "Consortium" else _rising(draw, 10, height, 2)
        bounds: list[int | None] = [place, *later, None]
        for index, (start, end) in enumerate(pairwise(bounds)):
            assert start is not None
            made.append(Contract(name, Address(bytes([place, index]) * 10), bytes([place, index]) * 16, start, end))
    return tuple(made)


@st.composite
def _authorities(draw: st.DrawFn) -> tuple[AuthorityEntry, ...]:
    names = draw(
        st.lists(
            st.text(
                st.characters(min_codepoint=32, exclude_characters="\x7f", exclude_categories=["Cs"]),
                min_size=1,
                max_size=20,
            ),
            max_size=3,
        )
    )
    made = []
    for index, name in enumerate(names):
        since = draw(st.integers(0, 1000))
        until = draw(st.integers(since + 1, 2000))
        certificate = bytes([index]) + draw(st.binary(max_size=40))
        url = draw(st.sampled_from((None, "http://127.0.0.1:1/", "https://tsa.example/stamp?x=1")))
        issuers = tuple(draw(st.lists(st.binary(min_size=1, max_size=9), max_size=2)))
        made.append(AuthorityEntry(name, certificate, issuers, url, at(since), at(until), draw(st.booleans())))
    return tuple(sorted(made, key=lambda each: (each.name, each.since, each.certificate)))


@st.composite
def _members(draw: st.DrawFn, number: int, height: int) -> Member:
    admitted = FOUNDED if number <= 4 else draw(st.integers(FOUNDED, height))
    standing = [Standing(admitted, "ACTIVE", (Role.LENDER,))]
    if number != 1:
        for changed in _rising(draw, admitted + 1, height) if admitted < height else ():
            state = draw(st.sampled_from(("ACTIVE", "SUSPENDED", "EXPELLED")))
            roles = tuple(sorted(draw(st.sets(st.sampled_from(list(Role)), min_size=1))))
            standing.append(Standing(changed, state, roles))
    further = [draw(_keys(number, index, admitted, height)) for index in range(draw(st.integers(0, 3)))]
    made = member(number, *further, standing=tuple(standing), certificate=draw(st.none() | st.just(b"\1" * 32)))
    return replace(made, keys=tuple(_not_before_admission(made.keys, admitted)))


def _not_before_admission(keys: Iterable[Key], admitted: int) -> Iterable[Key]:
    return (replace(key, added_height=max(key.added_height, admitted)) for key in keys)


@st.composite
def _keys(draw: st.DrawFn, number: int, index: int, admitted: int, height: int) -> Key:
    added = draw(st.integers(admitted, height))
    purpose = draw(st.sampled_from(("ACT", "RECOVERY", "EXCHANGE", "SEAL", "DOCUMENT")))
    key = hashlib.sha256(bytes([number, index])).digest()
    if purpose in {"ACT", "RECOVERY"}:
        key = key[:20]
    revoked = draw(st.none() | st.integers(added, height))
    reports = _rising(draw, added, height, 3)
    compromises = [
        Compromise(GENESIS_TIME + added - position, GENESIS_TIME + each, each)
        for position, each in enumerate(reports, start=1)
    ]
    return key_entry(
        number,
        key,
        purpose,
        added_height=added,
        not_before=GENESIS_TIME + draw(st.integers(0, 500)),
        revoked=None if revoked is None else Revocation(GENESIS_TIME + revoked, revoked),
        compromises=tuple(compromises),
    )


def cut(document: Roots, height: int) -> Roots:
    """What roots of the same chain said at an earlier height: written apart from the product's own comparison."""
    moment = at(height)

    def key_then(key: Key) -> Key:
        revoked = key.revoked if key.revoked and key.revoked.height <= height else None
        return replace(key, revoked=revoked, compromises=tuple(c for c in key.compromises if c.height <= height))

    def member_then(each: Member) -> Member:
        return replace(
            each,
            standing=tuple(one for one in each.standing if one.from_height <= height),
            keys=tuple(key_then(key) for key in each.keys if key.added_height <= height),
        )

    epochs = [each for each in document.validator_epochs if each.first <= height]
    if epochs:
        epochs[-1] = replace(epochs[-1], last=None, stamp_by=None)
    return replace(
        document,
        header_items=tuple(entry for entry in document.header_items if entry.from_height <= height),
        validator_epochs=tuple(epochs),
        contracts=tuple(
            replace(each, to_height=each.to_height if each.to_height and each.to_height <= height else None)
            for each in document.contracts
            if each.from_height <= height
        ),
        members=members(
            *(member_then(each) for each in document.members.values() if each.standing[0].from_height <= height)
        ),
        authorities=tuple(each for each in document.authorities if each.since <= moment),
        issued_at=moment,
        as_of_height=height,
        previous=None,
        signatures=(),
    )
