"""Wait for something that gateways do, and notice when one of them does nothing any more."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from tallystick_devnet.demo.gateways import Gateways, StepFailed
from tallystick_gateway.kit.api_client import ApiClient

__all__ = ["follow", "until"]

_LOOK_EVERY_S: Final = 0.25
_WAIT_S: Final = 2
_LONGEST_S: Final = 900.0


def until(gateways: Gateways, holds: Callable[[], bool], what: str, *, within_s: float = _LONGEST_S) -> None:
    """Return once `holds()`. Raises `GatewayStopped`, or `StepFailed` after `within_s`."""
    deadline = time.monotonic() + within_s
    while not holds():
        gateways.watch()
        if time.monotonic() > deadline:
            raise StepFailed(f"after {within_s:.0f} s it is still not so that {what}")
        time.sleep(_LOOK_EVERY_S)
    gateways.watch()


def follow(
    gateways: Gateways, api: ApiClient, submission_ids: Sequence[str], done: Callable[[int], None]
) -> Mapping[str, int]:
    """Wait until every submission is in its goal state; how many acts are in which state.

    Raises `StepFailed` with the reason if an act ended otherwise.
    """
    reached: dict[str, int] = {}
    for submission_id in submission_ids:
        answer = _follow_one(gateways, api, submission_id, lambda count: done(sum(reached.values()) + count))
        if answer["state"] != answer["goal"]:
            error = answer.get("error") or {}
            raise StepFailed(f"submission {submission_id} ended {answer['counts']}: {error.get('detail', '')}")
        for state, count in answer["counts"].items():
            reached[state] = reached.get(state, 0) + count
    return reached


def _follow_one(
    gateways: Gateways, api: ApiClient, submission_id: str, done: Callable[[int], None]
) -> Mapping[str, Any]:
    deadline = time.monotonic() + _LONGEST_S
    while True:
        answer: Mapping[str, Any] = api.get(f"/v1/submissions/{submission_id}", wait="done", timeout=_WAIT_S)
        done(int(answer["counts"].get(answer["goal"], 0)))
        gateways.watch()
        if answer["done"]:
            return answer
        if time.monotonic() > deadline:
            raise StepFailed(f"submission {submission_id} is still {answer['counts']} after {_LONGEST_S:.0f} s")
