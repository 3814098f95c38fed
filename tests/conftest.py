"""What all tests share. Property tests judge results, never times: on a busy machine any example may take long."""

from pathlib import Path

import pytest
from hypothesis import settings

pytest.register_assert_rewrite("tests.contracts.support")

settings.register_profile("tallystick", deadline=None, print_blob=True)
settings.load_profile("tallystick")


@pytest.fixture(scope="session")
def quorum() -> Path:
    """GoQuorum, a stand-in for Besu; built now if it never was. Skips, saying why, where it cannot be built."""
    from tallystick_devnet.engines.network.building import find_quorum
    from tallystick_devnet.engines.network.showing import shown
    from tallystick_devnet.errors import QuorumMissing

    try:
        with shown() as told:
            return find_quorum(told)
    except QuorumMissing as why:
        pytest.skip(f"{why}. {why.advice}")
