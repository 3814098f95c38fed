"""`tally exchange`: what an operator sees of messages, and says about partners."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.gateway.chain_told import BANK_B
from tests.gateway.commands.support import run
from tests.gateway.exchange.sides import Side, active_agreement, two_sides
from tests.gateway.support import PASSPHRASE


def test_an_operator_sees_messages_and_corrects_an_endpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TALLY_PASSPHRASE", PASSPHRASE)

    def tally(side: Side, *arguments: str, as_json: bool = False) -> str:
        side.gateway.config.address_path.write_text(side.url)
        options = ["--json"] if as_json else []
        assert run(*options, "--home", side.gateway.config.home, "exchange", *arguments) == 0
        return capsys.readouterr().out

    with two_sides(tmp_path) as (a, b):
        agreement = active_agreement(a, b)
        tally(a, "endpoint", "BANK-B", "http://127.0.0.1:9")
        a.hands_over()
        assert "127.0.0.1:9 (set here), 1 waiting" in tally(a, "partners")
        assert json.loads(tally(a, "outbox", as_json=True))[0]["state"] == "WAITING"
        tally(a, "endpoint", BANK_B.hex(), b.url)
        a.delivers()
        assert f"DELIVERED agreement-secret {agreement[:20]}" in tally(a, "outbox", "--state", "DELIVERED")
        assert f"TAKEN    agreement-secret {agreement[:20]}" in tally(b, "inbox")


def test_a_document_goes_from_file_to_file_by_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TALLY_PASSPHRASE", PASSPHRASE)
    contract = tmp_path / "contract.pdf"
    contract.write_bytes(b"%PDF-1.7 of a kind")

    def tally(side: Side, *arguments: object) -> dict[str, str]:
        side.gateway.config.address_path.write_text(side.url)
        capsys.readouterr()  # what gateways logged before
        assert run("--json", "--home", side.gateway.config.home, "documents", *arguments) == 0
        found: dict[str, str] = json.loads(capsys.readouterr().out)
        return found

    with two_sides(tmp_path / "homes") as (a, b):
        made = tally(a, "seal", contract, "--reader", "BANK-B", "--retain-until", "2030-01-01")
        a.delivers()
        opened = tally(b, "open", made["document"], "--out", tmp_path / "opened.pdf")
        assert (opened["name"], opened["media_type"]) == ("contract.pdf", "application/pdf")
        assert (tmp_path / "opened.pdf").read_bytes() == contract.read_bytes()
        assert [each["document"] for each in tally(b, "list")] == [made["document"]]  # type: ignore[index]  # a list
