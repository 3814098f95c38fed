"""One gateway for the tests of a module: they change nothing that another test looks at."""

from collections.abc import Iterator

import httpx
import pytest

from tallystick_gateway.kit.gateway import Gateway
from tests.gateway.support import client_for, http_for, make_home, open_test_gateway


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with open_test_gateway(make_home(tmp_path_factory.mktemp("home"))) as opened:
        yield opened


@pytest.fixture(scope="module")
def admin(gateway: Gateway) -> Iterator[httpx.Client]:
    with client_for(gateway) as http:
        yield http


@pytest.fixture(scope="module")
def stranger(gateway: Gateway) -> Iterator[httpx.Client]:
    with http_for(gateway) as http:
        yield http
