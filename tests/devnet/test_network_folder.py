"""A network's folder: what it keeps, what is refused with cause and next step, and that nothing is left running."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tallystick.client import Node
from tallystick.keys import ActKey
from tallystick_devnet.engines import NodeState, QbftEngine, engine_at, make_engine, stop_at
from tallystick_devnet.engines.keeper import bound_log
from tallystick_devnet.engines.network.files import make_network, write_genesis
from tallystick_devnet.engines.network.goquorum import GoQuorum
from tallystick_devnet.engines.network.settings import NetworkFolder, NetworkSettings, Timing
from tallystick_devnet.errors import (
    DevnetError,
    EngineNotRunning,
    EngineOther,
    FolderForeign,
    FolderLocked,
    FolderTaken,
    GenesisForeign,
    NodeFailed,
    NodeKeyForeign,
    NodeKeyMissing,
    PortsTooHigh,
    PortTaken,
    StateForeign,
)
from tests.devnet.support import processes_of, until

pytestmark = pytest.mark.chain

SLEEPER = """
import sys, time
from pathlib import Path
from tallystick_devnet.engines import QbftEngine
with QbftEngine(Path(sys.argv[1])) as engine:
    print(engine.chain_id, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def folder(quorum: Path, tmp_path: Path) -> Path:
    return tmp_path / "chain"


def made(folder: Path) -> NetworkSettings:
    """A network's folder as it is before its first start."""
    network, software = NetworkFolder(folder), GoQuorum()
    timing = Timing(request_timeout_s=2)
    settings = make_network(network, software, validators=4, gas_limit=100_000_000, timing=timing)
    write_genesis(network, software, settings, print)
    return settings


def start_elsewhere(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", SLEEPER, str(folder)], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip().isdigit()
    return process


def refused(folder: Path, kind: type[DevnetError]) -> DevnetError:
    """What starting the network says; nothing runs afterwards."""
    with pytest.raises(kind) as why:
        QbftEngine(folder).start()
    assert processes_of(folder) == []
    assert why.value.advice
    return why.value


# ---------------------------------------------------------------- what it keeps


def test_a_network_goes_on_where_it_was_on_the_same_addresses(folder: Path) -> None:
    with QbftEngine(folder, request_timeout_s=2) as engine, Node(engine.endpoints[2].url) as node:
        until(lambda: node.height() >= 2)
        block, identity, endpoints = node.block(2), (engine.chain_id, engine.genesis), engine.endpoints
    again = engine_at(folder)
    assert again.name == "qbft"
    with again as engine, Node(endpoints[2].url) as node:
        assert (engine.chain_id, engine.genesis, engine.endpoints) == (*identity, endpoints)
        assert node.block(2) == block
        until(lambda: node.height() >= 3)


def test_a_temporary_network_leaves_no_folder(quorum: Path) -> None:
    with QbftEngine() as engine:
        folder = engine.folder
        assert 2**32 <= engine.chain_id < 2**52
    assert not folder.exists()
    assert processes_of(folder) == []


def test_seven_validators_are_as_easily_had(folder: Path) -> None:
    with make_engine("qbft", folder, validators=7) as engine:
        assert len(engine.endpoints) == len(engine.validators) == 7


def test_a_log_is_set_aside_before_it_grows_without_end(tmp_path: Path) -> None:
    log = tmp_path / "node.log"
    with log.open("ab") as writer:
        writer.write(b"a" * 100)
        writer.flush()
        bound_log(log, largest=99)
        writer.write(b"b")
    assert log.read_bytes() == b"b"
    assert (tmp_path / "node.log.1").read_bytes() == b"a" * 100


# ---------------------------------------------------------------- nothing is left running


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_nothing_runs_on_after_the_process_that_started_it_is_gone(folder: Path, number: signal.Signals) -> None:
    user = start_elsewhere(folder)
    assert len(processes_of(folder)) >= 5
    QbftEngine(folder).pause(1)
    user.send_signal(number)
    user.wait()
    until(lambda: not processes_of(folder))


def test_nothing_runs_on_after_the_supervisor_is_killed_not_even_a_paused_node(folder: Path) -> None:
    user = start_elsewhere(folder)
    engine = QbftEngine(folder)
    supervisor = engine.status().supervisor
    assert supervisor is not None
    engine.pause(1)
    os.kill(supervisor, signal.SIGKILL)
    until(lambda: not [process for process in processes_of(folder) if process.pid != user.pid])
    with pytest.raises(EngineNotRunning):
        engine.restart(1)
    user.kill()
    user.wait()
    with QbftEngine(folder) as engine:  # the lock it left hinders nobody
        assert [node.state for node in engine.status().nodes] == [NodeState.RUNNING] * 4


def test_nothing_runs_after_a_start_that_failed_half_way(folder: Path) -> None:
    settings = made(folder)
    blocked = folder / "node3" / "geth" / "chaindata"
    blocked.write_bytes(b"")  # a file where the database should be
    why = refused(folder, NodeFailed)
    assert why.values["node"] == 3
    assert str(folder / "node3" / "node.log") in str(why)
    blocked.unlink()
    with QbftEngine(folder) as engine:
        assert engine.chain_id == settings.chain_id


# ---------------------------------------------------------------- what is refused


def test_a_taken_port_is_named(folder: Path) -> None:
    settings = made(folder)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", settings.nodes[2].rpc_port))
        taken.listen()
        why = refused(folder, PortTaken)
        assert why.values == {"port": settings.nodes[2].rpc_port}
        assert "--port" in why.advice


def test_ports_can_be_chosen_and_a_taken_one_between_nodes_is_passed_over(folder: Path) -> None:
    settings = made(folder)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", settings.nodes[2].p2p_port))
        taken.listen()
        with QbftEngine(folder, port=0) as engine:
            assert {int(endpoint.url.rsplit(":", 1)[1]) for endpoint in engine.endpoints}.isdisjoint(
                node.rpc_port for node in settings.nodes
            )
            until(lambda: [node.peers for node in engine.status().nodes] == [3, 3, 3, 3])


def test_ports_beyond_the_last_are_refused(folder: Path) -> None:
    made(folder)
    with pytest.raises(PortsTooHigh):
        QbftEngine(folder, port=65_533).start()
    assert processes_of(folder) == []


def test_ports_are_chosen_in_a_row_and_none_is_used_twice(folder: Path) -> None:
    settings = made(folder)
    wanted = settings.nodes[0].p2p_port - 1  # the next is where peers would be listened to
    try:
        with QbftEngine(folder, port=wanted) as engine:
            assert [endpoint.url.rsplit(":", 1)[1] for endpoint in engine.endpoints] == [
                str(wanted + offset) for offset in range(4)
            ]
            until(lambda: [node.peers for node in engine.status().nodes] == [3, 3, 3, 3])
    except PortTaken:
        pytest.skip("another process of this machine has one of these ports now")


def test_what_was_asked_of_a_supervisor_that_is_gone_is_forgotten(folder: Path) -> None:
    made(folder)
    (folder / "ask-1.json").write_text('{"node": 2}')
    (folder / "answer-0.json").write_text("{}")
    with QbftEngine(folder) as engine:
        pids = [node.pid for node in engine.status().nodes]
        for nonsense in ("", "[]", '{"node": "2"}'):
            (folder / "ask-2.json").write_text(nonsense)
            engine.restart(3)
        assert [node.pid for node in engine.status().nodes][:3] == pids[:3]
        assert not list(folder.glob("a*-*.json"))


def test_a_network_is_stopped_even_if_its_chain_json_is_spoilt(folder: Path) -> None:
    QbftEngine(folder).start(detached=True)
    (folder / "chain.json").write_text("{")
    assert stop_at(folder)
    assert processes_of(folder) == []
    assert not stop_at(folder)


def test_a_second_start_on_a_folder_is_refused_and_told_who_has_it(folder: Path) -> None:
    with QbftEngine(folder) as first:
        with pytest.raises(FolderLocked) as why:
            QbftEngine(folder).start()
        assert why.value.pid == first.status().supervisor
        assert [node.state for node in first.status().nodes] == [NodeState.RUNNING] * 4


@pytest.mark.parametrize("content", ["", "0123", "zz" * 32, "00" * 32, None])
def test_a_node_without_its_key_is_named(folder: Path, content: str | None) -> None:
    made(folder)
    key = folder / "node2" / "geth" / "nodekey"
    if content is None:
        key.unlink()
    else:
        key.write_text(content)
    why = refused(folder, NodeKeyMissing)
    assert (why.values["node"], why.values["path"]) == (2, key)


def test_a_key_of_another_chain_is_refused(folder: Path) -> None:
    settings = made(folder)
    stranger = ActKey.generate()
    (folder / "node1" / "geth" / "nodekey").write_text(stranger.secret.hex())
    why = refused(folder, NodeKeyForeign)
    assert stranger.address.hex() in str(why)
    assert settings.nodes[1].validator in str(why)
    assert stranger.secret.hex() not in str(why)


def test_two_nodes_with_one_key_are_refused(folder: Path) -> None:
    made(folder)
    shutil.copyfile(folder / "node0" / "geth" / "nodekey", folder / "node1" / "geth" / "nodekey")
    assert "node 0's" in str(refused(folder, NodeKeyForeign))


def test_the_genesis_of_another_network_is_refused(folder: Path, tmp_path: Path) -> None:
    made(folder)
    made(tmp_path / "other")
    shutil.copyfile(tmp_path / "other" / "genesis.json", folder / "genesis.json")
    refused(folder, GenesisForeign)
    (folder / "genesis.json").unlink()
    with QbftEngine(folder):
        pass


def test_a_genesis_that_was_cut_is_written_again(folder: Path) -> None:
    made(folder)
    whole = (folder / "genesis.json").read_bytes()
    (folder / "genesis.json").write_bytes(whole[: len(whole) // 2])
    with QbftEngine(folder) as engine:
        assert "genesis.json was cut" in engine.log().read_text()
    assert json.loads((folder / "genesis.json").read_bytes()) == json.loads(whole)


def test_the_blocks_of_another_network_are_refused(folder: Path, tmp_path: Path) -> None:
    with QbftEngine(tmp_path / "other") as engine, QbftEngine(folder):
        other = engine.genesis.hash
    shutil.rmtree(folder / "node3" / "geth" / "chaindata")
    shutil.copytree(tmp_path / "other" / "node3" / "geth" / "chaindata", folder / "node3" / "geth" / "chaindata")
    why = refused(folder, StateForeign)
    assert other.hex() in str(why)


def test_blocks_that_were_cut_are_said_with_the_node_and_the_way_on(folder: Path) -> None:
    made(folder)
    with QbftEngine(folder):
        pass
    (folder / "node2" / "geth" / "chaindata" / "CURRENT").write_bytes(b"")
    why = refused(folder, NodeFailed)
    assert "corrupted or incomplete CURRENT file" in str(why)
    assert "fetches its blocks from the others" in why.advice


def test_a_node_whose_blocks_are_gone_fetches_them_again(folder: Path) -> None:
    with QbftEngine(folder, request_timeout_s=2) as engine, Node(engine.endpoints[3].url) as node:
        until(lambda: node.height() >= 2)
        engine.kill(3)
        shutil.rmtree(folder / "node3" / "geth" / "chaindata")
        engine.restart(3)
        until(lambda: node.height() >= 2)


def cut(folder: Path) -> None:
    whole = (folder / "chain.json").read_bytes()
    (folder / "chain.json").write_bytes(whole[: len(whole) // 2])


def of_a_later_version(folder: Path) -> None:
    settings = json.loads((folder / "chain.json").read_bytes())
    (folder / "chain.json").write_text(json.dumps({**settings, "format": "tallystick-network/9"}))


def without_a_key(folder: Path) -> None:
    settings = json.loads((folder / "chain.json").read_bytes())
    settings["nodes"][0]["public_key"] = "00"
    (folder / "chain.json").write_text(json.dumps(settings))


def without_chain_json(folder: Path) -> None:
    (folder / "node0" / "geth" / "chaindata").mkdir()
    (folder / "chain.json").unlink()


@pytest.mark.parametrize("spoil", [cut, of_a_later_version, without_a_key, without_chain_json])
def test_a_folder_that_is_not_whole_is_refused(folder: Path, spoil: Callable[[Path], None]) -> None:
    made(folder)
    spoil(folder)
    assert "--fresh" in refused(folder, FolderForeign).advice


def test_keys_that_were_made_just_before_the_machine_stopped_are_made_again(folder: Path) -> None:
    made(folder)
    (folder / "chain.json").unlink()
    (folder / "genesis.json").unlink()
    with QbftEngine(folder) as engine:
        assert len(engine.validators) == 4


def test_a_folder_of_other_files_is_left_as_it_is(folder: Path) -> None:
    folder.mkdir()
    (folder / "ledger.xlsx").write_text("theirs")
    refused(folder, FolderTaken)
    assert [path.name for path in folder.iterdir()] == ["ledger.xlsx"]


def test_a_chain_is_not_started_on_another_engine_than_its_own(folder: Path) -> None:
    made(folder)
    with pytest.raises(EngineOther, match="qbft, not embedded"):
        make_engine("embedded", folder)
    with pytest.raises(FolderForeign):
        make_engine("embedded").__class__(folder).start()
