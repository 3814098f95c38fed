"""The HTTP side of streams: an upload on its way to disk, a file of openings on its way through the checks."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import date

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from tallystick.records.handover import MAX_OPENING_BYTES
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.doors import WriteDoor
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.kit.idempotency import Answer, fingerprint
from tallystick_gateway.kit.idempotency import Request as WriteRequest
from tallystick_gateway.kit.wire import wire_bytes
from tallystick_gateway.records import errors, repository, service, views
from tallystick_gateway.records.sources import ENCODINGS, FORMATS
from tallystick_gateway.records.uploads import Incoming, new_upload

__all__ = ["chunks", "lines", "named_encoding", "named_format", "receive"]

CHUNK_BYTES = 1 << 20
LONGEST_SILENCE_S = 60.0

_BY_MEDIA_TYPE = {
    "application/x-ndjson": "ndjson",
    "application/jsonl": "ndjson",
    "text/csv": "csv",
    "application/vnd.apache.parquet": "parquet",
    "application/vnd.apache.arrow.stream": "arrow",
}


def named_format(request: Request, form: str | None) -> str:
    """The format by `?format=` or Content-Type; raises `FormatUnknown`."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    named = form or _BY_MEDIA_TYPE.get(media_type, "")
    if named not in FORMATS:
        raise errors.FormatUnknown(
            "The upload's format is not named.", field="format", found=(form or media_type)[:100]
        )
    return named


def named_encoding(request: Request) -> str | None:
    """The Content-Encoding; raises `FormatUnknown`."""
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding == "identity":
        return None
    if encoding not in ENCODINGS:
        raise errors.FormatUnknown(
            "The upload's encoding is not known.", field="content-encoding", found=encoding[:100]
        )
    return encoding


async def chunks(request: Request) -> AsyncIterator[bytes]:
    """The body in pieces of about a mebibyte; raises `UploadBroken` if the client goes away or falls silent."""
    gathered = bytearray()
    stream = request.stream().__aiter__()
    while True:
        try:
            part = await asyncio.wait_for(anext(stream), LONGEST_SILENCE_S)
        except StopAsyncIteration:
            break
        except (ClientDisconnect, TimeoutError) as broken:
            raise errors.UploadBroken("The body did not arrive whole.") from broken
        gathered += part
        if len(gathered) >= CHUNK_BYTES:
            yield bytes(gathered)
            gathered.clear()
    yield bytes(gathered)


async def lines(request: Request, take: Callable[[list[bytes]], None]) -> None:
    """Hand the body's lines to `take` (in a thread), some at a time; a line over the bound raises `UploadBroken`."""
    rest = b""
    async for chunk in chunks(request):
        *whole, rest = (rest + chunk).split(b"\n")
        if len(rest) > MAX_OPENING_BYTES:
            raise errors.UploadBroken(f"A line is longer than {MAX_OPENING_BYTES} bytes.")
        await run_in_threadpool(take, whole)
    if rest:
        await run_in_threadpool(take, [rest])


async def receive(
    request: Request,
    door: WriteDoor,
    *,
    form: str,
    encoding: str | None,
    defaults: dict[str, str],
    arrival_date: date | None,
    file_name: str | None,
) -> Answer:
    """Stream the body to disk and queue it: 202 with the upload once file and row are durable.

    The same Idempotency-Key with the same bytes gets the first answer. Raises `UploadTooLarge`, `UploadBroken`,
    `StorageFull`, `QueueFull`, and the errors of idempotency; nothing is kept then.
    """
    gateway = door.gateway
    with door.gateway.idempotency.claim(door.write_request):
        await run_in_threadpool(_require_room, gateway)
        incoming = await run_in_threadpool(Incoming, gateway)
        kept = False
        try:
            stated = request.headers.get("content-length", "")
            if stated.isdigit():
                incoming.require_space(int(stated))
            async for chunk in chunks(request):
                await run_in_threadpool(incoming.write, chunk)
            digest = await run_in_threadpool(incoming.finish)
            upload = new_upload(
                gateway,
                incoming,
                digest,
                client_id=door.client.client_id,
                form=form,
                encoding=encoding,
                defaults=defaults,
                arrival_date=arrival_date,
                file_name=file_name,
            )
            same = fingerprint(request.method, request.url.path, request.url.query, digest)
            asked = WriteRequest(door.write_request.client_id, door.write_request.key, same)

            def store() -> Answer:
                with gateway.database.write() as session:
                    if first := gateway.idempotency.answered(session, asked):
                        return first
                    repository.add_upload(session, upload)
                    answer = Answer(202, wire_bytes(views.upload_out(upload)), {"Location": f"/v1/uploads/{upload.id}"})
                    gateway.idempotency.keep(session, asked, answer)
                return answer

            answer = await run_in_threadpool(store)
            kept = not answer.replayed
        finally:
            if not kept:
                await asyncio.shield(run_in_threadpool(incoming.discard))
    gateway.worker.nudge("records.uploads")
    return answer


def _require_room(gateway: Gateway) -> None:
    with gateway.database.read() as session:
        _room(session, gateway)


def _room(session: Session, gateway: Gateway) -> None:
    service.require_room(session, gateway)
    most = gateway.config.settings.limits.uploads_waiting
    if repository.uploads_waiting(session) >= most:
        raise errors.QueueFull(f"{most} uploads are waiting.", retry_after_s=10)
