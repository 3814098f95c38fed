"""`tally proposals`: what members decide together, from the proposal to its execution.

Nothing is executed by itself: once enough members have approved and the timelock is over, any member's operator runs
`execute`, so that the moment of a change is chosen by somebody who watches it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from tallystick.consortium import MemberCard
from tallystick_gateway.commands.changes import SAYS, from_card, help_of, payload_of, said
from tallystick_gateway.commands.files import read_bounded
from tallystick_gateway.commands.following import NotDone, bar, report_submission
from tallystick_gateway.commands.people import People, ValueRefused
from tallystick_gateway.kit.api_client import ApiClient, ApiProblem
from tallystick_gateway.kit.cli import Tally, pass_tally
from tallystick_gateway.kit.errors import GatewayError
from tallystick_gateway.members.codes import CHANGES, ChangeType

__all__ = ["proposals"]

_SHORTEST_PREFIX = 8
_LOOK_EVERY_S = 0.5
_SLOW_S = 30.0
_BLOCK_LAG_S = 30.0
"""How far the newest block's clock may be behind ours when a timelock ends."""


class NotDecided(GatewayError):
    """Too few members have approved the proposal"""

    status = 409
    code = "proposal.not_decided"
    advice = "Each member that agrees runs `tally proposals approve ID`; then execute it."


@click.group()
def proposals() -> None:
    """Decisions of the members: propose, approve, execute."""


@proposals.command("list")
@click.option("--open", "only_open", is_flag=True, help="Only those that can still be approved or executed.")
@pass_tally
def list_proposals(tally: Tally, only_open: bool) -> None:
    """Every proposal, newest first: what, by whom, how far."""
    with tally.api() as api:
        rows = [row for row in api.get("/v1/proposals")["items"] if not only_open or row["state"] == "OPEN"]
        people = People.of(api)
    tally.emit(rows)
    for row in rows:
        what = f"{row['proposal'][:16]}  {row['change']:<18}"
        tally.say(f"{what} by {people.name(row['proposer'])}: {_standing(row)}")
    if not rows:
        tally.say(f"No proposal. Next: {tally.line('proposals make --help')}")


@proposals.command()
@click.argument("proposal")
@pass_tally
def show(tally: Tally, proposal: str) -> None:
    """PROPOSAL in full: what it changes, who approved it, what it still needs."""
    with tally.api() as api:
        row, people = _find(api, proposal), People.of(api)
    tally.emit(row)
    tally.say(f"{row['change']}: {SAYS[row['change']]}")
    for name, value in row["payload"].items():
        tally.say(f"  {name:<12} {said(name, value, people)}")
    approved = set(row["approvals"])
    waiting = [each["member"] for each in people.rows if each["state"] == "ACTIVE" and each["member"] not in approved]
    tally.say(f"proposed by  {people.name(row['proposer'])}, as {row['proposal']}")
    tally.say(f"approved by  {people.names(row['approvals'])}; not yet by {people.names(waiting)}")
    tally.say(f"state        {_standing(row)}")


@proposals.command()
@click.argument("proposal")
@click.option("--wait/--no-wait", default=True, show_default=True)
@pass_tally
def approve(tally: Tally, proposal: str, wait: bool) -> None:
    """Approve PROPOSAL: you have read it (`tally proposals show`) and your institution agrees."""
    with tally.api() as api:
        row = _find(api, proposal)
        answer = api.post(f"/v1/proposals/{row['proposal']}:approve", {})
        report_submission(tally, api, answer, f"approval of {row['change']}", wait=wait)
        row = _find(api, row["proposal"])
    tally.say(f"{row['change']} {row['proposal'][:16]}: {_standing(row)}")


@proposals.command()
@click.argument("proposal")
@click.option("--wait/--no-wait", default=True, show_default=True)
@pass_tally
def cancel(tally: Tally, proposal: str, wait: bool) -> None:
    """Take PROPOSAL back: only who made it can."""
    with tally.api() as api:
        row = _find(api, proposal)
        answer = api.post(f"/v1/proposals/{row['proposal']}:cancel", {})
        report_submission(tally, api, answer, f"cancellation of {row['change']}", wait=wait)


@proposals.command()
@click.argument("proposal")
@click.option("--wait/--no-wait", default=True, show_default=True, help="Wait for the timelock, and until it is done.")
@pass_tally
def execute(tally: Tally, proposal: str, wait: bool) -> None:
    """Carry PROPOSAL out. Any member can, once enough have approved and the timelock is over."""
    with tally.api() as api:
        row, people = _find(api, proposal), People.of(api)
        if row["state"] == "OPEN":
            row = _execute(tally, api, people, row, wait=wait)
    if wait and row["state"] != "EXECUTED":
        raise NotDone(f"The proposal is {row['state']}.", proposal=row["proposal"], state=row["state"])
    tally.emit(row)
    tally.say(f"{row['change']} {row['proposal'][:16]}: {_standing(row)}")
    if row["change"] in ("AddValidator", "RemoveValidator", "Expel"):
        tally.say(f"The members' gateways vote it in now. Next: {tally.line('validators')}")
    if row["change"] == "Admit":
        tally.say(f"Next: {tally.line('consortium export --card CARD --out FILE')}, with which the new member joins.")


