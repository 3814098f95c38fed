"""The embedded engine: one anvil, for a first run and for tests of contracts and gateways.

It has one operator and no seals, so nothing on it is ever `final`. A chain is kept in its data folder from run to run.
A graceful end (`stop`, `tally devnet down`, ctrl-C, a killed parent or supervisor) loses no block; what waits in the
pool is lost and must be sent again. If anvil itself is killed by `kill -9`, or the machine stops, the chain goes on
from its last whole dump: at most `state_interval_s`, the time of one dump and a second are lost.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import ClassVar, Final

from tallystick.keys import Address
from tallystick_devnet.engines.embedded.anvil import find_anvil
from tallystick_devnet.engines.embedded.keeper import Options
from tallystick_devnet.engines.embedded.states import ChainSettings, DataFolder
from tallystick_devnet.engines.engine import DEFAULT_GAS_LIMIT, Genesis
from tallystick_devnet.engines.kept import KeptEngine
from tallystick_devnet.errors import EngineNotRunning, NodeUnknown, NotOnThisEngine

__all__ = ["EmbeddedEngine"]

DEFAULT_STATE_INTERVAL_S: Final = 5
"""Measured: with 640 000 storage slots (365 MB a dump) 5 s cost 1 % of throughput, 2 s cost 9 %."""
_ONLY_NODE: Final = 0


class EmbeddedEngine(KeptEngine[DataFolder]):
    """One embedded chain; see `Engine` for what each method does.

    `data_dir` None is a new chain in a temporary folder that goes with it. `gas_limit` and `block_time_s` count when
    the chain is made; afterwards the folder's own hold. `port` None is the chain's port of before, else a free one.
    """

    name: ClassVar[str] = "embedded"

    def __init__(
        self,
        data_dir: Path | None = None,
        *,
        port: int | None = None,
        gas_limit: int = DEFAULT_GAS_LIMIT,
        block_time_s: int = 1,
        state_interval_s: int = DEFAULT_STATE_INTERVAL_S,
    ) -> None:
        super().__init__(DataFolder, data_dir)
        self._port, self._gas_limit = port, gas_limit
        self._block_time_s, self._state_interval_s = block_time_s, state_interval_s

    def _options(self) -> Mapping[str, object]:
        return asdict(
            Options(
                program=str(find_anvil()),
                gas_limit=self._gas_limit,
                block_time_s=self._block_time_s,
                state_interval_s=self._state_interval_s,
                port=self._port,
            )
        )

    def log(self, node: int | None = None) -> Path:
        """What the engine and its supervisor said. Raises `NodeUnknown`."""
        if node not in (None, _ONLY_NODE):
            raise NodeUnknown(node=node, last=_ONLY_NODE)
        return self._folder.log

    @property
    def chain_id(self) -> int:
        """Of the chain in the data folder. Raises `EngineNotRunning` before the first start."""
        return self._settings().chain_id

    @property
    def genesis(self) -> Genesis:
        """Of the chain in the data folder. Raises `EngineNotRunning` before the first start."""
        settings = self._settings()
        if settings.genesis_hash is None:
            raise EngineNotRunning(folder=self.folder)
        return Genesis(bytes.fromhex(settings.genesis_hash), settings.genesis_timestamp, settings.gas_limit)

    @property
    def url(self) -> str:
        """The one node's address."""
        return self.endpoints[_ONLY_NODE].url

    @property
    def validators(self) -> tuple[Address, ...]:
        """Nobody seals blocks here."""
        return ()

    def partition(self, groups: Sequence[Collection[int]]) -> None:
        """Raises `NotOnThisEngine` unless the one node is in the one group."""
        if [set(group) for group in groups] != [{_ONLY_NODE}]:
            raise NotOnThisEngine(engine=self.name, operation="be partitioned")

    def _settings(self) -> ChainSettings:
        if (settings := self._folder.settings()) is None:
            raise EngineNotRunning(folder=self.folder)
        return settings
