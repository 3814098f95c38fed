"""The chain as this gateway sees it, its validators, and audits of it."""

from typing import Any, Literal

from pydantic import ConfigDict

from tallystick_gateway.kit.wire import AddressHex, Hex32, Instant, Wire

__all__ = [
    "AuditOut",
    "ChainOut",
    "DistrustOut",
    "EpochOut",
    "EpochValidatorOut",
    "NodeOut",
    "PendingOut",
    "SealingOut",
    "StalledOut",
    "StoppedOut",
    "ValidatorsOut",
]


class StoppedOut(Wire):
    """Why the watcher stopped. `headers` are the block headers that prove what validators did, in RLP as hex."""

    code: str
    detail: str
    advice: str
    headers: list[str]


class StalledOut(Wire):
    """No block came after `head`, whose time is `since`; `detail` says how many validators it takes, who is late."""

    since: str
    head: int
    detail: str


class DistrustOut(Wire):
    """A node that lied: it is not asked again until the gateway restarts."""

    node: str
    code: str
    detail: str
    at: str


class NodeOut(Wire):
    """A node of gateway.toml: `unchecked`, `usable`, `behind`, `away` or `distrusted`; and what is or was wrong."""

    url: str
    state: str
    head: int | None
    detail: str | None


class ChainOut(Wire):
    """Where the watcher stands. `behind` counts blocks; `stopped` says why nothing is believed any more.

    `finality` is `seals` where blocks are final once their validators' seals hold, `none` where nothing ever is.
    `node` is the one asked now, `nodes` are all of them in the operator's order.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "node": "http://127.0.0.1:8545",
                    "head": 120,
                    "checked": 120,
                    "checked_hash": "ab" * 32,
                    "checked_block_time": "2026-11-23T08:00:00Z",
                    "behind": 0,
                    "last_answer_at": "2026-11-23T08:00:01Z",
                    "goal": "final",
                    "finality": "seals",
                    "stopped": None,
                    "stalled": None,
                    "distrusted": [
                        {
                            "node": "http://127.0.0.1:8546",
                            "code": "watch.receipts_root_mismatch",
                            "detail": "The 2 receipts of block 97 do not give its receipts root.",
                            "at": "2026-11-23T07:59:38Z",
                        }
                    ],
                    "nodes": [
                        {"url": "http://127.0.0.1:8545", "state": "usable", "head": 120, "detail": None},
                        {
                            "url": "http://127.0.0.1:8546",
                            "state": "distrusted",
                            "head": 97,
                            "detail": "The 2 receipts of block 97 do not give its receipts root.",
                        },
                    ],
                }
            ]
        }
    )

    node: str | None
    head: int | None
    checked: int | None
    checked_hash: str | None
    checked_block_time: str | None
    behind: int | None
    last_answer_at: str | None
    goal: str
    finality: Literal["seals", "none"]
    stopped: StoppedOut | None
    stalled: StalledOut | None
    distrusted: list[DistrustOut]
    nodes: list[NodeOut]


class SealingOut(Wire):
    """A validator that seals now, and what was seen of it: blocks proposed, seals in headers, and in which last.

    (A header carries a quorum of seals, not all: who sealed less than others may only be slower.)
    """

    address: AddressHex
    member: Hex32
    proposed: int
    sealed: int
    last_proposed: int | None
    last_sealed: int | None


class PendingOut(Wire):
    """A change that the contract made and the validators have not voted in yet."""

    address: AddressHex
    change: Literal["ADD", "REMOVE"]


class EpochValidatorOut(Wire):
    """A validator of an epoch, and whose it is."""

    address: AddressHex
    member: Hex32


class EpochOut(Wire):
    """These validators seal the blocks from `first` to `last`, which is null while the epoch is open."""

    first: int
    last: int | None
    validators: list[EpochValidatorOut]


class ValidatorsOut(Wire):
    """Who seals, whom the contract lists (`governed`; empty while there is no contract), and who sealed when.

    Everything is as of the last block taken, from headers whose seals hold. All empty on a chain without seals.
    """

    sealing: list[SealingOut]
    governed: list[AddressHex]
    pending: list[PendingOut]
    epochs: list[EpochOut]


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
