"""`tally keys`: the members' keys as the chain knows them, and changes of one's own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from tallystick_gateway.commands.following import report_submission
from tallystick_gateway.commands.people import People, key_word, unix_time
from tallystick_gateway.kit.cli import Tally, pass_tally
from tallystick_gateway.kit.clock import rfc3339

__all__ = ["keys"]

_OWN_PURPOSES = ("ACT", "RECOVERY", "EXCHANGE", "SEAL", "DOCUMENT")
_WINDOW = timedelta(days=2 * 365)
_recovery = click.option("--recovery", is_flag=True, help="Sign with the RECOVERY key instead of the ACT key.")
_wait = click.option("--wait/--no-wait", default=True, show_default=True, help="Wait until the chain has it.")
_reason = click.option(
    "--reason", required=True, metavar="WORD", help="Code word such as KEY_ROTATION; all can read it."
)


@click.group()
def keys() -> None:
    """Members' keys on the chain. VALIDATOR keys change by decision: see `tally proposals`."""


@keys.command("list")
@click.option("--member", default=None, help="Name, legal identifier or id. [default: this member]")
@click.option("--all", "everybody", is_flag=True, help="Of every member.")
@click.option("--purpose", default=None, help="Only these: ACT, RECOVERY, VALIDATOR, EXCHANGE, SEAL, DOCUMENT.")
@pass_tally
def list_keys(tally: Tally, member: str | None, everybody: bool, purpose: str | None) -> None:
    """Keys in order of addition, and whether each counts now."""
    with tally.api() as api:
        people = People.of(api)
        own = tally.config.member_id.hex()
        whose = None if everybody else people.find(member) if member else own
        rows = api.get("/v1/keys", member=whose, purpose=purpose and purpose.upper())["items"]
    tally.emit(rows)
    for row in rows:
        key = row["address"] or row["key"]
        window = f"{row['not_before']} to {row['not_after']}"
        tally.say(f"{row['purpose']:<9} {row['state']:<13} {key:<66} {window}  {people.name(row['member'])}")


@keys.command()
@click.argument("purpose", type=click.Choice(_OWN_PURPOSES, case_sensitive=False))
@click.argument("key")
@click.option("--from", "not_before", default=None, help="First instant it counts. [default: now]")
@click.option("--until", "not_after", default=None, help="Last instant it counts. [default: in two years]")
@_recovery
@_wait
@pass_tally
def add(
    tally: Tally,
    purpose: str,
    key: str,
    not_before: str | None,
    not_after: str | None,
    recovery: bool,
    wait: bool,
) -> None:
    """Add KEY (an address, or 64 digits) of this member. Signed by ACT it counts after the consortium's delay."""
    now = datetime.now(UTC)
    body = {
        "purpose": purpose.upper(),
        "key": key_word(key),
        "not_before": rfc3339(unix_time(not_before) if not_before else now),
        "not_after": rfc3339(unix_time(not_after) if not_after else now + _WINDOW),
        "sign_with": _signer(recovery),
    }
    with tally.api() as api:
        report_submission(tally, api, api.post("/v1/keys", body), f"{purpose.upper()} key {key}", wait=wait)


@keys.command()
@click.argument("key")
@_reason
@_recovery
@_wait
@pass_tally
def revoke(tally: Tally, key: str, reason: str, recovery: bool, wait: bool) -> None:
    """Revoke KEY of this member, at once and for good."""
    body = {"reason": reason, "sign_with": _signer(recovery)}
    with tally.api() as api:
        answer = api.post(f"/v1/keys/{key_word(key)}:revoke", body)
        report_submission(tally, api, answer, f"revocation of {key}", wait=wait)


@keys.command("report-compromise")
@click.argument("key")
@click.option("--since", required=True, help="Since when it was in other hands: at most 72 hours back.")
@_reason
@_recovery
@_wait
@pass_tally
def report_compromise(tally: Tally, key: str, since: str, reason: str, recovery: bool, wait: bool) -> None:
    """State since when KEY of this member was in other hands. Further back needs a decision (BackdateCompromise)."""
    body = {"since": rfc3339(unix_time(since)), "reason": reason, "sign_with": _signer(recovery)}
    with tally.api() as api:
        answer = api.post(f"/v1/keys/{key_word(key)}:report-compromise", body)
        report_submission(tally, api, answer, f"compromise of {key}", wait=wait)


def _signer(recovery: bool) -> str:
    return "RECOVERY" if recovery else "ACT"
