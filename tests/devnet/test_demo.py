"""The demonstration: it agrees, it notices a gateway that dies, and it goes on where it was."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from tests.devnet.demonstration import checked, kill_gateway, left_running, read_until, rest, start

pytestmark = pytest.mark.chain


def test_after_kill_9_of_gateways_in_the_middle_it_goes_on_and_all_agree(tmp_path: Path) -> None:
    first = start(tmp_path / "demo", go_on=False)
    read_until(first, "… Disburse")
    children = psutil.Process(first.pid).children(recursive=True)
    kill_gateway(first, "originator")
    said = rest(first)
    assert first.returncode == 1, said
    assert "CONTINUE=1 make demo" in said
    assert not left_running(children)

    second = start(tmp_path / "demo", go_on=True)
    read_until(second, "… Record")
    kill_gateway(second, "partner")
    said = rest(second)
    assert second.returncode == 1, said

    last = start(tmp_path / "demo", go_on=True)
    said = rest(last)
    assert last.returncode == 0, said
    assert "All agreed" in said
    assert "nothing is `final`" in said
    assert checked(said) == ["1", "2", "3", "4", "6"], said
