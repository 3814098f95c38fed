"""One embedded engine a test process; every test finds the chain as the one before it found it."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tallystick.client import Node
from tallystick_devnet.engines import EmbeddedEngine
from tests.contracts.support import Chain, Network, found


@pytest.fixture(scope="session")
def contracts_on_chain() -> Iterator[Network]:
    """Every contract, deployed for five founders."""
    with EmbeddedEngine(state_interval_s=0) as engine, Node(engine.url) as node:
        yield found(Chain(node))


@pytest.fixture
def founded(contracts_on_chain: Network) -> Iterator[Network]:
    """A consortium that nobody has ratified yet."""
    contracts, keys = dict(contracts_on_chain.contracts), dict(contracts_on_chain.keys)
    with contracts_on_chain.chain.rewound():
        yield replace(contracts_on_chain, contracts=contracts, keys=keys)


@pytest.fixture
def network(founded: Network) -> Network:
    """A consortium that every founder has ratified."""
    founded.ratify_all()
    return founded


@pytest.fixture
def chain(founded: Network) -> Chain:
    """The chain alone."""
    return founded.chain
