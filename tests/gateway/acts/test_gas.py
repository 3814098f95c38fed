"""Gas is declared tightly for what is sent in bulk: enough, and not half as much again as what is used."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tallystick_gateway.acts import Draft, State, carrier_repository
from tallystick_gateway.kit.scoping import owned_by
from tallystick_gateway.watch.nodes import NodePool
from tests.gateway.acts.stage import Crew, Stage, crew, name, staged
from tests.gateway.network import put

pytestmark = pytest.mark.chain
MOST = 1.4
"""What is declared covers the dearest case; refunds, as for the last loan of an agreement, lower what is used."""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage")) as stage:
        yield stage


def declared_over_used(bank: Crew, drafts: Sequence[Draft]) -> float:
    """How much gas was declared for these acts, as a share of what their transaction used."""
    accepted = put(bank.gateway, *drafts)
    assert bank.settle(accepted.submission_id).state == State.INCLUDED
    carriers = carrier_repository.carriers
    with bank.gateway.database.read() as session:
        newest = carriers.select().where(owned_by(session, carriers)).order_by(carriers.c.id.desc())
        row = session.execute(newest).first()
    assert row is not None
    with bank.gateway.part(NodePool).admitted() as node:
        receipt = node.receipt(row.hash)
    assert receipt is not None
    return float(row.gas / int(str(receipt["gasUsed"]), 16))


@pytest.mark.parametrize("size", [1, 10, 100])
def test_what_is_sent_in_bulk_declares_what_it_needs(stage: Stage, tmp_path: Path, size: int) -> None:
    with crew(stage.network.home("BANK-A", tmp_path / "home")) as bank:
        bank.ready()
        loans = [stage.disburse(name("GAS"), 1_000 + row) for row in range(size)]
        snapshots = [
            Draft(
                "Snapshot",
                {"agreement": stage.agreement, "loan": loan.values["loan"]},
                f"{loan.business_id}:1",
                loan.subject,
                ref_secret=stage.secret,
            )
            for loan in loans
        ]
        for drafts in (loans, snapshots, [stage.settle(loan) for loan in loans]):
            assert 1 < declared_over_used(bank, drafts) < MOST, drafts[0].kind


def test_the_first_anchor_of_a_log_has_enough(stage: Stage, tmp_path: Path) -> None:
    with crew(stage.network.home("BANK-A", tmp_path / "home")) as bank:
        bank.ready()
        values = {
            "stream": stage.agreement,
            "first_index": 0,
            "count": 5,
            "root": os.urandom(32),
            "previous": bytes(32),
        }
        anchor = Draft("Anchor", values, f"{stage.agreement.hex()}:0", "log")
        assert 1 < declared_over_used(bank, [anchor]) < MOST
