"""A package is never made of what a node merely says: a lie is named, and a node that is away is waited for."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.watch.watcher import Watcher
from tests.gateway.network import run_until
from tests.gateway.packages.lending import Lending
from tests.gateway.proxy import Liar, lying_node
from tests.gateway.support import client_for, keyed, open_test_gateway

pytestmark = pytest.mark.chain
Change = Callable[[Any], None]


@contextmanager
def behind(lending: Lending, folder: Path) -> Iterator[tuple[Liar, Gateway, httpx.Client]]:
    """BANK-B's gateway once more, caught up, with a proxy between it and its only node."""
    with lying_node(lending.network.url) as liar:
        config = lending.network.home("BANK-B", folder / "home", liar.url)
        with open_test_gateway(config) as gateway, client_for(gateway) as api:
            gateway.worker.start()
            run_until(lambda: gateway.part(Watcher).caught_up or None, "caught up")
            yield liar, gateway, api


def asked(api: httpx.Client, lending: Lending, loan: str) -> dict[str, Any]:
    body = {"kind": "acts", "agreement": lending.agreement, "loan": loan}
    answer = api.post("/v1/packages", json=body, headers=keyed())
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


def ended(api: httpx.Client, package: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = api.get(f"/v1/packages/{package['id']}", params={"wait": "done", "timeout": 30}).json()
    assert found["ended_at"] is not None, found
    return found


def other_calldata(block: Any) -> None:
    block["transactions"][0]["input"] = block["transactions"][0]["input"][:-2] + "ff"


def other_state(block: Any) -> None:
    block["stateRoot"] = f"0x{'ab' * 32}"


def other_time(block: Any) -> None:
    """A block of its own, as consistent as a block of this engine can be."""
    from tallystick.blocks import ethereum_hash, header_items

    block["timestamp"] = hex(int(block["timestamp"], 16) + 1)
    block["hash"] = f"0x{ethereum_hash(header_items(block)).hex()}"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (other_calldata, "watch.transactions_root_mismatch"),
        (other_state, "watch.header_mismatch"),
        (other_time, "watch.history_changed"),
    ],
)
def test_a_lie_about_an_old_block_is_named_and_no_package_comes_out(
    lending: Lending, tmp_path: Path, change: Change, code: str
) -> None:
    loan = lending.disburse(f"LIE-{code.rpartition('.')[2].upper().replace('_', '-')}")
    (act,) = lending.members.get("BANK-A", f"/v1/loans/{lending.agreement}/{loan}")["acts"]
    lending.disburse(f"LATER-{code.rpartition('.')[2].upper().replace('_', '-')}")

    def lie(method: str, params: list[Any], result: Any) -> Any:
        if method == "eth_getBlockByNumber" and params[0] == hex(act["height"]):
            change(result)
        return result

    with behind(lending, tmp_path) as (liar, gateway, api):
        liar.lie = lie
        package = asked(api, lending, loan)
        found = ended(api, package)
        assert (found["state"], found["error"]["code"]) == ("failed", code)
        assert api.get(f"/v1/packages/{package['id']}/content").json()["code"] == "package.not_done"
        stopped = api.get("/v1/chain").json()["stopped"]
        assert stopped["code"] == code
        assert not list(gateway.config.packages_path.glob("*.asice"))


def test_a_package_waits_for_a_node_that_is_away_and_says_so(lending: Lending, tmp_path: Path) -> None:
    loan = lending.disburse("AWAY-1")
    with behind(lending, tmp_path) as (liar, _gateway, api):
        liar.raw = b"<html>Bad gateway</html>"
        package = asked(api, lending, loan)
        path = f"/v1/packages/{package['id']}"
        waiting = run_until(lambda: (found := api.get(path).json())["error"] and found, "the reason is told")
        assert (waiting["state"], waiting["ended_at"]) == ("building", None)
        liar.honest()
        assert ended(api, package)["state"] == "done"


def test_a_package_that_was_tampered_with_in_the_home_is_not_handed_out(lending: Lending, tmp_path: Path) -> None:
    loan = lending.disburse("SWAPPED-1")
    with behind(lending, tmp_path) as (_liar, gateway, api):
        package = ended(api, asked(api, lending, loan))
        file = gateway.config.packages_path / f"{package['id']}.asice"
        assert file.stat().st_mode & 0o777 == 0o600
        assert api.get(package["content"]).content == file.read_bytes()
        file.write_bytes(file.read_bytes() + b"x")
        assert api.get(package["content"]).json()["code"] == "package.lost"
        file.unlink()
        assert api.get(package["content"]).json()["code"] == "package.lost"
