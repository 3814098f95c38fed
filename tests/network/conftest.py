"""One founded consortium for all modules; each module runs a copy of it, so that none inherits another's damage."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.network.live import Live, found_in, live_in


@pytest.fixture(scope="session")
def founded(quorum: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of a stopped consortium of four, with the id of its active agreement."""
    folder = tmp_path_factory.mktemp("founded")
    return folder, found_in(folder)


@pytest.fixture(scope="module")
def running(founded: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """The consortium running: four validators, four gateways."""
    folder, agreement = founded
    copy = tmp_path_factory.mktemp("running")
    shutil.copytree(folder, copy, dirs_exist_ok=True)
    with live_in(copy, agreement) as live:
        yield live


@pytest.fixture
def live(running: Live) -> Iterator[Live]:
    """The module's consortium; whatever a test broke is mended after it."""
    yield running
    running.mend()
