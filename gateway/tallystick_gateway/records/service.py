"""Taking records into the member's logs: exactly once by (source_system, source_id), in the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from tallystick.consortium import Consortium
from tallystick.records import CHAIN_START, ChainHash, RecordError, chain_over
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.records import errors, repository
from tallystick_gateway.records.models import LogRow
from tallystick_gateway.records.prepare import Prepared

__all__ = ["Accepted", "Taken", "accept", "arrival_date_allowed", "loan_chain", "require_room"]


@dataclass(frozen=True)
class Taken:
    """Where a record stands in the log; `repeated` if it stood there before."""

    line: int
    source_system: str
    source_id: str
    digest: bytes
    stream: bytes
    log_index: int
    repeated: bool


@dataclass
class Accepted:
    """What became of prepared records."""

    taken: list[Taken] = field(default_factory=list)
    refused: list[RecordError] = field(default_factory=list)

    @property
    def new(self) -> int:
        """How many were not there before."""
        return sum(not each.repeated for each in self.taken)


def accept(session: Session, gateway: Gateway, rows: Sequence[Prepared], upload_id: str | None) -> Accepted:
    """Give each new record the next index of its log and store it.

    The same fact again (same source id, same content) is reported as already there; another fact under the same
    source id is refused. The order of `rows` is the order in the log.
    """
    outcome = Accepted()
    names = [(row.source_system, row.source_id) for row in rows]
    there = repository.find_by_source(session, names)
    next_index: dict[bytes, int] = {}
    new: list[tuple[int, Prepared]] = []
    now = gateway.clock.now()
    for row, name in zip(rows, names, strict=True):
        known = there.get(name)
        if known is None:
            if row.stream not in next_index:
                next_index[row.stream] = _log(session, row.stream).next_index
            index = next_index[row.stream]
            next_index[row.stream] += 1
            known = there[name] = repository.Stored(row.content_digest, row.digest, row.stream, index)
            new.append((index, row))
            outcome.taken.append(Taken(row.line, *name, known.digest, known.stream, known.log_index, repeated=False))
        elif known.content_digest == row.content_digest:
            outcome.taken.append(Taken(row.line, *name, known.digest, known.stream, known.log_index, repeated=True))
        else:
            outcome.refused.append(errors.SourceIdTaken(line=row.line, field="source_id"))
    repository.insert_records(session, new, upload_id, now)
    for stream, index in next_index.items():
        log = _log(session, stream)
        log.next_index = index
        log.oldest_unbatched_at = log.oldest_unbatched_at or now
    return outcome


def loan_chain(session: Session, stream: bytes, loan: bytes) -> tuple[int, ChainHash]:
    """(record_count, record_chain) of the member's records about one loan, as it stands now (`protocol.md` §1)."""
    digests = list(repository.digests_of_loan(session, stream, loan))
    return len(digests), chain_over(digests, CHAIN_START)


def require_room(session: Session, gateway: Gateway) -> None:
    """Raise `QueueFull` if too many records wait to be anchored."""
    most = gateway.config.settings.limits.records_waiting
    if repository.waiting_records(session) >= most:
        raise errors.QueueFull(f"{most} records wait to be anchored.", retry_after_s=10)


def arrival_date_allowed(gateway: Gateway, arrival_date: date | None) -> None:
    """Raise `ArrivalDateRefused` unless this is development on an embedded engine (or no date is given)."""
    if arrival_date is None:
        return
    if not gateway.config.settings.development.arrival_dates:
        raise errors.ArrivalDateRefused("A service takes no arrival date from outside.", field="arrival_date")
    path = gateway.config.consortium_path
    if path.exists() and Consortium.parse(path.read_bytes()).engine != "embedded":
        raise errors.ArrivalDateRefused("The consortium's engine is not embedded.", field="arrival_date")


def _log(session: Session, stream: bytes) -> LogRow:
    log = repository.find_log(session, stream)
    if log is None:
        log = LogRow(stream=stream, next_index=0, batched=0)
        session.add(log)
    return log
