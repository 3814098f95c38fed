"""A fifth institution is admitted, joins with an exported file and introduces its keys, all by commands."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tallystick.consortium import Consortium, MemberCard, Role
from tallystick.keys import ActKey
from tallystick_gateway.kit.config import Config
from tallystick_gateway.kit.gateway import Gateway
from tests.gateway.commands.support import run
from tests.gateway.network import MEMBERS, Network, build, make_card, run_until
from tests.gateway.support import PASSPHRASE, ServedAt, client_for, make_home, open_test_gateway

pytestmark = pytest.mark.chain
_OTHERS = ("BANK-B", "DEPOSITORY")
Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    network = build(tmp_path_factory.mktemp("network"))
    try:
        yield network
    finally:
        network.engine.stop()


@pytest.fixture(scope="module")
def gateways(network: Network) -> Iterator[dict[str, Gateway]]:
    """The founders' gateways, running, found by the command line through their homes."""
    with ExitStack() as stack:
        stack.enter_context(pytest.MonkeyPatch.context()).setenv("TALLY_PASSPHRASE", PASSPHRASE)
        gateways = {name: stack.enter_context(network.gateway(name)) for name in MEMBERS}
        for gateway in gateways.values():
            announce(gateway)
            with client_for(gateway) as api:
                run_until(lambda api=api: api.get("/v1/consortium").json()["active"] or None, "active")  # type: ignore[misc]  # bound now
        yield gateways


@pytest.fixture(scope="module")
def fifth(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Config:
    """The home of BANK-E, with its card; nobody knows it yet."""
    folder = tmp_path_factory.mktemp("fifth")
    home = make_home(folder / "BANK-E", "BANK-E", chain={"nodes": [network.url], "poll_s": 0.2})
    make_card(home, Role.LENDER, ActKey.generate().address)
    return home


def announce(gateway: Gateway) -> None:
    gateway.config.address_path.write_text(gateway.part(ServedAt).url)


def tally(network: Network, member: str, *arguments: object) -> int:
    return run("--json", "--home", network.homes[member].home, *arguments)


def decide(network: Network, capsys: Capture, change: str, *fields: object) -> None:
    """BANK-A proposes, two others approve, BANK-A executes."""
    capsys.readouterr()
    assert tally(network, "BANK-A", "proposals", "make", change, *fields) == 0
    proposal = json.loads(capsys.readouterr().out)["act_ids"][0]
    for member in _OTHERS:
        run_until(lambda m=member: tally(network, m, "proposals", "show", proposal) == 0 or None, "seen")  # type: ignore[misc]  # bound now
        assert tally(network, member, "proposals", "approve", proposal[:16]) == 0
    run_until(lambda: shown(network, proposal, capsys)["counting"] == 3 or None, "approvals")
    assert tally(network, "BANK-A", "proposals", "execute", proposal) == 0


def shown(network: Network, proposal: str, capsys: Capture) -> dict[str, Any]:
    capsys.readouterr()
    assert tally(network, "BANK-A", "proposals", "show", proposal) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def exported(network: Network, member: str, out: Path, *cards: Path) -> Consortium:
    options = [part for card in cards for part in ("--card", card)]
    assert tally(network, member, "consortium", "export", *options, "--out", out) == 0
    return Consortium.parse(out.read_bytes())


def test_an_execution_before_enough_have_approved_names_who_has(
    network: Network, gateways: dict[str, Gateway], capsys: Capture
) -> None:
    assert tally(network, "BANK-A", "proposals", "make", "SetThreshold", "threshold=4") == 0
    proposal = json.loads(capsys.readouterr().out)["act_ids"][0]
    assert tally(network, "BANK-A", "proposals", "execute", proposal) == 1
    problem = json.loads(capsys.readouterr().err)
    assert problem["code"] == "proposal.not_decided"
    assert problem["detail"] == "1 of 3 approvals: by BANK-A (test)."
    assert tally(network, "BANK-A", "proposals", "cancel", proposal) == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("SetThreshold",), "SetThreshold needs threshold: a number of approvals, 0 for none."),
        (("SetThreshold", "threshold=1", "threshold=2"), "threshold is given twice."),
        (("SetThreshold", "limit=1"), "SetThreshold has the fields threshold."),
        (("Suspend", "member=NOBODY", "reason=X"), "'NOBODY' names no one member; there are BANK-A, BANK-B"),
        (("Suspend", "member=BANK-B", "reason=they are late"), "is no code word such as KEY_ROTATION."),
        (("SetRoles", "member=BANK-B", "roles=LENDER,CLERK"), "CLERK is no role"),
        (("AddValidator", "member=BANK-B", "validator=0xabc"), "validator is no address"),
    ],
)
def test_a_field_that_is_not_in_order_is_refused_in_words(
    network: Network, gateways: dict[str, Gateway], capsys: Capture, arguments: tuple[str, ...], says: str
) -> None:
    capsys.readouterr()
    assert tally(network, "BANK-A", "proposals", "make", *arguments) == 1
    assert says in json.loads(capsys.readouterr().err)["detail"]


