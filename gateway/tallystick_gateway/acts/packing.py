"""Which acts travel together: parcels of one kind, within what contracts and nodes take in one transaction.

Pure: the same waiting acts give the same parcels. Acts of one kind keep their order; between kinds the order is that of
the first act of each parcel, so callers ask for an act only once what it rests on is recorded.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from .abi import array_calldata, single_calldata
from .functions import function_of

__all__ = ["MOST_ACTS", "MOST_BYTES", "Parcel", "Waiting", "calldata_of", "gas_for", "pack"]

MOST_ACTS = 100
"""The contracts' own bound, and where more no longer saves gas (`performance.md`)."""
MOST_BYTES = 112 * 1024
"""QBFT nodes take transactions of 128 KB; the envelope and its signature need a little."""


class Waiting(NamedTuple):
    """A signed act that no transaction carries."""

    id: int
    contract: str
    kind: str
    encoded: bytes
    signature: bytes
    companion: bytes | None
    failures: int


class Signed(Protocol):
    """What calldata are made of."""

    @property
    def encoded(self) -> bytes: ...
    @property
    def signature(self) -> bytes: ...
    @property
    def companion(self) -> bytes | None: ...


@dataclass(frozen=True, slots=True)
class Parcel:
    """The acts of one transaction-to-be, and its calldata."""

    contract: str
    kind: str
    acts: tuple[Waiting, ...]
    calldata: bytes
    gas: int


@dataclass(frozen=True, slots=True)
class _Cost:
    """Gas beyond the transaction's own: of the call, of each act, and of each 32-byte word of an act."""

    call: int
    act: int
    word: int = 0


_DEFAULT_COST = _Cost(call=60_000, act=400_000, word=3_000)
_COSTS = {
    "Anchor": _Cost(call=0, act=110_000),
    "Disburse": _Cost(call=60_000, act=70_000, word=2_200),
    "ProposeAgreement": _Cost(call=60_000, act=100_000, word=20_000),
    "Ratify": _Cost(call=100_000, act=400_000, word=30_000),
    "Settle": _Cost(call=55_000, act=85_000),
    "Snapshot": _Cost(call=40_000, act=42_500),
}
"""Measured on both engines (berlin: the same gas) for what is sent in bulk; the rest is rare and declared amply."""
_MARGIN_PERCENT = 12
_TRANSACTION_GAS = 21_000
_ZERO_BYTE_GAS, _BYTE_GAS = 4, 16


def pack(
    waiting: Sequence[Waiting], most_parcels: int, block_gas: int | None = None, most_acts: int = MOST_ACTS
) -> list[Parcel]:
    """The next parcels, at most `most_parcels`, of at most `most_acts` acts each; what does not fit waits.

    None declares more than `block_gas`.
    """
    runs: dict[tuple[str, str], _Run] = {}
    order: list[_Run] = []
    for act in waiting:
        run = runs.get((act.contract, act.kind))
        if run is None or not run.takes(act, most_acts):
            if len(order) == most_parcels:
                break
            run = runs[act.contract, act.kind] = _Run([], 0)
            order.append(run)
        run.acts.append(act)
        run.size += _size(act)
    return [_parcel(run.acts, block_gas) for run in order]


def calldata_of(contract: str, kind: str, acts: Sequence[Signed]) -> bytes:
    """Calldata that hands these acts, all of one kind, to the contract."""
    function = function_of(contract, kind)
    if function.takes_array:
        return array_calldata(function.selector, kind, [act.encoded for act in acts], [act.signature for act in acts])
    (act,) = acts
    return single_calldata(function.selector, kind, act.encoded, act.signature, act.companion)


def gas_for(kind: str, acts: Sequence[Waiting], calldata: bytes) -> int:
    """The gas to declare: as little as surely suffices, since miners fill blocks by declared gas.

    Doubled with every failure of one of the acts: a transaction that ran out of gas goes again with more.
    """
    cost = _COSTS.get(kind, _DEFAULT_COST)
    zeros = calldata.count(0)
    intrinsic = _TRANSACTION_GAS + _ZERO_BYTE_GAS * zeros + _BYTE_GAS * (len(calldata) - zeros)
    execution = cost.call + sum(cost.act + cost.word * (len(act.encoded) // 32) for act in acts)
    failures = max(act.failures for act in acts)
    return intrinsic + execution * (100 + _MARGIN_PERCENT) // 100 * (1 << min(failures, 4))


@dataclass(slots=True)
class _Run:
    """Acts of one kind that are going to travel together, and their calldata's size in bytes, or a little more."""

    acts: list[Waiting]
    size: int

    def takes(self, act: Waiting, most_acts: int) -> bool:
        """Whether the act may join. What failed before travels in ever smaller company of its like."""
        first = self.acts[0]
        if first.failures != act.failures or len(self.acts) >= most_acts >> 2 * act.failures:
            return False
        return function_of(act.contract, act.kind).takes_array and self.size + _size(act) <= MOST_BYTES


def _size(act: Waiting) -> int:
    """The act, its signature, and the offsets and lengths around them."""
    return len(act.encoded) + 200


def _parcel(acts: Sequence[Waiting], block_gas: int | None) -> Parcel:
    """The acts as one transaction, or as many of the first of them as a block has gas for."""
    contract, kind = acts[0].contract, acts[0].kind
    while True:
        calldata = calldata_of(contract, kind, acts)
        gas = gas_for(kind, acts, calldata)
        if len(acts) == 1 and block_gas is not None:
            gas = min(gas, block_gas)
        if block_gas is None or gas <= block_gas:
            return Parcel(contract, kind, tuple(acts), calldata, gas)
        acts = acts[: len(acts) // 2]
