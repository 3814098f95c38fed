"""Follow what was accepted until it is done, with a progress bar where a terminal shows one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tallystick.strictjson import JsonMalformed, loads_object
from tallystick_gateway.kit.api_client import ApiClient
from tallystick_gateway.kit.cli import Tally
from tallystick_gateway.kit.errors import GatewayError

__all__ = [
    "FileMalformed",
    "NotDone",
    "bar",
    "chunks",
    "follow",
    "pretty",
    "read_lines",
    "read_object",
    "report_submission",
]

_WAIT_S = 5
_LONGEST_LINE = 64 * 1024


class FileMalformed(GatewayError):
    """A line of a file is not what the command reads"""

    status = 422
    code = "file.malformed"
    advice = "Correct the line; nothing of the file was sent."


class NotDone(GatewayError):
    """A submission ended otherwise than in its goal state"""

    status = 409
    code = "submission.not_done"
    advice = "See `tally submissions show ID` for what became of each act."


@contextmanager
def bar(tally: Tally, label: str, total: int | None) -> Iterator[Any]:
    """A function to call with how much is done in all; silent where standard error is no terminal or with --json."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=tally.as_json or not console.is_terminal) as progress:
        task = progress.add_task(label, total=total)
        yield lambda done: progress.update(task, completed=done)


def follow(tally: Tally, api: ApiClient, submission_ids: Sequence[str], label: str) -> list[Mapping[str, Any]]:
    """Wait until every submission is done; returns them. Raises `NotDone` if one failed.

    What keeps one waiting is said on standard error whenever it changes.
    """
    ended: dict[str, Mapping[str, Any]] = {}
    total = 0
    said: str | None = None
    with bar(tally, label, None) as advance:
        for submission_id in submission_ids:
            while True:
                answer = api.get(f"/v1/submissions/{submission_id}", wait="done", timeout=_WAIT_S)
                advance(total + int(answer["counts"].get(answer["goal"], 0)))
                if answer["done"]:
                    break
                said = _say_why(answer["waiting"], said)
            total += int(answer["counts"].get(answer["goal"], 0))
            ended[submission_id] = answer
    failed = [answer for answer in ended.values() if answer["state"] != answer["goal"]]
    if failed:
        error = failed[0].get("error") or {}
        why = error.get("detail", failed[0]["state"])
        raise NotDone(
            f"{len(failed)} of {len(ended)} submissions did not reach their goal: {why}",
            submissions=[answer["id"] for answer in failed],
            counts=failed[0]["counts"],
        )
    return list(ended.values())


def _say_why(waiting: Mapping[str, Any] | None, said: str | None) -> str | None:
    """Say why a submission waits unless that was said last; the code of what was said."""
    if waiting is None or waiting["code"] == said:
        return said
    click.echo(f"waiting: {waiting['detail']} ({waiting['code']})\n  → {waiting['advice']}", err=True)
    return str(waiting["code"])


def report_submission(tally: Tally, api: ApiClient, answer: Mapping[str, Any], label: str, *, wait: bool) -> None:
    """Say where an accepted request stands; with `wait`, when it is done."""
    submission_id = str(answer["submission_id"])
    if wait:
        (ended,) = follow(tally, api, [submission_id], label)
        tally.emit({**answer, "state": ended["state"]})
        tally.say(f"{label}: {ended['state']} (submission {submission_id})")
    else:
        tally.emit(answer)
        tally.say(f"{label}: accepted. Next: {tally.line('submissions show')} {submission_id} --wait")


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of an NDJSON file. Raises `FileMalformed` naming the line."""
    rows = []
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                rows.append(dict(loads_object(line, max_bytes=_LONGEST_LINE)))
            except JsonMalformed as why:
                raise FileMalformed(f"{path.name}: {why}", line=number, file=path.name) from why
    return rows


def chunks(rows: Sequence[dict[str, Any]], size: int) -> Iterator[tuple[int, Sequence[dict[str, Any]]]]:
    """`rows` in pieces of at most `size`, each with the position of its first row from 0."""
    for start in range(0, len(rows), size):
        yield start, rows[start : start + size]


def read_object(path: Path) -> dict[str, Any]:
    """The one JSON object in a file. Raises `FileMalformed`."""
    try:
        return dict(loads_object(path.read_bytes(), max_bytes=1024 * 1024))
    except JsonMalformed as why:
        raise FileMalformed(f"{path.name}: {why}", file=path.name) from why


def pretty(value: object) -> str:
    """JSON for people to read."""
    return json.dumps(value, indent=1, ensure_ascii=False)
