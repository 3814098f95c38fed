"""What differs between the programs that can be a network's nodes: files, genesis, command line, admin methods."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tallystick.client import Node
from tallystick_devnet.engines.network.settings import NetworkNode, NetworkSettings

__all__ = ["Setup", "Software"]


@dataclass(frozen=True, slots=True)
class Setup:
    """One node of a network, its data folder, and the genesis file that all share."""

    home: Path
    genesis: Path
    settings: NetworkSettings
    node: NetworkNode


class Software(Protocol):
    """A program that can be the nodes of a network."""

    @property
    def engine(self) -> str:
        """The engine's name."""

    @property
    def environment(self) -> Mapping[str, str]:
        """What the program needs in its environment."""

    @property
    def foreign_genesis(self) -> re.Pattern[str]:
        """What the program says when the blocks in its folder are of another chain; group `found` is their first."""

    def find(self) -> Path:
        """The program on this machine. Raises `DevnetError` saying how to get it."""

    def genesis(self, settings: NetworkSettings) -> Mapping[str, Any]:
        """The genesis file's content."""

    def key_file(self, home: Path) -> Path:
        """Where in its folder a node has its key, as 64 hexadecimal digits."""

    def has_chain(self, home: Path) -> bool:
        """Whether blocks were ever written to the node's folder."""

    def write_node_files(self, setup: Setup) -> None:
        """Write what the node reads when it starts, but for its key and its allow-list."""

    def write_allow_list(self, home: Path, peers: Collection[NetworkNode]) -> None:
        """Let the node speak to `peers` only, from the next connection on."""

    def read_again(self, node: Node) -> None:
        """Have a running node read its allow-list again, where it does not by itself. Raises `NodeError`."""

    def prepare(self, program: Path, setup: Setup) -> list[str] | None:
        """The command that writes block 0, harmless if it is there; None where the node does so itself."""

    def command(self, program: Path, setup: Setup) -> list[str]:
        """The command that runs the node in the foreground."""
