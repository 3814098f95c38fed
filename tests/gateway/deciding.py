"""Members that decide together, each by its own `tally` commands against its own running gateway."""

import io
import json
import sys
import threading
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from types import TracebackType
from typing import Any, Self, TextIO

import httpx
import pytest

from tallystick.consortium import Consortium
from tallystick_gateway.kit.config import Config
from tallystick_gateway.kit.gateway import Gateway
from tests.gateway.commands.support import run
from tests.gateway.network import Network, run_until
from tests.gateway.support import PASSPHRASE, ServedAt, client_for, open_test_gateway

__all__ = ["Members"]


class Members:
    """Gateways of a network by legal identifier, running, and the commands of their operators.

    Leaving the block closes every gateway. `homes` may be added to: a member admitted later.
    """

    def __init__(self, network: Network) -> None:
        self.homes: dict[str, Config] = dict(network.homes)
        self._gateways: dict[str, Gateway] = {}
        self._apis: dict[str, httpx.Client] = {}
        self._open: dict[str, ExitStack] = {}

    def __enter__(self) -> Self:
        self._environment = pytest.MonkeyPatch()
        self._environment.setenv("TALLY_PASSPHRASE", PASSPHRASE)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in list(self._open):
            self.close(name)
        self._environment.undo()

    # ------------------------------------------------------------------ gateways

    def open(self, *names: str) -> None:
        """Start these members' gateways, as their gateway.toml says now."""
        for name in names:
            stack = self._open[name] = ExitStack()
            gateway = stack.enter_context(open_test_gateway(Config.load(self.homes[name].home)))
            gateway.config.address_path.write_text(gateway.part(ServedAt).url)
            gateway.worker.start()
            self._gateways[name] = gateway
            self._apis[name] = stack.enter_context(client_for(gateway))

    def close(self, *names: str) -> None:
        """End these members' gateways."""
        for name in names:
            self._open.pop(name).close()
            del self._gateways[name], self._apis[name]

    def gateway(self, name: str) -> Gateway:
        return self._gateways[name]

    def get(self, name: str, path: str, **params: str) -> Any:
        """What that member's gateway answers; a stopped worker fails the test."""
        assert self._gateways[name].worker.fatal is None, self._gateways[name].worker.fatal
        return self._apis[name].get(path, params=params).json()

    def all_ratified(self) -> None:
        """Returns when the consortium is active for every open gateway."""
        for name in self._open:
            run_until(lambda name=name: self.get(name, "/v1/consortium")["active"] or None, f"{name} sees it active")

    # ------------------------------------------------------------------ commands

    def tally(self, name: str, *arguments: object) -> tuple[int, str, str]:
        """`tally --json --home … ARGUMENTS`: exit code, what it said, what it complained of."""
        return _said("--json", "--home", self.homes[name].home, *arguments)

    def words(self, name: str, *arguments: object) -> str:
        """What a command that succeeds says to people."""
        code, out, err = _said("--home", self.homes[name].home, *arguments)
        assert code == 0, err
        return out

    def done(self, name: str, *arguments: object) -> Any:
        """The answer of a command that succeeds."""
        code, out, err = self.tally(name, *arguments)
        assert code == 0, err
        return json.loads(out)

    def refused(self, name: str, *arguments: object) -> dict[str, Any]:
        """The problem of a command that is refused."""
        code, out, err = self.tally(name, *arguments)
        assert code == 1, out
        problem: dict[str, Any] = json.loads(err)
        return problem

    # ------------------------------------------------------------------ decisions

    def propose(self, name: str, change: str, *fields: object) -> str:
        """The id of that member's proposal."""
        return str(self.done(name, "proposals", "make", change, *fields)["act_ids"][0])

    def approve(self, proposal: str, *names: str) -> None:
        """Each of these members approves, once its gateway has seen the proposal."""
        for name in names:
            run_until(lambda name=name: self._sees(name, proposal), f"{name} sees {proposal}")  # type: ignore[misc]  # bound now
            self.done(name, "proposals", "approve", proposal)

    def decide(self, change: str, *fields: object, by: tuple[str, ...]) -> str:
        """The first of `by` proposes, the others approve, the first executes; the proposal."""
        proposal = self.propose(by[0], change, *fields)
        self.approve(proposal, *by[1:])
        self.execute(proposal, by[0], approvals=len(by))
        return proposal

    def execute(self, proposal: str, name: str, *, approvals: int) -> None:
        """That member executes, once its gateway has seen so many approvals."""
        run_until(lambda: self.shown(name, proposal)["counting"] >= approvals or None, "approvals")
        assert self.done(name, "proposals", "execute", proposal)["state"] == "EXECUTED"

    def _sees(self, name: str, proposal: str) -> bool | None:
        code, _, _ = self.tally(name, "proposals", "show", proposal)
        return code == 0 or None

    def shown(self, name: str, proposal: str) -> Any:
        return self.done(name, "proposals", "show", proposal)

    def exported(self, name: str, out: Any, *cards: object) -> Consortium:
        """That member's export, written to `out`."""
        options = [part for card in cards for part in ("--card", card)]
        self.done(name, "consortium", "export", *options, "--out", out)
        return Consortium.parse(out.read_bytes())


class _OfThisThread(io.StringIO):
    """Keeps what this thread writes and lets others write where they would: gateways run, and log, beside commands."""

    def __init__(self, elsewhere: TextIO) -> None:
        super().__init__()
        self._elsewhere, self._thread = elsewhere, threading.get_ident()

    def write(self, text: str) -> int:
        if threading.get_ident() == self._thread:
            return super().write(text)
        return self._elsewhere.write(text)


def _said(*arguments: object) -> tuple[int, str, str]:
    out, err = _OfThisThread(sys.stdout), _OfThisThread(sys.stderr)
    with redirect_stdout(out), redirect_stderr(err):
        code = run(*arguments)
    return code, out.getvalue(), err.getvalue()
