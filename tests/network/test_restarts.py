"""The whole network goes down and comes back from disk, while gateways keep running."""

import pytest

from tests.network.live import EVERYBODY, Live

pytestmark = pytest.mark.chain


def test_gateways_run_through_an_orderly_restart_of_all_four(live: Live) -> None:
    with live.load() as load:
        load.reaches(4)
        live.engine.stop()
        stopped_at = len(load.submissions)
        load.reaches(stopped_at + 4)
        live.engine.start()
        load.reaches(stopped_at + 8)
    live.all_final(load.submissions)
    live.goes_on()
    live.nothing_lost_nothing_doubled()


def test_gateways_run_through_kill_9_of_all_four(live: Live) -> None:
    with live.load() as load:
        load.reaches(4)
        for node in EVERYBODY:
            live.engine.kill(node)
        killed_at = len(load.submissions)
        load.reaches(killed_at + 4)
        for node in EVERYBODY:
            live.engine.restart(node)
        load.reaches(killed_at + 8)
    live.all_final(load.submissions)
    live.goes_on()
    live.nothing_lost_nothing_doubled()
