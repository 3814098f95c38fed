"""Packages of a sealed chain: nothing but a time stamp is wanting, and a lying node only costs a detour."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tallystick_gateway.watch.watcher import Watcher
from tests.gateway.network import build_sealed, run_until
from tests.gateway.packages.lending import Lending, index, lending_on, repayment, verdict
from tests.gateway.proxy import lying_node
from tests.gateway.support import client_for, keyed, open_test_gateway

pytestmark = pytest.mark.chain


@pytest.fixture(scope="module")
def lending(quorum: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lending]:
    network = build_sealed(tmp_path_factory.mktemp("network"))
    try:
        with lending_on(network, tmp_path_factory.mktemp("files")) as lending:
            yield lending
    finally:
        network.engine.stop()


@pytest.fixture(scope="module")
def loan(lending: Lending) -> str:
    key = lending.disburse("LOAN-1")
    lending.record(*(repayment(number, "LOAN-1") for number in range(3)))
    return key


def test_a_loan_is_verified_but_for_a_time_stamp(lending: Lending, loan: str) -> None:
    file, _ = lending.package("BANK-A", "loan", loan, "--agreement", lending.agreement, "--records", "log")
    code, report = verdict(file, lending.roots())
    assert (code, report["limits"]) == (1, ["time.unstamped"]), report["checks"]
    (figures,) = index(file)["loan"]["figures"]
    assert (figures["outstanding"], figures["complete"]) == (str(100_001 - 3003), True)


def test_a_node_that_lies_is_named_and_the_next_one_is_asked(lending: Lending, loan: str, tmp_path: Path) -> None:
    (act,) = lending.members.get("BANK-A", f"/v1/loans/{lending.agreement}/{loan}")["acts"][:1]

    def lie(method: str, params: list[Any], result: Any) -> Any:
        if method == "eth_getBlockByNumber" and params[0] == hex(act["height"]):
            result["transactions"][0]["input"] = f"{result['transactions'][0]['input'][:-2]}ff"
        return result

    own, *others = lending.network.homes["BANK-B"].settings.chain.nodes
    with lying_node(own) as liar:
        config = lending.network.home("BANK-B", tmp_path / "home", liar.url, *others)
        with open_test_gateway(config) as gateway, client_for(gateway) as api:
            gateway.worker.start()
            run_until(lambda: gateway.part(Watcher).caught_up or None, "caught up")
            liar.lie = lie
            body = {"kind": "acts", "agreement": lending.agreement, "loan": loan}
            package = api.post("/v1/packages", json=body, headers=keyed()).json()
            path = f"/v1/packages/{package['id']}"
            found = api.get(path, params={"wait": "done", "timeout": 60}).json()
            assert found["state"] == "done", found
            (named,) = api.get("/v1/chain").json()["distrusted"]
            assert (named["node"], named["code"]) == (liar.url, "watch.transactions_root_mismatch")
            file = tmp_path / "acts.asice"
            file.write_bytes(api.get(found["content"]).content)
    assert verdict(file, lending.roots())[0] == 1
