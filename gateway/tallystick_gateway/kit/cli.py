"""`tally`: one command, whose sub-commands come from the entry-point group `tally.commands` of each distribution."""

import json
import os
import shlex
import sys
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import click

from tallystick.errors import TallystickError
from tallystick_gateway.kit.api_client import ApiClient, ApiProblem, GatewayAway
from tallystick_gateway.kit.config import Config
from tallystick_gateway.kit.errors import GatewayError, problem_of

__all__ = ["DEFAULT_HOME", "ENTRY_POINTS", "FileUnreadable", "Tally", "main", "pass_tally", "tally"]

ENTRY_POINTS = "tally.commands"
DEFAULT_HOME = Path("tally-home")
_HOME_VARIABLE = "TALLY_HOME"
EXIT_REFUSED = 1
EXIT_AWAY = 3
EXIT_INTERRUPTED = 130


class PassphraseMissing(GatewayError):
    """The keystore's passphrase was not given"""

    status = 400
    code = "cli.passphrase_missing"
    advice = "Set TALLY_PASSPHRASE_FILE (or TALLY_PASSPHRASE), or run on a terminal to be asked."


class UsageWrong(GatewayError):
    """The command line is not one that `tally` understands"""

    status = 400
    code = "cli.usage"
    advice = "See `tally COMMAND --help`."


class FileUnreadable(GatewayError):
    """A file or folder named on the command line cannot be read or written"""

    status = 422
    code = "file.unreadable"
    advice = "Check the path and its permissions."

    @classmethod
    def of(cls, why: OSError) -> "FileUnreadable":
        """In words, from what the system said."""
        place = f"{why.filename}: " if why.filename else ""
        return cls(f"{place}{why.strerror or type(why).__name__}.", file=str(why.filename or ""))


@dataclass(frozen=True)
class Tally:
    """What every sub-command gets (`@pass_tally`): the home folder and how to speak."""

    home: Path
    as_json: bool

    @property
    def config(self) -> Config:
        """The home's gateway.toml; raises `ConfigRefused`."""
        return Config.load(self.home)

    def passphrase(self, *, twice: bool = False) -> str:
        """From TALLY_PASSPHRASE, TALLY_PASSPHRASE_FILE, or asked for on a terminal (`twice` for a new one)."""
        if given := os.environ.get("TALLY_PASSPHRASE"):
            return given
        if file := os.environ.get("TALLY_PASSPHRASE_FILE"):
            try:
                return Path(file).read_text(encoding="utf-8").rstrip("\r\n")
            except (OSError, UnicodeDecodeError) as unreadable:
                raise PassphraseMissing("TALLY_PASSPHRASE_FILE cannot be read.") from unreadable
        if not sys.stdin.isatty():
            raise PassphraseMissing("No passphrase was given.")
        asked: str = click.prompt("Passphrase", hide_input=True, confirmation_prompt=twice, err=True)
        return asked

    def api(self) -> ApiClient:
        """A client of this home's running gateway; raises `GatewayAway`."""
        return ApiClient.from_home(self.config, self.passphrase)

    def line(self, command: str) -> str:
        """The command line that runs `command` on this home: with --home unless default or environment name it."""
        implied = Path(os.environ.get(_HOME_VARIABLE) or DEFAULT_HOME)
        home = "" if self.home == implied else f"--home {shlex.quote(str(self.home))} "
        return f"tally {home}{command}"

    def say(self, text: str) -> None:
        """A line for people; nothing with --json."""
        if not self.as_json:
            click.echo(text)

    def emit(self, answer: Any) -> None:
        """The machine-readable answer; only with --json."""
        if self.as_json:
            click.echo(json.dumps(answer, ensure_ascii=False, indent=1, default=str))


class _Commands(click.Group):
    """Finds sub-commands among installed entry points, each loaded only when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *entry_points(group=ENTRY_POINTS).names})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if own := super().get_command(ctx, cmd_name):
            return own
        for entry in entry_points(group=ENTRY_POINTS, name=cmd_name):
            command: click.Command = entry.load()
            return command
        return None


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    envvar=_HOME_VARIABLE,
    default=DEFAULT_HOME,
    show_default=True,
    help="Folder of this gateway: configuration, keys, database.",
)
@click.option("--json", "as_json", is_flag=True, help="Answer, and complain, in JSON.")
@click.version_option(package_name="tallystick-gateway")
@click.pass_context
def tally(ctx: click.Context, home: Path, as_json: bool) -> None:
    """Tallystick: joint lending on records that every party can check alone."""
    ctx.obj = Tally(home, as_json)


pass_tally = click.make_pass_decorator(Tally)


def main(arguments: list[str] | None = None) -> None:
    """Run `tally`. Exit codes: 0 done, 1 refused, 2 wrong usage, 3 gateway away, 130 interrupted."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        tally.main(arguments, prog_name="tally", standalone_mode=False)
    except click.ClickException as usage:
        if "--json" in arguments:
            _complain(UsageWrong(usage.format_message()), as_json=True)
        else:
            usage.show()
        sys.exit(usage.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        sys.exit(EXIT_INTERRUPTED)
    except OSError as why:
        _complain(FileUnreadable.of(why), as_json="--json" in arguments)
        sys.exit(EXIT_REFUSED)
    except TallystickError as refused:
        _complain(refused, as_json="--json" in arguments)
        sys.exit(EXIT_AWAY if isinstance(refused, GatewayAway) else EXIT_REFUSED)


def _complain(refused: TallystickError, *, as_json: bool) -> None:
    problem = refused.problem if isinstance(refused, ApiProblem) else problem_of(refused)
    if as_json:
        click.echo(json.dumps(problem, ensure_ascii=False), err=True)
        return
    place = "".join(f" [{name} {problem[name]}]" for name in ("line", "field") if name in problem)
    click.echo(f"error: {problem['detail']}{place} ({problem['code']})", err=True)
    if advice := problem.get("advice"):
        click.echo(f"  → {advice}", err=True)
