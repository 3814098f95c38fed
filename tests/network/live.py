"""Four validators and four gateways, each a process of its own, and what tests of the network do to them.

Everything is founded as the demonstration founds it: by `tally` commands. Loans are the demonstration's real ones.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich.console import Console

from tallystick_devnet.demo import lending
from tallystick_devnet.demo.cast import CAST, ORIGINATOR, Part
from tallystick_devnet.demo.chain import DemoChain
from tallystick_devnet.demo.founding import found
from tallystick_devnet.demo.gateways import Gateways
from tallystick_devnet.demo.journal import Journal
from tallystick_devnet.demo.stage import Stage
from tallystick_devnet.engines import QbftEngine
from tallystick_devnet.sample import SampleLoan, read_loans
from tallystick_gateway.kit.api_client import ApiClient
from tallystick_gateway.kit.config import Config
from tests.gateway.network import run_until
from tests.gateway.support import PASSPHRASE

__all__ = ["PATIENCE_S", "Live", "Load", "engine_in", "found_in", "live_in", "number_of"]

PATIENCE_S = 90.0
EVERYBODY = range(len(CAST))
_BATCH = 10
_EVERY_S = 0.5


def engine_in(folder: Path) -> QbftEngine:
    """The network of a folder; short turns, because validators are going to miss theirs."""
    return QbftEngine(folder / "chain", request_timeout_s=4)


def found_in(folder: Path) -> str:
    """Found a consortium with an active agreement, and stop everything; the agreement's id."""
    (folder / "passphrase").write_text(PASSPHRASE)
    journal = Journal(Console(quiet=True))
    with engine_in(folder) as engine, Gateways(folder) as gateways:
        stage = Stage(journal, folder, DemoChain(engine), gateways)
        found(stage)
        return lending.agree(stage, read_loans())


@contextmanager
def live_in(folder: Path, agreement: str) -> Iterator["Live"]:
    """What `found_in` left, running."""
    with engine_in(folder) as engine, Gateways(folder) as gateways:
        gateways.start()
        yield Live(Stage(Journal(Console(quiet=True)), folder, DemoChain(engine), gateways), engine, agreement)


def number_of(part: Part) -> int:
    """The node whose key is that member's."""
    return CAST.index(part)


