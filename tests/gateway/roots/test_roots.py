"""Members export, sign and chain roots by their commands; the engine is real, and has no seals."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import delete

from tallystick.keys import Ed25519Key
from tallystick.roots import Roots, check_chain
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.scoping import owned_by, table_of
from tallystick_gateway.roots.repository import signed_after
from tallystick_gateway.watch import repository as chain
from tallystick_gateway.watch.models import BlockRow
from tests.chain.timestamps.mint import three_levels
from tests.gateway.deciding import Members
from tests.gateway.network import MEMBERS, Network, build, run_until
from tests.gateway.proxy import lying_node

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


def exported(members: Members, name: str, out: Path, *options: object) -> Roots:
    members.done(name, "roots", "export", "--out", out, *options)
    return Roots.parse(out.read_bytes())


def checked_height(members: Members, name: str) -> int:
    return int(members.get(name, "/v1/status")["facts"]["chain"]["checked"] or 0)


def follows(members: Members, height: int, *names: str) -> None:
    for name in names or MEMBERS:
        run_until(lambda name=name: checked_height(members, name) >= height or None, f"{name} at {height}")  # type: ignore[misc]  # bound now


def first_version(members: Members, folder: Path) -> Path:
    """Signed by three members, one after the other on one file."""
    file = folder / "roots.json"
    document = exported(members, "BANK-A", file)
    follows(members, document.as_of_height)
    for name in _THREE:
        members.done(name, "roots", "sign", file, "--abandon", _signed_before(members, name, None) or "00" * 32)
    return file


def _signed_before(members: Members, name: str, previous: bytes | None) -> str | None:
    with members.gateway(name).database.read() as session:
        row = signed_after(session, previous)
    return row.digest.hex() if row else None


def test_every_gateway_exports_the_same_bytes_at_one_height(members: Members, tmp_path: Path) -> None:
    for purpose, name in (("EXCHANGE", "BANK-A"), ("SEAL", "BANK-B")):
        fresh = Ed25519Key.generate().public.hex()
        members.done(name, "keys", "add", purpose, fresh)
        members.done(name, "keys", "revoke", fresh, "--reason", "ROTATION")
        since = (datetime.now(UTC) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        members.done(name, "keys", "report-compromise", fresh, "--since", since, "--reason", "LOST")
    height = checked_height(members, "BANK-B")
    follows(members, height)
    files = {name: tmp_path / f"{name}.json" for name in MEMBERS}
    documents = [exported(members, name, file, "--height", height) for name, file in files.items()]
    assert len({file.read_bytes() for file in files.values()}) == 1

    roots = documents[0]
    bank = next(member for member in roots.members.values() if member.legal_id == "BANK-A")
    key = next(key for key in bank.keys if key.compromises)
    assert (key.purpose, key.revoked is not None) == ("EXCHANGE", True)
    assert key.compromise_reported_at is not None
    assert key.compromised_since is not None
    assert key.compromised_since < key.compromise_reported_at <= roots.issued_at.timestamp()

    earlier = exported(members, "BANK-A", tmp_path / "earlier.json", "--height", key.added_height)
    then = earlier.key(key.key)
    assert then is not None
    assert (then.revoked, then.compromises) == (None, ())


def test_three_of_four_sign_one_file_and_a_verifier_takes_it(members: Members, tmp_path: Path) -> None:
    file = first_version(members, tmp_path)
    signed = Roots.parse(file.read_bytes())
    assert len(signed.signatures) == 3
    answer = members.done("BANK-A", "roots", "check", file, "--digest", signed.digest.hex())
    assert (answer["pinned"], answer["digest"]) == (True, signed.digest.hex())
    assert not members.done("BANK-A", "roots", "check", file)["pinned"]
    assert members.refused("BANK-A", "roots", "check", file, "--digest", "ab" * 32)["code"] == "roots.digest_differs"
    shown = members.done("BANK-A", "roots", "show", file)
    assert (shown["digest"], len(shown["signed_by"])) == (signed.digest.hex(), 3)


def test_signatures_collected_on_copies_are_merged(members: Members, tmp_path: Path) -> None:
    first = first_version(members, tmp_path)
    unsigned = tmp_path / "next.json"
    document = exported(members, "BANK-A", unsigned, "--previous", first)
    follows(members, document.as_of_height)
    copies = []
    for name in _THREE:
        copies.append(tmp_path / f"by-{name}.json")
        members.done(name, "roots", "sign", unsigned, "--previous", first, "--out", copies[-1])
    two = tmp_path / "two.json"
    members.done("BANK-A", "roots", "merge", *copies[:2], "--out", two)
    assert members.refused("BANK-A", "roots", "check", first, two)["code"] == "roots.signatures_few"
    merged = tmp_path / "merged.json"
    members.done("BANK-A", "roots", "merge", *copies, "--out", merged)
    chain = check_chain([Roots.parse(merged.read_bytes()), Roots.parse(first.read_bytes())])
    assert chain.newest.digest == document.digest
    assert members.refused("BANK-A", "roots", "merge", merged, first, "--out", two)["code"] == "roots.not_chained"


def test_a_gateway_signs_only_what_it_finds_itself(members: Members, tmp_path: Path) -> None:
    file = tmp_path / "roots.json"
    document = exported(members, "BANK-A", file)
    follows(members, document.as_of_height)
    changes: list[tuple[Callable[[Any], object], str]] = [
        (lambda body: body["members"][0].update(name="Somebody else"), "body.members[0].name"),
        (lambda body: body["members"][1]["keys"].pop(), "the number of body.members[1].keys"),
        (lambda body: body.update(genesis_hash="ab" * 32), "body.genesis_hash"),
    ]
    for change, place in changes:
        value = json.loads(file.read_bytes())
        change(value["body"])
        altered = tmp_path / "altered.json"
        altered.write_text(json.dumps(value))
        problem = members.refused("ARBITRATION", "roots", "sign", altered)
        assert (problem["code"], problem["field"]) == ("roots.differ", place)
    problem = members.refused("ARBITRATION", "roots", "sign", file, "--previous", file)
    assert problem["code"] == "roots.previous_refused"
    (tmp_path / "junk.json").write_text("{}")
    assert members.refused("ARBITRATION", "roots", "sign", tmp_path / "junk.json")["code"] == "roots.malformed"


def test_a_member_signs_one_version_after_another_and_no_second_unless_the_first_is_abandoned(
    members: Members, tmp_path: Path
) -> None:
    first = first_version(members, tmp_path)
    one, other = tmp_path / "one.json", tmp_path / "other.json"
    exported(members, "BANK-A", one, "--previous", first)
    members.done("BANK-A", "roots", "sign", one, "--previous", first)
    members.done("BANK-A", "keys", "add", "SEAL", Ed25519Key.generate().public.hex())
    exported(members, "BANK-A", other, "--previous", first)
    problem = members.refused("BANK-A", "roots", "sign", other, "--previous", first)
    assert problem["code"] == "roots.signed_other"
    digest = Roots.parse(one.read_bytes()).digest.hex()
    assert problem["values"]["signed"] == digest
    members.done("BANK-A", "roots", "sign", other, "--previous", first, "--abandon", digest)
    again = members.done("BANK-A", "roots", "sign", other, "--previous", first)
    assert len(again["signed_by"]) == 1


def test_roots_carry_the_authorities_that_all_signers_agree_on(members: Members, tmp_path: Path) -> None:
    identity = three_levels()
    certificates = []
    for place, certificate in enumerate(identity.chain):
        certificates.append(tmp_path / f"{place}.der")
        certificates[-1].write_bytes(certificate)
    options = [part for path in certificates for part in ("--certificate", path)]
    members.done("BANK-A", "roots", "authorities", "add", "Test authority", *options, "--development")
    listed = members.done("BANK-A", "roots", "authorities", "list")
    assert [(each["name"], each["development"], len(each["issuers"])) for each in listed] == [
        ("Test authority", True, len(certificates) - 1)
    ]
    assert members.refused("BANK-A", "roots", "authorities", "add", "Again", *options)["code"] == (
        "roots.authorities_refused"
    )
    file = tmp_path / "roots.json"
    document = exported(members, "BANK-A", file)
    assert document.authorities[0].authority.chain[0].public_bytes(Encoding.DER) == identity.chain[0]
    follows(members, document.as_of_height)
    problem = members.refused("ARBITRATION", "roots", "sign", file)
    assert (problem["code"], problem["field"]) == ("roots.differ", "the number of body.authorities")
    shared = members.homes["BANK-A"].home / "authorities.json"
    (members.homes["ARBITRATION"].home / "authorities.json").write_bytes(shared.read_bytes())
    members.done("ARBITRATION", "roots", "sign", file)
    shared.write_text('{"format":"tallystick-authorities/1","authorities":[{}]}')
    assert members.refused("BANK-A", "roots", "export", "--out", tmp_path / "x")["code"] == "roots.authorities_refused"
    for name in ("BANK-A", "ARBITRATION"):
        (members.homes[name].home / "authorities.json").unlink()


def test_heights_that_are_not_checked_or_not_remembered_are_refused(members: Members, tmp_path: Path) -> None:
    beyond = members.refused("BANK-A", "roots", "export", "--height", 10**6, "--out", tmp_path / "x")
    assert beyond["code"] == "roots.height_not_checked"
    early = members.refused("BANK-A", "roots", "export", "--height", 1, "--out", tmp_path / "x")
    assert early["code"] == "roots.nothing_to_export"
    height = checked_height(members, "BANK-B") - 1
    with members.gateway("BANK-B").database.write() as session:
        _forget(session, height)
    gone = members.refused("BANK-B", "roots", "export", "--height", height, "--out", tmp_path / "x")
    assert gone["code"] == "roots.height_forgotten"


def _forget(session: Session, height: int) -> None:
    blocks = table_of(BlockRow)
    session.execute(delete(blocks).where(owned_by(session, blocks), blocks.c.height == height))
    assert chain.block_at(session, height) is None


def test_code_that_this_release_does_not_make_stops_an_export(
    members: Members, network: Network, tmp_path: Path
) -> None:
    with lying_node(network.url) as liar:
        members.homes["LIED-TO"] = network.home("BANK-B", tmp_path / "home", liar.url)
        members.open("LIED-TO")
        try:
            follows(members, checked_height(members, "BANK-A"), "LIED-TO")
            members.done("LIED-TO", "roots", "export", "--out", tmp_path / "roots.json")
            liar.lie = lambda method, _params, result: result + "00" if method == "eth_getCode" else result
            problem = members.refused("LIED-TO", "roots", "export", "--out", tmp_path / "x")
        finally:
            members.close("LIED-TO")
    assert (problem["code"], problem["values"]["contract"]) == ("roots.code_unknown", "AgreementBook")
