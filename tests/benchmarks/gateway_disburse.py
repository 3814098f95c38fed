"""Disbursements through a gateway to their goal state, beside the same calls signed beforehand and sent raw.

The gateway is a process of its own, as in service; a client hands it loans over HTTP. Raw and gateway runs take turns
on one engine. The clock runs from the first request until every act is in the goal state: `included` (its block checked
by the watcher), or `final` where validators seal (their seals checked too).
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from tallystick.client import Node
from tallystick.client.calls import ask
from tallystick_gateway.kit.api_client import ApiClient
from tallystick_gateway.kit.config import Config
from tallystick_gateway.kit.server import serve
from tests.benchmarks.chain import RawSender
from tests.benchmarks.chains import goal_of, node_processes, running
from tests.benchmarks.measure import Figure
from tests.benchmarks.usage import Usage, usage_of
from tests.gateway.chain_told import terms_json
from tests.gateway.network import MEMBERS, Network, found_on, ratify_all, run_until, wait_done
from tests.gateway.support import PASSPHRASE, client_for, keyed

__all__ = ["Bench", "benched", "figures"]

_LIMIT = str(10**15)
_PRINCIPAL = 1_000_000
_PER_REQUEST = 1_000
_COUNTS = {100: 8_000, 20: 4_000, 1: 1_500}
_QUICK_COUNTS = {100: 400, 20: 100, 1: 20}
_RUNS, _QUICK_RUNS = 3, 1
_SINGLES, _QUICK_SINGLES = 50, 3


@dataclass
class Client:
    """A client of one gateway process, and the agreement it disburses under."""

    http: httpx.Client
    agreement: str
    goal: str
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
        """Disburse `count` loans; seconds until the last is in the goal state."""
        started = time.perf_counter()
        submissions = []
        for at in range(0, count, _PER_REQUEST):
            body = {"agreement": self.agreement, "loans": self.rows(min(_PER_REQUEST, count - at))}
            submissions.append(self._post("/v1/loans:batch", body)["submission_id"])
        for submission in submissions:
            self._done(submission)
        return time.perf_counter() - started

    def single(self) -> float:
        """Disburse one loan; seconds until it is in the goal state. `accept_s` takes the time until it was accepted."""
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
        if answer["counts"] != {self.goal: answer["total"]}:
            raise AssertionError(answer)


@dataclass(frozen=True)
class Bench:
    """A founded network with an active agreement, and a raw sender beside the gateway of BANK-A."""

    engine: Any
    network: Network
    node: Node
    raw: RawSender
    client: Client
    goal: str

    def bulk(self, per_transaction: int, count: int, runs: int) -> Figure:
        """Throughput at so many disbursements a transaction, raw and gateway in turns."""
        through, sent, usages = [], [], []
        with self.serving(per_transaction) as groups:
            self.client.bulk(100)
            self.raw.run(100, per_transaction)
            for _ in range(runs):
                sent.append(self.raw.run(count, per_transaction).per_second)
                with usage_of(groups) as usage:
                    through.append(count / self.client.bulk(count))
                usages.append(usage)
            self.check()
        return Figure(
            work=f"disbursements through a gateway, {per_transaction} a transaction",
            unit=f"disbursements/s to {self.goal}",
            runs=tuple(through),
            yardstick="the same calls signed beforehand and sent raw",
            yardstick_runs=tuple(sent),
            checked=f"each act {self.goal}; the exposure on chain against the sum of principals",
            goal="at least 0.9 of raw",
            detail={"count": count, "per_request": _PER_REQUEST, "usage": _last(usages)},
        )

    def single(self, count: int) -> Figure:
        """Latency of one disbursement by the API beside one raw transaction, in turns."""
        alone, followed = [], []
        with self.serving() as groups:
            self.client.single()
            self.client.accept_s.clear()
            with usage_of(groups) as usage:
                for _ in range(count):
                    alone.append(self.raw.run(1, 1).seconds)
                    followed.append(self.client.single())
            self.check()
        return Figure(
            work=f"one disbursement by API, from request to {self.goal}",
            unit="s",
            runs=tuple(followed),
            yardstick="one raw transaction, from sending to its receipt",
            yardstick_runs=tuple(alone),
            checked="as above",
            goal="0.2 s more than raw at most",
            detail={
                "accepted_ms": _quantiles([1000 * each for each in self.client.accept_s]),
                f"{self.goal}_s": _quantiles(followed),
                "raw_receipt_s": _quantiles(alone),
                "usage": usage.to_json(),
            },
        )

    @contextmanager
    def serving(self, per_transaction: int = 100) -> Iterator[dict[str, list[int]]]:
        """The gateway in a process of its own; which processes belong to whom."""
        home = self.network.homes["BANK-A"]
        chain = home.settings.chain.model_copy(update={"acts_per_transaction": per_transaction})
        home = replace(home, settings=home.settings.model_copy(update={"chain": chain}))
        home.write()
        with _serving(home) as (http, pid):
            self.client.http = http
            yield {"nodes": node_processes(self.engine), "gateway": [pid], "client": [os.getpid()]}

    def check(self) -> None:
        """The exposure on chain is the sum of all principals that the gateway was given."""
        address = self.network.consortium.contract("AgreementBook").address
        view = ask(self.node, "AgreementBook", address, "agreementOf", bytes.fromhex(self.client.agreement))
        if view["exposure"] != self.client.principals:
            raise AssertionError(f"the exposure on chain is {view['exposure']}, not {self.client.principals}")


def figures(*, engine: str, quick: bool = False) -> list[Figure]:
    """Bulk throughput beside raw sends, and the latency of one disbursement beside a raw one's receipt."""
    counts, runs = (_QUICK_COUNTS, _QUICK_RUNS) if quick else (_COUNTS, _RUNS)
    with benched(engine, loaded=True) as bench:
        found = [bench.bulk(per_transaction, count, runs) for per_transaction, count in counts.items()]
    with benched(engine) as bench:
        return [*found, bench.single(_QUICK_SINGLES if quick else _SINGLES)]


@contextmanager
def benched(name: str, *, loaded: bool = False) -> Iterator[Bench]:
    """A new chain on this engine, `loaded` as `running` says, with everything that the measurements need."""
    with tempfile.TemporaryDirectory() as folder, running(name, Path(folder) / "chain", loaded=loaded) as engine:
        network = found_on(Path(folder), engine)
        agreement = _agree(network)
        with Node(engine.endpoints[0].url) as node:
            client = Client(httpx.Client(), agreement, goal_of(name))
            yield Bench(engine, network, node, RawSender(node), client, goal_of(name))


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
def _serving(home: Config) -> Iterator[tuple[httpx.Client, int]]:
    """The member's gateway in a process of its own, and a connection to it."""
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(home, PASSPHRASE), daemon=True)
    process.start()
    try:
        run_until(lambda: home.address_path.exists() or None, "the gateway")
        with ApiClient.from_home(home, PASSPHRASE) as api:
            api.get("/v1/chain")  # a token kept from a process before this one is found out and replaced
            token = api.token()
        url, headers = home.address_path.read_text().strip(), {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=url, timeout=600, headers=headers) as http:
            run_until(lambda: http.get("/ready").status_code == httpx.codes.OK or None, "the gateway to be ready")
            assert process.pid is not None
            yield http, process.pid
    finally:
        process.terminate()
        process.join(30)


def _last(usages: list[Usage]) -> dict[str, object]:
    return usages[-1].to_json()


def _quantiles(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {
        "p50": round(statistics.median(ordered), 3),
        "p99": round(ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)], 3),
    }
