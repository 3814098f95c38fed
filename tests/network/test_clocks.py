"""Gateways whose clock is wrong: they sign nothing until it is right, and go on checking blocks meanwhile.

A node reads the machine's clock, which all nodes here share: different clocks of nodes cannot be tried on one machine.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from tallystick_devnet.demo.cast import ORIGINATOR
from tallystick_gateway.kit.api_client import ApiClient, ApiProblem
from tallystick_gateway.kit.clock import Clock, SystemClock
from tests.gateway.network import run_until
from tests.gateway.support import ServedAt, open_test_gateway
from tests.network.live import PATIENCE_S, Live

pytestmark = pytest.mark.chain

_EXACT_S = 60


class AdjustableClock:
    """The machine's clock, wrong by `error` until it is set."""

    def __init__(self, error: timedelta) -> None:
        self.error = error

    def now(self) -> datetime:
        return SystemClock(self.error).now()


@contextmanager
def with_clock(live: Live, clock: Clock) -> Iterator[ApiClient]:
    """The originator's gateway in this process, by this clock, and a client of it."""
    live.gateways.kill(ORIGINATOR)
    config = live.config(ORIGINATOR)
    with open_test_gateway(config, clock) as gateway:
        gateway.worker.start()
        url, key = gateway.part(ServedAt).url, gateway.keystore.ed25519("client")
        with ApiClient(url, config.issuer, "local", key, clock=clock) as api:
            yield api
    live.gateways.start()


def test_a_gateway_whose_clock_is_wrong_signs_nothing_until_it_is_set(live: Live) -> None:
    clock = AdjustableClock(timedelta(0))
    with with_clock(live, clock) as api:
        live.all_final([live.hand_in(api=api)], api=api)
        for hours in (1, -1):
            clock.error = timedelta(hours=hours)
            skewed = run_until(lambda: _skewed(api, clock.error), "the skew is seen", PATIENCE_S)
            assert "clock.skew" in [reason["code"] for reason in skewed["reasons"]]
            with pytest.raises(ApiProblem) as refused:
                live.hand_in(api=api)
            assert refused.value.code == "clock.skew"
            checked = api.get("/v1/chain")["checked"]
            run_until(lambda at=checked: api.get("/v1/chain")["checked"] > at or None, "blocks are checked", PATIENCE_S)

            clock.error = timedelta(0)
            run_until(lambda: api.get("/v1/status")["ready"] or None, "the gateway is ready", PATIENCE_S)
            live.all_final([live.hand_in(api=api)], api=api)
    live.nothing_lost_nothing_doubled()


def _skewed(api: ApiClient, error: timedelta) -> dict[str, Any] | None:
    """What the gateway says of itself, once it has compared its wrong clock with a block."""
    status: dict[str, Any] = api.get("/v1/status")
    return status if abs((status["clock_skew_s"] or 0) - error.total_seconds()) < _EXACT_S else None
