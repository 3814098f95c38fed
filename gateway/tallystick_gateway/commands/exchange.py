"""`tally exchange`: what goes between this gateway and those of other members."""

from __future__ import annotations

import click

from tallystick_gateway.commands.people import People
from tallystick_gateway.kit.cli import Tally, pass_tally

__all__ = ["exchange"]


@click.group()
def exchange() -> None:
    """Messages between members' gateways."""


@exchange.command()
@click.option("--state", type=click.Choice(["WAITING", "DELIVERED", "REFUSED", "EXPIRED"]), help="Only these.")
@pass_tally
def outbox(tally: Tally, state: str | None) -> None:
    """Messages to others, newest first, and why they wait or were refused."""
    with tally.api() as api:
        people, rows = People.of(api), api.get("/v1/exchange/outbox", state=state)["items"]
    tally.emit(rows)
    for row in rows:
        why = f": {row['detail']}" if row["detail"] else ""
        tally.say(f"{row['state']:<9} {row['kind']} {row['subject'][:20]}  to {people.name(row['recipient'])}{why}")


@exchange.command()
@pass_tally
def inbox(tally: Tally) -> None:
    """Messages of others, newest first, and what was done with them."""
    with tally.api() as api:
        people, rows = People.of(api), api.get("/v1/exchange/inbox")["items"]
    tally.emit(rows)
    for row in rows:
        why = f": {row['detail']}" if row["detail"] else ""
        tally.say(f"{row['outcome']:<8} {row['kind']} {row['subject'][:20]}  of {people.name(row['sender'])}{why}")


@exchange.command()
@pass_tally
def partners(tally: Tally) -> None:
    """Where the other members' gateways answer, and how many messages wait for them."""
    with tally.api() as api:
        rows = api.get("/v1/exchange/partners")["items"]
    tally.emit(rows)
    for row in rows:
        stated = " (set here)" if row["set_by_operator"] else ""
        tally.say(f"{row['name'] or row['member']}: {row['endpoint'] or 'unknown'}{stated}, {row['waiting']} waiting")


@exchange.command()
@click.argument("member")
@click.argument("url")
@pass_tally
def endpoint(tally: Tally, member: str, url: str) -> None:
    """State that MEMBER's gateway answers at URL, if its card is out of date."""
    with tally.api() as api:
        found = People.of(api).find(member)
        rows = api.post(f"/v1/exchange/partners/{found}:set-endpoint", {"endpoint": url})["items"]
    tally.emit(rows)
    tally.say(f"Messages to {member} go to {url} from now on.")
