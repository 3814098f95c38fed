"""Roots of a sealed chain: epochs as its validators changed, and headers that hold by them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete

from tallystick.client import Node
from tallystick.qbft import HeaderRefused, check_header, header_from_rpc
from tallystick.roots import Roots, check_chain, check_continues
from tallystick_gateway.kit.scoping import owned_by, table_of
from tallystick_gateway.watch.models import BlockRow
from tests.gateway.deciding import Members
from tests.gateway.network import MEMBERS, Network, build_sealed, run_until

pytestmark = pytest.mark.chain
_THREE = ("BANK-A", "BANK-B", "DEPOSITORY")
_PATIENCE_S = 120.0


@pytest.fixture(scope="module")
def network(quorum: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    network = build_sealed(tmp_path_factory.mktemp("network"))
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
def before(members: Members, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first version, signed by three, before any validator changed."""
    file = tmp_path_factory.mktemp("before") / "roots.json"
    document = exported(members, "BANK-A", file)
    for name in _THREE:
        checked(members, name, document.as_of_height)
        members.done(name, "roots", "sign", file)
    return file


def exported(members: Members, name: str, out: Path, *options: object) -> Roots:
    members.done(name, "roots", "export", "--out", out, *options)
    return Roots.parse(out.read_bytes())


def checked(members: Members, name: str, height: int) -> int:
    """Returns when that gateway has checked the block: where it is then."""

    def look() -> int | None:
        found = int(members.get(name, "/v1/status")["facts"]["chain"]["checked"] or 0)
        return found if found >= height else None

    return run_until(look, f"{name} at {height}", _PATIENCE_S)


def forget(members: Members, name: str) -> None:
    """That gateway remembers no block any more but its last one: as it is with those of long ago."""
    blocks = table_of(BlockRow)
    with members.gateway(name).database.write() as session:
        last = session.execute(
            blocks.select().where(owned_by(session, blocks)).order_by(blocks.c.height.desc())
        ).first()
        assert last is not None
        session.execute(delete(blocks).where(owned_by(session, blocks), blocks.c.height < last.height))


def holds(network: Network, roots: Roots, height: int) -> bool:
    """Whether the header that a node gives holds by the roots."""
    epoch = roots.epoch_at(height)
    assert epoch is not None
    with Node(network.url) as node:
        header = header_from_rpc(node.block(height).header, roots.header_items_at(height))
    try:
        check_header(header, epoch.expected, number=height, genesis_hash=roots.genesis_hash)
    except HeaderRefused:
        return False
    return True


def test_a_change_of_validators_closes_an_epoch_alike_for_everybody_also_who_forgot_its_blocks(
    network: Network, members: Members, before: Path, tmp_path: Path
) -> None:
    network.engine.add_validator()
    newcomer = network.engine.address_of(4)
    members.decide("AddValidator", "member=BANK-B", f"key=0x{newcomer.hex()}", by=_THREE)

    def sealed_by_five() -> int | None:
        epochs = members.get("ARBITRATION", "/v1/validators")["epochs"]
        return int(epochs[-1]["first"]) if len(epochs) == 2 and len(epochs[-1]["validators"]) == 5 else None

    second = run_until(sealed_by_five, "five validators seal", _PATIENCE_S)
    for name in MEMBERS:
        checked(members, name, second + 3)
    forget(members, "BANK-B")

    height = second + 2
    files = [tmp_path / f"{name}.json" for name in MEMBERS]
    for name, file in zip(MEMBERS, files, strict=True):
        roots = exported(members, name, file, "--height", height, "--previous", before)
    assert len({file.read_bytes() for file in files}) == 1

    four, five = roots.validator_epochs
    assert (four.first, four.last, five.first, five.last) == (0, second - 1, second, None)
    assert set(five.validators) - set(four.validators) == {newcomer}
    assert four.stamp_by is not None
    assert four.stamp_by > roots.issued_at
    assert all(holds(network, roots, each) for each in range(height + 1))

    first = Roots.parse(before.read_bytes())
    check_continues(first, roots)
    for name in _THREE:
        members.done(name, "roots", "sign", files[0], "--previous", before)
    chain = check_chain([Roots.parse(files[0].read_bytes()), first], first.digest)
    assert (chain.newest.digest, chain.pinned) == (roots.digest, True)


def test_as_of_the_last_block_of_an_epoch_nobody_knows_yet_that_it_ends(
    members: Members, before: Path, tmp_path: Path
) -> None:
    second = int(members.get("BANK-A", "/v1/validators")["epochs"][-1]["first"])
    roots = exported(members, "BANK-A", tmp_path / "last.json", "--height", second - 1, "--previous", before)
    assert [(each.first, each.last) for each in roots.validator_epochs] == [(0, None)]
    after = exported(members, "BANK-A", tmp_path / "after.json", "--height", second, "--previous", before)
    check_continues(roots, after)
    assert [(each.first, each.last) for each in after.validator_epochs] == [(0, second - 1), (second, None)]
