"""When the next block is looked for: not while none can be due, closely when it is, seldom when it is late."""

import pytest

from tallystick_gateway.watch.pace import Pace


@pytest.mark.parametrize(
    ("block_time_s", "waited_s", "look_s"),
    [
        (1, 0.0, 0.7),
        (1, 0.4, 0.3),
        (1, 0.7, 0.05),
        (1, 3.9, 0.05),
        (1, 4.1, 0.2),
        (10, 0.0, 0.7),  # empty blocks come seldom; one with transactions may follow within a second
    ],
)
def test_the_next_block_is_looked_for_about_when_it_is_due(block_time_s: int, waited_s: float, look_s: float) -> None:
    now = 100.0
    pace = Pace(lambda: now)
    pace.moved([1_700_000_000 + block_time_s * number for number in range(9)])
    now += waited_s
    assert pace.look_again_s == pytest.approx(look_s)


def test_before_two_blocks_were_seen_nothing_is_expected() -> None:
    assert Pace(lambda: 0.0).look_again_s == pytest.approx(0.2)
