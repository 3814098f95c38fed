"""Validators that are killed or paused in the middle of load: one changes nothing, two stop everything honestly."""

import pytest

from tallystick_devnet.demo.cast import ARBITRATION, CAST, DEPOSITORY, ORIGINATOR, PARTNER, Part
from tallystick_devnet.engines import NodeState
from tests.gateway.network import run_until
from tests.network.live import PATIENCE_S, Live, number_of

pytestmark = pytest.mark.chain


@pytest.mark.parametrize("part", [ARBITRATION, ORIGINATOR], ids=["another member's", "the sender's own"])
def test_one_validator_killed_in_the_middle_of_load_changes_nothing(live: Live, part: Part) -> None:
    node = number_of(part)
    with live.load() as load:
        load.reaches(4)
        live.engine.kill(node)
        killed_at = len(load.submissions)
        live.goes_on()
        load.reaches(killed_at + 10)
    live.all_final(load.submissions)
    assert live.engine.status().nodes[node].state is NodeState.DOWN
    live.nothing_lost_nothing_doubled()

    live.engine.restart(node)
    run_until(lambda: caught_up(live, node), "the validator has caught up", PATIENCE_S)


def test_with_two_validators_killed_nothing_is_final_until_one_returns(live: Live) -> None:
    before = live.hand_in()
    live.all_final([before])
    for part in (DEPOSITORY, ARBITRATION):
        live.engine.kill(number_of(part))
    stood_at = live.stands_still([number_of(ORIGINATOR), number_of(PARTNER)])

    handed_in = [live.hand_in() for _ in range(5)]
    waiting = run_until(
        lambda: live.submission(handed_in[-1])["waiting"], "the submission says why it waits", PATIENCE_S
    )
    assert waiting["code"] == "watch.chain_stalled", waiting
    assert waiting["detail"]
    assert waiting["advice"]
    assert live.heads() == [stood_at, stood_at, None, None]
    assert [live.checked(part) for part in CAST] == [stood_at] * 4
    for submission in handed_in:
        assert not {"final", "included"} & live.submission(submission)["counts"].keys()
    assert live.submission(before)["state"] == "final"

    live.engine.restart(number_of(ARBITRATION))
    live.all_final(handed_in)
    assert live.submission(handed_in[-1])["waiting"] is None
    live.nothing_lost_nothing_doubled()


def test_a_paused_validator_catches_up_and_its_gateway_asks_another_meanwhile(live: Live) -> None:
    node = number_of(PARTNER)
    own = live.engine.endpoints[node].url
    live.engine.pause(node)
    with live.load() as load:
        live.goes_on(PARTNER)
        assert live.chain(PARTNER)["node"] != own
        load.reaches(10)
    live.all_final(load.submissions)

    live.engine.resume(node)
    run_until(lambda: caught_up(live, node), "the validator has caught up", PATIENCE_S)
    live.goes_on(PARTNER)
    assert not live.chain(PARTNER)["distrusted"]
    live.nothing_lost_nothing_doubled()


def caught_up(live: Live, node: int) -> bool | None:
    """Whether the node is where the others are."""
    heads = live.heads()
    return (heads[node] or 0) >= max(head or 0 for head in heads) - 1 or None
