"""Where the passphrase of the keystore comes from: the environment, a file, or the terminal. Never an argument."""

import os
import stat
import sys
from pathlib import Path

import click

from tallystick_gateway.kit.errors import GatewayError

__all__ = ["PassphraseMissing", "read_passphrase"]

VARIABLE = "TALLY_PASSPHRASE"
FILE_VARIABLE = "TALLY_PASSPHRASE_FILE"


class PassphraseMissing(GatewayError):
    """The keystore's passphrase could not be read"""

    status = 500
    code = "passphrase.missing"
    advice = f"Set {FILE_VARIABLE} to a file that only its owner can read, or {VARIABLE}, or use a terminal."


def read_passphrase(*, confirm: bool = False) -> str:
    """The passphrase, from `TALLY_PASSPHRASE`, else the first line of `TALLY_PASSPHRASE_FILE`, else the terminal.

    `confirm` asks twice at the terminal (for a new keystore). Raises `PassphraseMissing`.
    """
    if passphrase := os.environ.get(VARIABLE):
        return passphrase
    if named := os.environ.get(FILE_VARIABLE):
        return _from_file(Path(named))
    if not sys.stdin.isatty():
        raise PassphraseMissing("There is no passphrase and no terminal to ask for it.")
    entered: str = click.prompt("Passphrase of the keystore", hide_input=True, confirmation_prompt=confirm)
    return entered


def _from_file(path: Path) -> str:
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise PassphraseMissing(f"Others can read {path.name}: make it 0600 first.", file=path.name)
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as why:
        raise PassphraseMissing(f"The file that {FILE_VARIABLE} names cannot be read: {why}.") from why
    if not lines or not lines[0]:
        raise PassphraseMissing(f"The first line of {path.name} is empty.", file=path.name)
    return lines[0]
