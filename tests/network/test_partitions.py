"""Networks that fall apart: no half decides anything, a majority does, and both grow together again."""

import pytest

from tallystick_devnet.demo.cast import ARBITRATION, CAST, ORIGINATOR, Part
from tests.gateway.network import run_until
from tests.network.live import EVERYBODY, PATIENCE_S, Live, number_of

pytestmark = pytest.mark.chain


def test_two_and_two_decide_nothing_until_they_meet_again(live: Live) -> None:
    live.engine.partition([[0, 1], [2, 3]])
    stood_at = live.stands_still(EVERYBODY)
    handed_in = [live.hand_in() for _ in range(3)]
    waiting = run_until(
        lambda: live.submission(handed_in[-1])["waiting"], "the submission says why it waits", PATIENCE_S
    )
    assert waiting["code"] == "watch.chain_stalled", waiting
    assert live.heads() == [stood_at] * 4
    for submission in handed_in:
        assert not {"final", "included"} & live.submission(submission)["counts"].keys()

    live.engine.partition([EVERYBODY])
    live.all_final(handed_in)
    live.goes_on()
    live.nothing_lost_nothing_doubled()


@pytest.mark.parametrize("alone", [ARBITRATION, ORIGINATOR], ids=["another member's", "the sender's own"])
def test_three_go_on_without_the_one_that_is_cut_off_and_its_gateway_follows_them(live: Live, alone: Part) -> None:
    node = number_of(alone)
    others = [other for other in EVERYBODY if other != node]
    live.engine.partition([others, [node]])
    with live.load() as load:
        live.goes_on(*CAST)
        load.reaches(10)
    live.all_final(load.submissions)
    cut_off = live.heads()[node]
    assert cut_off is not None
    assert cut_off < min(head or 0 for head in (live.heads()[other] for other in others))

    live.engine.partition([EVERYBODY])
    reached = max(head or 0 for head in live.heads())
    run_until(lambda: (live.heads()[node] or 0) >= reached or None, "the one has caught up", PATIENCE_S)
    live.goes_on(alone)
    live.nothing_lost_nothing_doubled()
