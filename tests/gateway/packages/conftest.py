"""One embedded network with an agreement for every module here."""

from collections.abc import Iterator

import pytest

from tests.gateway.network import build
from tests.gateway.packages.lending import Lending, lending_on


@pytest.fixture(scope="package")
def lending(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lending]:
    network = build(tmp_path_factory.mktemp("network"))
    try:
        with lending_on(network, tmp_path_factory.mktemp("files")) as lending:
            yield lending
    finally:
        network.engine.stop()
