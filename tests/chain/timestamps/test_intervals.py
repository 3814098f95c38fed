"""A block lies between a token noted before it and a token that covers it; each end says whose clock it is."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tallystick.timestamps import End, Interval, Noted, VerifiedToken, interval_of
from tests.chain.timestamps import mint as m
from tests.chain.timestamps.mint import NOON

REAL, OTHER = m.identity().authority("Real"), m.identity().authority("Other")
DEVELOPMENT = m.identity().authority("Toy", development=True)
SECOND = timedelta(seconds=1)


def token(after_noon_s: int, authority: object = REAL, accuracy: timedelta | None = SECOND) -> VerifiedToken:
    return VerifiedToken(
        authority,  # type: ignore[arg-type]  # only its name and flag are looked at
        NOON + after_noon_s * SECOND,
        accuracy,
        1,
        "1.2.3",
        "SHA-256",
        None,
        after_noon_s.to_bytes(32, signed=True),
    )


def test_nobody_vouches_for_an_end_without_a_token() -> None:
    assert interval_of(5, [], []) == Interval(None, None)
    assert interval_of(5, [], [Noted(6, token(0))]) == Interval(None, None)


def test_each_end_takes_the_accuracy_at_its_worst() -> None:
    interval = interval_of(5, [token(60)], [Noted(4, token(0))])

    assert interval.lower == End(NOON - SECOND, "Real", False, token(0).digest, 4)
    assert interval.upper == End(NOON + 61 * SECOND, "Real", False, token(60).digest, None)
    assert not interval.contradictory


def test_an_accuracy_that_is_not_stated_adds_nothing() -> None:
    assert interval_of(5, [token(60, accuracy=None)], []).upper == End(
        NOON + 60 * SECOND, "Real", False, token(60).digest
    )


def test_the_block_that_notes_a_token_is_itself_later_than_that_token() -> None:
    assert interval_of(4, [], [Noted(4, token(0))]).lower is not None


def test_the_narrowest_ends_are_taken() -> None:
    interval = interval_of(
        5, [token(90), token(60, OTHER)], [Noted(2, token(0)), Noted(3, token(20)), Noted(7, token(50))]
    )
    assert (interval.lower and interval.lower.instant) == NOON + 19 * SECOND
    assert (interval.upper and interval.upper.authority) == "Other"


def test_a_development_authority_is_taken_only_where_there_is_no_other() -> None:
    interval = interval_of(
        5, [token(60, DEVELOPMENT), token(90)], [Noted(2, token(0)), Noted(3, token(20, DEVELOPMENT))]
    )
    assert (interval.lower and interval.lower.instant, interval.upper and interval.upper.instant) == (
        NOON - SECOND,
        NOON + 91 * SECOND,
    )
    alone = interval_of(5, [token(60, DEVELOPMENT)], [])
    assert alone.upper
    assert alone.upper.development


def test_ends_that_exclude_each_other_are_told() -> None:
    assert interval_of(5, [token(0)], [Noted(5, token(10))]).contradictory
    assert not interval_of(5, [token(0)], [Noted(5, token(2))]).contradictory


@given(st.lists(st.integers(0, 99), max_size=6), st.lists(st.tuples(st.integers(0, 9), st.integers(0, 99)), max_size=6))
def test_order_of_what_is_given_does_not_matter(uppers: list[int], notes: list[tuple[int, int]]) -> None:
    one = interval_of(5, map(token, uppers), [Noted(height, token(at)) for height, at in notes])
    other = interval_of(5, map(token, uppers[::-1]), [Noted(height, token(at)) for height, at in notes[::-1]])
    assert (one.lower and one.lower.instant, one.upper) == (other.lower and other.lower.instant, other.upper)

    instants: list[datetime] = [NOON + at * SECOND for height, at in notes if height <= 5]
    assert (one.lower is None) == (not instants)
    assert one.lower is None or one.lower.instant == max(instants) - SECOND
