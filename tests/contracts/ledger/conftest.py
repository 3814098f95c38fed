"""Agreements that are active when a test begins."""

import pytest

pytest.register_assert_rewrite("tests.contracts.ledger.lending")

from tallystick.ledger import Visibility  # noqa: E402 - after lending is known to hold assertions
from tests.contracts.ledger.lending import Lending, agreed, party  # noqa: E402
from tests.contracts.ledger.upgrading import Upgraded, upgrade  # noqa: E402
from tests.contracts.support import Network  # noqa: E402


@pytest.fixture
def lending(network: Network) -> Lending:
    """An OPEN agreement of the first two founders, 20/80."""
    return agreed(network)


@pytest.fixture
def confidential(network: Network) -> Lending:
    """A SEALED agreement of the three lenders."""
    first, second, *_, third = network.founders
    parties = (party(first, 2_000), party(second, 5_000), party(third, 3_000))
    return agreed(network, parties=parties, visibility=int(Visibility.SEALED))


@pytest.fixture
def upgraded(lending: Lending) -> Upgraded:
    """After an upgrade: one loan of 1 001, which is not adopted yet, nor its agreement."""
    lending.disburse(principal=1_001)
    return upgrade(lending)
