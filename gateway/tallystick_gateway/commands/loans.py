"""`tally loans`: disburse, settle, list by state and servicing status."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from tallystick_gateway.commands.following import bar, chunks, follow, pretty, read_lines, report_submission
from tallystick_gateway.kit.api_client import ApiClient
from tallystick_gateway.kit.cli import Tally, pass_tally

__all__ = ["disburse_file", "loans", "settle_loans"]

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_ROWS_A_REQUEST = 2000

Sent = Callable[[int], None]


@click.group()
def loans() -> None:
    """Loans of an agreement."""


@loans.command()
@click.argument("file", type=_FILE)
@click.option("--agreement", required=True)
@click.option("--wait/--no-wait", default=True, show_default=True)
@pass_tally
def disburse(tally: Tally, file: Path, agreement: str, wait: bool) -> None:
    """Disburse every loan of FILE (NDJSON: loan_id, currency, principal, value_date, servicing_status).

    Each request of 5000 rows is accepted whole or not at all. Sending the same file again does nothing twice.
    """
    rows = read_lines(file)
    with tally.api() as api:
        with bar(tally, "sending", len(rows)) as sent:
            submissions = disburse_file(api, agreement, rows, sent)
        ended = follow(tally, api, submissions, "on the chain") if wait else []
    tally.emit({"loans": len(rows), "submissions": submissions, "states": [answer["state"] for answer in ended]})
    tally.say(f"{len(rows)} loans: {ended[0]['state'] if ended else 'accepted'} in {len(submissions)} submission(s).")


def disburse_file(
    api: ApiClient, agreement: str, rows: Sequence[dict[str, Any]], sent: Sent = lambda done: None
) -> list[str]:
    """Hand `rows` in, in requests whose keys follow from what they hold; the submissions to follow."""
    return _in_requests(api, "/v1/loans:batch", {"agreement": agreement}, "loans", rows, sent)


def settle_loans(
    api: ApiClient, agreement: str, value_date: str, loan_ids: Sequence[str], sent: Sent = lambda done: None
) -> list[str]:
    """Settle these loans; the submissions to follow."""
    common = {"agreement": agreement, "value_date": value_date}
    return _in_requests(api, "/v1/loans:settle", common, "loan_ids", loan_ids, sent)


def _in_requests(
    api: ApiClient, path: str, common: Mapping[str, Any], field: str, rows: Sequence[Any], sent: Sent
) -> list[str]:
    submissions = []
    for start, part in chunks(rows, _ROWS_A_REQUEST):
        body = {**common, field: list(part)}
        key = hashlib.sha256(pretty([path, start, body]).encode()).hexdigest()
        answer = api.post(path, body, key=key)
        if answer["submission_id"]:
            submissions.append(str(answer["submission_id"]))
        sent(start + len(part))
    return submissions


@loans.command()
@click.argument("loan_ids", nargs=-1, required=True)
@click.option("--agreement", required=True)
@click.option("--value-date", required=True, help="YYYY-MM-DD")
@click.option("--wait/--no-wait", default=True, show_default=True)
@pass_tally
def settle(tally: Tally, loan_ids: tuple[str, ...], agreement: str, value_date: str, wait: bool) -> None:
    """Settle fully repaid loans."""
    with tally.api() as api:
        submissions = settle_loans(api, agreement, value_date, loan_ids)
        ended = follow(tally, api, submissions, "on the chain") if wait else []
    tally.emit({"loans": len(loan_ids), "submissions": submissions, "states": [answer["state"] for answer in ended]})
    tally.say(f"{len(loan_ids)} loans settled: {ended[0]['state'] if ended else 'accepted'}.")


@loans.command("write-off")
@click.argument("loan_id")
@click.option("--agreement", required=True)
@click.option("--value-date", required=True, help="YYYY-MM-DD")
@click.option("--reason", required=True, help="A code word such as CHARGED_OFF; it goes on the chain.")
@pass_tally
def write_off(tally: Tally, loan_id: str, agreement: str, value_date: str, reason: str) -> None:
    """Write a loan off."""
    body = {"agreement": agreement, "loan_id": loan_id, "value_date": value_date, "reason": reason}
    with tally.api() as api:
        report_submission(tally, api, api.post("/v1/loans:write-off", body), f"write-off of {loan_id}", wait=True)


@loans.command()
@click.argument("loan_id")
@click.option("--agreement", required=True)
@click.option("--reason", required=True, help="A code word such as BOOKED_TWICE; it goes on the chain.")
@pass_tally
def reverse(tally: Tally, loan_id: str, agreement: str, reason: str) -> None:
    """Reverse a disbursement that should not have been."""
    body = {"agreement": agreement, "loan_id": loan_id, "reason": reason}
    with tally.api() as api:
        report_submission(tally, api, api.post("/v1/loans:reverse", body), f"reversal of {loan_id}", wait=True)


@loans.command("list")
@click.option("--agreement")
@click.option("--state", help="ACTIVE, SETTLED, WRITTEN_OFF, REVERSED, …")
@click.option("--servicing-status", help="CURRENT, IN_GRACE, LATE_16_30, LATE_31_120, CHARGED_OFF, FULLY_PAID")
@pass_tally
def list_loans(tally: Tally, agreement: str | None, state: str | None, servicing_status: str | None) -> None:
    """Loans, by state on the chain or by servicing status (which only the servicer knows)."""
    with tally.api() as api:
        rows = api.pages("/v1/loans", agreement=agreement, state=state, servicing_status=servicing_status, limit=500)
        if tally.as_json:
            tally.emit(list(rows))
            return
        for row in rows:
            name = row.get("loan_id") or row["loan"]
            status = row.get("servicing_status") or "–"
            tally.say(f"{name:<14} {row['state']:<12} {status:<12} {row.get('principal') or '–':>14} {row['currency']}")


@loans.command()
@click.argument("loan")
@click.option("--agreement", required=True)
@pass_tally
def show(tally: Tally, loan: str, agreement: str) -> None:
    """One loan (by id or key): state, shares, head, and every act on it."""
    with tally.api() as api:
        row = api.get(f"/v1/loans/{agreement}/{loan}")
    tally.emit(row)
    tally.say(pretty(row))


@loans.command()
@click.option("--agreement")
@pass_tally
def summary(tally: Tally, agreement: str | None) -> None:
    """How many loans are in each state and servicing status."""
    with tally.api() as api:
        answer = api.get("/v1/loans:summary", agreement=agreement)
    tally.emit(answer)
    tally.say(pretty(answer))
