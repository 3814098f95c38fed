"""What a builder has collected, as the files of a package (`docs/package.md`, Proof files)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tallystick.acts import Domain, act_id
from tallystick.keys import Address
from tallystick.records.handover import LoggedOpening
from tallystick.rlp import encode

from .act_files import ActFile
from .paths import RECORDS, TERMS, act_path, checkpoint_path, covered_path, header_path, receipt_path, token_path
from .terms import LoanTerms

if TYPE_CHECKING:
    from tallystick.timestamps import Checkpoint

__all__ = ["CheckpointProof", "CollectedAct", "Proofs"]


@dataclass(frozen=True, slots=True)
class CollectedAct:
    """An act, and the chain and contract for which it was signed."""

    file: ActFile
    chain_id: int
    address: Address

    @property
    def id(self) -> bytes:
        """The act's id."""
        return act_id(self.file.act, Domain(self.chain_id, self.address))


@dataclass(frozen=True, slots=True)
class CheckpointProof:
    """A checkpoint, the inclusion paths of headers in it, and its tokens: one list an authority, renewals in order."""

    checkpoint: "Checkpoint"
    paths: Mapping[int, Sequence[bytes]]
    tokens: Sequence[Sequence[bytes]]


@dataclass(frozen=True, slots=True)
class Proofs:
    """Headers (RLP, seals included) by height; trie nodes of receipts, root first, by height and transaction.

    `openings` are taken one at a time, once, and come ascending by member, stream and index.
    """

    headers: Mapping[int, bytes]
    receipts: Mapping[tuple[int, int], Sequence[bytes]]
    acts: Sequence[CollectedAct]
    openings: Iterable[LoggedOpening] = ()
    checkpoints: Sequence[CheckpointProof] = ()
    terms: LoanTerms | None = field(default=None, repr=False)

    def files(self) -> dict[str, bytes]:
        """The files under `proofs/`, `records/` and `timestamps/`. Raises `ValueError` for openings out of order."""
        files = {header_path(height): header for height, header in self.headers.items()}
        files |= {receipt_path(*place): encode(tuple(nodes)) for place, nodes in self.receipts.items()}
        files |= {act_path(act.id): act.file.to_json() for act in self.acts}
        if self.terms is not None:
            files[TERMS] = self.terms.to_json()
        if records := self._records():
            files[RECORDS] = records
        for each in self.checkpoints:
            files |= _checkpoint_files(each)
        return files

    def _records(self) -> bytes:
        lines = bytearray()
        before: tuple[bytes, bytes, int] | None = None
        for each in self.openings:
            place = (each.batch.member, each.batch.stream, each.index)
            if before is not None and place <= before:
                raise ValueError(f"openings are not ascending at index {each.index}")
            before = place
            lines += each.to_json() + b"\n"
        return bytes(lines)


def _checkpoint_files(each: CheckpointProof) -> dict[str, bytes]:
    bounds = (each.checkpoint.first, each.checkpoint.last)
    files = {checkpoint_path(*bounds): each.checkpoint.encode()}
    files |= {covered_path(*bounds, height): b"".join(nodes) for height, nodes in each.paths.items()}
    for authority, chain in enumerate(each.tokens, 1):
        files |= {token_path(*bounds, authority, renewal): token for renewal, token in enumerate(chain)}
    return files
