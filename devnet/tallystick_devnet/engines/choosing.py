"""Engines by name, and the one that a folder's chain is on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tallystick_devnet.engines.embedded import EmbeddedEngine
from tallystick_devnet.engines.embedded.states import FORMAT as EMBEDDED_FORMAT
from tallystick_devnet.engines.engine import DEFAULT_GAS_LIMIT
from tallystick_devnet.engines.folder import ChainFolder
from tallystick_devnet.engines.kept import end_run
from tallystick_devnet.engines.network import BesuEngine, NetworkEngine, QbftEngine
from tallystick_devnet.errors import EngineNotRunning, EngineOther, FolderForeign

__all__ = ["ENGINES", "AnyEngine", "chain_at", "engine_at", "make_engine", "stop_at"]

AnyEngine = EmbeddedEngine | NetworkEngine

_NETWORKS: Final[Mapping[str, type[NetworkEngine]]] = {"qbft": QbftEngine, "besu": BesuEngine}
ENGINES: Final = ("embedded", *_NETWORKS)


def make_engine(
    name: str,
    data_dir: Path | None = None,
    *,
    port: int | None = None,
    gas_limit: int = DEFAULT_GAS_LIMIT,
    block_time_s: int = 1,
    validators: int = 4,
    request_timeout_s: int = 4,
) -> AnyEngine:
    """The engine of this name on a folder, not started; the embedded one has no use for the last two.

    Raises `EngineOther` if the folder's chain is on another engine, `FolderForeign` if it cannot be told.
    """
    found = chain_at(data_dir) if data_dir is not None else None
    if found not in (None, name):
        raise EngineOther(folder=data_dir, found=found, asked=name)
    if name == EmbeddedEngine.name:
        return EmbeddedEngine(data_dir, port=port, gas_limit=gas_limit, block_time_s=block_time_s)
    return _NETWORKS[name](
        data_dir,
        validators=validators,
        port=port,
        gas_limit=gas_limit,
        block_time_s=block_time_s,
        request_timeout_s=request_timeout_s,
    )


def engine_at(folder: Path) -> AnyEngine:
    """The engine of the chain that `folder` holds. Raises `EngineNotRunning` without one, `FolderForeign`."""
    name = chain_at(folder)
    if name is None:
        raise EngineNotRunning(folder=folder)
    return make_engine(name, folder)


def stop_at(folder: Path) -> bool:
    """End whatever runs on `folder`, even if what it holds cannot be read; whether anything did."""
    chain = ChainFolder(folder)
    if (run := chain.run()) is None:
        return False
    end_run(chain, run)
    return True


def chain_at(folder: Path) -> str | None:
    """The name of the engine that the folder's chain is on, None without a chain. Raises `FolderForeign`."""
    chain = ChainFolder(folder)
    settings = chain.read_settings()
    if settings is None:
        return None
    name = EmbeddedEngine.name if settings.get("format") == EMBEDDED_FORMAT else settings.get("engine")
    if name not in ENGINES:
        raise FolderForeign(path=chain.settings_file, reason="it names no engine of this version")
    return str(name)
