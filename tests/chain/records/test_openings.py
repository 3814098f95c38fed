"""An opening shows what it opens and nothing else; what does not fit exactly is refused."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.records import (
    FieldOpening,
    OpeningRefused,
    PartialOpening,
    RecordError,
    WholeOpening,
    commit,
    open_fields,
    open_whole,
    openings,
    record_type,
)
from tests.chain.records.examples import record

MEMBER = bytes(range(32))
SECRET = bytes(range(100, 132))
RECORD = record(payer=None)
KIND = RECORD.type
DIGEST = commit(RECORD, MEMBER, SECRET).digest
NAMES = [field.name for field in KIND.fields]


def opened(opening: WholeOpening | PartialOpening) -> tuple[bytes, dict[str, str | None]]:
    return opening.open(KIND, MEMBER, RECORD.stream)


def test_a_whole_record_is_opened_with_its_absent_fields() -> None:
    digest, disclosed = opened(open_whole(RECORD, SECRET))
    assert digest == DIGEST
    assert disclosed == {**RECORD.values, "payer": None}


@given(st.lists(st.sampled_from(NAMES), unique=True, min_size=1))
def test_chosen_fields_are_opened_in_any_order_and_no_other_is_shown(names: list[str]) -> None:
    opening = open_fields(RECORD, SECRET, names)
    digest, disclosed = opened(opening)

    assert digest == DIGEST
    assert disclosed == {name: RECORD.values.get(name) for name in names}
    assert {KIND.fields[each.position].name for each in opening.fields} == set(names)
    assert SECRET not in [each.salt for each in opening.fields]


def test_an_absent_field_is_shown_to_be_absent() -> None:
    assert opened(open_fields(RECORD, SECRET, ["payer"]))[1] == {"payer": None}


@given(st.sampled_from(NAMES), st.text(st.characters(exclude_categories=["Cs"]), min_size=1) | st.none())
def test_no_other_value_opens_a_field(name: str, value: str | None) -> None:
    true = open_fields(RECORD, SECRET, [name])
    lie = replace(true, fields=(replace(true.fields[0], value=value),))
    if value != true.fields[0].value:
        with pytest.raises((OpeningRefused, RecordError)):
            opened(lie)


TRUE = open_fields(RECORD, SECRET, ["principal", "interest"])
LOAN = open_fields(RECORD, SECRET, ["loan"]).fields[0]


@pytest.mark.parametrize(
    ("opening", "refusal"),
    [
        (replace(TRUE, fields=()), openings.NothingOpened),
        (replace(TRUE, fields=(*TRUE.fields, TRUE.fields[0])), openings.FieldOpenedTwice),
        (replace(TRUE, commits=TRUE.commits[:-1]), openings.WrongNumberOfCommits),
        (replace(TRUE, commits=(*TRUE.commits, bytes(32))), openings.WrongNumberOfCommits),
        (replace(TRUE, commits=(*TRUE.commits[:-1], bytes(31))), openings.WrongNumberOfCommits),
        (replace(TRUE, fields=(FieldOpening(15, bytes(32), None),)), openings.FieldNotInType),
        (replace(TRUE, fields=(FieldOpening(-1, bytes(32), None),)), openings.FieldNotInType),
        (replace(TRUE, fields=(replace(LOAN, salt=bytes(32)),)), openings.CommitUnopened),
        (replace(TRUE, fields=(replace(LOAN, salt=LOAN.salt + b"\0"),)), openings.CommitUnopened),
        (replace(TRUE, fields=(replace(LOAN, position=0),)), openings.CommitUnopened),
        (replace(TRUE, fields=(replace(LOAN, value=None),)), RecordError),
        (replace(TRUE, fields=(replace(LOAN, value="loan"),)), RecordError),
        (WholeOpening(SECRET, {**RECORD.values, "extra": "1"}), RecordError),
        (WholeOpening(SECRET, {"loan": RECORD.values["loan"]}), RecordError),
        (WholeOpening(SECRET[:31], RECORD.values), RecordError),
        (WholeOpening(SECRET, {**RECORD.values, "agreement": "00" * 32}), openings.StreamContradicted),
    ],
)
def test_what_does_not_fit_exactly_is_refused(opening: WholeOpening | PartialOpening, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        opened(opening)


def test_the_agreement_opened_must_be_the_stream_named() -> None:
    with pytest.raises(openings.StreamContradicted):
        open_fields(RECORD, SECRET, ["agreement"]).open(KIND, MEMBER, bytes(32))


def test_a_bent_commitment_of_a_field_that_stays_closed_gives_another_digest() -> None:
    bent = replace(TRUE, commits=(bytes(32), *TRUE.commits[1:]))
    assert opened(bent)[0] != DIGEST


def test_another_type_member_or_secret_gives_another_digest() -> None:
    opening = open_whole(RECORD, SECRET)
    assert opening.open(KIND, bytes(32), RECORD.stream)[0] != DIGEST
    assert opened(replace(opening, record_secret=bytes(32)))[0] != DIGEST
    with pytest.raises(RecordError):
        opening.open(record_type("note"), MEMBER, RECORD.stream)


@pytest.mark.parametrize(
    ("names", "refusal"),
    [
        ([], openings.NothingOpened),
        (["amount"], openings.FieldNotInType),
        (["loan", "loan"], openings.FieldOpenedTwice),
    ],
)
def test_opening_what_is_not_there_or_twice_is_refused_where_it_is_made(
    names: list[str], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        open_fields(RECORD, SECRET, names)


def test_no_opening_shows_its_secret_or_values_in_a_log() -> None:
    for opening in (open_whole(RECORD, SECRET), TRUE):
        shown = repr(opening)
        assert SECRET.hex() not in shown
        assert repr(SECRET) not in shown
        assert RECORD.values["principal"] not in shown
