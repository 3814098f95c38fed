"""Disbursements through a gateway to their goal state, beside the same calls signed beforehand and sent raw.

The gateway is a process of its own, as in service; a client hands it loans over HTTP. Raw and gateway runs take turns
on one engine. The clock runs from the first request until every act is `included` (its block checked by the watcher).
"""

from __future__ import annotations

import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tallystick.client import Node
from tallystick.client.calls import ask
from tallystick_gateway.kit.api_client import ApiClient
from tallystick_gateway.kit.config import Config
from tallystick_gateway.kit.server import serve
from tests.benchmarks.chain import RawSender
from tests.benchmarks.measure import Figure, peak_memory
from tests.gateway.chain_told import terms_json
from tests.gateway.network import MEMBERS, Network, build, ratify_all, run_until, wait_done
from tests.gateway.support import PASSPHRASE, client_for, keyed

__all__ = ["figures"]

_LIMIT = str(10**15)
_PRINCIPAL = 1_000_000
_PER_REQUEST = 1_000
_SIZES = {True: (400, 1, 3), False: (10_000, 3, 20)}
"""Quick or not: disbursements a run, runs, and how many single ones are followed to their goal."""


@dataclass
class Client:
    """A client of one gateway process, and the agreement it disburses under."""

    http: httpx.Client
    agreement: str
    sent: int = 0
    principals: int = 0
    accept_s: list[float] = field(default_factory=list)

    def rows(self, count: int) -> list[dict[str, str]]:
        first, self.sent = self.sent, self.sent + count
        self.principals += count * _PRINCIPAL
        return [
            {"loan_id": f"B-{number}", "currency": "USD", "principal": str(_PRINCIPAL), "value_date": "2018-01-31"}
            for number in range(first, first + count)
        ]

    def bulk(self, count: int) -> float:
        """Disburse `count` loans; seconds until the last is included."""
        started = time.perf_counter()
        submissions = []
        for at in range(0, count, _PER_REQUEST):
            body = {"agreement": self.agreement, "loans": self.rows(min(_PER_REQUEST, count - at))}
            submissions.append(self._post("/v1/loans:batch", body)["submission_id"])
        for submission in submissions:
            self._done(submission)
        return time.perf_counter() - started

    def single(self) -> float:
        """Disburse one loan; seconds until it is included. `accept_s` takes the time until it was accepted."""
        started = time.perf_counter()
        submission = self._post("/v1/loans", {"agreement": self.agreement, **self.rows(1)[0]})["submission_id"]
        self.accept_s.append(time.perf_counter() - started)
        self._done(submission)
        return time.perf_counter() - started

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self.http.post(path, json=body, headers=keyed())
        if answer.status_code != httpx.codes.ACCEPTED:
            raise AssertionError(answer.text)
        found: dict[str, Any] = answer.json()
        return found

    def _done(self, submission: str) -> None:
        answer = self.http.get(f"/v1/submissions/{submission}", params={"wait": "done", "timeout": 300}).json()
        if answer["counts"] != {"included": answer["total"]}:
            raise AssertionError(answer)


def figures(*, quick: bool = False) -> list[Figure]:
    """Bulk throughput beside raw sends, and the latency of one disbursement beside a raw one's receipt."""
    count, runs, singles = _SIZES[quick]
    with tempfile.TemporaryDirectory() as folder, _network(Path(folder)) as network, network.node() as node:
        agreement = _agree(network)
        raw = RawSender(node)
        with _serving(network.homes["BANK-A"]) as (client, pid):
            client.agreement = agreement
            client.bulk(100)
            raw.run(100, 100)
            with peak_memory(pid) as memory:
                through, sent = [], []
                for _ in range(runs):
                    sent.append(raw.run(count, 100).per_second)
                    through.append(count / client.bulk(count))
            alone = [raw.run(1, 1).seconds for _ in range(singles)]
            followed = [client.single() for _ in range(singles)]
            _check(network, node, client)
        peak_mib = round(memory.peak_bytes / 2**20)
        return [
            Figure(
                work="disbursements through a gateway, 100 a transaction",
                unit="disbursements/s to included",
                runs=tuple(through),
                yardstick="the same calls signed beforehand and sent raw",
                yardstick_runs=tuple(sent),
                checked="each act included; the exposure on chain against the sum of principals",
                goal="at least 0.9 of raw",
                detail={"count": count, "per_request": _PER_REQUEST, "gateway_peak_mib": peak_mib},
            ),
            Figure(
                work="one disbursement by API, from request to included",
                unit="s",
                runs=tuple(followed),
                yardstick="one raw transaction, from sending to its receipt",
                yardstick_runs=tuple(alone),
                checked="as above",
                goal="0.2 s more than raw at most",
                detail={
                    "accepted_p50_ms": round(1000 * statistics.median(client.accept_s), 1),
                    "accepted_p99_ms": round(1000 * _p99(client.accept_s), 1),
                    "included_p50_s": round(statistics.median(followed), 3),
                    "included_p99_s": round(_p99(followed), 3),
                },
            ),
        ]


@contextmanager
def _network(folder: Path) -> Iterator[Network]:
    network = build(folder)
    try:
        yield network
    finally:
        network.engine.stop()


def _agree(network: Network) -> str:
    """An active agreement of the two banks with room for everything; its id."""
    with ExitStack() as stack:
        gateways = {name: stack.enter_context(network.gateway(name)) for name in MEMBERS}
        ratify_all(network, list(gateways.values()))
        terms = terms_json(loan_limit=_LIMIT, total_limit=_LIMIT)
        for party in terms["parties"]:
            party["limit"] = _LIMIT
        first, second = client_for(gateways["BANK-A"]), client_for(gateways["BANK-B"])
        proposed = first.post("/v1/agreements", json=terms, headers=keyed()).json()
        wait_done(gateways["BANK-A"], proposed["submission_id"])
        path = f"/v1/agreements/{proposed['agreement']}"
        run_until(lambda: second.get(path).status_code == httpx.codes.OK or None, "the proposal")
        signed = second.post(f"{path}/cosign", json={"agreement": proposed["agreement"]}, headers=keyed()).json()
        wait_done(gateways["BANK-B"], signed["submission_id"])
        run_until(lambda: first.get(path).json()["state"] == "ACTIVE" or None, "the agreement")
        agreement: str = proposed["agreement"]
        return agreement


@contextmanager
def _serving(home: Config) -> Iterator[tuple[Client, int]]:
    """The member's gateway in a process of its own, and a client of it."""
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(home, PASSPHRASE), daemon=True)
    process.start()
    try:
        run_until(lambda: home.address_path.exists() or None, "the gateway")
        with ApiClient.from_home(home, PASSPHRASE) as api:
            token = api.token()
        http = httpx.Client(
            base_url=home.address_path.read_text().strip(), timeout=600, headers={"Authorization": f"Bearer {token}"}
        )
        run_until(lambda: http.get("/ready").status_code == httpx.codes.OK or None, "the gateway to be ready")
        assert process.pid is not None
        yield Client(http, ""), process.pid
    finally:
        process.terminate()
        process.join(30)


def _check(network: Network, node: Node, client: Client) -> None:
    address = network.consortium.contract("AgreementBook").address
    view = ask(node, "AgreementBook", address, "agreementOf", bytes.fromhex(client.agreement))
    if view["exposure"] != client.principals:
        raise AssertionError(f"the exposure on chain is {view['exposure']}, not {client.principals}")


def _p99(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, len(values) * 99 // 100)]
