"""The chain as this gateway sees it, and audits of it."""

from typing import Any

from tallystick_gateway.kit.wire import Instant, Wire

__all__ = ["AuditOut", "ChainOut"]


class ChainOut(Wire):
    """Where the watcher stands. `behind` counts blocks; `stopped` says why the node is not believed any more."""

    node: str | None
    head: int | None
    checked: int | None
    checked_hash: str | None
    checked_block_time: str | None
    behind: int | None
    last_answer_at: str | None
    goal: str
    finality: str
    stopped: dict[str, str] | None


class AuditOut(Wire):
    """An audit: WAITING, RUNNING (`height` of `head`), DONE with its report, or FAILED with the reason in it.

    `report.agreed` is true only if the replay broke no rule and neither our tables nor the contracts' views differ.
    """

    id: str
    state: str
    height: int
    head: int
    started_at: Instant
    ended_at: Instant | None
    report: dict[str, Any]
