"""`tally devnet …` as a person or a script uses it."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tallystick_devnet.engines import EmbeddedEngine
from tests.devnet.support import processes_of, until

pytestmark = pytest.mark.chain


class Tally:
    """Runs `tally devnet` on one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, command: str, *options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.line(command, *options), capture_output=True, text=True, check=False)

    def line(self, command: str, *options: str) -> list[str]:
        start = "import sys; from tallystick_gateway.kit.cli import main; main(sys.argv[1:])"
        return [sys.executable, "-c", start, "--json", "devnet", command, "--folder", str(self.folder), *options]

    def answer(self, command: str, *options: str) -> Any:
        done = self(command, *options)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def tally(tmp_path: Path) -> Iterator[Tally]:
    tally = Tally(tmp_path / "chain")
    yield tally
    tally("down")
    assert processes_of(tally.folder) == []


def test_up_outlives_its_command_and_down_ends_it(tally: Tally) -> None:
    started = tally.answer("up")
    found = tally.answer("status")
    assert found["chain_id"] == started["chain_id"] == EmbeddedEngine(tally.folder).chain_id
    assert found["nodes"][0]["state"] == "running"
    assert tally.answer("down") == {"stopped": True}
    assert processes_of(tally.folder) == []
    assert tally.answer("down") == {"stopped": False}


def test_status_says_by_its_exit_code_whether_all_is_well(tally: Tally) -> None:
    never = tally("status")
    assert (never.returncode, json.loads(never.stderr)["code"]) == (1, "devnet.not_running")
    tally.answer("up")
    assert tally("status").returncode == 0
    EmbeddedEngine(tally.folder).kill(0)
    killed = tally("status")
    assert (killed.returncode, json.loads(killed.stdout)["nodes"][0]["state"]) == (1, "down")
    tally.answer("down")
    stopped = tally("status")
    assert (stopped.returncode, json.loads(stopped.stdout)["nodes"]) == (1, [])


def test_up_goes_on_with_the_chain_unless_told_to_begin_afresh(tally: Tally) -> None:
    first = tally.answer("up")
    tally.answer("down")
    again = tally.answer("up")
    assert again["genesis_hash"] == first["genesis_hash"]
    tally.answer("down")
    assert tally.answer("up", "--fresh")["chain_id"] != first["chain_id"]


def test_a_second_up_is_refused_with_what_to_do(tally: Tally) -> None:
    tally.answer("up")
    for options in ((), ("--fresh",)):
        refused = tally("up", *options)
        problem = json.loads(refused.stderr)
        assert (refused.returncode, problem["code"]) == (1, "devnet.folder_locked")
        assert "tally devnet down" in problem["advice"]


def test_logs_tell_what_happened(tally: Tally) -> None:
    assert tally("logs").returncode == 1
    url = tally.answer("up")["nodes"][0]["url"]
    tally.answer("down")
    lines = tally("logs", "--lines", "2").stdout.splitlines()
    assert url in lines[0]
    assert lines[1].endswith("stopped")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_in_the_foreground_it_ends_with_its_command(tally: Tally, number: signal.Signals) -> None:
    command = subprocess.Popen(tally.line("up", "--foreground"), stdout=subprocess.PIPE, text=True)
    assert command.stdout is not None
    assert command.stdout.readline().startswith("{")
    command.send_signal(number)
    command.wait()
    until(lambda: not processes_of(tally.folder))
