"""A token outlives its authority's certificate only if another token covered it in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tallystick.timestamps import (
    ImprintDiffers,
    RenewalContradicts,
    TokenLapsed,
    TokenRefused,
    VerifiedToken,
    require_holds,
    verify_renewals,
)
from tests.chain.timestamps import mint as m
from tests.chain.timestamps.mint import ENDS, NOON, STAMPED, Identity, mint

LATER_ENDS = datetime(2032, 1, 1, tzinfo=UTC)


def later() -> Identity:
    key = m.new_key()
    return Identity(key, (m.certificate("later", key, start=NOON, end=LATER_ENDS),))


LATER = later()
AUTHORITIES = [m.identity().authority("first"), LATER.authority("later", NOON, LATER_ENDS)]


def renewed(at: datetime, first_at: datetime = NOON) -> tuple[VerifiedToken, ...]:
    first = mint(gen_time=first_at)
    return verify_renewals([first, mint(LATER, first, gen_time=at, hash_name="SHA-512")], STAMPED, AUTHORITIES)


def test_a_token_holds_until_its_certificate_ends() -> None:
    chain = verify_renewals([mint()], STAMPED, AUTHORITIES)
    require_holds(chain, ENDS)
    with pytest.raises(TokenLapsed) as lapsed:
        require_holds(chain, ENDS + timedelta(seconds=1))
    assert (lapsed.value.authority, lapsed.value.ended) == ("first", ENDS)


def test_renewed_in_time_it_holds_until_the_last_certificate_ends() -> None:
    chain = renewed(ENDS)
    assert [token.authority.name for token in chain] == ["first", "later"]
    require_holds(chain, LATER_ENDS)
    with pytest.raises(TokenLapsed) as lapsed:
        require_holds(chain, LATER_ENDS + timedelta(seconds=1))
    assert lapsed.value.authority == "later"


def test_renewed_too_late_it_counts_as_none() -> None:
    with pytest.raises(TokenLapsed) as lapsed:
        require_holds(renewed(ENDS + timedelta(seconds=1)), ENDS)
    assert (lapsed.value.authority, lapsed.value.needed_at) == ("first", ENDS + timedelta(seconds=1))


def test_a_renewal_older_than_what_it_renews_is_a_contradiction() -> None:
    require_holds(renewed(NOON, first_at=NOON + timedelta(seconds=2)), NOON)
    with pytest.raises(RenewalContradicts):
        require_holds(renewed(NOON, first_at=NOON + timedelta(seconds=3)), NOON)


def test_a_renewal_over_anything_but_the_token_before_is_refused() -> None:
    first = mint()
    for stamped in (STAMPED, first[:-1], first + b"\0", mint(stamped=b"other")):
        with pytest.raises(ImprintDiffers):
            verify_renewals([first, mint(LATER, stamped)], STAMPED, AUTHORITIES)


def test_every_link_is_checked() -> None:
    first = mint()
    second = mint(LATER, first)
    for tokens in ([first, second[:-1]], [first[:-1], second], [second, first]):
        with pytest.raises(TokenRefused):
            verify_renewals(tokens, STAMPED, AUTHORITIES)
