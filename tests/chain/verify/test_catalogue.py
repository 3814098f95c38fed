"""Every finding that the catalogue has can be met, says something, and every check is asked for by some kind."""

import pytest

from tallystick.verify.catalogue import CATALOGUE, FAMILIES, REQUIREMENTS, UNPROVED, Status

from . import (
    test_act_attacks,
    test_block_attacks,
    test_container_attacks,
    test_index_attacks,
    test_loans,
    test_record_attacks,
    test_time_attacks,
    test_trust_attacks,
)
from .cases import acts, loan, records
from .stories import codes, judged

ATTACKED = (
    test_act_attacks,
    test_block_attacks,
    test_container_attacks,
    test_index_attacks,
    test_loans,
    test_record_attacks,
    test_time_attacks,
    test_trust_attacks,
)
MET_ELSEWHERE = {
    "builder.not_active",  # test_act_attacks
    "container.unreadable",  # test_command
    "stamp.absent",
    "stamp.authority",
    "stamp.lapsed",
    "stamp.sound",
    "book.not_compared",
}


def test_every_finding_is_met_by_an_attack_or_a_sound_package() -> None:
    attacked = {code for module in ATTACKED for case in module.CASES.values() for code in case.codes}
    sound = {code for made in (acts(), records(), loan()) for code in codes(judged(made), "PASS")}
    assert set(CATALOGUE) - attacked - sound - MET_ELSEWHERE == set()


@pytest.mark.parametrize("code", CATALOGUE)
def test_a_finding_says_what_it_means_and_what_to_do(code: str) -> None:
    kind = CATALOGUE[code]
    assert kind.family in {family.name for family in FAMILIES}
    assert kind.says.endswith(".")
    assert kind.meaning.endswith(".")
    assert (kind.advice == "") == (kind.status is Status.PASS)
    assert code == code.lower()


def test_every_check_is_asked_for_by_some_kind() -> None:
    asked = {name for rules in REQUIREMENTS.values() for name in rules}
    assert asked == {family.name for family in FAMILIES}


def test_what_is_never_proved_is_no_finding() -> None:
    assert not UNPROVED.keys() & CATALOGUE.keys()
