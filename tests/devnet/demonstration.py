"""Runs of `tally devnet demo` as processes, and what tests do to them in the middle."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil

__all__ = ["checked", "kill_gateway", "left_running", "read_until", "rest", "start"]

LOANS = "60"
WITHIN_S = 300


def start(folder: Path, *, go_on: bool, engine: str = "embedded") -> subprocess.Popen[str]:
    """The demonstration of a few loans in that folder, afresh or going on."""
    options = ["--engine", engine, "--folder", str(folder), "--loans", LOANS]
    return subprocess.Popen(
        [sys.executable, "-m", "tallystick_gateway", "devnet", "demo", *options],
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
    """The output to its end."""
    output, _ = demo.communicate(timeout=WITHIN_S)
    return output


def left_running(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those of the processes that still run."""
    return [one for one in processes if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


def checked(said: str) -> list[str]:
    """The numbers of the checks that found no difference, by the closing table."""
    return re.findall(r"│ (\d) (?:chain alone|author's|openings|every gateway|seals|no node)[^│]*│\s*none", said)
