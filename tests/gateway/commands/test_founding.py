"""`tally init`, `consortium assemble`, `join`: what is wrong is named before anything is made or deployed."""

import json
import shutil
from pathlib import Path

import pytest

from tallystick.consortium import Consortium, ContractEntry, HeaderItems, MemberCard
from tallystick.keys import ActKey, Address, Keystore
from tallystick_gateway.commands.home import make_home
from tallystick_gateway.kit.config import Config
from tests.gateway.commands.support import run

NO_NODE = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Four founders' homes. Nothing listens where they look for a node."""
    folder = tmp_path_factory.mktemp("founders")
    homes = []
    for name in ("A", "B", "C", "D"):
        member = {"legal_id": f"BANK-{name}", "name": f"Bank {name}", "roles": ["LENDER"]}
        settings = Config.parse({"member": member, "chain": {"nodes": [NO_NODE], "engine": "embedded"}})
        make_home(folder / name, settings, "a passphrase", "http://127.0.0.1:8440")
        homes.append(folder / name)
    return homes


def complaint(capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    problem = json.loads(capsys.readouterr().err)
    return problem["code"], problem["detail"]


@pytest.mark.parametrize(
    ("chosen", "says"),
    [((0, 1, 2), "3 cards"), ((0, 1, 2, 0), "of one member, Bank A"), ((0, 1, 2, None), "keystore.json: ")],
)
def test_cards_that_make_no_consortium_are_named_before_a_node_is_asked(
    homes: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], chosen: tuple[int | None, ...], says: str
) -> None:
    cards = [homes[0] / "keystore.json" if one is None else homes[one] / "card.json" for one in chosen]
    out = tmp_path / "consortium.json"
    assert run("--json", "consortium", "assemble", *cards, "--node", NO_NODE, "--out", out) == 1
    code, detail = complaint(capsys)
    assert code == "consortium.cards_refused"
    assert says in detail
    assert not out.exists()


def test_nothing_is_deployed_for_a_file_that_cannot_be_written(
    homes: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cards = [home / "card.json" for home in homes]
    out = tmp_path / "absent" / "consortium.json"
    assert run("--json", "consortium", "assemble", *cards, "--node", NO_NODE, "--out", out) == 1
    assert complaint(capsys)[0] == "file.unreadable"


def test_a_home_with_another_members_card_does_not_join(
    homes: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = _document(homes)
    file = tmp_path / "consortium.json"
    file.write_bytes(document.to_bytes())
    home = tmp_path / "home"
    shutil.copytree(homes[0], home)
    shutil.copy(homes[1] / "card.json", home / "card.json")
    assert run("--json", "--home", home, "join", file, "--expect", document.digest.hex()) == 1
    code, detail = complaint(capsys)
    assert code == "join.refused"
    assert "another member, Bank B" in detail
    assert not (home / "consortium.json").exists()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": "x"}'])
def test_a_file_that_is_no_consortium_or_key_is_named(
    homes: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    file = tmp_path / "given.json"
    file.write_text(content)
    assert run("--json", "--home", homes[0], "join", file, "--expect", "00" * 32) == 1
    code, detail = complaint(capsys)
    assert (code, detail.startswith(f"{file}: ")) == ("join.refused", True)
    assert run("--json", "--home", homes[0], "clients", "add", "erp", "--role", "monitor", "--key", file) == 1
    code, detail = complaint(capsys)
    assert code == ("client.refused" if content == '{"format": "x"}' else "file.malformed")
    assert (file.name in detail) == (code == "file.malformed")


def test_a_member_without_a_name_is_refused_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = tmp_path / "home"
    assert run("--json", "--home", home, "init", "--legal-id", "", "--name", "Bank", "--role", "LENDER") == 1
    assert complaint(capsys)[0] == "config.refused"
    assert not home.exists()


def test_a_validators_address_goes_into_the_card_and_no_key_into_the_keystore(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TALLY_PASSPHRASE", "a passphrase")
    address = ActKey.generate().address
    made = ["init", "--legal-id", "BANK-V", "--name", "Bank V", "--role", "LENDER", "--engine", "qbft"]
    assert run("--home", tmp_path / "v", *made, "--validator", f"0x{address.hex().upper()}") == 0
    card = MemberCard.parse((tmp_path / "v" / "card.json").read_bytes())
    assert card.keys.validator == address
    assert "validator" not in Keystore.read_public(tmp_path / "v" / "keystore.json")

    assert run("--home", tmp_path / "w", *made) == 0
    card = MemberCard.parse((tmp_path / "w" / "card.json").read_bytes())
    assert "validator" in Keystore.read_public(tmp_path / "w" / "keystore.json")
    assert card.keys.validator != address


@pytest.mark.parametrize("address", ["0x12", "validator.example", "0x" + "g" * 40, ""])
def test_a_validators_address_that_is_none_is_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], address: str
) -> None:
    made = ["init", "--legal-id", "BANK-V", "--name", "Bank V", "--role", "LENDER", "--validator", address]
    assert run("--json", "--home", tmp_path / "v", *made) == 2
    code, detail = complaint(capsys)
    assert (code, "is no address" in detail) == ("cli.usage", True)
    assert not (tmp_path / "v").exists()


def _document(homes: list[Path]) -> Consortium:
    names = ("Consortium", "AgreementBook", "LoanLedger", "RecordLog")
    contracts = tuple(
        ContractEntry(name, Address(bytes([index] * 20)), bytes(32), 1, b"")
        for index, name in enumerate(names, start=1)
    )
    return Consortium(
        chain_id=1 << 40,
        genesis_hash=bytes(32),
        engine="embedded",
        header_items=(HeaderItems(0, 15),),
        validator_epochs=(),
        contracts=contracts,
        members=tuple(MemberCard.parse((home / "card.json").read_bytes()) for home in homes),
    )
