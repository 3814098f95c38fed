"""`tally roots authorities`: whose time stamps this member wants to count."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tallystick.roots import AuthorityEntry
from tallystick_gateway.commands.files import read_bounded, write_once
from tallystick_gateway.kit.cli import Tally, pass_tally
from tallystick_gateway.roots.authorities import (
    authorities_path,
    check_authorities,
    read_authorities,
    write_authorities,
)
from tallystick_gateway.roots.errors import AuthoritiesRefused

__all__ = ["authorities"]

_FILE = click.Path(dir_okay=False, path_type=Path)
_INSTANT = click.DateTime(formats=["%Y-%m-%dT%H:%M:%SZ"])


@click.group()
def authorities() -> None:
    """Time-stamp authorities, as the next roots will have them (authorities.json in the home)."""


@authorities.command("list")
@pass_tally
def list_authorities(tally: Tally) -> None:
    """Which there are."""
    entries = read_authorities(authorities_path(tally.home))
    tally.emit([entry.to_json() for entry in entries])
    for entry in entries:
        kind = "  development" if entry.development else ""
        tally.say(f"{entry.name}  {entry.certificate_digest.hex()[:16]}…  {entry.since} to {entry.until}{kind}")


@authorities.command()
@click.argument("name")
@click.option(
    "--certificate",
    "certificates",
    multiple=True,
    required=True,
    type=_FILE,
    help="With which it signs tokens (PEM or DER); again for each above it, nearest first, up to the root.",
)
@click.option("--url", help="Where it answers (RFC 3161 over HTTP).")
@click.option("--from", "since", type=_INSTANT, help="Tokens count from then on; left out, from now.")
@click.option("--to", "until", type=_INSTANT, help="Tokens count until then; left out, while its certificate is valid.")
@click.option("--development", is_flag=True, help="Anybody could have set it up: what it says proves nothing.")
@pass_tally
def add(
    tally: Tally,
    name: str,
    certificates: tuple[Path, ...],
    url: str | None,
    since: datetime | None,
    until: datetime | None,
    development: bool,
) -> None:
    """Add an authority. Then give authorities.json to the other members: roots want the same from all who sign."""
    own, *issuers = [_certificate(path) for path in certificates]
    begin = since.replace(tzinfo=UTC) if since else datetime.now(UTC).replace(microsecond=0)
    end = until.replace(tzinfo=UTC) if until else own.not_valid_after_utc
    entry = AuthorityEntry(
        name=name,
        certificate=own.public_bytes(Encoding.DER),
        issuers=tuple(each.public_bytes(Encoding.DER) for each in issuers),
        url=url,
        since=begin,
        until=end,
        development=development,
    )
    path = authorities_path(tally.home)
    entries = [*read_authorities(path), AuthorityEntry.from_json(entry.to_json(), name)]
    check_authorities(entries)
    write_once(path, write_authorities(entries))
    tally.emit({"file": str(path), "authorities": len(entries)})
    tally.say(f"{name} stands in {path} now, for tokens of {begin} to {end}.")


def _certificate(path: Path) -> x509.Certificate:
    raw = read_bounded(path)
    try:
        return x509.load_pem_x509_certificate(raw) if b"-----BEGIN" in raw else x509.load_der_x509_certificate(raw)
    except ValueError as why:
        raise AuthoritiesRefused(f"{path} holds no certificate: {why}.", file=path.name) from None
