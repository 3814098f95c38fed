"""`tally devnet authority`: answer time-stamp requests on this machine."""

from __future__ import annotations

import hashlib
import signal
from pathlib import Path
from typing import Final

import click

from tallystick_gateway.kit.cli import Tally, pass_tally

from .identity import SUBJECT, load_or_make
from .server import DevelopmentAuthority

__all__ = ["authority"]

_FOLDER: Final = Path("var/authority")
_PORT: Final = 3161


@click.command()
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), default=_FOLDER, show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=_PORT, show_default=True, help="0: any free one.")
@pass_tally
def authority(tally: Tally, folder: Path, port: int) -> None:
    """Be a time-stamp authority for development, until ctrl-C: RFC 3161 over HTTP, on this machine alone.

    Key and certificate are made at the first start and kept in the folder. What it stamps proves nothing.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    identity = load_or_make(folder)
    opened = DevelopmentAuthority(identity, port)
    certificate = identity.certificate
    digest = hashlib.sha256(identity.certificate_der).hexdigest()
    tally.emit(
        {
            "url": opened.url,
            "subject": SUBJECT,
            "certificate": str(folder / "certificate.pem"),
            "sha256": digest,
            "valid_to": certificate.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "development": True,
        }
    )
    tally.say(f"{SUBJECT}: its time proves nothing.")
    tally.say(f"requests     {opened.url}")
    tally.say(f"certificate  {folder / 'certificate.pem'}, SHA-256 {digest}")
    tally.say("Stop it: ctrl-C")
    try:
        opened.serve()
    except KeyboardInterrupt:
        tally.say("Stopping.")
