"""`tally records`: submit files, follow them, open records for others, check what others opened."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from tallystick_gateway.commands.following import bar
from tallystick_gateway.kit.api_client import ApiClient
from tallystick_gateway.kit.cli import Tally, pass_tally
from tallystick_gateway.kit.errors import GatewayError

__all__ = ["CHECKED_AS", "records", "submit_file"]

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_CONTENT_TYPES: Mapping[str, str] = {
    ".ndjson": "application/x-ndjson",
    ".jsonl": "application/x-ndjson",
    ".csv": "text/csv",
    ".parquet": "application/vnd.apache.parquet",
    ".arrow": "application/vnd.apache.arrow.stream",
    ".arrows": "application/vnd.apache.arrow.stream",
}
CHECKED_AS = _CONTENT_TYPES[".ndjson"]
"""The media type of a file of openings."""
_ENCODINGS: Mapping[str, str] = {".gz": "gzip", ".zst": "zstd"}
_WAIT_S = 20
_SHOWN = 20


class FileKindUnknown(GatewayError):
    """The file's name does not say what it holds"""

    status = 415
    code = "file.kind_unknown"
    advice = f"Name it with one of {', '.join(_CONTENT_TYPES)}, followed by .gz or .zst if it is compressed."


class RowsRejected(GatewayError):
    """Some rows of the file were not taken; all others were"""

    status = 422
    code = "upload.rows_rejected"
    advice = "Correct the listed rows and submit them again; rows that were taken are not taken twice."


class UploadFailed(GatewayError):
    """The upload ended before the file was read to its end"""

    status = 422
    code = "upload.failed"
    advice = "Correct what the error names and submit the same file again; rows that were taken are not taken twice."


class DoesNotAgree(GatewayError):
    """A check found a difference"""

    status = 409
    code = "check.differs"
    advice = "Keep the file and this output: a difference here means that somebody's record was changed."


class NothingToCheck(GatewayError):
    """The file holds nothing that could be checked"""

    status = 422
    code = "check.empty"
    advice = "Ask for the file that `tally records open` wrote."


@click.group()
def records() -> None:
    """Records of this member's logs."""


@records.command()
@click.argument("file", type=_FILE)
@click.option("--agreement", help="For rows that do not name one.")
@click.option("--type", "kind", help="For tables without a column `type`.")
@click.option("--source-system", help="For rows that do not name one.")
@click.option("--arrival-date", help="YYYY-MM-DD; only where development arrival dates are switched on.")
@click.option("--wait/--no-wait", default=True, show_default=True, help="Wait until the file is read to its end.")
@pass_tally
def submit(tally: Tally, /, file: Path, wait: bool, **options: str | None) -> None:
    """Submit FILE (NDJSON, CSV, Parquet, Arrow; plain, .gz or .zst), streamed. The same file again adds nothing."""
    with tally.api() as api:
        size = file.stat().st_size
        with bar(tally, "sending", size) as sent:
            upload = submit_file(api, file, lambda done, _total: sent(done), **options)
        if wait:
            upload = _follow(tally, api, upload)
        _report(tally, api, upload)


def submit_file(api: ApiClient, file: Path, sent: Any = None, **options: str | None) -> Mapping[str, Any]:
    """Stream `file` to the gateway; the upload to follow.

    Each call is an upload of its own: what kept rows of the file out before (a loan not disbursed yet, say) may be
    gone, and rows that were taken are not taken twice. Raises `FileKindUnknown`, `ApiProblem`, `GatewayAway`.
    """
    suffixes = [suffix.lower() for suffix in file.suffixes]
    encoding = _ENCODINGS.get(suffixes[-1]) if suffixes else None
    kind = suffixes[-2 if encoding else -1] if len(suffixes) > bool(encoding) else ""
    if kind not in _CONTENT_TYPES:
        raise FileKindUnknown(f"What {file.name} holds cannot be told from its name.", file=file.name)
    given = {("type" if name == "kind" else name): value for name, value in options.items()}
    upload: Mapping[str, Any] = api.upload(
        "/v1/records:upload",
        file,
        content_type=_CONTENT_TYPES[kind],
        content_encoding=encoding,
        progress=sent,
        file_name=file.name,
        **given,
    )
    return upload


def _follow(tally: Tally, api: ApiClient, upload: Mapping[str, Any]) -> Mapping[str, Any]:
    with bar(tally, "reading", None) as read:
        while not upload["finished_at"]:
            upload = api.get(f"/v1/uploads/{upload['id']}", wait_s=_WAIT_S)
            read(int(upload["lines_read"]))
    return upload


