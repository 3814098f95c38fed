"""A package that was asked for is made once, whatever happens to the gateway in between."""

from pathlib import Path

import pytest

from tallystick_gateway.packages import repository
from tallystick_gateway.watch.watcher import Watcher
from tests.gateway.network import run_until
from tests.gateway.packages.lending import Lending
from tests.gateway.support import client_for, keyed, open_test_gateway

pytestmark = pytest.mark.chain


def test_what_was_accepted_before_a_crash_is_made_after_it(lending: Lending, tmp_path: Path) -> None:
    loan = lending.disburse("JOB-1")
    config = lending.network.home("BANK-B", tmp_path / "home")
    body = {"kind": "acts", "agreement": lending.agreement, "loan": loan}
    with open_test_gateway(config) as gateway:
        gateway.worker.start()
        run_until(lambda: gateway.part(Watcher).caught_up or None, "caught up")
    with open_test_gateway(config) as gateway, client_for(gateway) as api:
        key = keyed()
        first = api.post("/v1/packages", json=body, headers=key).json()
        again = api.post("/v1/packages", json=body, headers=key)
        assert (again.json(), again.headers["idempotency-replayed"]) == (first, "true")
        other = api.post("/v1/packages", json=body, headers=keyed()).json()
        with gateway.database.write() as session:
            repository.set_package(session, first["id"], state="building")
    half_written = config.packages_path / f"{first['id']}.part"
    config.packages_path.mkdir(exist_ok=True)
    half_written.write_bytes(b"PK")
    with open_test_gateway(config) as gateway, client_for(gateway) as api:
        assert not half_written.exists()
        gateway.worker.start()
        for package in (first, other):
            ended = api.get(f"/v1/packages/{package['id']}", params={"wait": "done", "timeout": 30}).json()
            assert ended["state"] == "done", ended
        listed = api.get("/v1/packages").json()["items"]
        assert [each["id"] for each in listed] == [other["id"], first["id"]]
        events = api.get("/v1/events", params={"kind": "package"}).json()["items"]
        assert [(event["kind"], event["subject"]) for event in events] == [
            ("package.done", first["id"]),
            ("package.done", other["id"]),
        ]


def test_a_loan_that_nobody_knows_is_refused_at_once(lending: Lending, tmp_path: Path) -> None:
    out = tmp_path / "loan.asice"
    for agreement, code in ((lending.agreement, "package.nothing_chosen"), ("ab" * 32, "agreement.unknown")):
        problem = lending.members.refused("BANK-A", "package", "loan", "NONE", "--agreement", agreement, "--out", out)
        assert (problem["code"], out.exists()) == (code, False)
