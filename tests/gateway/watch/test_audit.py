"""The audit: three accounts of one chain agree, and whoever tampers with one of them is named."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from tallystick.client.events import decode_log
from tallystick_gateway.acts import State
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.kit.scoping import owned_by, table_of
from tallystick_gateway.loans.models import LoanRow
from tallystick_gateway.watch.auditing import Auditor
from tallystick_gateway.watch.directory import Directory
from tallystick_gateway.watch.identity import Chain, Standing
from tallystick_gateway.watch.models import BlockRow
from tallystick_gateway.watch.nodes import NodePool
from tallystick_gateway.watch.reading import Reader
from tests.gateway.acts.stage import Crew, Stage, crew, name, staged
from tests.gateway.network import put
from tests.gateway.proxy import lying_node
from tests.gateway.support import client_for, keyed

pytestmark = pytest.mark.chain


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage")) as stage:
        yield stage


@pytest.fixture(scope="module")
def bank(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    """BANK-A's gateway after a dozen loans, five of them settled."""
    with crew(stage.network.home("BANK-A", tmp_path_factory.mktemp("bank") / "home")) as bank:
        bank.ready()
        drafts = [stage.disburse(name("AUDIT"), 10_000 + row) for row in range(12)]
        assert bank.settle(put(bank.gateway, *drafts).submission_id).state == State.INCLUDED
        settled = [stage.settle(draft) for draft in drafts[:5]]
        assert bank.settle(put(bank.gateway, *settled).submission_id).state == State.INCLUDED
        yield bank


def audit(gateway: Gateway) -> dict[str, Any]:
    """Ask for an audit, have it run, and read it, as a client does."""
    api = client_for(gateway)
    asked = api.post("/v1/chain:audit", headers=keyed())
    assert asked.status_code == 202, asked.text
    while Auditor(gateway, gateway.part(NodePool)).step():
        pass
    answer: dict[str, Any] = api.get(f"/v1/audits/{asked.json()['id']}", params={"wait": "done"}).json()
    return answer


def test_chain_tables_and_contracts_agree(bank: Crew) -> None:
    bank.follow()
    answer = audit(bank.gateway)
    report = answer["report"]
    assert (answer["state"], report["agreed"]) == ("DONE", True), report
    assert report["loans"] == 12
    assert report["loans_by_state"] == {"ACTIVE": 7, "SETTLED": 5}
    assert report["acts_linked"] == 17
    (agreement,) = report["agreements"]
    outstanding = sum(10_000 + row for row in range(5, 12))
    assert int(agreement["exposure"]) == outstanding
    assert sum(int(party["exposure"]) for party in agreement["parties"]) == outstanding
    assert report["tables"]["compared"]
    assert report["contracts"]["views_asked"] >= 12


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [("state", "SETTLED", "state is 3"), ("shares", "1 2", "shares is 1/2"), ("count", 9, "count is 9")],
)
def test_a_table_that_was_tampered_with_is_named(
    stage: Stage, bank: Crew, column: str, value: object, said: str
) -> None:
    bank.follow()
    loans = table_of(LoanRow)
    with bank.gateway.database.write() as session:
        mine = (owned_by(session, loans), loans.c.state == "ACTIVE")
        (row, before) = session.execute(
            loans.select().with_only_columns(loans.c.id, loans.c[column]).where(*mine)
        ).first()
        session.execute(update(loans).where(owned_by(session, loans), loans.c.id == row).values({column: value}))
    try:
        report = audit(bank.gateway)["report"]
    finally:
        with bank.gateway.database.write() as session:
            session.execute(update(loans).where(owned_by(session, loans), loans.c.id == row).values({column: before}))
    assert not report["agreed"]
    assert report["tables"]["differences"] == 1
    assert said in report["tables"]["first"][0]
    assert report["contracts"]["differences"] == 0


def test_a_node_whose_views_lie_is_named(stage: Stage, tmp_path: Path) -> None:
    with (
        lying_node(stage.network.engine.url) as liar,
        crew(stage.network.home("BANK-A", tmp_path / "home", liar.url)) as bank,
    ):
        bank.ready()
        liar.lie = lambda method, _params, result: result[:-1] + "7" if method == "eth_call" else result
        report = audit(bank.gateway)["report"]
    assert not report["agreed"]
    assert report["contracts"]["differences"] > 0
    assert report["tables"]["differences"] == 0


def test_a_history_that_changed_since_it_was_taken_fails_the_audit(stage: Stage, tmp_path: Path) -> None:
    with crew(stage.network.home("BANK-A", tmp_path / "home")) as bank:
        bank.ready()
        blocks = table_of(BlockRow)
        with bank.gateway.database.write() as session:
            session.execute(update(blocks).where(owned_by(session, blocks), blocks.c.height > 0).values(hash=bytes(32)))
        answer = audit(bank.gateway)
    assert answer["state"] == "FAILED"
    assert answer["report"]["code"] == "watch.block_differs"


def test_our_quick_decoder_reads_every_event_as_the_abi_does(stage: Stage, bank: Crew) -> None:
    consortium = stage.network.consortium
    reader = Reader(Chain(consortium), Directory(consortium), Standing())
    seen: set[str] = set()
    with bank.gateway.part(NodePool).admitted() as node:
        for read in reader.read(node, node.height(), 1000):
            logs = {checked.index: checked.log for checked in read.block.logs}
            for event in read.events:
                expected = decode_log(event.contract, logs[event.log_index])
                assert (expected.name, expected.address) == (event.name, event.address)
                assert dict(expected.values) == dict(event.values)
                seen.add(event.name)
    assert {"MemberAdmitted", "Ratified", "AgreementProposed", "Disbursed", "Settled"} <= seen
