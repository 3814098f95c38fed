"""Wait for something that gateways do; say why where nothing moves, and notice when one of them has ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from tallystick_devnet.demo.cast import CAST
from tallystick_devnet.demo.gateways import StepFailed
from tallystick_devnet.demo.stage import Stage
from tallystick_gateway.kit.api_client import ApiClient

__all__ = ["follow", "until"]

_LOOK_EVERY_S: Final = 0.25
_WAIT_S: Final = 2
_LONGEST_S: Final = 900.0
_QUIET_S: Final = 10.0


class _Reasons:
    """Where nothing moves, asks the gateways every ten seconds what keeps them, and shows each answer once."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._shown: set[tuple[str, str]] = set()
        self.moved()

    def moved(self) -> None:
        """Something did: there is nothing to explain for another ten seconds."""
        self._next = time.monotonic() + _QUIET_S

    def look(self, waiting: Mapping[str, Any] | None = None) -> None:
        """Do so if it is time; `waiting` is what a submission says of itself."""
        if time.monotonic() < self._next:
            return
        self.moved()
        for name, reason in [*self._found(), *([("the submission", waiting)] if waiting else [])]:
            if (name, str(reason["code"])) not in self._shown:
                self._shown.add((name, str(reason["code"])))
                text = f"  waiting: {name}: {reason['detail']} ({reason['code']})\n    → {reason['advice']}"
                self._stage.journal.console.print(text, highlight=False, markup=False)

    def _found(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for part in CAST:
            if not self._stage.gateways.answers(part):
                continue
            for reason in self._stage.gateways.api(part).get("/v1/status")["reasons"]:
                yield part.name, reason


def until(stage: Stage, holds: Callable[[], bool], what: str, *, within_s: float = _LONGEST_S) -> None:
    """Return once `holds()`. Raises `GatewayStopped`, or `StepFailed` after `within_s`."""
    deadline = time.monotonic() + within_s
    reasons = _Reasons(stage)
    while not holds():
        stage.gateways.check()
        reasons.look()
        if time.monotonic() > deadline:
            raise StepFailed(f"after {within_s:.0f} s it is still not so that {what}")
        time.sleep(_LOOK_EVERY_S)
    stage.gateways.check()


def follow(
    stage: Stage, api: ApiClient, submission_ids: Sequence[str], done: Callable[[int], None]
) -> Mapping[str, int]:
    """Wait until every submission is in its goal state; how many acts are in which state.

    Raises `StepFailed` with the reason if an act ended otherwise.
    """
    reached: dict[str, int] = {}
    reasons = _Reasons(stage)
    for submission_id in submission_ids:
        answer = _follow_one(stage, api, submission_id, reasons, lambda count: done(sum(reached.values()) + count))
        if answer["state"] != answer["goal"]:
            error = answer.get("error") or {}
            raise StepFailed(f"submission {submission_id} ended {answer['counts']}: {error.get('detail', '')}")
        for state, count in answer["counts"].items():
            reached[state] = reached.get(state, 0) + count
    return reached


def _follow_one(
    stage: Stage, api: ApiClient, submission_id: str, reasons: _Reasons, done: Callable[[int], None]
) -> Mapping[str, Any]:
    deadline = time.monotonic() + _LONGEST_S
    counts: Mapping[str, int] = {}
    while True:
        answer: Mapping[str, Any] = api.get(f"/v1/submissions/{submission_id}", wait="done", timeout=_WAIT_S)
        done(int(answer["counts"].get(answer["goal"], 0)))
        stage.gateways.check()
        if answer["done"]:
            return answer
        if answer["counts"] != counts:
            counts = answer["counts"]
            reasons.moved()
        reasons.look(answer["waiting"])
        if time.monotonic() > deadline:
            raise StepFailed(f"submission {submission_id} is still {answer['counts']} after {_LONGEST_S:.0f} s")
