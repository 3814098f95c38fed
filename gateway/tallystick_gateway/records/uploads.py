"""Uploads: a file is received whole and durably, answered with 202, then read piece by piece by the worker.

Received: the file is synced to disk before the row that knows it is committed. Worked: each piece is one transaction
that holds its records, its refusals and where to go on. So a crash at any moment loses nothing and doubles nothing.
"""

import hashlib
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import BinaryIO

import structlog

from tallystick.errors import TallystickError
from tallystick_gateway.kit import events
from tallystick_gateway.kit.db import Session, StorageFull, storage_errors
from tallystick_gateway.kit.errors import problem_of
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.records import errors, repository, service
from tallystick_gateway.records.models import UploadRow
from tallystick_gateway.records.prepare import prepare
from tallystick_gateway.records.sources import Piece, Source, pieces
from tallystick_gateway.records.terms import KnownLoans, Rules

__all__ = ["Incoming", "UploadWork", "clear_leftovers", "file_of"]

MOST_REJECTED_KEPT = 100_000
_SPARE_BYTES = 64 * 1024 * 1024
_log = structlog.get_logger("records.uploads")


def file_of(gateway: Gateway, upload_id: str) -> Path:
    """Where an upload's bytes are."""
    return gateway.config.uploads_path / f"{upload_id}.data"


class Incoming:
    """An upload while it arrives: `write` chunks, then `finish` (bytes on disk), or `discard`."""

    def __init__(self, gateway: Gateway) -> None:
        self.id = uuid.uuid4().hex
        self._limit = gateway.config.settings.limits.upload_bytes
        folder = gateway.config.uploads_path
        folder.mkdir(mode=0o700, exist_ok=True)
        self._path = file_of(gateway, self.id)
        self._part = self._path.with_suffix(".part")
        self._file: BinaryIO = self._part.open("xb")
        self._hash = hashlib.sha256()
        self.size = 0

    def require_space(self, size: int) -> None:
        """Refuse early what cannot fit: raises `StorageFull` or `UploadTooLarge`."""
        if size > self._limit:
            raise errors.UploadTooLarge(f"The upload is over {self._limit} bytes.", limit_bytes=self._limit)
        if size + _SPARE_BYTES > shutil.disk_usage(self._part.parent).free:
            raise StorageFull("There is not enough disk space for the upload.", needed_bytes=size)

    def write(self, chunk: bytes) -> None:
        """Append; raises `UploadTooLarge`, `StorageFull`."""
        self.size += len(chunk)
        if self.size > self._limit:
            raise errors.UploadTooLarge(f"The upload is over {self._limit} bytes.", limit_bytes=self._limit)
        with storage_errors():
            self._file.write(chunk)
        self._hash.update(chunk)

    def finish(self) -> bytes:
        """Make the bytes durable under their final name; returns their SHA-256."""
        with storage_errors():
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._part.replace(self._path)
            _sync_folder(self._path.parent)
        return self._hash.digest()

    def discard(self) -> None:
        """Remove what has arrived."""
        self._file.close()
        self._part.unlink(missing_ok=True)
        self._path.unlink(missing_ok=True)


def clear_leftovers(gateway: Gateway) -> None:
    """Remove files that no unfinished upload knows: half received ones, and done ones a crash left behind."""
    folder = gateway.config.uploads_path
    if not folder.exists():
        return
    with gateway.database.read() as session:
        for path in folder.iterdir():
            upload = repository.find_upload(session, path.stem)
            if path.suffix == ".part" or upload is None or upload.finished_at is not None:
                path.unlink(missing_ok=True)


class UploadWork:
    """The worker's task: one step takes one piece of the oldest unfinished upload."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._known = KnownLoans()
        self._open_id: str | None = None
        self._pieces: Iterator[Piece] = iter(())

    def step(self) -> bool:
        """Take one piece; True if there may be another. Raises what is not the file's fault, to be tried again."""
        with self._gateway.database.read() as session:
            upload = repository.next_upload(session)
        if upload is None:
            self._close()
            return False
        try:
            piece = self._next_piece(upload)
            if piece is None:
                self._finish(upload.id, None)
            else:
                self._take(upload, piece)
        except (errors.FileUnreadable, errors.ColumnsRefused, errors.UploadTooLarge) as broken:
            self._finish(upload.id, broken)
        except BaseException:
            self._close()  # what was read ahead is not committed: begin again at the stored position
            raise
        return True

    def _next_piece(self, upload: UploadRow) -> Piece | None:
        if self._open_id != upload.id:
            path = file_of(self._gateway, upload.id)
            if not path.exists():
                raise errors.FileUnreadable("The uploaded file is gone from the uploads folder.")
            self._open_id = upload.id
            most_bytes = self._gateway.config.settings.limits.upload_bytes
            source = Source(path, upload.format, upload.encoding, upload.defaults, most_bytes)
            self._pieces = pieces(source, position=upload.position, lines_read=upload.lines_read)
        return next(self._pieces, None)

    def _take(self, upload: UploadRow, piece: Piece) -> None:
        gateway = self._gateway
        with gateway.database.read() as session:
            rules = Rules(gateway, session, upload.arrival_date, self._known)
            good, refused = prepare(piece.rows, rules, gateway.config.member_id, gateway.vault.wrap)
        with gateway.database.write() as session:
            stored = _required(session, upload.id)
            outcome = service.accept(session, gateway, good, upload.id)
            refusals = sorted([*piece.refused, *refused, *outcome.refused], key=lambda each: each.line or 0)
            room = max(0, MOST_REJECTED_KEPT - stored.rejected)
            repository.add_rejected(
                session,
                [(upload.id, each.line or 0, each.field, each.code, str(each)[:500]) for each in refusals[:room]],
            )
            stored.state = "working"
            stored.position = piece.position
            stored.lines_read = piece.lines_read
            stored.accepted += outcome.new
            stored.repeated += len(outcome.taken) - outcome.new
            stored.rejected += len(refusals)

    def _finish(self, upload_id: str, broken: TallystickError | None) -> None:
        self._close()
        now = self._gateway.clock.now()
        with self._gateway.database.write() as session:
            upload = _required(session, upload_id)
            upload.state = "failed" if broken else "done"
            upload.error = problem_of(broken) if broken else None
            upload.finished_at = now
            counts = {"accepted": upload.accepted, "repeated": upload.repeated, "rejected": upload.rejected}
            events.emit(session, now, f"upload.{upload.state}", upload_id, counts)
        with suppress(OSError):
            file_of(self._gateway, upload_id).unlink(missing_ok=True)
        _log.info("upload ended", upload=upload_id, failed=str(broken) if broken else None, **counts)

    def _close(self) -> None:
        self._open_id = None
        self._pieces = iter(())


def new_upload(
    gateway: Gateway,
    incoming: Incoming,
    digest: bytes,
    *,
    client_id: str,
    form: str,
    encoding: str | None,
    defaults: dict[str, str],
    arrival_date: date | None,
    file_name: str | None,
) -> UploadRow:
    """The row of an upload that has arrived."""
    return UploadRow(
        id=incoming.id,
        sequence=0,
        client_id=client_id,
        file_name=file_name,
        format=form,
        encoding=encoding,
        size_bytes=incoming.size,
        sha256=digest,
        defaults=defaults,
        arrival_date=arrival_date,
        state="received",
        received_at=gateway.clock.now(),
    )


def _required(session: Session, upload_id: str) -> UploadRow:
    upload = repository.find_upload(session, upload_id)
    if upload is None:
        raise errors.UploadUnknown("There is no such upload.", upload=upload_id)
    return upload


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
