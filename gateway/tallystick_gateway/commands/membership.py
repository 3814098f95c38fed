"""`tally members` and `tally validators`: who is in, and who seals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from tallystick_gateway.commands.people import People
from tallystick_gateway.kit.cli import Tally, pass_tally

__all__ = ["members", "validators"]


@click.command()
@pass_tally
def members(tally: Tally) -> None:
    """Every member ever admitted, with state and roles."""
    with tally.api() as api:
        rows = api.get("/v1/members")["items"]
    tally.emit(rows)
    for row in rows:
        own = "  (this gateway's)" if row["is_self"] else ""
        name = row["name"] or "name unknown here: join again with an export that has its card"
        tally.say(f"{row['member']}  {row['state']:<9} {'+'.join(row['roles']):<20} {name}{own}")
    if not rows:
        tally.say(f"None is known here yet. Next: {tally.line('status')}")


@click.command()
@pass_tally
def validators(tally: Tally) -> None:
    """Who seals blocks, how many each proposed and sealed, what is about to change, and who sealed until when."""
    with tally.api() as api:
        answer: Mapping[str, Any] = api.get("/v1/validators")
        votes = api.get("/v1/status")["facts"].get("votes")
        people = People.of(api)
    tally.emit({**answer, "votes": votes})
    if not answer["sealing"]:
        tally.say("Nobody seals blocks on this chain (embedded engine).")
    for row in answer["sealing"]:
        last = "none yet" if row["last_sealed"] is None else f"last {row['last_sealed']}"
        count = f"proposed {row['proposed']}, sealed {row['sealed']} ({last})"
        tally.say(f"{row['address']}  {count:<48} {people.name(row['member'])}")
    for row in answer["pending"]:
        change = "comes in" if row["change"] == "ADD" else "leaves"
        tally.say(f"decided: {row['address']} {change} once more than half of the validators have voted for it")
    if votes:
        _say_votes(tally, votes)
    for epoch in answer["epochs"]:
        until = "now" if epoch["last"] is None else epoch["last"]
        names = ", ".join(people.name(each["member"]) for each in epoch["validators"])
        tally.say(f"blocks {epoch['first']} to {until}: {len(epoch['validators'])} validators, {names}")


def _say_votes(tally: Tally, votes: Mapping[str, Any]) -> None:
    asked = ", ".join(f"{vote['change']} {vote['address']}" for vote in votes["asked"])
    role = "seals" if votes["sealing"] else "does not seal now"
    tally.say(f"own node {votes['address'] or votes['node']} {role}; it votes for {asked or 'no change'}")
    for vote in votes["withdrawn"]:
        tally.say(f"withdrawn at {vote['at']}: {vote['change']} {vote['address']}, which no decision explains")
    if problem := votes["problem"]:
        tally.say(f"no votes are cast: {problem['detail']} ({problem['code']})\n  → {problem['advice']}")
