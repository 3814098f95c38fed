"""A fifth institution is admitted, joins with an exported file and introduces its keys, all by commands."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tallystick.consortium import Role
from tallystick.keys import ActKey
from tallystick_gateway.kit.config import Config
from tests.gateway.deciding import Members
from tests.gateway.network import MEMBERS, Network, build, make_card, run_until
from tests.gateway.support import make_home

pytestmark = pytest.mark.chain
_THREE = ("BANK-A", "BANK-B", "DEPOSITORY")


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    network = build(tmp_path_factory.mktemp("network"))
    try:
        yield network
    finally:
        network.engine.stop()


@pytest.fixture(scope="module")
def members(network: Network) -> Iterator[Members]:
    with Members(network) as members:
        members.open(*MEMBERS)
        members.all_ratified()
        yield members


@pytest.fixture(scope="module")
def fifth(network: Network, members: Members, tmp_path_factory: pytest.TempPathFactory) -> Config:
    """The home of BANK-E, with its card; nobody knows it yet."""
    home = make_home(tmp_path_factory.mktemp("fifth") / "E", "BANK-E", chain={"nodes": [network.url], "poll_s": 0.2})
    make_card(home, Role.LENDER, ActKey.generate().address)
    members.homes["BANK-E"] = home
    return home


def test_an_execution_before_enough_have_approved_names_who_has(members: Members) -> None:
    proposal = members.propose("BANK-A", "SetThreshold", "threshold=4")
    problem = members.refused("BANK-A", "proposals", "execute", proposal)
    assert problem["code"] == "proposal.not_decided"
    assert problem["detail"] == "1 of 3 approvals: by BANK-A (test)."
    members.done("BANK-A", "proposals", "cancel", proposal)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("SetThreshold",), "SetThreshold needs threshold: a number of approvals, 0 for none."),
        (("SetThreshold", "threshold=1", "threshold=2"), "threshold is given twice."),
        (("SetThreshold", "limit=1"), "SetThreshold has the fields threshold."),
        (("Suspend", "member=NOBODY", "reason=X"), "'NOBODY' names no one member; there are BANK-A, BANK-B"),
        (("Suspend", "member=BANK-B", "reason=they are late"), "is no code word such as KEY_ROTATION."),
        (("SetRoles", "member=BANK-B", "roles=LENDER,CLERK"), "CLERK is no role"),
        (("AddValidator", "member=BANK-B", "key=0xabc"), "validator is no address"),
    ],
)
def test_a_field_that_is_not_in_order_is_refused_in_words(
    members: Members, arguments: tuple[str, ...], says: str
) -> None:
    assert says in members.refused("BANK-A", "proposals", "make", *arguments)["detail"]


def test_the_fifth_joins_with_an_export_and_introduces_its_keys(
    members: Members, network: Network, fifth: Config, tmp_path: Path
) -> None:
    older = members.propose("BANK-B", "SetDelay", "delay=60")
    members.decide("Admit", "--card", fifth.card_path, by=_THREE)
    run_until(lambda: members.shown("BANK-A", older)["state"] == "LAPSED" or None, "the older proposal lapsed")

    early = members.refused("BANK-A", "consortium", "export", "--out", tmp_path / "early.json")
    assert early["code"] == "consortium.card_missing"
    run_until(lambda: len(members.get("ARBITRATION", "/v1/members")["items"]) == 5 or None, "five members")
    document = members.exported("BANK-A", tmp_path / "a.json", fifth.card_path)
    assert members.exported("ARBITRATION", tmp_path / "d.json", fifth.card_path).to_bytes() == document.to_bytes()
    assert [card.legal_id for card in document.members] == [*MEMBERS, "BANK-E"]
    assert document.contracts == network.consortium.contracts

    members.done("BANK-E", "join", tmp_path / "a.json", "--expect", document.digest.hex())
    members.open("BANK-E")
    run_until(lambda: _keys_introduced(members), "its keys")
    run_until(lambda: all(row["done"] for row in members.done("BANK-E", "submissions", "list")) or None, "done")
    # Once: nothing was asked for twice.
    (submission,) = members.done("BANK-E", "submissions", "list")
    assert (submission["kind"], submission["total"], submission["state"]) == ("AddKey", 3, "included")
    assert members.get("BANK-E", "/v1/consortium")["missing"] == []

    # It takes part in decisions, and its export is everybody's.
    members.propose("BANK-E", "SetThreshold", "threshold=4")
    assert members.exported("BANK-E", tmp_path / "e.json").to_bytes() == document.to_bytes()


def test_a_founder_may_put_the_export_in_the_place_of_its_own_file(
    members: Members, fifth: Config, tmp_path: Path
) -> None:
    file = tmp_path / "later.json"
    digest = members.exported("BANK-B", file, fifth.card_path).digest.hex()
    members.close("BANK-B")
    members.done("BANK-B", "join", file, "--expect", digest)
    members.open("BANK-B")
    names = [row["name"] for row in members.done("BANK-B", "members")]
    assert names[-1] == "BANK-E (test)"


def test_an_earlier_file_does_not_take_the_place_of_a_later_one(
    members: Members, network: Network, tmp_path: Path
) -> None:
    file = tmp_path / "founding.json"
    file.write_bytes(network.consortium.to_bytes())
    problem = members.refused("BANK-B", "join", file, "--expect", network.consortium.digest.hex())
    assert problem["code"] == "join.refused"
    assert "contradicts the pinned one in members" in problem["detail"]


def test_another_card_than_the_one_decided_on_is_not_exported(
    members: Members, network: Network, fifth: Config, tmp_path: Path
) -> None:
    home = make_home(tmp_path / "again", "BANK-E", chain={"nodes": [network.url]})
    make_card(home, Role.LENDER, ActKey.generate().address)
    out = tmp_path / "x.json"
    problem = members.refused("BANK-A", "consortium", "export", "--card", home.card_path, "--out", out)
    assert (problem["code"], problem["values"]["differing"]) == ("consortium.card_not_of_member", ["recovery"])
    assert not out.exists()


def _keys_introduced(members: Members) -> bool | None:
    rows = members.done("BANK-E", "keys", "list")
    return {row["purpose"] for row in rows} == {"RECOVERY", "ACT", "EXCHANGE", "SEAL"} or None
