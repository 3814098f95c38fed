"""The audit: everything the contracts know, recomputed from the chain alone and compared with what is said about it.

Every block is fetched afresh from genesis and checked as the watcher checks it, seals and sets of validators with it;
events are replayed by the library's own rules. What comes out is compared with our tables as of one height, and with
the contracts' views at the head.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tallystick.client import Node
from tallystick.ledger import (
    ChainState,
    Difference,
    Event,
    LoanState,
    Replay,
    ReplayBroken,
    Subject,
    Views,
    compare,
    views_of,
)
from tallystick_gateway.kit.gateway import Gateway

from . import repository, sealing
from .accounts import ask_contracts, of_projections
from .directory import Directory
from .errors import BlockDiffers
from .identity import Chain, Standing
from .reading import Reader

__all__ = ["Audit", "Findings"]

_BLOCKS_AT_ONCE = 16
_TRIES = 20
"""How often views are asked again because the chain moved on meanwhile."""
_MOST_SHOWN = 100
_VIEWED = (Subject.MEMBER, Subject.KEY, Subject.AGREEMENT, Subject.LOAN, Subject.LOG)


@dataclass
class Findings:
    """What an audit has seen so far."""

    height: int = -1
    head: int = -1
    transactions: int = 0
    events: Counter[str] = field(default_factory=Counter)
    broken: ReplayBroken | None = None
    with_tables: tuple[Difference, ...] | None = None
    with_tables_at: int | None = None
    with_views: tuple[Difference, ...] | None = None
    views_asked: int = 0
    epochs: int = 0
    epochs_agree: bool = True

    def report(self, state: ChainState | None) -> dict[str, Any]:
        """The findings as JSON: counts, and differences in words (the first hundred of each kind)."""
        return {
            "blocks": self.height + 1,
            "transactions": self.transactions,
            "events": sum(self.events.values()),
            "events_by_name": dict(sorted(self.events.items())),
            **(_counts(state) if state else {}),
            "replay": None
            if self.broken is None
            else {"rule": self.broken.values.get("rule"), "detail": str(self.broken)},
            "tables": _differences(self.with_tables, self.with_tables_at),
            "contracts": _differences(self.with_views, self.height) | {"views_asked": self.views_asked},
            "epochs": {"found": self.epochs, "as_stored": self.epochs_agree},
            "agreed": self.broken is None and self.with_tables == () and self.with_views == () and self.epochs_agree,
        }


class Audit:
    """One run. `progress` is told the findings after every few blocks."""

    def __init__(self, gateway: Gateway, chain: Chain, node: Node, progress: Callable[[Findings], None]) -> None:
        self._gateway = gateway
        self._node = node
        self._progress = progress
        self._reader = Reader(chain, Directory(chain.consortium), Standing())
        self._replay = Replay(chain.consortium.chain_id, chain.consortium.contract("Consortium").address)
        self.findings = Findings()

    def run(self) -> dict[str, Any]:
        """The report. Raises `ChainDistrusted` if the node lies, `BlockMissing` or `NodeError` if it is away."""
        try:
            with self._gateway.database.read() as session:
                last = repository.last_block(session)
                tables = of_projections(session)
                height, hash_ = (last.height, last.hash) if last else (-1, b"")
                stored = sealing.load(session, height)
            self._follow_to(height)
            tip, succession = self._reader.standing.tip, self._reader.standing.succession
            if tip is not None and tip.hash != hash_:
                raise BlockDiffers(f"Block {height} is another one now.", height=height, found=tip.hash)
            self.findings.epochs = len(succession.epochs) if succession else 0
            self.findings.epochs_agree = succession == stored
            self.findings.with_tables = compare(self._replay.finish(), tables)
            self.findings.with_tables_at = height
            self.findings.with_views = self._compare_views()
            return self.findings.report(self._replay.finish())
        except ReplayBroken as broken:
            self.findings.broken = broken
            return self.findings.report(None)

    def _follow_to(self, height: int) -> int:
        """Replay up to `height`; how many events were new."""
        events = 0
        self.findings.head = max(self.findings.head, height)
        while self.findings.height < height:
            for read in self._reader.read(self._node, height, _BLOCKS_AT_ONCE):
                for event in read.events:
                    self._replay.apply(Event.of(event))
                    self.findings.events[event.name] += 1
                    events += 1
                self.findings.transactions += len(read.block.executions)
                self.findings.height = read.block.height
            self._progress(self.findings)
        return events

    def _compare_views(self) -> tuple[Difference, ...]:
        """Differences between the replay and the contracts' views at one head.

        Views answer for the latest block only. What differs is asked again after following the chain to its head, until
        nothing differs or no event came in between that could explain it.
        """
        self._follow_to(self._node.height())
        state = self._replay.finish()
        subjects: dict[Subject, Sequence[Hashable]] = {
            Subject.MEMBER: list(state.members),
            Subject.KEY: list(state.keys),
            Subject.AGREEMENT: list(state.agreements),
            Subject.LOAN: list(state.loans),
            Subject.LOG: list(state.logs),
        }
        differences: tuple[Difference, ...] = ()
        for _ in range(_TRIES):
            answers = ask_contracts(self._node, state, subjects)
            self.findings.views_asked += sum(map(len, subjects.values()))
            differences = compare(_only(state, subjects), answers)
            news = self._follow_to(self._node.height())
            if not differences or not news:
                break
            state = self._replay.finish()
            subjects = {
                subject: [found.key for found in differences if found.subject is subject] for subject in _VIEWED
            }
        return differences


def _only(state: ChainState, subjects: dict[Subject, Sequence[Hashable]]) -> Views:
    views = views_of(state)
    return {subject: {key: views[subject][key] for key in keys} for subject, keys in subjects.items()}


def _counts(state: ChainState) -> dict[str, Any]:
    agreements, loans, logs = state.agreements, state.loans, state.logs
    by_state = Counter(LoanState(loan.state).name for loan in loans.values())
    return {
        "members": len(state.members),
        "keys": len(state.keys),
        "contracts": sum(1 for line in state.directory if line.until is None),
        "agreements": [
            {
                "agreement": key.hex(),
                "state": agreement.state.name,
                "currency": agreement.terms.currency.decode(),
                "exposure": str(agreement.exposure),
                "parties": [
                    {"member": party.member.hex(), "exposure": str(exposure)}
                    for party, exposure in zip(agreement.terms.parties, agreement.exposures, strict=True)
                ],
            }
            for key, agreement in agreements.items()
        ],
        "loans": len(loans),
        "loans_by_state": dict(sorted(by_state.items())),
        "acts_linked": sum(loan.count for loan in loans.values()),
        "logs": len(logs),
        "anchors": sum(len(log.anchors) for log in logs.values()),
        "records_anchored": sum(log.next_index for log in logs.values()),
    }


def _differences(found: Sequence[Difference] | None, height: int | None) -> dict[str, Any]:
    if found is None:
        return {"compared": False, "height": None, "differences": 0, "first": []}
    return {
        "compared": True,
        "height": height,
        "differences": len(found),
        "first": [str(difference) for difference in found[:_MOST_SHOWN]],
    }
