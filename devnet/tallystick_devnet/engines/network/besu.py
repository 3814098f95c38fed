"""An operator's own Besu ≥ 26.9 (JDK 25): the production engine, its header format the stand-in's bit for bit.

From its documentation, its changelog up to 26.9 and its source (nothing of it comes with this project):

* London is its oldest fork that is kept alive; `zeroBaseFee` makes it free of charge, and headers have 16 items.
  `baseFeePerGas` must be given: block 0 would have 1 gwei. `tx-pool-price-bump` is then 0 and may not be given.
* Bonsai, the default, keeps the state of recent blocks only; Forest keeps all. Receipts stay with either.
* Allow-lists name a node by key, address and port, and are read again only when told to (`perm_…FromFile`); peers that
  are no longer in them are dropped then. A static node that is not in them keeps Besu from starting.
* It is configured by one TOML file a node, whose names are those of the command line.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

from tallystick.client import Node
from tallystick.qbft import QBFT_MIX_HASH
from tallystick_devnet.engines.network.settings import NetworkNode, NetworkSettings
from tallystick_devnet.engines.network.software import Setup
from tallystick_devnet.errors import BesuMissing

__all__ = ["Besu", "node_options"]

LEAST_BESU: Final = (26, 9)
_FORKS: Final = (
    *("homesteadBlock", "eip150Block", "eip158Block", "byzantiumBlock", "constantinopleBlock"),
    *("petersburgBlock", "istanbulBlock", "berlinBlock", "londonBlock"),
)
_EPOCH_LENGTH: Final = 30_000
_POOL_TRANSACTIONS: Final = 50_000
_APIS: Final = ("ETH", "NET", "WEB3", "QBFT", "ADMIN", "TXPOOL", "PERM")
_ALLOW_LIST: Final = "permissions_config.toml"
_STATIC_NODES: Final = "static-nodes.json"
_CONFIGURATION: Final = "besu.toml"
_VERSION_TIMEOUT_S: Final = 60
_HEAP: Final = "-Xmx1g"


class Besu:
    """See `Software`."""

    engine: Final = "besu"
    foreign_genesis: Final = re.compile("genesis block does not match")

    @property
    def environment(self) -> Mapping[str, str]:
        """A heap that four nodes on one machine can have, unless the operator chose one."""
        return {"BESU_OPTS": os.environ.get("BESU_OPTS", _HEAP)}

    def find(self) -> Path:
        """`TALLY_BESU`, else `besu` on PATH, new enough. Raises `BesuMissing`."""
        program = os.environ.get("TALLY_BESU") or shutil.which("besu")
        if program is None:
            raise BesuMissing(reason="there is no `besu` on PATH")
        try:
            told = subprocess.run(
                [program, "--version"],
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_VERSION_TIMEOUT_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as why:
            raise BesuMissing(reason=f"{program} cannot be run: {why}") from None
        found = re.search(r"besu/v?(\d+)\.(\d+)", told.stdout)
        if found is None:
            said = (told.stderr or told.stdout).strip().splitlines()
            raise BesuMissing(reason=f"{program} does not say its version: {said[-1] if said else 'it says nothing'}")
        if (int(found[1]), int(found[2])) < LEAST_BESU:
            raise BesuMissing(reason=f"{program} is {found[0]}, which is too old")
        return Path(program).absolute()

    def genesis(self, settings: NetworkSettings) -> Mapping[str, Any]:
        """All forks to London at 0, free of charge."""
        timing = settings.timing
        qbft = {
            "epochlength": _EPOCH_LENGTH,
            "blockperiodseconds": timing.block_time_s,
            "requesttimeoutseconds": timing.request_timeout_s,
        }
        if timing.empty_block_time_s > timing.block_time_s:
            qbft["emptyblockperiodseconds"] = timing.empty_block_time_s
        return {
            "config": {"chainId": settings.chain_id, **dict.fromkeys(_FORKS, 0), "zeroBaseFee": True, "qbft": qbft},
            "timestamp": hex(settings.genesis_timestamp),
            "gasLimit": hex(settings.gas_limit),
            "baseFeePerGas": "0x0",
            "difficulty": "0x1",
            "nonce": "0x0",
            "coinbase": f"0x{bytes(20).hex()}",
            "mixHash": f"0x{QBFT_MIX_HASH.hex()}",
            "extraData": f"0x{settings.genesis_extra_data.hex()}",
            "alloc": {},
        }

    def key_file(self, home: Path) -> Path:
        """Where Besu would make one itself."""
        return home / "key"

    def has_chain(self, home: Path) -> bool:
        """Whether there is a database."""
        return (home / "database").exists()

    def write_node_files(self, setup: Setup) -> None:
        """One TOML file of options."""
        lines = [_toml(name, value) for name, value in node_options(setup).items()]
        (setup.home / _CONFIGURATION).write_text("".join(lines))

    def write_allow_list(self, home: Path, peers: Collection[NetworkNode]) -> None:
        """Whom it lets in, and whom it calls, which may be nobody else."""
        enodes = [peer.enode for peer in peers]
        for name, text in ((_ALLOW_LIST, _toml("nodes-allowlist", enodes)), (_STATIC_NODES, json.dumps(enodes))):
            draft = home / f"{name}.new"
            draft.write_text(text)
            draft.replace(home / name)

    def read_again(self, node: Node) -> None:
        """It must be told to."""
        node.call("perm_reloadPermissionsFromFile")

    def prepare(self, program: Path, setup: Setup) -> list[str] | None:
        """It does so itself."""
        return None

    def command(self, program: Path, setup: Setup) -> list[str]:
        """Everything is in the file."""
        return [str(program), f"--config-file={setup.home / _CONFIGURATION}"]


def node_options(setup: Setup) -> Mapping[str, object]:
    """A validator's options: it listens on loopback only, keeps all state, and charges nothing.

    Accounts are not restricted here: whoever may act is decided by signatures that the contracts check.
    """
    home, gas = setup.home, setup.settings.gas_limit
    return {
        "genesis-file": str(setup.genesis),
        "data-path": str(home),
        "node-private-key-file": str(home / "key"),
        "sync-mode": "FULL",
        "data-storage-format": "FOREST",
        "p2p-host": "127.0.0.1",
        "p2p-interface": "127.0.0.1",
        "p2p-port": setup.node.p2p_port,
        "nat-method": "NONE",
        "discovery-enabled": False,
        "static-nodes-file": str(home / _STATIC_NODES),
        "remote-connections-limit-enabled": False,
        "permissions-nodes-config-file-enabled": True,
        "permissions-nodes-config-file": str(home / _ALLOW_LIST),
        "rpc-http-enabled": True,
        "rpc-http-host": "127.0.0.1",
        "rpc-http-port": setup.node.rpc_port,
        "rpc-http-api": list(_APIS),
        "host-allowlist": ["localhost", "127.0.0.1"],
        "rpc-gas-cap": gas,
        "min-gas-price": 0,
        "target-gas-limit": gas,
        "tx-pool": "SEQUENCED",
        "tx-pool-max-size": _POOL_TRANSACTIONS,
        "tx-pool-limit-by-account-percentage": 1.0,
        "logging": "INFO",
        "color-enabled": False,
    }


def _toml(name: str, value: object) -> str:
    """A line of TOML: its strings, numbers, booleans and lists of them are written as JSON's are."""
    return f"{name}={json.dumps(value, ensure_ascii=False)}\n"
