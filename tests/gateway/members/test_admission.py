"""A fifth institution is admitted, joins with an exported file and introduces its keys, all by commands."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tallystick.client.artifacts import load
from tallystick.client.transactions import created_address, sign_transaction
from tallystick.consortium import Role
from tallystick.keccak import keccak256
from tallystick.keys import ActKey
from tallystick_gateway.kit.config import Config
from tests.gateway.deciding import Members
from tests.gateway.network import MEMBERS, Network, build, make_card, run_until
from tests.gateway.support import make_home

pytestmark = pytest.mark.chain
_FOUR = ("BANK-A", "BANK-B", "DEPOSITORY", "ARBITRATION")
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


def test_keys_of_ones_own_are_added_and_revoked_by_command(members: Members) -> None:
    key = "5e" * 32
    members.done("BANK-B", "keys", "add", "SEAL", key, "--until", "2040-01-01", "--recovery")
    (added,) = run_until(lambda: _seal_keys(members, key), "the key")
    assert (added["state"], added["not_after"]) == ("VALID", "2040-01-01T00:00:00Z")
    members.done("BANK-B", "keys", "report-compromise", key, "--since", added["not_before"], "--reason", "LAPTOP_LOST")
    run_until(lambda: _seal_keys(members, key, "COMPROMISED"), "the compromise")
    members.done("BANK-B", "keys", "revoke", key, "--reason", "KEY_ROTATION")
    run_until(lambda: _seal_keys(members, key, "REVOKED"), "the revocation")
    problem = members.refused("BANK-B", "keys", "add", "SEAL", "0xzz")
    assert problem["detail"] == "'0xzz' is no key: an address, or 64 hexadecimal digits."


def test_what_is_decided_is_shown_in_words(members: Members) -> None:
    proposal = members.propose("DEPOSITORY", "SetRoles", "member=BANK-B", "roles=LENDER,REGULATOR")
    said = members.words("DEPOSITORY", "proposals", "show", proposal[:12])
    assert "SetRoles: A member's roles become these." in said
    assert "  member       BANK-B (test)" in said
    assert "  roles        LENDER+REGULATOR" in said
    assert "approved by  DEPOSITORY (test); not yet by BANK-A (test), BANK-B (test), ARBITRATION (test), " in said
    assert f"{proposal[:16]}  SetRoles" in members.words("DEPOSITORY", "proposals", "list", "--open")
    assert "OPEN, 1 of 4 approvals" in said
    members.done("DEPOSITORY", "proposals", "cancel", proposal)
    assert "CANCELLED" in members.words("DEPOSITORY", "proposals", "show", proposal)
    assert "ACTIVE    LENDER               BANK-B (test)" in members.words("DEPOSITORY", "members")
    assert "Nobody seals blocks on this chain" in members.words("DEPOSITORY", "validators")
    unknown = members.refused("DEPOSITORY", "proposals", "approve", "abcdef")
    assert "names 0 proposals" in unknown["detail"]


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


def test_a_contract_that_took_anothers_place_is_exported_with_arguments_that_make_its_code(
    members: Members, network: Network, fifth: Config, tmp_path: Path
) -> None:
    consortium, book = (network.consortium.contract(name).address for name in ("Consortium", "AgreementBook"))
    artifact = load("AgreementBook")
    arguments = artifact.encode_constructor(f"0x{consortium.hex()}", f"0x{book.hex()}")
    at = _deployed(network, artifact.creation_code + arguments)
    code_hash = keccak256(artifact.deployed_code(arguments))
    members.decide("SetContract", "name=AgreementBook", f"at=0x{at.hex()}", f"codeHash=0x{code_hash.hex()}", by=_FOUR)

    def replaced(name: str) -> bool | None:
        rows = members.get(name, "/v1/directory")["items"]
        return any(row["address"] == f"0x{at.hex()}" for row in rows) or None

    exports = []
    for name in ("BANK-A", "ARBITRATION"):
        run_until(lambda name=name: replaced(name), f"{name} sees the new contract")
        exports.append(members.exported(name, tmp_path / f"{name}.json", fifth.card_path))
    assert exports[0].to_bytes() == exports[1].to_bytes()
    entry = exports[0].contract("AgreementBook")
    assert (entry.address, entry.code_hash, entry.constructor_arguments) == (at, code_hash, arguments)
    # Whoever joins with it rebuilds the code from the artifact, and finds it on the chain.
    members.close("BANK-E")
    members.done("BANK-E", "join", tmp_path / "BANK-A.json", "--expect", exports[0].digest.hex())


def _deployed(network: Network, creation: bytes) -> bytes:
    """The address at which a stranger's transaction made a contract."""
    sender = ActKey.generate()
    with network.node() as node:
        signed = sign_transaction(
            sender, chain_id=network.consortium.chain_id, nonce=0, gas=10_000_000, to=None, data=creation
        )
        node.send_raw(signed.raw)
        receipt = run_until(lambda: node.receipt(signed.hash), "the contract")
    assert receipt["status"] == "0x1"
    return created_address(sender.address, 0)


def _seal_keys(members: Members, key: str, state: str = "VALID") -> list[dict[str, str]] | None:
    rows = members.done("BANK-B", "keys", "list", "--purpose", "seal")
    return [row for row in rows if (row["key"], row["state"]) == (key, state)] or None


def _keys_introduced(members: Members) -> bool | None:
    rows = members.done("BANK-E", "keys", "list")
    return {row["purpose"] for row in rows} == {"RECOVERY", "ACT", "EXCHANGE", "SEAL"} or None
