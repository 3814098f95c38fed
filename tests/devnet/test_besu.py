"""A network of an operator's own Besu: what is written for it, and, where there is one, that it runs."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import rlp

from tallystick.client import Node
from tallystick.qbft import Validators, chain_hash, check_header, header_from_rpc
from tallystick_devnet.engines import BesuEngine, engine_at
from tallystick_devnet.engines.network.besu import Besu
from tallystick_devnet.engines.network.settings import NetworkFolder, NetworkSettings
from tallystick_devnet.errors import BesuMissing, FolderForeign
from tests.devnet.support import LOGS_ITS_BLOCK, Sender, processes_of, until


@pytest.fixture
def network(tmp_path: Path) -> BesuEngine:
    """A network's folder as `tally devnet besu-files` writes it."""
    engine = BesuEngine(tmp_path / "chain", gas_limit=100_000_000)
    engine.write_files(print)
    return engine


def settings_of(network: BesuEngine) -> NetworkSettings:
    settings = NetworkFolder(network.folder).settings()
    assert settings is not None
    return settings


def test_the_genesis_names_the_founders_and_makes_gas_free(network: BesuEngine) -> None:
    genesis = json.loads((network.folder / "genesis.json").read_bytes())
    vanity, validators, vote, round_, seals = rlp.decode(bytes.fromhex(genesis["extraData"][2:]), strict=True)
    assert validators == sorted(network.address_of(node) for node in range(4))
    assert (vanity, vote, round_, seals) == (bytes(32), [], b"", [])
    assert bytes.fromhex(genesis["mixHash"][2:]) == b"ctical byzantine fault tolerance"
    assert (genesis["baseFeePerGas"], genesis["difficulty"]) == ("0x0", "0x1")
    config = genesis["config"]
    assert (config["chainId"], config["zeroBaseFee"]) == (network.chain_id, True)
    assert config["berlinBlock"] == config["londonBlock"] == 0
    assert config["qbft"] == {"epochlength": 30_000, "blockperiodseconds": 1, "requesttimeoutseconds": 4}
    assert int(genesis["gasLimit"], 16) == 100_000_000


def test_empty_blocks_are_spaced_only_where_that_is_asked_for(tmp_path: Path) -> None:
    engine = BesuEngine(tmp_path / "chain", block_time_s=2, empty_block_time_s=60)
    engine.write_files(print)
    qbft = json.loads((engine.folder / "genesis.json").read_bytes())["config"]["qbft"]
    assert qbft == {
        "epochlength": 30_000,
        "blockperiodseconds": 2,
        "requesttimeoutseconds": 4,
        "emptyblockperiodseconds": 60,
    }


def test_a_node_listens_on_loopback_keeps_everything_and_speaks_to_the_others_only(network: BesuEngine) -> None:
    settings = settings_of(network)
    home = network.folder / "node1"
    options = tomllib.loads((home / "besu.toml").read_text())
    loopback = {options[name] for name in ("p2p-host", "p2p-interface", "rpc-http-host")}
    assert loopback == {"127.0.0.1"}
    assert options["host-allowlist"] == ["localhost", "127.0.0.1"]
    assert (options["p2p-port"], options["rpc-http-port"]) == (settings.nodes[1].p2p_port, settings.nodes[1].rpc_port)
    assert (options["sync-mode"], options["data-storage-format"]) == ("FULL", "FOREST")
    assert options["discovery-enabled"] is False
    assert options["permissions-nodes-config-file-enabled"] is True
    assert options["min-gas-price"] == 0
    assert options["target-gas-limit"] == options["rpc-gas-cap"] == 100_000_000
    assert {"ETH", "QBFT", "ADMIN", "PERM"} <= set(options["rpc-http-api"])
    assert options["genesis-file"] == str(network.folder / "genesis.json")
    allowed = tomllib.loads(Path(options["permissions-nodes-config-file"]).read_text())["nodes-allowlist"]
    assert allowed == [node.enode for node in settings.nodes]
    assert json.loads(Path(options["static-nodes-file"]).read_text()) == allowed
    key = Path(options["node-private-key-file"])
    assert key.stat().st_mode & 0o777 == 0o600
    assert len(bytes.fromhex(key.read_text())) == 32