@dataclass
class Live:
    """The running consortium. `disbursed` is every loan that was ever handed in, by submission."""

    stage: Stage
    engine: QbftEngine
    agreement: str
    disbursed: dict[str, list[SampleLoan]] = field(default_factory=dict)
    _fresh: Iterator[SampleLoan] = field(default_factory=lambda: iter(read_loans()))

    @property
    def gateways(self) -> Gateways:
        return self.stage.gateways

    def api(self, part: Part = ORIGINATOR) -> ApiClient:
        return self.gateways.api(part)

    def config(self, part: Part) -> Config:
        return Config.load(self.gateways.home(part))

    @contextmanager
    def asking(self, part: Part, *nodes: str) -> Iterator[None]:
        """That member's gateway started afresh, and asking these nodes while the block runs."""
        before = self.config(part)
        chain = before.settings.chain.model_copy(update={"nodes": list(nodes)})
        self.gateways.kill(part)
        Config(before.home, before.settings.model_copy(update={"chain": chain})).write()
        try:
            self.gateways.start()
            yield
        finally:
            self.gateways.kill(part)
            before.write()
            self.gateways.start()

    # ------------------------------------------------------------------ what is handed in, and what becomes of it

    def hand_in(self, count: int = _BATCH, api: ApiClient | None = None) -> str:
        """Disburse that many further loans; the submission."""
        loans = list(islice(self._fresh, count))
        rows = [
            {
                "loan_id": loan.loan_id,
                "currency": "USD",
                "principal": str(loan.principal),
                "value_date": loan.disbursed_on.isoformat(),
                "servicing_status": loan.status,
            }
            for loan in loans
        ]
        answer = (api or self.api()).post("/v1/loans:batch", {"agreement": self.agreement, "loans": rows})
        submission = str(answer["submission_id"])
        self.disbursed[submission] = loans
        return submission

    def submission(self, submission: str, part: Part = ORIGINATOR) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.api(part).get(f"/v1/submissions/{submission}")
        return found

    def all_final(self, submissions: Sequence[str], api: ApiClient | None = None) -> None:
        """Returns when every act of these is final; fails if one ends otherwise, or not at all."""
        deadline = time.monotonic() + PATIENCE_S
        for submission in submissions:
            left = max(1.0, deadline - time.monotonic())
            found = run_until(lambda one=submission: _ended(api or self.api(), one), f"{submission} is final", left)
            assert (found["state"], found["counts"]) == ("final", {"final": found["total"]}), found

    @contextmanager
    def load(self) -> Iterator["Load"]:
        """Ten loans twice a second, while the block runs."""
        config = self.config(ORIGINATOR)
        with ApiClient.from_home(config, PASSPHRASE) as api, Load(lambda: self.hand_in(api=api)) as load:
            yield load

    def nothing_lost_nothing_doubled(self) -> None:
        """Each gateway recomputes the chain: as many loans as were handed in, and their sum as exposure, to the cent.

        Call it when all submissions are final.
        """
        loans = [loan for batch in self.disbursed.values() for loan in batch]
        for part in CAST:
            run_until(lambda part=part: self._counted(part, len(loans)), f"{part.folder} has every loan", PATIENCE_S)
            audit = self.api(part).post("/v1/chain:audit")["id"]
            ended = self.api(part).get(f"/v1/audits/{audit}", wait="done", timeout=PATIENCE_S)
            report = ended["report"]
            assert report["agreed"], report
            assert report["loans"] == len(loans)
            (agreement,) = report["agreements"]
            assert int(agreement["exposure"]) == sum(loan.principal for loan in loans)

    def _counted(self, part: Part, expected: int) -> bool | None:
        rows = self.api(part).pages("/v1/loans", agreement=self.agreement, limit=500)
        return sum(1 for _ in rows) == expected or None

    # ------------------------------------------------------------------ where the chain is

    def chain(self, part: Part = ORIGINATOR) -> Mapping[str, Any]:
        """What that member's gateway says of the chain."""
        found: Mapping[str, Any] = self.api(part).get("/v1/chain")
        return found

    def checked(self, part: Part = ORIGINATOR) -> int:
        """The last block that this gateway checked."""
        return int(self.chain(part)["checked"])

    def goes_on(self, *parts: Part, blocks: int = 3, patience_s: float = PATIENCE_S) -> None:
        """Returns when each of these gateways (all by default) has checked a few more blocks."""
        goals = {part: self.checked(part) + blocks for part in parts or CAST}

        def reached() -> bool:
            return all(self.checked(part) >= goal for part, goal in goals.items())

        run_until(lambda: reached() or None, f"{[part.folder for part in goals]} go on", patience_s)

    def heads(self) -> list[int | None]:
        """Each node's own head; None where it does not answer."""
        return [node.height for node in self.engine.status().nodes]

    def stands_still(self, nodes: Sequence[int], for_s: float = 6.0) -> int:
        """Returns when none of these nodes has had a new block for a while: where they stand."""
        seen: tuple[float, list[int | None]] = (time.monotonic(), [])

        def still() -> int | None:
            nonlocal seen
            heads = [self.heads()[node] for node in nodes]
            if heads != seen[1]:
                seen = (time.monotonic(), heads)
            return max(head or 0 for head in heads) if time.monotonic() - seen[0] >= for_s else None

        return run_until(still, "the chain stands still", PATIENCE_S)

    def mend(self) -> None:
        """Everything runs, and speaks with everything: nodes start afresh, which also heals and resumes."""
        self.engine.stop()
        self.engine.start()
        self.gateways.start()
        self.goes_on(blocks=1)


def _ended(api: ApiClient, submission: str) -> Mapping[str, Any] | None:
    found = api.get(f"/v1/submissions/{submission}", wait="done", timeout=2)
    return found if found["done"] else None


class Load:
    """Calls `hand_in` again and again from a thread, and keeps what it returned."""

    def __init__(self, hand_in: Callable[[], str]) -> None:
        self._hand_in = hand_in
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._failure: Exception | None = None
        self.submissions: list[str] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
        if self._failure is not None and error is None:
            raise self._failure

    def end(self) -> None:
        """Hand in nothing more."""
        self._stop()
        if self._failure is not None:
            raise self._failure

    def _stop(self) -> None:
        self._ended.set()
        self._thread.join()

    def reaches(self, count: int) -> None:
        """Returns when that many submissions were accepted."""
        run_until(lambda: (len(self.submissions) >= count or self._failure is not None) or None, "load goes on")

    def _run(self) -> None:
        try:
            while not self._ended.wait(_EVERY_S):
                self.submissions.append(self._hand_in())
        except Exception as failure:  # noqa: BLE001  # raised in the test's own thread when the block ends
            self._failure = failure
