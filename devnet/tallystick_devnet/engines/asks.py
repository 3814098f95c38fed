"""What others ask of a running supervisor: to bring one node up from disk. Files in the chain's folder, and SIGHUP.

Who asks writes `ask-ID.json` and sends SIGHUP; the supervisor answers in `answer-ID.json` once it is done.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tallystick_devnet.engines.folder import ChainFolder, Run
from tallystick_devnet.engines.outcomes import failure, read_outcome, success
from tallystick_devnet.errors import DevnetError, EngineFailed, EngineNotRunning

__all__ = ["answer_asks", "ask_for_node", "forget_asks"]

_WAIT_S: Final = 180.0
_POLL_S: Final = 0.02


def ask_for_node(folder: ChainFolder, run: Run, node: int) -> str:
    """Have the supervisor bring `node` up, ending it first if it runs; its address, once it answers.

    Raises what hindered it, `EngineNotRunning` if there is no supervisor, `EngineFailed` if it gives no answer.
    """
    name = secrets.token_hex(8)
    ask, answer = folder.path / f"ask-{name}.json", folder.path / f"answer-{name}.json"
    supervisor = run.supervisor.process()
    if supervisor is None:
        raise EngineNotRunning(folder=folder.path)
    try:
        folder.write(ask, {"node": node})
        os.kill(supervisor.pid, signal.SIGHUP)
        deadline = time.monotonic() + _WAIT_S
        while not answer.exists():
            if run.supervisor.process() is None:
                raise EngineNotRunning(folder=folder.path)
            if time.monotonic() > deadline:
                raise EngineFailed(reason=f"its supervisor did not bring node {node} up", log=folder.log)
            time.sleep(_POLL_S)
        return read_outcome(json.loads(answer.read_bytes())["outcome"])[node]
    finally:
        for path in (ask, answer):
            path.unlink(missing_ok=True)


def answer_asks(folder: ChainFolder, restart: Callable[[int], list[str]]) -> None:
    """Do what is asked, oldest first. An ask that cannot be read is passed over."""
    for ask in sorted(folder.path.glob("ask-*.json"), key=_age):
        if (node := _node_asked_for(ask)) is not None:
            try:
                outcome = success(restart(node))
            except DevnetError as why:
                outcome = failure(why)
            folder.write(ask.with_name(ask.name.replace("ask-", "answer-", 1)), {"outcome": outcome})
        ask.unlink(missing_ok=True)


def forget_asks(folder: ChainFolder) -> None:
    """Remove what was asked of a supervisor that is gone."""
    for pattern in ("ask-*", "answer-*"):
        for path in folder.path.glob(pattern):
            path.unlink(missing_ok=True)


def _node_asked_for(ask: Path) -> int | None:
    try:
        node = json.loads(ask.read_bytes())["node"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return node if type(node) is int else None


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
