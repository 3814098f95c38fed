"""`tally documents`: documents sealed for several members."""

from __future__ import annotations

import base64
import mimetypes
from pathlib import Path

import click

from tallystick_gateway.commands.files import read_bounded, write_once
from tallystick_gateway.commands.people import People, unix_time
from tallystick_gateway.kit.cli import FileUnreadable, Tally, pass_tally
from tallystick_gateway.kit.clock import rfc3339

__all__ = ["documents"]

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def documents() -> None:
    """Documents that only chosen members can read."""


@documents.command()
@click.argument("file", type=_FILE)
@click.option("--reader", "readers", multiple=True, help="A member besides this one: name, legal id or id; repeatable.")
@click.option("--name", help="As what it goes to the readers. [default: the file's own name]")
@click.option("--media-type", help="Such as application/pdf. [default: by the file's name]")
@click.option("--retain-until", help="Our copy cannot be erased before then: 2026-11-23, or an instant.")
@pass_tally
def seal(
    tally: Tally,
    file: Path,
    readers: tuple[str, ...],
    name: str | None,
    media_type: str | None,
    retain_until: str | None,
) -> None:
    """Seal FILE (at most 4 MiB) for this member and each reader; it is sent to their gateways."""
    with tally.api() as api:
        people = People.of(api)
        body = {
            "name": name or file.name,
            "media_type": media_type or mimetypes.guess_type(file.name)[0] or "application/octet-stream",
            "content": base64.b64encode(read_bounded(file)).decode("ascii"),
            "readers": [people.find(reader) for reader in readers],
            "retain_until": rfc3339(unix_time(retain_until)) if retain_until else None,
        }
        answer = api.post("/v1/documents", body)
    tally.emit(answer)
    tally.say(f"Sealed as {answer['document']} for {people.names(answer['readers'])}.")


@documents.command("list")
@pass_tally
def list_documents(tally: Tally) -> None:
    """Newest first."""
    with tally.api() as api:
        people, rows = People.of(api), api.get("/v1/documents")["items"]
    tally.emit(rows)
    for row in rows:
        state = f"erased {row['erased_at']}" if row["erased_at"] else f"{row['size']} bytes"
        tally.say(f"{row['document']}  by {people.name(row['sender'])} for {people.names(row['readers'])}, {state}")


@documents.command("open")
@click.argument("document")
@click.option("--out", required=True, type=_FILE, help="File to write.")
@pass_tally
def open_document(tally: Tally, document: str, out: Path) -> None:
    """Open DOCUMENT with this member's SEAL key, check it against its digest, and write it."""
    if out.exists():
        raise FileUnreadable(f"{out} exists already.", file=out.name)
    with tally.api() as api:
        answer = api.post(f"/v1/documents/{document}:open")
    write_once(out, base64.b64decode(answer["content"]))
    tally.emit({"file": str(out), **{key: answer[key] for key in ("document", "sender", "name", "media_type")}})
    tally.say(f"Wrote {out}: {answer['name']} ({answer['media_type']}).")
