"""Do the anchors of each log follow each other? (`protocol.md` §3)"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tallystick.records.handover import AnchoredBatch
from tallystick.verify.facts import ProvedAct
from tallystick.verify.findings import Findings

__all__ = ["Anchor", "Log", "Logs", "check_logs"]

_NOTHING = bytes(32)


@dataclass(frozen=True, slots=True)
class Anchor:
    """An anchored batch, and the act that anchored it."""

    act_id: bytes
    height: int
    previous: bytes
    batch: AnchoredBatch

    @property
    def first_index(self) -> int:
        """The index of its first record."""
        return self.batch.first_index

    @property
    def next_index(self) -> int:
        """The index after its last record."""
        return self.batch.first_index + self.batch.count


@dataclass(frozen=True, slots=True)
class Log:
    """A member's log as far as its anchors are in the package, ascending."""

    member: bytes
    stream: bytes
    anchors: tuple[Anchor, ...]

    @property
    def is_unbroken(self) -> bool:
        """Whether each anchor begins where the one before ends."""
        return all(one.next_index == other.first_index for one, other in pairwise(self.anchors))

    @property
    def first_index(self) -> int:
        """The first index that is anchored here."""
        return self.anchors[0].first_index

    @property
    def next_index(self) -> int:
        """The index after the last that is anchored here."""
        return self.anchors[-1].next_index


Logs = Mapping[tuple[bytes, bytes], Log]
"""By member and stream, ascending."""


def check_logs(acts: Sequence[ProvedAct], found: Findings) -> Logs:
    """The logs of which anchors were proved."""
    by_log: dict[tuple[bytes, bytes], list[Anchor]] = {}
    for act in acts:
        if act.kind == "Anchor":
            batch = AnchoredBatch(
                act.member, act.hash("stream"), act.number("firstIndex"), act.number("count"), act.hash("root")
            )
            anchor = Anchor(act.id, act.place.height, act.hash("previous"), batch)
            by_log.setdefault((batch.member, batch.stream), []).append(anchor)
    logs = {key: _log(key, anchors, found) for key, anchors in sorted(by_log.items())}
    if logs:
        anchored = sum(len(log.anchors) for log in logs.values())
        found.passed("logs.chained", f"{anchored} anchors of {len(logs)} logs")
    else:
        found.add("logs.none", "no Anchor was proved")
    return logs


def _log(key: tuple[bytes, bytes], anchors: list[Anchor], found: Findings) -> Log:
    anchors.sort(key=lambda each: (each.first_index, each.act_id))
    for anchor in anchors:
        if (anchor.first_index == 0) != (anchor.previous == _NOTHING) or anchor.batch.count == 0:
            found.add("logs.broken", f"{_where(anchor)} does not fit the anchor before it")
    for one, other in pairwise(anchors):
        adjoins = one.next_index == other.first_index
        if other.first_index < one.next_index or adjoins != (other.previous == one.act_id):
            found.add("logs.broken", f"{_where(other)} does not fit {_where(one)}")
        if other.height < one.height:
            found.add("logs.broken", f"{_where(other)} was recorded before {_where(one)}")
    return Log(*key, tuple(anchors))


def _where(anchor: Anchor) -> str:
    return f"the anchor {anchor.act_id.hex()} of records {anchor.first_index} to {anchor.next_index - 1}"
