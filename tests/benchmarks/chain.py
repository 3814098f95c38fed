"""Disbursements signed beforehand and sent raw: what an engine takes, a yardstick for gateways.

Acts, calldata and transactions are made before the clock starts; it runs from the first byte sent until the receipt of
the last transaction is there. Then every receipt is counted and the exposure on chain is compared with the sum.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tallystick.client import Node
from tallystick.client.calls import ask
from tests.benchmarks.chains import node_processes, running
from tests.benchmarks.measure import Figure
from tests.benchmarks.usage import usage_of
from tests.chain.client.founding import Founded

__all__ = ["RawRun", "RawSender", "figures"]

PRINCIPAL = 1_000_000
_GAS_MARGIN = 1.01
_LOOK_EVERY_S = 0.02
_PATIENCE_S = 600.0
_FULL = {100: 10_000, 20: 5_000, 1: 1_500}
_QUICK = {100: 400, 20: 100, 1: 20}
_RUNS = 3


@dataclass(frozen=True, slots=True)
class RawRun:
    """One run: how many disbursements, in how many seconds, at how much gas each."""

    count: int
    seconds: float
    gas_each: float

    @property
    def per_second(self) -> float:
        return self.count / self.seconds


class RawSender:
    """A founded consortium with an OPEN agreement on the chain behind `node`, and its bulk of signed disbursements."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._founded = Founded(node)
        self._founded.ratify_all()
        self._agreement = self._founded.agree()
        self._number = 0
        self._gas: dict[int, int] = {}
        self._expected = 0

    def run(self, count: int, per_transaction: int) -> RawRun:
        """Send `count` disbursements, `per_transaction` in each; checks that every one is recorded."""
        gas = self._gas_of(per_transaction)
        raws = [self._transaction(per_transaction, gas) for _ in range(count // per_transaction)]
        started = time.perf_counter()
        outcomes = self._node.send_raw_batch(raws)
        accepted = [outcome for outcome in outcomes if isinstance(outcome, bytes)]
        if len(accepted) != len(raws):
            raise AssertionError(f"{len(raws) - len(accepted)} of {len(raws)} transactions were not accepted")
        self._await(accepted[-1])
        seconds = time.perf_counter() - started
        gas_used = self._check(accepted)
        return RawRun(len(raws) * per_transaction, seconds, gas_used / (len(raws) * per_transaction))

    def _gas_of(self, per_transaction: int) -> int:
        """Tight: what such a transaction used, found out once, and a hundredth more."""
        if per_transaction not in self._gas:
            generous = 100_000 + 150_000 * per_transaction
            for _ in range(2):  # the first one of all also opens the parties' exposures
                transaction = self._node.send_raw(self._transaction(per_transaction, generous))
                receipt = self._founded.wait(transaction)
                if receipt["status"] != "0x1":
                    raise AssertionError("a disbursement was refused")
            self._gas[per_transaction] = int(int(receipt["gasUsed"], 16) * _GAS_MARGIN)
        return self._gas[per_transaction]

    def _transaction(self, per_transaction: int, gas: int) -> bytes:
        numbers = range(self._number, self._number + per_transaction)
        self._number += per_transaction
        self._expected += per_transaction * PRINCIPAL
        acts = [self._founded.disbursement(self._agreement, number, PRINCIPAL) for number in numbers]
        return self._founded.transaction("LoanLedger", self._founded.disburse_call(acts), gas)

    def _await(self, transaction: bytes) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while self._node.receipt(transaction) is None:
            if time.monotonic() > deadline:
                raise AssertionError(f"not included within {_PATIENCE_S:.0f} s")
            time.sleep(_LOOK_EVERY_S)

    def _check(self, transactions: Sequence[bytes]) -> int:
        """Every transaction succeeded, and the exposure is the sum of all principals; the gas used by these."""
        calls = [("eth_getTransactionReceipt", (f"0x{transaction.hex()}",)) for transaction in transactions]
        receipts = self._node.batch(calls)
        if any(receipt["status"] != "0x1" for receipt in receipts):
            raise AssertionError("a transaction was reverted")
        address = self._founded.address("AgreementBook")
        exposure = ask(self._node, "AgreementBook", address, "agreementOf", self._agreement)["exposure"]
        if exposure != self._expected:
            raise AssertionError(f"the exposure on chain is {exposure}, not {self._expected}")
        return sum(int(receipt["gasUsed"], 16) for receipt in receipts)


def figures(*, engine: str, quick: bool = False) -> list[Figure]:
    """Raw disbursements per second at 100, 20 and 1 a transaction, beside what the block gas limit admits."""
    found = []
    with running(engine, loaded=True) as chain, Node(chain.endpoints[0].url) as node:
        sender = RawSender(node)
        for per_transaction, count in (_QUICK if quick else _FULL).items():
            with usage_of({"nodes": node_processes(chain), "client": [os.getpid()]}) as usage:
                runs = [sender.run(count, per_transaction) for _ in range(1 if quick else _RUNS)]
            gas_limit = chain.genesis.gas_limit
            found.append(
                Figure(
                    work=f"disbursements signed beforehand, sent raw, {per_transaction} a transaction",
                    unit="disbursements/s to receipt",
                    runs=tuple(run.per_second for run in runs),
                    yardstick="block gas limit ÷ gas each, a block a second",
                    yardstick_runs=(gas_limit / runs[0].gas_each,),
                    checked="every receipt's status, and the exposure on chain against the sum of principals",
                    detail={
                        "count": count,
                        "gas_each": round(runs[0].gas_each),
                        "gas_limit": gas_limit,
                        "usage, signing beforehand included": usage.to_json(),
                    },
                )
            )
    return found
