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


# ---------------------------------------------------------------- a network


@pytest.fixture(scope="module")
def network(quorum: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tally]:
    """Four validators, left as they were by each test."""
    tally = Tally(tmp_path_factory.mktemp("network") / "chain")
    tally.answer("up", "--engine", "qbft", "--request-timeout", "2")
    yield tally
    assert tally.answer("down") == {"stopped": True}
    assert processes_of(tally.folder) == []


def test_the_engine_is_remembered_by_the_folder(network: Tally) -> None:
    found = network.answer("status")
    assert (found["engine"], len(found["nodes"])) == ("qbft", 4)
    assert len({node["validator"] for node in found["nodes"]}) == 4
    assert {node["state"] for node in found["nodes"]} == {"running"}
    refused = network("up", "--engine", "embedded")
    assert json.loads(refused.stderr)["code"] == "devnet.engine_other"
    assert json.loads(network("up").stderr)["code"] == "devnet.folder_locked"


def test_goquorum_is_called_a_stand_in_wherever_it_is_named(network: Tally) -> None:
    line = [part for part in network.line("up") if part != "--json"]
    network.answer("down")
    said = subprocess.run(line, capture_output=True, text=True, check=True).stdout
    assert "a stand-in for Besu" in said
    assert "not for production" in said


def test_a_node_is_killed_and_restarted_by_its_number(network: Tally) -> None:
    assert network.answer("kill", "1")["state"] == "down"
    assert network("status").returncode == 1
    again = network("kill", "1")
    assert (again.returncode, json.loads(again.stderr)["code"]) == (1, "devnet.node_down")
    assert network.answer("restart", "1")["state"] == "running"
    assert json.loads(network("restart", "7").stderr)["code"] == "devnet.node_unknown"


def test_a_node_is_paused_and_resumed(network: Tally) -> None:
    assert network.answer("pause", "2")["state"] == "paused"
    assert network.answer("resume", "2")["state"] == "running"


def test_a_network_is_divided_and_healed(network: Tally) -> None:
    assert network.answer("partition", "0,1", "2,3") == {"groups": [[0, 1], [2, 3]]}
    assert [node["peers"] for node in network.answer("status")["nodes"]] == [1, 1, 1, 1]
    assert json.loads(network("partition", "0,1", "2").stderr)["code"] == "devnet.groups_wrong"
    assert network("partition", "a").returncode == 2
    assert network.answer("heal") == {"groups": [[0, 1, 2, 3]]}


def test_each_node_has_its_log(network: Tally) -> None:
    assert "serving chain" in network("logs").stdout
    assert "QBFT" in network("logs", "3", "--lines", "1000").stdout
    assert json.loads(network("logs", "4").stderr)["code"] == "devnet.node_unknown"


def test_a_log_that_is_followed_shows_what_is_added_also_after_it_was_emptied(network: Tally) -> None:
    log = network.folder / "node0" / "node.log"
    with subprocess.Popen(network.line("logs", "0", "-f"), stdout=subprocess.PIPE, text=True) as following:
        assert following.stdout is not None
        assert following.stdout.readline()
        log.write_text("")  # as the supervisor does once it is large
        until(lambda: "Imported" in log.read_text() or "Committed" in log.read_text() or log.stat().st_size)
        assert following.stdout.readline()
        following.send_signal(signal.SIGINT)
    assert following.returncode == 130


def test_a_validator_is_added_and_stays(network: Tally) -> None:
    added = network.answer("add-validator")
    assert (added["node"], added["state"]) == (4, "running")
    network.answer("down")
    assert [node["validator"] for node in network.answer("up")["nodes"]][4] == added["validator"]


def test_what_needs_validators_says_which_engine_has_them(tally: Tally) -> None:
    assert tally("up", "--validators", "7").returncode == 2
    assert not tally.folder.exists()
    tally.answer("up")
    assert json.loads(tally("add-validator").stderr)["code"] == "devnet.not_on_this_engine"
    assert json.loads(tally("partition", "0,1", "2,3").stderr)["code"] == "devnet.not_on_this_engine"


def test_a_chain_is_replaced_by_one_on_another_engine_only_afresh(quorum: Path, tally: Tally) -> None:
    tally.answer("up")
    tally.answer("down")
    assert json.loads(tally("up", "--engine", "qbft").stderr)["code"] == "devnet.engine_other"
    started = tally.answer("up", "--engine", "qbft", "--validators", "5", "--fresh")
    assert (started["engine"], len(started["nodes"])) == ("qbft", 5)


def test_the_files_of_a_besu_network_are_written_and_nothing_is_started(tmp_path: Path) -> None:
    folder = tmp_path / "besu"
    start = "import sys; from tallystick_gateway.kit.cli import main; main(sys.argv[1:])"
    line = [sys.executable, "-c", start, "--json", "devnet", "besu-files", str(folder)]
    written = json.loads(subprocess.run(line, capture_output=True, text=True, check=True).stdout)
    assert len(written["validators"]) == 4
    assert {path.name for path in folder.iterdir()} >= {"genesis.json", "node0", "node3"}
    assert Tally(folder).answer("down") == {"stopped": False}
    assert Tally(folder)("status").returncode == 1