def test_the_fifth_joins_with_an_export_and_introduces_its_keys(
    network: Network, gateways: dict[str, Gateway], fifth: Config, tmp_path: Path, capsys: Capture
) -> None:
    lapsing = tally(network, "BANK-B", "proposals", "make", "SetDelay", "delay=60")
    assert lapsing == 0
    lapsed = json.loads(capsys.readouterr().out)["act_ids"][0]
    decide(network, capsys, "Admit", "--card", fifth.card_path)
    run_until(lambda: shown(network, lapsed, capsys)["state"] == "LAPSED" or None, "the older proposal lapsed")

    member = fifth.member_id.hex()
    assert tally(network, "BANK-A", "consortium", "export", "--out", tmp_path / "early.json") == 1
    assert json.loads(capsys.readouterr().err)["code"] == "consortium.card_missing"
    documents = {
        name: exported(network, name, tmp_path / f"{name}.json", fifth.card_path) for name in ("BANK-A", "ARBITRATION")
    }
    assert len({document.to_bytes() for document in documents.values()}) == 1
    document = documents["BANK-A"]
    assert [card.legal_id for card in document.members] == [*MEMBERS, "BANK-E"]
    assert document.contracts == network.consortium.contracts

    file = tmp_path / "BANK-A.json"
    assert run("--json", "--home", fifth.home, "join", file, "--expect", document.digest.hex()) == 0
    with open_test_gateway(fifth) as gateway, client_for(gateway) as api:
        gateway.worker.start()
        announce(gateway)
        run_until(lambda: _purposes(api, member) == {"RECOVERY", "ACT", "EXCHANGE", "SEAL"} or None, "keys")
        run_until(lambda: _idle(api), "all of it done")
        # Once: nothing was asked for twice.
        (submission,) = api.get("/v1/submissions").json()["items"]
        assert (submission["kind"], submission["total"], submission["state"]) == ("AddKey", 3, "included")
        assert api.get("/v1/consortium").json()["missing"] == []

        # It takes part in decisions, and its export is everybody's.
        capsys.readouterr()
        assert run("--json", "--home", fifth.home, "proposals", "make", "SetThreshold", "threshold=4") == 0
        out = tmp_path / "fifth.json"
        assert run("--home", fifth.home, "consortium", "export", "--out", out) == 0
        assert out.read_bytes() == file.read_bytes()

    # A founder may put the export in the place of its own file, to know the new member by name.
    assert tally(network, "BANK-B", "join", file, "--expect", document.digest.hex()) == 0
    assert network.homes["BANK-B"].consortium_path.read_bytes() == file.read_bytes()


def test_another_card_of_the_fifth_is_not_taken_into_an_export(
    network: Network, gateways: dict[str, Gateway], fifth: Config, tmp_path: Path, capsys: Capture
) -> None:
    home = make_home(tmp_path / "again", "BANK-E", chain={"nodes": [network.url]})
    make_card(home, Role.LENDER, ActKey.generate().address)
    capsys.readouterr()
    assert tally(network, "BANK-A", "consortium", "export", "--card", home.card_path, "--out", tmp_path / "x.json") == 1
    problem = json.loads(capsys.readouterr().err)
    assert (problem["code"], problem["values"]["differing"]) == ("consortium.card_not_of_member", ["recovery"])
    founder = MemberCard.parse(network.homes["BANK-A"].card_path.read_bytes())
    assert founder in network.consortium.members
    assert not (tmp_path / "x.json").exists()


def test_a_file_of_another_consortium_does_not_take_the_pinned_ones_place(
    network: Network, gateways: dict[str, Gateway], fifth: Config, tmp_path: Path, capsys: Capture
) -> None:
    """An earlier file neither: it knows less than what was joined with."""
    file = tmp_path / "founding.json"
    file.write_bytes(network.consortium.to_bytes())
    capsys.readouterr()
    assert tally(network, "BANK-B", "join", file, "--expect", network.consortium.digest.hex()) == 1
    problem = json.loads(capsys.readouterr().err)
    assert problem["code"] == "join.refused"
    assert "contradicts the pinned one in members" in problem["detail"]


def _purposes(api: httpx.Client, member: str) -> set[str]:
    return {key["purpose"] for key in api.get("/v1/keys", params={"member": member}).json()["items"]}


def _idle(api: httpx.Client) -> bool | None:
    rows = api.get("/v1/submissions").json()["items"]
    return all(row["done"] for row in rows) or None
