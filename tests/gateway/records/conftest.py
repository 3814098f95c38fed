"""One gateway with an active agreement per test: records are counted from an empty log."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tallystick_gateway.kit.gateway import Gateway
from tests.gateway.records.support import with_agreement
from tests.gateway.support import client_for, make_home, open_test_gateway


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    with open_test_gateway(make_home(tmp_path / "home", development={"arrival_dates": True})) as opened:
        with_agreement(opened)
        yield opened


@pytest.fixture
def http(gateway: Gateway) -> Iterator[httpx.Client]:
    with client_for(gateway) as client:
        yield client
