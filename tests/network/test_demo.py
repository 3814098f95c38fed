"""The demonstration on four validators: everything is final, and who sealed what is the same for all."""

from __future__ import annotations

import json
from pathlib import Path

import psutil
import pytest

from tallystick_devnet.demo.cast import CAST
from tests.devnet.demonstration import checked, kill_gateway, left_running, read_until, rest, start

pytestmark = [pytest.mark.chain, pytest.mark.usefixtures("quorum")]

MEMBERS = [part.folder for part in CAST]


def test_after_kill_9_of_a_gateway_in_the_middle_it_goes_on_and_everything_is_final(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    first = start(folder, go_on=False, engine="qbft")
    read_until(first, "… Disburse")
    children = psutil.Process(first.pid).children(recursive=True)
    kill_gateway(first, "originator")
    said = rest(first)
    assert first.returncode == 1, said
    assert "CONTINUE=1 make demo ENGINE=qbft" in said
    assert not left_running(children)

    second = start(folder, go_on=True, engine="qbft")
    said = read_until(second, "… Disburse")
    children = psutil.Process(second.pid).children(recursive=True)
    said += rest(second)
    assert second.returncode == 0, said
    assert checked(said) == ["1", "2", "3", "4", "5", "6"], said
    assert "Everything is `final`" in said
    assert "GoQuorum, a stand-in for Besu" in said
    assert not left_running(children)

    report = json.loads((folder / "report.json").read_text())
    assert (report["engine"], report["differences"]) == ("qbft", 0)
    assert [list(states) for states in report["states"].values()] == [["final"]] * len(CAST)
    assert [sealer["member"] for sealer in report["validators"]] == MEMBERS
    blocks = sum(sealer["proposed"] for sealer in report["validators"])
    assert all(sealer["proposed"] for sealer in report["validators"])
    for member in MEMBERS:
        assert sum(sealer["sealed"][member] for sealer in report["validators"]) >= 3 * blocks
    kinds = {f"{kind} of {member}" for kind in ("validator", "gateway") for member in MEMBERS}
    assert kinds | {"demonstration"} == report["processes"].keys()
    assert all(taken["peak_bytes"] and taken["cpu_s"] for taken in report["processes"].values())
