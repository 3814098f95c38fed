"""`tally agreements`: propose, co-sign, list, and hand the agreement's secret to the other parties."""

from __future__ import annotations

from pathlib import Path

import click

from tallystick_gateway.commands.following import pretty, read_object, report_submission
from tallystick_gateway.kit.cli import Tally, pass_tally

__all__ = ["agreements"]

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def agreements() -> None:
    """Joint-lending agreements."""


@agreements.command()
@click.argument("terms", type=_FILE)
@click.option("--wait/--no-wait", default=True, show_default=True, help="Wait until the chain has it.")
@pass_tally
def propose(tally: Tally, terms: Path, wait: bool) -> None:
    """Propose the agreement whose terms are in the JSON file TERMS; the other parties then co-sign."""
    with tally.api() as api:
        answer = api.post("/v1/agreements", read_object(terms))
        report_submission(tally, api, answer, f"agreement {answer['agreement']}", wait=wait)
    tally.say(f"Next, each other party: tally agreements show {answer['agreement']}, then cosign it.")


@agreements.command()
@click.argument("agreement")
@click.option("--wait/--no-wait", default=True, show_default=True)
@pass_tally
def cosign(tally: Tally, agreement: str, wait: bool) -> None:
    """Co-sign AGREEMENT: you have read its terms (`tally agreements show`) and stand by them."""
    with tally.api() as api:
        answer = api.post(f"/v1/agreements/{agreement}/cosign", {"agreement": agreement})
        report_submission(tally, api, answer, f"co-signature of {agreement}", wait=wait)


@agreements.command("list")
@pass_tally
def list_agreements(tally: Tally) -> None:
    """Every agreement of this member."""
    with tally.api() as api:
        rows = list(api.pages("/v1/agreements"))
    tally.emit(rows)
    for row in rows:
        shares = "/".join(str(party["share_bps"] / 100) for party in row["parties"])
        tally.say(f"{row['agreement']}  {row['state']:<9} {row['currency']} {shares} exposure {row['exposure']}")
    if not rows:
        tally.say(f"No agreement yet. Next: {tally.line('agreements propose TERMS.json')}")


@agreements.command()
@click.argument("agreement")
@pass_tally
def show(tally: Tally, agreement: str) -> None:
    """AGREEMENT with its terms, parties, exposure and headroom."""
    with tally.api() as api:
        row = api.get(f"/v1/agreements/{agreement}")
    tally.emit(row)
    tally.say(pretty(row))


@agreements.command("seal-secret")
@click.argument("agreement")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="File to hand over.")
@pass_tally
def seal_secret(tally: Tally, agreement: str, out: Path) -> None:
    """Seal the secret of AGREEMENT to the other parties' keys, as a file that only they can open."""
    with tally.api() as api:
        answer = api.post(f"/v1/agreements/{agreement}/secret:seal", {})
    out.write_text(answer["content"], encoding="utf-8")
    tally.emit({"file": str(out), "readers": answer["readers"]})
    tally.say(
        f"Wrote {out} for {len(answer['readers'])} reader(s). "
        f"Next, each: tally agreements open-secret {out.name} --agreement {agreement}"
    )


@agreements.command("open-secret")
@click.argument("file", type=_FILE)
@click.option("--agreement", required=True, help="The agreement whose secret the file should hold.")
@pass_tally
def open_secret(tally: Tally, file: Path, agreement: str) -> None:
    """Open a sealed agreement secret that another party handed over."""
    with tally.api() as api:
        content = file.read_text(encoding="utf-8", errors="replace")
        answer = api.post(f"/v1/agreements/{agreement}/secret:open", {"content": content})
    tally.emit(answer)
    state = "is held now" if answer["new"] else "was held already"
    tally.say(f"The secret of {answer['agreement']} {state}; it came from {answer['sender']}.")
