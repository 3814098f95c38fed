"""`tally`: one line of error, what to do, an exit code that scripts can use."""

import json
from pathlib import Path

import click
import pytest

from tallystick_gateway.kit import cli
from tallystick_gateway.kit.api_client import GatewayAway
from tallystick_gateway.kit.errors import GatewayError
from tests.gateway.support import make_home


class Refused(GatewayError):
    """The thing is refused"""

    code = "test.refused"
    advice = "Do otherwise."


@click.command()
@click.argument("what")
@cli.pass_tally
def probe(tally: cli.Tally, what: str) -> None:
    if what == "refuse":
        raise Refused("It cannot be.", field="amount", line=7)
    if what == "away":
        raise GatewayAway("No gateway runs.")
    if what == "interrupt":
        raise KeyboardInterrupt
    tally.say("said")
    tally.emit({"emitted": True})


@pytest.fixture(autouse=True)
def _with_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cli.tally.commands, "probe", probe)


def run(*arguments: str) -> int:
    try:
        cli.main(list(arguments))
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    return 0


def test_an_error_is_one_line_and_advice(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("probe", "refuse") == 1
    error = capsys.readouterr().err
    assert error == "error: It cannot be. [line 7] [field amount] (test.refused)\n  → Do otherwise.\n"


def test_json_errors_are_problem_details(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--json", "probe", "refuse") == 1
    problem = json.loads(capsys.readouterr().err)
    assert (problem["code"], problem["line"], problem["advice"]) == ("test.refused", 7, "Do otherwise.")


@pytest.mark.parametrize(("what", "code"), [("away", 3), ("interrupt", 130), ("fine", 0)])
def test_exit_codes(what: str, code: int) -> None:
    assert run("probe", what) == code


def test_wrong_usage_is_2() -> None:
    assert run("no-such-command") == 2
    assert run("probe") == 2


def test_wrong_usage_and_unreadable_files_are_told_to_programs_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--json", "no-such-command") == 2
    assert json.loads(capsys.readouterr().err)["code"] == "cli.usage"
    (tmp_path / "file").touch()
    assert run("--json", "--home", str(tmp_path / "file" / "home"), "status") == 1
    problem = json.loads(capsys.readouterr().err)
    assert (problem["code"], "Not a directory" in problem["detail"]) == ("file.unreadable", True)


def test_people_and_programs_get_their_own_output(capsys: pytest.CaptureFixture[str]) -> None:
    run("probe", "x")
    assert capsys.readouterr().out == "said\n"
    run("--json", "probe", "x")
    assert json.loads(capsys.readouterr().out) == {"emitted": True}


def test_what_to_run_next_names_the_home_unless_it_goes_without_saying(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TALLY_HOME", raising=False)
    named, default = cli.Tally(Path("my bank"), as_json=False), cli.Tally(cli.DEFAULT_HOME, as_json=False)
    assert named.line("serve") == "tally --home 'my bank' serve"
    assert default.line("serve") == "tally serve"
    monkeypatch.setenv("TALLY_HOME", "my bank")
    assert named.line("serve") == "tally serve"
    assert default.line("serve") == "tally --home tally-home serve"


def test_the_passphrase_comes_from_a_file_or_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tally = cli.Tally(make_home(tmp_path / "home").home, as_json=False)
    monkeypatch.delenv("TALLY_PASSPHRASE", raising=False)
    (tmp_path / "pass").write_text("from file\n")
    monkeypatch.setenv("TALLY_PASSPHRASE_FILE", str(tmp_path / "pass"))
    assert tally.passphrase() == "from file"
    monkeypatch.setenv("TALLY_PASSPHRASE", "from environment")
    assert tally.passphrase() == "from environment"
    monkeypatch.delenv("TALLY_PASSPHRASE")
    monkeypatch.setenv("TALLY_PASSPHRASE_FILE", str(tmp_path / "absent"))
    with pytest.raises(cli.PassphraseMissing):
        tally.passphrase()