def _report(tally: Tally, api: ApiClient, upload: Mapping[str, Any]) -> None:
    """What became of the upload. Raises `UploadFailed` or `RowsRejected`."""
    tally.emit(upload)
    outcomes = ("accepted", "repeated", "rejected")
    rows_read = sum(int(upload[name]) for name in outcomes)
    counts = ", ".join(f"{upload[name]} {name}" for name in outcomes)
    tally.say(f"upload {upload['id']}: {upload['state']}, {rows_read} rows read, {counts}")
    if upload["error"]:
        error = upload["error"]
        place = {name: error[name] for name in ("line", "field") if error.get(name) is not None}
        raise UploadFailed(str(error.get("detail", error)), reason=error.get("code"), **place)
    if upload["rejected"]:
        rows = api.ndjson(upload["rejected_lines"], _SHOWN)
        for row in rows:
            tally.say(f"  {row['detail']} ({row['code']})")
        if upload["rejected"] > _SHOWN:
            tally.say(f"  … and {upload['rejected'] - _SHOWN} more: GET {upload['rejected_lines']}")
        raise RowsRejected(f"{upload['rejected']} of {rows_read} rows were not taken.", upload=upload["id"])
    if not upload["finished_at"]:
        tally.say(f"Next: {tally.line('records upload')} {upload['id']}")
    else:
        tally.say(f"Next: {tally.line('records logs')} shows when they are anchored.")


@records.command("upload")
@click.argument("upload_id")
@pass_tally
def show_upload(tally: Tally, upload_id: str) -> None:
    """How far an upload is; waits for its end."""
    with tally.api() as api:
        _report(tally, api, _follow(tally, api, api.get(f"/v1/uploads/{upload_id}")))


@records.command()
@pass_tally
def logs(tally: Tally) -> None:
    """This member's logs: records taken, in batches, anchored on the chain."""
    with tally.api() as api:
        rows = list(api.pages("/v1/logs"))
    tally.emit(rows)
    for row in rows:
        tally.say(
            f"{row['stream']}  {row['records']} records, {row['batched']} in batches, {row['anchored']} anchored; "
            f"the latest batch is {row['state']}"
        )


@records.command("open")
@click.option("--digest", "digests", multiple=True, help="A record's digest; repeatable.")
@click.option("--sample", type=click.IntRange(1, 10_000), help="So many anchored records, chosen by --seed.")
@click.option("--seed", default="1", show_default=True)
@click.option("--stream", help="Only from this log.")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="File to hand over.")
@pass_tally
def open_records(
    tally: Tally, digests: tuple[str, ...], sample: int | None, seed: str, stream: str | None, out: Path
) -> None:
    """Write openings and inclusion proofs of records to a file that others check with `tally records check`.

    An opening shows the whole record, for good: hand the file only to who may read it.
    """
    body: dict[str, Any] = {"stream": stream, "digests": list(digests) or None}
    body["sample"] = {"count": sample, "seed": seed} if sample else None
    with tally.api() as api:
        size = api.download("POST", "/v1/records:open", out, {name: v for name, v in body.items() if v is not None})
    tally.emit({"file": str(out), "bytes": size})
    tally.say(f"Wrote {out} ({size} bytes). Next, who receives it: tally records check {out.name}")


@records.command()
@click.argument("file", type=_FILE)
@pass_tally
def check(tally: Tally, file: Path) -> None:
    """Check openings from another member against the roots this gateway read from the chain. Exit 1 if one fails."""
    with tally.api() as api:
        report = api.upload("/v1/records:check", file, content_type=CHECKED_AS)
    tally.emit(report)
    for failure in report["failures"][:_SHOWN]:
        tally.say(f"  {failure['detail']} ({failure['code']})")
    tally.say(f"{report['verified']} of {report['checked']} records stand under anchored roots.")
    if not report["checked"]:
        raise NothingToCheck(f"{file.name} holds no opening.", file=file.name)
    if report["failed"]:
        raise DoesNotAgree(f"{report['failed']} of {report['checked']} openings do not hold.", file=file.name)


@records.command()
@pass_tally
def audit(tally: Tally) -> None:
    """Recompute every root of this member's logs from its own database and compare with the chain's anchors."""
    with tally.api() as api:
        report = api.post("/v1/records:audit")
    tally.emit(report)
    for log in report["logs"]:
        tally.say(f"{log['stream']}  {log['anchored']} of {log['records']} records under {log['anchors']} anchors")
        for difference in log["differences"]:
            tally.say(f"  from record {difference['first_index']}: {difference['detail']} ({difference['code']})")
    if not report["agreed"]:
        raise DoesNotAgree("Our database and the chain's anchors differ.")
    tally.say("Every root agrees with the chain.")
