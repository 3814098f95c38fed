"""GoQuorum 22.7, which stands in for Besu on a developer's machine; archived, and not for production.

Found by trying it:

* Its key is the validator's and the node's. It reads permissioned-nodes.json again for every connection.
* Without `--gcmode archive` a node that was killed goes back to the block it flushed last.
* Without `--txlookuplimit 0` receipts of transactions older than 2 350 000 blocks (27 days) are no longer found.
* `--port` would listen on every interface; the address is therefore in a configuration file.
* By default eth_call and eth_estimateGas stop at 25 M gas, less than a transaction may take.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

from tallystick.client import Node
from tallystick.qbft import QBFT_MIX_HASH
from tallystick_devnet.engines.network.building import find_quorum
from tallystick_devnet.engines.network.settings import NetworkNode, NetworkSettings
from tallystick_devnet.engines.network.showing import shown
from tallystick_devnet.engines.network.software import Setup

__all__ = ["GoQuorum"]

_FORKS: Final = (
    *("homesteadBlock", "eip150Block", "eip155Block", "eip158Block", "byzantiumBlock", "constantinopleBlock"),
    *("petersburgBlock", "istanbulBlock", "berlinBlock"),
)
_LARGEST_CODE_KB: Final = 64
_LARGEST_TRANSACTION_KB: Final = 128
_EPOCH_LENGTH: Final = 30_000
"""Blocks after which votes that no majority joined are forgotten."""
_POOL_SLOTS: Final = 50_000
_CONFIGURATION: Final = "node.toml"


class GoQuorum:
    """See `Software`."""

    engine: Final = "qbft"
    environment: Final[Mapping[str, str]] = {"PRIVATE_CONFIG": "ignore"}
    foreign_genesis: Final = re.compile(r"incompatible genesis \(have (?P<found>[0-9a-f]+)")

    def find(self) -> Path:
        """The program, built now if it never was, which is shown."""
        with shown() as show:
            return find_quorum(show)

    def genesis(self, settings: NetworkSettings) -> Mapping[str, Any]:
        """Berlin, no private transactions, 128 KB a transaction, 64 KB a contract, ⌈2n/3⌉ seals."""
        timing = settings.timing
        qbft = {
            "epochlength": _EPOCH_LENGTH,
            "blockperiodseconds": timing.block_time_s,
            "emptyblockperiodseconds": timing.empty_block_time_s,
            "requesttimeoutseconds": timing.request_timeout_s,
            "policy": 0,
            "ceil2Nby3Block": 0,
        }
        config = {
            "chainId": settings.chain_id,
            **dict.fromkeys(_FORKS, 0),
            "isQuorum": True,
            "txnSizeLimit": _LARGEST_TRANSACTION_KB,
            "maxCodeSizeConfig": [{"block": 0, "size": _LARGEST_CODE_KB}],
            "qip714Block": 0,
            "qbft": qbft,
        }
        return {
            "config": config,
            "timestamp": hex(settings.genesis_timestamp),
            "gasLimit": hex(settings.gas_limit),
            "difficulty": "0x1",
            "nonce": "0x0",
            "coinbase": f"0x{bytes(20).hex()}",
            "mixHash": f"0x{QBFT_MIX_HASH.hex()}",
            "extraData": f"0x{settings.genesis_extra_data.hex()}",
            "alloc": {},
        }

    def key_file(self, home: Path) -> Path:
        """`geth/nodekey`."""
        return home / "geth" / "nodekey"

    def has_chain(self, home: Path) -> bool:
        """Whether there is a database."""
        return (home / "geth" / "chaindata").exists()

    def write_node_files(self, setup: Setup) -> None:
        """The address to listen on."""
        listen = f'[Node.P2P]\nListenAddr = "127.0.0.1:{setup.node.p2p_port}"\n'
        (setup.home / _CONFIGURATION).write_text(listen)

    def write_allow_list(self, home: Path, peers: Collection[NetworkNode]) -> None:
        """Whom it lets in, and whom it calls."""
        enodes = json.dumps([peer.enode for peer in peers], indent=1)
        for name in ("permissioned-nodes.json", "static-nodes.json"):
            draft = home / f"{name}.new"
            draft.write_text(enodes)
            draft.replace(home / name)

    def read_again(self, node: Node) -> None:
        """It does so by itself."""

    def prepare(self, program: Path, setup: Setup) -> list[str] | None:
        """`geth init`, which refuses a folder that has another block 0."""
        return [str(program), "--verbosity", "2", "--datadir", str(setup.home), "init", str(setup.genesis)]

    def command(self, program: Path, setup: Setup) -> list[str]:
        """A validator that listens on loopback only."""
        gas = str(setup.settings.gas_limit)
        command = [str(program), "--config", str(setup.home / _CONFIGURATION), "--datadir", str(setup.home)]
        command += ["--networkid", str(setup.settings.chain_id), "--nodiscover", "--nat", "none", "--permissioned"]
        command += ["--mine", "--miner.threads", "1", "--miner.gasprice", "0"]
        command += ["--miner.gaslimit", gas, "--miner.gastarget", gas, "--rpc.gascap", gas]
        command += ["--syncmode", "full", "--gcmode", "archive", "--txlookuplimit", "0", "--cache", "128"]
        for pool in ("globalslots", "accountslots", "globalqueue", "accountqueue"):
            command += [f"--txpool.{pool}", str(_POOL_SLOTS)]
        command += ["--http", "--http.addr", "127.0.0.1", "--http.port", str(setup.node.rpc_port)]
        command += ["--http.api", "eth,net,web3,istanbul,admin,txpool,debug", "--ipcdisable"]
        return command
