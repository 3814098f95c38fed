"""`tally package`: evidence that others check alone, made by this member's gateway and written to a file."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from tallystick.package import MAX_PACKAGE_BYTES
from tallystick_gateway.commands.files import read_bounded, write_once
from tallystick_gateway.commands.following import bar, follow, pretty
from tallystick_gateway.kit.api_client import ApiClient
from tallystick_gateway.kit.cli import FileUnreadable, Tally, pass_tally
from tallystick_gateway.kit.errors import GatewayError

__all__ = ["package"]

Command = TypeVar("Command", bound=Callable[..., Any])
_WAIT_S = 5
_OUT = click.Path(dir_okay=False, path_type=Path)


class PackageFailed(GatewayError):
    """No package was made"""

    status = 409
    code = "package.failed"
    advice = "Do what the reason asks for, then ask for the package again."


@click.group()
def package() -> None:
    """Evidence packages: made here, checked anywhere (`tally-verify`)."""


def _common(command: Command) -> Command:
    out = click.option("--out", required=True, type=_OUT, help="File to write, say loan.asice.")
    cards = click.option(
        "--card", "cards", multiple=True, type=_OUT, help="card.json of a member admitted since; repeatable."
    )
    certificate = click.option(
        "--certificate/--no-certificate", default=None, help="With a readable PDF; left out, if one can be drawn."
    )
    return out(cards(certificate(command)))


def _disclosing(command: Command) -> Command:
    disclose = click.option("--disclose", metavar="FIELD,…", help="Show only these fields of each record.")
    withhold = click.option("--withhold", metavar="FIELD,…", help="Show all but these fields of each record.")
    return disclose(withhold(command))


@package.command()
@click.option("--id", "ids", multiple=True, help="An act's id; repeatable.")
@click.option("--agreement", help="Acts about this agreement; with --loan, about the loan.")
@click.option("--loan", help="A loan of the agreement, by id or key.")
@click.option("--member", help="A member's own acts in the Consortium: keys, proposals, approvals.")
@_common
@pass_tally
def acts(
    tally: Tally,
    ids: tuple[str, ...],
    agreement: str | None,
    loan: str | None,
    member: str | None,
    certificate: bool | None,
    cards: tuple[Path, ...],
    out: Path,
) -> None:
    """Acts with their signatures, and the blocks that hold them."""
    choice = {"acts": list(ids) or None, "agreement": agreement, "loan": loan, "member": member}
    _make(tally, {"kind": "acts", **choice, "certificate": certificate}, cards, out)


@package.command()
@click.option("--agreement", required=True, help="The agreement under which the log is kept.")
@click.option("--first", type=click.IntRange(0), help="From this index of the log.")
@click.option("--last", type=click.IntRange(0), help="To this index, itself included.")
@click.option("--loan", help="Only records of this loan, by id or key.")
@click.option("--digest", "digests", multiple=True, help="A record's digest; repeatable.")
@_disclosing
@_common
@pass_tally
def records(
    tally: Tally,
    agreement: str,
    first: int | None,
    last: int | None,
    loan: str | None,
    digests: tuple[str, ...],
    disclose: str | None,
    withhold: str | None,
    certificate: bool | None,
    cards: tuple[Path, ...],
    out: Path,
) -> None:
    """Records of this member's own log, laid open whole or by field, under the roots that were anchored."""
    choice = {"agreement": agreement, "first": first, "last": last, "loan": loan, "digests": list(digests) or None}
    _make(tally, {"kind": "records", **choice, **_fields(disclose, withhold), "certificate": certificate}, cards, out)


@package.command()
@click.argument("loan")
@click.option("--agreement", required=True)
@click.option(
    "--snapshot",
    type=click.Choice(["fresh", "last"]),
    default="fresh",
    show_default=True,
    help="Have the chain state anew how many acts there are, or take the last such statement.",
)
@click.option(
    "--records",
    "which",
    type=click.Choice(["loan", "log", "none"]),
    default="loan",
    show_default=True,
    help="Open the loan's records; `log`: also show of every other record that it is of another loan.",
)
@_disclosing
@_common
@pass_tally
def loan(
    tally: Tally,
    loan: str,
    agreement: str,
    snapshot: str,
    which: str,
    disclose: str | None,
    withhold: str | None,
    certificate: bool | None,
    cards: tuple[Path, ...],
    out: Path,
) -> None:
    """Everything about LOAN (id or key): every act, the agreement, this member's records of it."""
    choice = {"agreement": agreement, "loan": loan, "snapshot": snapshot, "records": which}
    _make(tally, {"kind": "loan", **choice, **_fields(disclose, withhold), "certificate": certificate}, cards, out)


