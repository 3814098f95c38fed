"""Limits: what is taken never exceeds them, and a refusal says whose and by how much."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.money import apportion
from tallystick_gateway.agreements.errors import LoanLimitExceeded, PartyLimitExceeded, TotalLimitExceeded
from tallystick_gateway.agreements.headroom import Headroom, Room

A, B = b"a" * 32, b"b" * 32
NAMES = {A: "Harbour Bank", B: "Meridian Bank"}


def headroom(*, loan: int = 10**9, total: int = 10**9, a: int = 10**9, b: int = 10**9, exposure: int = 0) -> Headroom:
    of_a, of_b = apportion(exposure, (2000, 8000))
    parties = [(A, 2000, Room(a, of_a)), (B, 8000, Room(b, of_b))]
    return Headroom(loan, Room(total, exposure), parties, [], NAMES)


def test_the_limit_of_one_loan_is_named() -> None:
    with pytest.raises(LoanLimitExceeded) as refused:
        headroom(loan=500).take(501)
    assert refused.value.values == {"field": "principal", "limit": 500, "principal": 501, "over_by": 1}


def test_the_total_limit_counts_what_is_outstanding() -> None:
    with pytest.raises(TotalLimitExceeded) as refused:
        headroom(total=1000, exposure=900).take(150)
    assert refused.value.values["over_by"] == 50


def test_a_partys_limit_says_whose_and_by_how_much() -> None:
    room = headroom(b=800)
    assert room.take(500) == (100, 400)

    with pytest.raises(PartyLimitExceeded, match="Meridian Bank by 80: limit 800, outstanding 0, on its way 400") as no:
        room.take(600)

    assert no.value.values["member"] == B.hex()


def test_what_was_refused_takes_nothing() -> None:
    room = headroom(total=1000)
    for _ in range(3):
        with pytest.raises(TotalLimitExceeded):
            room.take(1001)
    assert sum(room.take(1000)) == 1000


@given(
    principals=st.lists(st.integers(1, 5000), max_size=40),
    earlier=st.lists(st.tuples(st.integers(1, 3000), st.integers(1, 5)), max_size=4),
    total=st.integers(0, 60_000),
    of_a=st.integers(0, 20_000),
    of_b=st.integers(0, 50_000),
)
def test_nothing_taken_ever_exceeds_a_limit(
    principals: list[int], earlier: list[tuple[int, int]], total: int, of_a: int, of_b: int
) -> None:
    bps = (2000, 8000)
    room = Headroom(4000, Room(total, 0), [(A, bps[0], Room(of_a, 0)), (B, bps[1], Room(of_b, 0))], earlier, NAMES)
    before = sum(principal * count for principal, count in earlier)
    taken = 0
    for principal in principals:
        try:
            shares = room.take(principal)
        except (LoanLimitExceeded, TotalLimitExceeded, PartyLimitExceeded):
            continue
        taken += principal
        assert shares == apportion(principal, bps)
        assert principal <= 4000
        assert before + taken <= total
        assert room.parties[0].left >= 0
        assert room.parties[1].left >= 0
    assert room.total.in_flight == before + taken == sum(each.in_flight for each in room.parties)
