"""The demonstration: it agrees, it notices a gateway that dies, and it goes on where it was."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.chain

LOANS = "60"
WITHIN_S = 300


def start(folder: Path, *, go_on: bool) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tallystick_gateway", "devnet", "demo", "--folder", str(folder), "--loans", LOANS],
        env={**os.environ, "CONTINUE": "1" if go_on else "", "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def read_until(demo: subprocess.Popen[str], begins: str) -> str:
    """The output up to the line that announces a step."""
    assert demo.stdout is not None
    read = ""
    for line in demo.stdout:
        read += line
        if line.startswith(begins):
            return read
    raise AssertionError(f"the demonstration never came to {begins!r}:\n{read}")


def kill_gateway(demo: subprocess.Popen[str], member: str) -> None:
    """kill -9 of that member's gateway, found among the demonstration's own children."""
    for child in psutil.Process(demo.pid).children():
        arguments = child.cmdline()
        if "serve" in arguments and any(argument.endswith(f"/{member}") for argument in arguments):
            os.kill(child.pid, signal.SIGKILL)
            return
    raise AssertionError(f"no gateway of {member} runs")


def rest(demo: subprocess.Popen[str]) -> str:
    output, _ = demo.communicate(timeout=WITHIN_S)
    return output


def test_after_kill_9_of_gateways_in_the_middle_it_goes_on_and_all_agree(tmp_path: Path) -> None:
    first = start(tmp_path / "demo", go_on=False)
    read_until(first, "… Disburse")
    children = psutil.Process(first.pid).children(recursive=True)
    kill_gateway(first, "originator")
    said = rest(first)
    assert first.returncode == 1, said
    assert "CONTINUE=1 make demo" in said
    assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]

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
    checks = re.findall(r"(\d) (?:chain alone|author's|openings)[^│]*│\s*none", said)
    assert checks == ["1", "2", "3"], said
