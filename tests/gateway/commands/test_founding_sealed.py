"""Founding on a sealed chain: its genesis set is the founders' validators, and each gateway speaks to its own."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tallystick.consortium import Consortium, MemberCard
from tallystick.keys import ActKey, Address
from tallystick_devnet.engines import QbftEngine
from tallystick_gateway.commands.home import make_home
from tallystick_gateway.kit.config import Config
from tests.gateway.commands.support import run

pytestmark = pytest.mark.chain
_NAMES = ("A", "B", "C", "D")


@pytest.fixture(scope="module")
def engine(quorum: Path) -> Iterator[QbftEngine]:
    with QbftEngine() as engine:
        yield engine


@pytest.fixture(scope="module")
def homes(engine: QbftEngine, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Four founders' homes, each with its own validator as its first node."""
    folder = tmp_path_factory.mktemp("founders")
    urls = [endpoint.url for endpoint in engine.endpoints]
    return [
        home_of(folder / name, name, urls[position:] + urls[:position], engine.address_of(position))
        for position, name in enumerate(_NAMES)
    ]


@pytest.fixture(scope="module")
def assembled(engine: QbftEngine, homes: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("assembled") / "consortium.json"
    assert run(*assembly(homes, engine), "--engine", "qbft", "--out", out) == 0
    return out


def home_of(folder: Path, name: str, nodes: list[str], validator: Address) -> Path:
    member = {"legal_id": f"BANK-{name}", "name": f"Bank {name}", "roles": ["LENDER"]}
    settings = Config.parse({"member": member, "chain": {"nodes": nodes, "engine": "qbft"}})
    make_home(folder, settings, "a passphrase", "http://127.0.0.1:8440", validator)
    return folder


def assembly(homes: list[Path], engine: QbftEngine) -> list[object]:
    cards = [home / "card.json" for home in homes]
    return ["--json", "consortium", "assemble", *cards, "--node", engine.endpoints[0].url, "--delay", "1"]


def complaint(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    problem: dict[str, str] = json.loads(capsys.readouterr().err)
    return problem


def joining(home: Path, file: Path) -> int:
    digest = Consortium.parse(file.read_bytes()).digest.hex()
    return run("--json", "--home", home, "join", file, "--expect", digest)


def test_the_file_has_the_validators_of_block_0_with_the_member_behind_each(
    assembled: Path, homes: list[Path], engine: QbftEngine
) -> None:
    document = Consortium.parse(assembled.read_bytes())
    cards = [MemberCard.parse((home / "card.json").read_bytes()) for home in homes]
    (epoch,) = document.validator_epochs
    assert (epoch.first, epoch.last) == (0, None)
    assert epoch.validators == {engine.address_of(position): card.member for position, card in enumerate(cards)}
    assert (document.engine, document.genesis_hash) == ("qbft", engine.genesis.hash)
    assert [(entry.from_height, entry.items) for entry in document.header_items] == [(0, 15)]


def test_every_founder_joins_with_its_own_validator(assembled: Path, homes: list[Path]) -> None:
    for home in homes:
        assert joining(home, assembled) == 0
        assert (home / "consortium.json").read_bytes() == assembled.read_bytes()


@pytest.mark.parametrize(("named", "found"), [("embedded", "qbft"), ("besu", "qbft")])
def test_another_engine_than_the_chains_is_refused_and_nothing_is_deployed(
    homes: list[Path], engine: QbftEngine, tmp_path: Path, capsys: pytest.CaptureFixture[str], named: str, found: str
) -> None:
    out = tmp_path / "consortium.json"
    assert run(*assembly(homes, engine), "--engine", named, "--out", out) == 1
    problem = complaint(capsys)
    assert (problem["code"], problem["values"]) == ("consortium.engine_differs", {"found": found})
    assert not out.exists()


def test_a_founder_whose_validator_is_not_in_block_0_is_named(
    homes: list[Path], engine: QbftEngine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = home_of(tmp_path / "D", "D", [engine.endpoints[3].url], ActKey.generate().address)
    assert run(*assembly([*homes[:3], other], engine), "--engine", "qbft", "--out", tmp_path / "c.json") == 1
    problem = complaint(capsys)
    assert problem["code"] == "genesis.validators_differ"
    assert "of Bank D" in problem["detail"]
    assert f"it has 0x{engine.address_of(3).hex()}, which no founder's card names" in problem["detail"]


def test_a_gateway_that_would_speak_to_anothers_validator_does_not_join(
    assembled: Path, homes: list[Path], engine: QbftEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    home = homes[0]
    config = Config.load(home)
    chain = config.settings.chain.model_copy(update={"validator": engine.endpoints[1].url})
    (home / "consortium.json").unlink(missing_ok=True)
    Config(home, config.settings.model_copy(update={"chain": chain})).write()
    try:
        assert joining(home, assembled) == 1
        problem = complaint(capsys)
        assert (problem["code"], problem["field"]) == ("validator.not_ours", "chain.validator")
        assert "Bank B's validator" in problem["detail"]
        assert not (home / "consortium.json").exists()
    finally:
        config.write()


def test_a_node_that_does_not_answer_is_named_before_anything_is_pinned(
    assembled: Path, tmp_path: Path, engine: QbftEngine, homes: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    config = Config.load(homes[1])
    chain = config.settings.chain.model_copy(update={"nodes": [engine.endpoints[1].url, "http://127.0.0.1:1"]})
    (homes[1] / "consortium.json").unlink(missing_ok=True)
    Config(homes[1], config.settings.model_copy(update={"chain": chain})).write()
    try:
        assert joining(homes[1], assembled) == 1
        assert complaint(capsys)["code"] == "node.unreachable"
        assert not (homes[1] / "consortium.json").exists()
    finally:
        config.write()
