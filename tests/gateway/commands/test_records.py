"""`tally records`: what a user reads about a file, and that the same file is read anew when it may go in."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tallystick.pseudonyms import loan_key
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.loans.models import LoanRow
from tests.gateway.commands.support import run
from tests.gateway.records.support import AGREEMENT, SECRET, ndjson, repayment, with_agreement
from tests.gateway.support import PASSPHRASE, ServedAt, make_home, open_test_gateway


@pytest.fixture
def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    """A gateway that works on uploads and that the command line finds by its home."""
    monkeypatch.setenv("TALLY_PASSPHRASE", PASSPHRASE)
    with open_test_gateway(make_home(tmp_path / "home")) as opened:
        with_agreement(opened)
        opened.config.address_path.write_text(opened.part(ServedAt).url)
        opened.worker.start()
        yield opened


def file_of(folder: Path, *rows: dict[str, object], name: str = "rows.ndjson") -> Path:
    path = folder / name
    path.write_bytes(ndjson(rows))
    return path


def test_a_file_that_was_refused_goes_in_once_its_loan_is_there(
    gateway: Gateway, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = file_of(tmp_path, repayment(1), repayment(2, loan_id="LATER"))
    home = gateway.config.home
    assert run("--home", home, "records", "submit", path) == 1
    said = capsys.readouterr()
    assert "2 rows read, 1 accepted, 0 repeated, 1 rejected" in said.out
    assert "  line 2: The agreement has no such loan (record.loan_unknown)" in said.out
    assert "1 of 2 rows were not taken" in said.err

    with gateway.database.write() as session:
        loan = loan_key(SECRET, "LATER")
        session.add(LoanRow(agreement=AGREEMENT, loan=loan, state="ACTIVE", loan_id="LATER"))
    assert run("--home", home, "records", "submit", path) == 0
    assert "1 accepted, 1 repeated, 0 rejected" in capsys.readouterr().out


def test_the_same_bytes_under_another_name_are_another_kind_of_file(
    gateway: Gateway, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = gateway.config.home
    assert run("--home", home, "records", "submit", file_of(tmp_path, repayment(1), name="rows.parquet")) == 1
    assert "upload.failed" in capsys.readouterr().err
    assert run("--home", home, "records", "submit", file_of(tmp_path, repayment(1))) == 0


def test_more_refused_rows_than_are_shown_are_counted(
    gateway: Gateway, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = file_of(tmp_path, *(repayment(number, currency="EUR") for number in range(23)))
    assert run("--home", gateway.config.home, "records", "submit", path) == 1
    assert "… and 3 more: GET /v1/uploads/" in capsys.readouterr().out


def test_logs_are_listed_in_words(gateway: Gateway, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = gateway.config.home
    assert run("--home", home, "records", "submit", file_of(tmp_path, repayment(1))) == 0
    capsys.readouterr()
    assert run("--home", home, "records", "logs") == 0
    assert f"{AGREEMENT.hex()}  1 records, " in capsys.readouterr().out


def test_a_file_without_openings_shows_nothing(
    gateway: Gateway, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "empty.ndjson"
    path.touch()
    assert run("--json", "--home", gateway.config.home, "records", "check", path) == 1
    assert json.loads(capsys.readouterr().err)["code"] == "check.empty"


def test_an_answer_that_cannot_be_written_is_refused_in_words(
    gateway: Gateway, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "absent" / "secret.json"
    home = gateway.config.home
    assert run("--json", "--home", home, "records", "open", "--sample", "1", "--out", out) == 1
    problem = json.loads(capsys.readouterr().err)
    assert problem["code"] == "file.unreadable"
    assert str(out) in problem["detail"]
