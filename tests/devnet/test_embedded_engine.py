"""A chain that runs on this machine: what it keeps, and what it leaves behind."""

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tallystick.blocks import ethereum_hash, header_items
from tallystick.client import Node
from tallystick.receipts import receipt_from_rpc, receipts_root
from tallystick_devnet.engines import EmbeddedEngine, NodeState
from tallystick_devnet.engines.ports import free_port
from tallystick_devnet.errors import (
    EngineFailed,
    EngineNotRunning,
    EngineProgramMissing,
    FolderForeign,
    FolderLocked,
    FolderTaken,
    NodeUnknown,
    NotOnThisEngine,
    PortTaken,
    StateBroken,
    StateForeign,
)
from tests.devnet.support import LOGS_ITS_BLOCK, Sender, processes_of, until, whole_chain

pytestmark = pytest.mark.chain

SLEEPER = """
import sys, time
from pathlib import Path
from tallystick_devnet.engines import EmbeddedEngine
with EmbeddedEngine(Path(sys.argv[1])) as engine:
    print(engine.url, flush=True)
    while True:
        time.sleep(60)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "chain"


def start_elsewhere(folder: Path) -> subprocess.Popen[str]:
    """A process of its own that uses the engine in a `with` block and then sleeps."""
    process = subprocess.Popen(
        [sys.executable, "-c", SLEEPER, str(folder)], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("http://127.0.0.1:")
    return process


def wait_for_height(node: Node, least: int) -> int:
    """The height as soon as it is at least `least`."""
    until(lambda: node.height() >= least)
    return node.height()


def test_blocks_receipts_and_state_are_the_same_after_a_restart(folder: Path) -> None:
    with EmbeddedEngine(folder) as engine, Node(engine.url) as node:
        sender = Sender(node, engine.chain_id)
        contract = sender.deploy(LOGS_ITS_BLOCK)
        calls = [sender.send(contract) for _ in range(2)]
        height = int(str(calls[-1]["blockNumber"]), 16)
        before, code, identity = whole_chain(node, height), node.code(contract), (engine.chain_id, engine.genesis)
    for _ in range(2):  # anvil forgets its first block only in the second run after it
        with EmbeddedEngine(folder) as engine, Node(engine.url) as node:
            assert whole_chain(node, height) == before
            assert node.code(contract) == code
            assert (engine.chain_id, engine.genesis) == identity
            newer = node.blocks(range(height, wait_for_height(node, height + 1) + 1))
            assert all(b.parent_hash == a.hash for a, b in itertools.pairwise(newer))
            assert all(b.timestamp > a.timestamp for a, b in itertools.pairwise(newer))


def test_every_block_hash_and_receipts_root_can_be_rebuilt(folder: Path) -> None:
    with EmbeddedEngine(folder) as engine, Node(engine.url) as node:
        sender = Sender(node, engine.chain_id)
        contract = sender.deploy(LOGS_ITS_BLOCK)
        receipt = sender.send(contract)
        chain = whole_chain(node, int(str(receipt["blockNumber"]), 16))
        for block, receipts in chain:
            assert ethereum_hash(header_items(block.header)) == block.hash
            assert receipts_root([receipt_from_rpc(entry) for entry in receipts]) == block.receipts_root
        assert engine.genesis.hash == chain[0][0].hash
        seen = bytes.fromhex(str(receipt["logs"][0]["data"])[2:])
        block = chain[-1][0]
        assert seen == block.number.to_bytes(32) + block.timestamp.to_bytes(32)


def test_a_chain_has_a_random_id_of_the_protocol_and_keeps_its_port(tmp_path: Path) -> None:
    seen = set()
    for name in ("a", "b"):
        with EmbeddedEngine(tmp_path / name) as engine:
            seen.add(engine.chain_id)
            assert 2**32 <= engine.chain_id < 2**52
            with Node(engine.url) as node:
                node.check_chain_id(engine.chain_id)
            url = engine.url
        with EmbeddedEngine(tmp_path / name) as engine:
            assert engine.url == url
    assert len(seen) == 2


def test_an_engine_killed_outright_goes_on_from_its_last_whole_dump(folder: Path) -> None:
    with EmbeddedEngine(folder, state_interval_s=1) as engine, Node(engine.url) as node:
        sender = Sender(node, engine.chain_id)
        receipt = sender.send(sender.deploy(LOGS_ITS_BLOCK))
        height = int(str(receipt["blockNumber"]), 16)
        before = whole_chain(node, height)
        saved = folder / "state.json"
        until(lambda: saved.exists() and json.loads(saved.read_bytes())["best_block_number"] >= height)
        engine.kill(0)
        assert engine.status().nodes[0].state is NodeState.DOWN
        engine.restart(0)
        assert whole_chain(node, height) == before


def test_half_a_dump_is_passed_over_for_the_state_before_it(folder: Path) -> None:
    with EmbeddedEngine(folder) as engine, Node(engine.url) as node:
        sender = Sender(node, engine.chain_id)
        receipt = sender.send(sender.deploy(LOGS_ITS_BLOCK))
        before = whole_chain(node, int(str(receipt["blockNumber"]), 16))
    whole = (folder / "state.json").read_bytes()
    (folder / "dump.json").write_bytes(whole[: len(whole) // 2])
    with EmbeddedEngine(folder) as engine, Node(engine.url) as node:
        assert whole_chain(node, before[-1][0].number) == before
        assert "dump.json was cut" in engine.log().read_text()


def test_a_pause_loses_nothing_and_blocks_come_again(folder: Path) -> None:
    with EmbeddedEngine(folder) as engine, Node(engine.url) as node:
        height = wait_for_height(node, 1)
        engine.pause(0)
        assert engine.status().nodes[0].state is NodeState.PAUSED
        engine.resume(0)
        wait_for_height(node, height + 1)
        assert engine.status().nodes[0].state is NodeState.RUNNING


def test_a_paused_engine_can_be_stopped(folder: Path) -> None:
    with EmbeddedEngine(folder) as engine:
        engine.pause(0)
    assert processes_of(folder) == []


# ---------------------------------------------------------------- nothing is left running


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_runs_on_after_the_process_that_started_it_is_gone(folder: Path, number: signal.Signals) -> None:
    user = start_elsewhere(folder)
    assert len(processes_of(folder)) >= 2
    user.send_signal(number)
    user.wait()
    until(lambda: not processes_of(folder))
    with EmbeddedEngine(folder) as engine, Node(engine.url) as node:
        assert node.block(0).hash == engine.genesis.hash


def test_nothing_runs_on_after_its_supervisor_is_killed_and_no_block_is_lost(folder: Path) -> None:
    user = start_elsewhere(folder)
    engine = EmbeddedEngine(folder)
    with Node(engine.url) as node:
        wait_for_height(node, 1)
        seen = node.block("latest")
    supervisor = engine.status().supervisor
    assert supervisor is not None
    os.kill(supervisor, signal.SIGKILL)
    until(lambda: not [p for p in processes_of(folder) if p.pid != user.pid])
    user.kill()
    user.wait()
    with EmbeddedEngine(folder) as engine, Node(engine.url) as node:
        assert node.block(seen.number) == seen


def test_ctrl_c_on_the_terminal_ends_it_with_its_user(folder: Path) -> None:
    user = start_elsewhere(folder)
    os.killpg(user.pid, signal.SIGINT)
    user.wait()
    assert processes_of(folder) == []


def test_a_temporary_chain_leaves_no_folder() -> None:
    with EmbeddedEngine() as engine:
        folder = engine.folder
        assert folder.exists()
    assert not folder.exists()
    assert processes_of(folder) == []


# ---------------------------------------------------------------- what is refused


def test_a_second_engine_on_a_folder_is_refused_and_told_who_has_it(folder: Path) -> None:
    with EmbeddedEngine(folder) as first:
        with pytest.raises(FolderLocked) as refused:
            EmbeddedEngine(folder).start()
        assert refused.value.pid == first.status().supervisor


def test_a_lock_left_by_a_dead_process_does_not_hinder(folder: Path) -> None:
    with EmbeddedEngine(folder) as engine:
        chain_id = engine.chain_id
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    started = {"pid": gone.pid, "started": 1.0}
    (folder / "engine.lock").write_text(f"{gone.pid}\n")
    (folder / "run.json").write_text(
        json.dumps({"supervisor": started, "nodes": [{"process": started, "url": "http://127.0.0.1:1"}]})
    )
    with pytest.raises(EngineNotRunning):
        _ = EmbeddedEngine(folder).endpoints
    with EmbeddedEngine(folder) as engine:
        assert engine.chain_id == chain_id


def test_a_process_that_only_has_the_number_of_a_former_engine_is_left_alone(folder: Path) -> None:
    with EmbeddedEngine(folder):
        pass
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        former = {"pid": bystander.pid, "started": psutil.Process(bystander.pid).create_time() - 3600}
        nodes = [{"process": former, "url": "http://x"}]
        (folder / "run.json").write_text(json.dumps({"supervisor": former, "nodes": nodes}))
        EmbeddedEngine(folder).stop()
        with EmbeddedEngine(folder):
            pass
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_taken_port_is_named(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken) as refused:
            EmbeddedEngine(folder, port=port).start()
        assert refused.value.port == port
    assert processes_of(folder) == []


def test_a_chosen_port_is_used(folder: Path) -> None:
    port = free_port()
    with EmbeddedEngine(folder, port=port) as engine:
        assert engine.url == f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("content", [b"", b'{"block": {', b"\x00\xff\x00", b'{"block":1,"historical_states":null}'])
def test_a_folder_without_a_whole_state_is_refused_with_cause_and_next_step(folder: Path, content: bytes) -> None:
    with EmbeddedEngine(folder):
        pass
    for name in ("state.json", "previous.json", "dump.json"):
        (folder / name).write_bytes(content)
    with pytest.raises(StateBroken) as refused:
        EmbeddedEngine(folder).start()
    assert "--fresh" in refused.value.advice
    assert processes_of(folder) == []


def test_the_state_of_another_chain_is_refused(tmp_path: Path) -> None:
    with EmbeddedEngine(tmp_path / "a"), EmbeddedEngine(tmp_path / "b", gas_limit=100_000_000):
        pass
    (tmp_path / "b" / "state.json").replace(tmp_path / "a" / "state.json")
    with pytest.raises(StateForeign):
        EmbeddedEngine(tmp_path / "a").start()
    assert processes_of(tmp_path / "a") == []


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b"{}", b'{"format":"tallystick-embedded/9"}', b'{"format":"tallystick-embedded/1"}']
)
def test_a_folder_of_something_else_is_refused(folder: Path, content: bytes) -> None:
    folder.mkdir()
    (folder / "chain.json").write_bytes(content)
    with pytest.raises(FolderForeign):
        EmbeddedEngine(folder).start()


def test_a_folder_of_other_files_is_left_as_it_is(folder: Path) -> None:
    folder.mkdir()
    for name in ("passwd", "state.json"):
        (folder / name).write_text("theirs")
    engine = EmbeddedEngine(folder)
    for begin in (engine.start, engine.wipe):
        with pytest.raises(FolderTaken, match="passwd"):
            begin()
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"passwd": "theirs", "state.json": "theirs"}
    assert processes_of(folder) == []


def test_a_missing_program_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALLY_ANVIL", str(folder / "nowhere"))
    with pytest.raises(EngineProgramMissing) as refused:
        EmbeddedEngine(folder).start()
    assert "npm ci" in refused.value.advice


def test_a_place_that_cannot_hold_a_chain_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(EngineFailed):
        EmbeddedEngine(tmp_path / "file" / "chain").start()


def test_what_needs_several_nodes_is_refused(folder: Path) -> None:
    with EmbeddedEngine(folder) as engine:
        with pytest.raises(NotOnThisEngine):
            engine.partition([{0}, {1}])
        with pytest.raises(NodeUnknown):
            engine.kill(1)
        engine.partition([{0}])
        assert engine.validators == ()


def test_a_folder_that_never_held_a_chain_says_so(folder: Path) -> None:
    engine = EmbeddedEngine(folder)
    engine.stop()
    for ask in (lambda: engine.chain_id, lambda: engine.endpoints, engine.status, lambda: engine.kill(0)):
        with pytest.raises(EngineNotRunning):
            ask()
