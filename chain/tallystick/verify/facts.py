"""What the proofs of a package prove, as the checks hand it on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from tallystick.keys import Address
from tallystick.package.act_files import ActFile, Place
from tallystick.package.paths import Name, Part, name_of
from tallystick.roots import Epoch

if TYPE_CHECKING:
    from tallystick.timestamps import Checkpoint, Interval

__all__ = ["Block", "CheckpointFacts", "Content", "Material", "ProvedAct", "Times"]

Content = bytes | memoryview


@dataclass(frozen=True)
class Material:
    """The files of a package by name."""

    files: Mapping[str, Content]

    @cached_property
    def names(self) -> Mapping[str, Name]:
        """Every name taken apart."""
        return {path: name for path in self.files if (name := name_of(path)) is not None}

    @cached_property
    def _parts(self) -> Mapping[Part, Sequence[tuple[str, Name]]]:
        parts: dict[Part, list[tuple[str, Name]]] = {}
        for path, name in sorted(self.names.items(), key=lambda each: (each[1].numbers, each[1].digest)):
            parts.setdefault(name.part, []).append((path, name))
        return parts

    def of(self, part: Part) -> Sequence[tuple[str, Name]]:
        """The files that are such a part, by ascending numbers."""
        return self._parts.get(part, ())

    def content(self, path: str) -> bytes:
        """The bytes of a file."""
        return bytes(self.files[path])


@dataclass(frozen=True, slots=True)
class Block:
    """A block whose header holds: `hash` is its chain hash, `time` what it says in Unix seconds, `header` the bytes."""

    height: int
    hash: bytes
    time: int
    parent_hash: bytes
    receipts_root: bytes
    header: bytes
    signers: frozenset[Address]
    epoch: Epoch | None


@dataclass(frozen=True, slots=True)
class ProvedAct:
    """An act that its contract recorded: `values` are those of the event, by their Solidity names."""

    id: bytes
    file: ActFile
    address: Address
    signer: Address
    values: Mapping[str, object]

    @property
    def place(self) -> Place:
        """Where the event stands."""
        return self.file.place

    @property
    def kind(self) -> str:
        """The act's EIP-712 type."""
        return self.file.kind

    @property
    def member(self) -> bytes:
        """Who speaks."""
        return self.file.act.member

    def number(self, name: str) -> int:
        """An integer of the event. Raises `TypeError` if it is none."""
        value = self.values[name]
        if not isinstance(value, int):
            raise TypeError(f"{name} is no integer")
        return value

    def hash(self, name: str) -> bytes:
        """32 bytes of the event. Raises `TypeError` if they are none."""
        value = self.values[name]
        if not isinstance(value, bytes):
            raise TypeError(f"{name} is no bytes")
        return value


@dataclass(frozen=True, slots=True)
class CheckpointFacts:
    """A checkpoint, the heights whose headers it is shown to cover, and the names of its tokens' files.

    `is_noted`: an act in the package notes one of its tokens on chain.
    """

    checkpoint: "Checkpoint"
    heights: tuple[int, ...]
    tokens: tuple[str, ...]
    is_noted: bool


@dataclass(frozen=True, slots=True)
class Times:
    """Between which instants each block was recorded, by height, and by which checkpoints that is shown."""

    intervals: "Mapping[int, Interval]" = field(default_factory=dict)
    checkpoints: tuple[CheckpointFacts, ...] = ()

    @property
    def attested(self) -> Mapping[int, datetime]:
        """By height: the earliest instant by which an authority saw the block."""
        return {height: each.upper.instant for height, each in self.intervals.items() if each.upper}
