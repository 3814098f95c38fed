"""`VERIFY.txt`: what common tools can check of a package, and what they cannot (`docs/package.md`, VERIFY.txt)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from .evidence import FORMAT, ListedFile
from .instants import format_instant
from .paths import VERIFY_TXT, Part, checkpoint_path, name_of

__all__ = ["verify_txt"]

_HEAD: Final = """\
Evidence package ({format}), kind: {kind}
Built by the member {member} at {at}, by its own clock.

THE VERDICT takes one program and one file. The file, roots.json, and its digest come from somebody whom you trust and
who is not whoever gave you this package.

  pip install tallystick
  tally-verify PACKAGE.asice --roots roots.json --roots-digest DIGEST

WITH COMMON TOOLS ALONE, where the package is unpacked (unzip PACKAGE.asice):

1. The files are those that the index lists.

  grep -E '^[0-9a-f]{{64}}  ' VERIFY.txt | sha256sum -c

{files}

2. The index is the one that the builder signed: its digest is "evidence_digest" in META-INF/builder.json, and what the
code on the PDF says. If there is a PDF, its digest is "certificate_digest".

  sha256sum evidence.json && cat META-INF/builder.json
  sha256sum certificate.pdf
"""

_TOKENS: Final = """
3. A time-stamp authority saw these bytes. AUTHORITY.pem holds its certificate and the ones above it, taken from
roots.json.

{commands}
"""

_STAMP: Final = """
If META-INF/timestamp001.tst is there, an authority saw the package itself; the manifest lists its files.

  openssl ts -verify -token_in -in META-INF/timestamp001.tst -data META-INF/ASiCManifest001.xml -CAfile AUTHORITY.pem

THESE TOOLS CANNOT TELL who signed the package and the acts in it, whether that key was good on that day, whether the
blocks were sealed by the validators, whether the acts and the records stand in those blocks, and whether any was left
out. The program tells that, from the files in proofs/ and from roots.json.
"""


def verify_txt(kind: str, member: bytes, built_at: datetime, files: Sequence[ListedFile]) -> bytes:
    """The text for a package of these files (itself left out, whether or not it is among them)."""
    listed = [each for each in files if each.path != VERIFY_TXT]
    text = _HEAD.format(
        format=FORMAT,
        kind=kind,
        member=member.hex(),
        at=format_instant(built_at),
        files="\n".join(f"{each.sha256.hex()}  {each.path}" for each in listed),
    )
    commands = [_command(each.path) for each in listed if (name := name_of(each.path)) and name.part is Part.TOKEN]
    if commands:
        text += _TOKENS.format(commands="\n".join(commands))
    return (text + _STAMP).encode()


def _command(path: str) -> str:
    name = name_of(path)
    first, last = name.numbers[:2] if name else (0, 0)
    renewal = bool(name and name.numbers[3])
    stamped = path[: -len("000.tst")] + f"{name.numbers[3] - 1:03}.tst" if renewal and name else ""
    stamped = stamped or checkpoint_path(first, last)
    return f"  openssl ts -verify -token_in -in {path} -data {stamped} -CAfile AUTHORITY.pem"