def _execute(tally: Tally, api: ApiClient, people: People, row: Mapping[str, Any], *, wait: bool) -> Mapping[str, Any]:
    """Send the execution when it is due; with `wait`, the proposal as it then ended."""
    if row["counting"] < row["required"]:
        raise NotDecided(
            f"{row['counting']} of {row['required']} approvals: by {people.names(row['approvals'])}.",
            counting=row["counting"],
            required=row["required"],
        )
    path = f"/v1/proposals/{row['proposal']}"
    if wait:
        _wait_for_timelock(tally, row)
    deadline = time.monotonic() + (_BLOCK_LAG_S if wait else 0)
    while True:
        try:
            answer: Mapping[str, Any] = api.post(f"{path}:execute", {})
            break
        except ApiProblem as refused:
            early = refused.values.get("refusal") == "ProposalTimelocked"
            if not early or time.monotonic() > deadline:
                raise
            time.sleep(_LOOK_EVERY_S)
    notice = time.monotonic() + _SLOW_S
    while wait and answer["state"] == "OPEN":
        time.sleep(_LOOK_EVERY_S)
        answer = api.get(path)
        if time.monotonic() > notice:
            tally.say(f"It was sent and is in no block yet: see {tally.line('status')}")
            notice = math.inf
    return answer


def _wait_for_timelock(tally: Tally, row: Mapping[str, Any]) -> None:
    due = datetime.fromisoformat(row["executable_from"])
    total = (due - datetime.now(UTC)).total_seconds()
    if total <= 0:
        return
    tally.say(f"The timelock ends at {row['executable_from']}.")
    with bar(tally, "timelock, seconds", int(total) + 1) as advance:
        while (left := (due - datetime.now(UTC)).total_seconds()) > 0:
            advance(int(total - left))
            time.sleep(min(left, 1.0))


def _find(api: ApiClient, given: str) -> Mapping[str, Any]:
    """The proposal with this id, or with the only id that begins so."""
    given = given.lower()
    rows = api.get("/v1/proposals")["items"]
    found = [row for row in rows if row["proposal"].startswith(given)]
    if len(given) < _SHORTEST_PREFIX or len(found) != 1:
        raise ValueRefused(
            f"{given!r} names {len(found)} proposals: give its id, or at least {_SHORTEST_PREFIX} digits that only it "
            "begins with (`tally proposals list`).",
            field="proposal",
        )
    row: Mapping[str, Any] = found[0]
    return row


def _standing(row: Mapping[str, Any]) -> str:
    """Where the proposal stands, in words."""
    if row["state"] != "OPEN":
        return str(row["state"])
    if row["executable"]:
        return f"OPEN, {row['counting']} approvals: it can be executed"
    missing = row["required"] - row["counting"]
    parts = [f"OPEN, {row['counting']} of {row['required']} approvals"]
    if missing <= 0:
        parts.append(f"executable from {row['executable_from']}")
    return ", ".join(parts)


@proposals.group()
def make() -> None:
    """Propose a change, and approve it: `tally proposals make CHANGE --help` has the fields of each."""


def _maker(change: ChangeType) -> click.Command:
    @click.argument("fields", nargs=-1, metavar="NAME=VALUE...")
    @click.option(
        "--card", type=click.Path(dir_okay=False, path_type=Path), help="A member's card.json to take fields from."
    )
    @click.option("--wait/--no-wait", default=True, show_default=True, help="Wait until the chain has it.")
    @pass_tally
    def command(tally: Tally, fields: tuple[str, ...], card: Path | None, wait: bool) -> None:
        known = from_card(change, MemberCard.parse(read_bounded(card))) if card else {}
        with tally.api() as api:
            payload = payload_of(change, fields, known, People.of(api))
            answer = api.post("/v1/proposals", {"change": change.name, "payload": payload})
            report_submission(tally, api, answer, f"proposal {answer['act_ids'][0]} to {change.name}", wait=wait)
        tally.say(f"Next, each other member: tally proposals show {answer['act_ids'][0][:16]}, then approve it.")

    return click.command(name=change.name, help=help_of(change), short_help=SAYS[change.name])(command)


for _change in CHANGES.values():
    make.add_command(_maker(_change))
