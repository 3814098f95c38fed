"""The chain that the demonstration runs on: whose node is whose, and how far a submission comes on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tallystick.consortium import is_sealed
from tallystick_devnet.demo.cast import CAST
from tallystick_devnet.demo.journal import Journal
from tallystick_devnet.engines import Engine, QbftEngine, make_engine
from tallystick_devnet.engines.network import find_quorum, shown

__all__ = ["ENGINES", "DemoChain", "open_engine"]

ENGINES: Final = ("embedded", "qbft")
_TURN_S: Final = 10
"""A validator under full load may take long over a block: more patience than tests of faults have."""

_CLAIMS: Final = {
    "embedded": (
        "Everything is `included`; nothing is `final`: the embedded engine has one operator, who could rewrite its "
        "chain."
    ),
    "qbft": (
        "Everything is `final`: each gateway has itself checked every block's content, and that at least three of the "
        "four members' validators sealed it; one of them alone could neither have forged it nor take it back. "
        "All four ran on this one machine, and their software is GoQuorum, a stand-in for Besu: in service each member "
        "runs its own."
    ),
}


def open_engine(name: str, folder: Path) -> Engine:
    """The engine of that name, on the chain that `folder` holds or on a new one; built if need be, not started.

    Raises `EngineOther` if the folder's chain is on another engine, and what a build may raise.
    """
    engine = make_engine(name, folder, request_timeout_s=_TURN_S)
    if isinstance(engine, QbftEngine):
        with shown() as show:
            find_quorum(show)
    return engine


@dataclass(frozen=True, slots=True)
class DemoChain:
    """A running engine. On a sealed one, node i is the validator of member i of the cast."""

    engine: Engine

    @property
    def sealed(self) -> bool:
        """Whether headers carry seals, so that something can be `final`."""
        return is_sealed(self.engine.name)

    @property
    def goal(self) -> str:
        """The state in which a submission is done."""
        return "final" if self.sealed else "included"

    @property
    def claim(self) -> str:
        """What that state means here, and on what it rests."""
        return _CLAIMS[self.engine.name]

    @contextmanager
    def running(self, journal: Journal) -> Iterator[None]:
        """Start the engine as a step, and stop it at the end. Raises `DevnetError`."""
        with journal.step(f"Start the chain engine {self.engine.name}") as step:
            endpoints = self.engine.start()
            step.line.sent = f"chain {self.engine.chain_id}, nodes: {len(endpoints)}"
        try:
            yield
        finally:
            self.engine.stop()

    def nodes(self, position: int) -> list[str]:
        """The nodes that the gateway of member `position` asks: its own first, then the others, to fail over to."""
        urls = [endpoint.url for endpoint in self.engine.endpoints]
        own = position % len(urls)
        return urls[own:] + urls[:own]

    def init_options(self, position: int) -> list[str]:
        """What `tally init` is told about the chain."""
        options = ["--engine", self.engine.name]
        for url in self.nodes(position):
            options += ["--node", url]
        if isinstance(self.engine, QbftEngine):
            return [*options, "--validator", f"0x{self.engine.address_of(position).hex()}"]
        return [*options, "--development-arrival-dates"]

    def processes(self) -> dict[str, int]:
        """The process numbers of the nodes that run now, by the name of what each is."""
        kind = "validator" if self.sealed else "node"
        return {
            f"{kind} of {CAST[node.node].folder}" if self.sealed else kind: node.pid
            for node in self.engine.status().nodes
            if node.pid is not None
        }
