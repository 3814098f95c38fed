"""`tally submissions`: what was accepted and how far it is."""

from __future__ import annotations

import click

from tallystick_gateway.commands.following import follow, pretty
from tallystick_gateway.kit.cli import Tally, pass_tally

__all__ = ["submissions"]


@click.group()
def submissions() -> None:
    """Accepted requests on their way to the chain."""


@submissions.command("list")
@click.option("--state", help="Only those with an act in this state, such as signed or rejected.")
@pass_tally
def list_submissions(tally: Tally, state: str | None) -> None:
    """Newest first."""
    with tally.api() as api:
        rows = api.get("/v1/submissions", state=state)["items"]
    tally.emit(rows)
    for row in rows:
        counts = ", ".join(f"{count} {name}" for name, count in row["counts"].items())
        tally.say(f"{row['id']}  {row['kind']:<18} {row['state']:<10} {counts}")
        if row["waiting"]:
            tally.say(f"{'':34}waits: {row['waiting']['detail']}")


@submissions.command()
@click.argument("submission_id")
@click.option("--wait", is_flag=True, help="Until it is done; exit 1 if it failed.")
@pass_tally
def show(tally: Tally, submission_id: str, wait: bool) -> None:
    """One submission, with the history of its act if it has one."""
    with tally.api() as api:
        if wait:
            follow(tally, api, [submission_id], "on the chain")
        answer = api.get(f"/v1/submissions/{submission_id}")
    tally.emit(answer)
    tally.say(pretty(answer))


@submissions.command()
@click.argument("submission_id")
@pass_tally
def cancel(tally: Tally, submission_id: str) -> None:
    """Take back what is not recorded yet; what was signed is burnt on the chain."""
    with tally.api() as api:
        answer = api.post(f"/v1/submissions/{submission_id}:cancel")
    tally.emit(answer)
    tally.say(f"Cancelling. Next: {tally.line('submissions show')} {answer['id']} --wait")