@package.command("list")
@pass_tally
def list_packages(tally: Tally) -> None:
    """Packages that were asked for, newest first."""
    with tally.api() as api:
        rows = list(api.pages("/v1/packages"))
    tally.emit(rows)
    for row in rows:
        made = row["package"]
        tally.say(f"{row['id']}  {row['kind']:<8} {row['state']:<9} {made['verdict'] if made else ''}")


@package.command()
@click.argument("package_id")
@pass_tally
def show(tally: Tally, package_id: str) -> None:
    """What was asked for, and what became of it."""
    with tally.api() as api:
        row = api.get(f"/v1/packages/{package_id}")
    tally.emit(row)
    tally.say(pretty(row))


@package.command()
@click.argument("package_id")
@click.option("--out", required=True, type=_OUT)
@pass_tally
def fetch(tally: Tally, package_id: str, out: Path) -> None:
    """Write a finished package to a file again."""
    _require_new(out)
    with tally.api() as api:
        row = api.get(f"/v1/packages/{package_id}")
        size = api.download("GET", f"/v1/packages/{package_id}/content", out)
    tally.emit({**row, "file": str(out)})
    tally.say(f"Wrote {out} ({size} bytes).")


@package.command("sign-pdf")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--pkcs12", required=True, type=_OUT, help="Key and certificate for documents, as PKCS #12.")
@click.option("--authority", help="URL of a time-stamp authority (RFC 3161) whose stamp goes into the signature.")
@click.option("--out", required=True, type=_OUT, help="File to write, say loan.pdf.")
@pass_tally
def sign_pdf(tally: Tally, file: Path, pkcs12: Path, authority: str | None, out: Path) -> None:
    """Sign the readable PDF of the package FILE, for those who file paper; no gateway is needed.

    The passphrase of the key is taken from TALLY_PKCS12_PASSPHRASE, or asked for. No verdict rests on this PDF.
    """
    from tallystick_gateway.packages.signed_pdf import signed_certificate  # noqa: PLC0415 - libraries slow to import

    _require_new(out)
    passphrase = os.environ.get("TALLY_PKCS12_PASSPHRASE")
    if passphrase is None:
        passphrase = click.prompt("Passphrase of the key", hide_input=True, default="", show_default=False, err=True)
    if file.stat().st_size > MAX_PACKAGE_BYTES:
        raise FileUnreadable(f"{file} is larger than any package.", file=file.name)
    signed = signed_certificate(file.read_bytes(), read_bounded(pkcs12), passphrase.encode(), authority)
    write_once(out, signed)
    tally.emit({"file": str(out), "bytes": len(signed)})
    tally.say(f"Wrote {out} ({len(signed)} bytes). What proves anything is the package: file both.")


def _fields(disclose: str | None, withhold: str | None) -> dict[str, Any]:
    given = {"disclose": disclose, "withhold": withhold}
    return {name: text.split(",") for name, text in given.items() if text is not None}


def _make(tally: Tally, body: Mapping[str, Any], cards: tuple[Path, ...], out: Path) -> None:
    """Ask for a package, wait for it, write it. Raises `PackageFailed` with the gateway's reason."""
    _require_new(out)
    texts = [read_bounded(card).decode("utf-8", "replace") for card in cards]
    asked = {name: value for name, value in body.items() if value is not None}
    with tally.api() as api:
        row = api.post("/v1/packages", {**asked, "cards": texts})
        if row["snapshot_submission"]:
            follow(tally, api, [row["snapshot_submission"]], "snapshot")
        row = _ended(tally, api, row)
        if row["state"] == "failed":
            error = row["error"]
            raise PackageFailed(str(error["detail"]), reason=error["code"], advice_of_reason=error.get("advice", ""))
        size = api.download("GET", row["content"], out)
    tally.emit({**row, "file": str(out)})
    made = row["package"]
    tally.say(f"Wrote {out} ({size} bytes): {made['acts']} acts, {made['records']} records, {made['verdict']}.")
    for limit in made["limits"]:
        tally.say(f"  limit: {limit}  (tally-verify --explain {limit})")
    tally.say(f"Next, whoever holds roots: tally-verify {out.name} --roots roots.json --roots-digest DIGEST")


def _ended(tally: Tally, api: ApiClient, row: Mapping[str, Any]) -> Mapping[str, Any]:
    said = None
    with bar(tally, "building", None):
        while not row["ended_at"]:
            row = api.get(f"/v1/packages/{row['id']}", wait="done", timeout=_WAIT_S)
            if not row["ended_at"] and row["error"] and row["error"]["code"] != said:
                said = row["error"]["code"]
                click.echo(f"waiting: {row['error']['detail']} ({said})", err=True)
    return row


def _require_new(out: Path) -> None:
    if out.exists():
        raise FileUnreadable(f"{out} exists already.", file=out.name)
