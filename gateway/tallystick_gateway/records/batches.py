"""Batches: consecutive records of a log under one root, anchored on the chain in order, again if an anchor fails."""

from datetime import timedelta

import structlog

from tallystick import merkle
from tallystick_gateway.acts.service import Draft, enqueue, submission_state
from tallystick_gateway.kit import events
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.records import repository
from tallystick_gateway.records.models import BatchRow, LogRow

__all__ = ["BatchWork"]

_FIRST_PREVIOUS = bytes(32)
_AGAIN_AFTER = timedelta(seconds=5)
_FAILED = frozenset({"rejected", "expired", "cancelled"})
_log = structlog.get_logger("records.batches")


class BatchWork:
    """The worker's task: one step makes at most one batch, or sends one failed anchor again, for each log."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def step(self) -> bool:
        """True if a batch was made (there may be more)."""
        with self._gateway.database.read() as session:
            due = [log.stream for log in repository.logs(session) if self._is_due(log)]
            failed = [log.stream for log in repository.logs(session) if self._failed(session, log.stream)]
        for stream in due:
            with self._gateway.database.write() as session:
                self._make(session, stream)
        for stream in failed:
            with self._gateway.database.write() as session:
                self._again(session, stream)
        return bool(due)

    def _is_due(self, log: LogRow) -> bool:
        batching = self._gateway.config.settings.batching
        waiting = log.next_index - log.batched
        if not waiting or log.oldest_unbatched_at is None:
            return False
        age = self._gateway.clock.now() - log.oldest_unbatched_at
        return waiting >= batching.max_records or age >= timedelta(seconds=batching.max_age_s)

    def _make(self, session: Session, stream: bytes) -> None:
        log = repository.find_log(session, stream)
        if log is None or not self._is_due(log):
            return
        count = min(log.next_index - log.batched, self._gateway.config.settings.batching.max_records)
        digests = repository.digests_of(session, stream, log.batched, count)
        latest = repository.latest_batch(session, stream)
        now = self._gateway.clock.now()
        batch = BatchRow(
            stream=stream,
            first_index=log.batched,
            count=count,
            root=merkle.root([merkle.leaf_hash(digest) for digest in digests]),
            previous=latest.act_id if latest else _FIRST_PREVIOUS,
            act_id=bytes(32),
            submission_id="",
            made_at=now,
            sent_at=now,
        )
        self._send(session, batch)
        session.add(batch)
        log.batched += count
        log.oldest_unbatched_at = now if log.batched < log.next_index else None
        body = {"stream": stream.hex(), "first_index": batch.first_index, "count": count, "root": batch.root.hex()}
        events.emit(session, now, "batch.made", f"{stream.hex()}:{batch.first_index}", body)

    def _failed(self, session: Session, stream: bytes) -> BatchRow | None:
        """The first batch that is not anchored, if its anchor failed, and so did all behind it that were sent."""
        open_batches = repository.open_batches(session, stream)
        if not open_batches or open_batches[0].contradicted:
            return None
        if self._gateway.clock.now() - open_batches[0].sent_at < _AGAIN_AFTER:
            return None
        states = [submission_state(session, self._gateway, batch.submission_id) for batch in open_batches]
        first_failed = states[0].done and states[0].state.value in _FAILED
        return open_batches[0] if first_failed and all(state.done for state in states) else None

    def _again(self, session: Session, stream: bytes) -> None:
        """Anchor every open batch of the log anew, in order, behind the last one that the chain has."""
        if self._failed(session, stream) is None:
            return
        previous: bytes | None = None
        for batch in repository.open_batches(session, stream):
            if previous is None:
                before = repository.find_batch(session, stream, batch.first_index - 1) if batch.first_index else None
                previous = before.act_id if before else _FIRST_PREVIOUS
            batch.previous = previous
            batch.attempts += 1
            batch.sent_at = self._gateway.clock.now()
            self._send(session, batch)
            previous = batch.act_id
            _log.warning("batch sent again", stream=stream.hex(), first_index=batch.first_index, attempt=batch.attempts)

    def _send(self, session: Session, batch: BatchRow) -> None:
        draft = Draft(
            "Anchor",
            {
                "stream": batch.stream,
                "first_index": batch.first_index,
                "count": batch.count,
                "root": batch.root,
                "previous": batch.previous,
            },
            business_id=f"{batch.stream.hex()}:{batch.first_index}",
            subject=f"log/{batch.stream.hex()}",
        )
        enqueued = enqueue(session, self._gateway, [draft], subject=f"log/{batch.stream.hex()}")
        batch.submission_id = enqueued.submission_id
        batch.act_id = enqueued.act_ids[0]