def test_a_group_is_written_to_the_nodes_own_lists(network: BesuEngine) -> None:
    home, nodes = network.folder / "node0", settings_of(network).nodes
    Besu().write_allow_list(home, nodes[:2])
    enodes = [node.enode for node in nodes[:2]]
    assert tomllib.loads((home / "permissions_config.toml").read_text()) == {"nodes-allowlist": enodes}
    assert json.loads((home / "static-nodes.json").read_text()) == enodes


def test_files_written_again_are_the_same_and_the_folder_knows_its_engine(network: BesuEngine) -> None:
    before = {
        path: path.read_bytes() for path in network.folder.rglob("*") if path.name != "engine.lock" and path.is_file()
    }
    network.write_files(print)
    assert {path: path.read_bytes() for path in before} == before
    assert engine_at(network.folder).name == "besu"
    chain = json.loads((network.folder / "chain.json").read_bytes())
    (network.folder / "chain.json").write_text(json.dumps({**chain, "engine": "qbft"}))
    with pytest.raises(FolderForeign, match="qbft"):
        network.write_files(print)


def script(path: Path, says: str) -> str:
    path.write_text(f"#!/bin/sh\n{says}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("says", "reason"),
    [
        ("echo besu/v26.8.1/linux-x86_64/openjdk-java-25", "too old"),
        ("echo besu/v25.12.0/linux-x86_64/openjdk-java-21", "too old"),
        ("echo 'java: class file version 69.0 not supported' >&2; exit 1", "class file version"),
        ("exit 1", "it says nothing"),
    ],
)
def test_a_besu_that_cannot_serve_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, reason: str
) -> None:
    monkeypatch.setenv("TALLY_BESU", script(tmp_path / "besu", says))
    with pytest.raises(BesuMissing, match=reason):
        BesuEngine(tmp_path / "chain").start()
    assert not (tmp_path / "chain").exists()


def test_a_new_enough_besu_is_taken_from_where_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = script(tmp_path / "besu", "echo besu/v27.1.0/linux-x86_64/openjdk-java-25")
    monkeypatch.setenv("TALLY_BESU", named)
    assert Besu().find() == Path(named)


def test_without_a_besu_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TALLY_BESU", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BesuMissing) as why:
        Besu().find()
    assert "JDK 25" in why.value.advice
    assert "stand-in for Besu" in why.value.advice


# ---------------------------------------------------------------- with the operator's own


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BesuEngine]:
    """Four Besu validators. Skips where there is no Besu."""
    try:
        Besu().find()
    except BesuMissing as why:
        pytest.skip(f"{why}. {why.advice}")
    with BesuEngine(tmp_path_factory.mktemp("besu") / "chain") as engine:
        yield engine
    assert processes_of(engine.folder) == []


@pytest.mark.chain
def test_four_besu_validators_seal_blocks_of_sixteen_items(running: BesuEngine) -> None:
    validators = Validators.of(running.address_of(node) for node in range(4))
    with Node(running.endpoints[0].url) as node:
        sender = Sender(node, running.chain_id)
        receipt = sender.send(sender.deploy(LOGS_ITS_BLOCK))
        first, *blocks = node.blocks(range(int(str(receipt["blockNumber"]), 16) + 1))
    assert chain_hash(header_from_rpc(first.header)) == running.genesis.hash
    for block in blocks:
        header = header_from_rpc(block.header)
        assert len(header.items) == 16
        assert len(check_header(header, validators).signers) >= 3


@pytest.mark.chain
def test_besu_obeys_its_allow_list_and_comes_back_from_its_disk(running: BesuEngine) -> None:
    running.partition([{0, 1, 2}, {3}])
    with Node(running.endpoints[0].url) as others, Node(running.endpoints[3].url) as alone:
        until(lambda: alone.call("net_peerCount") == "0x0")
        seen = alone.height()
        until(lambda: others.height() >= seen + 3)
        running.partition([range(4)])
        until(lambda: alone.height() >= seen + 3)
        running.kill(3)
        running.restart(3)
        until(lambda: alone.height() >= others.height() - 1)
