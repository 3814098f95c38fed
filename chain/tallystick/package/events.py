"""The events by which contracts record acts, and the typed values of their logs (`docs/package.md`, Proof files).

The signatures are those of the contracts' ABI (tested against it); here so that a verifier needs neither the
artifacts nor an ABI library.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from tallystick.acts import act_types
from tallystick.keccak import keccak256
from tallystick.receipts import Log

from .abi import AbiType, decode, parse_type

__all__ = ["ACT_EVENTS", "STRUCTS", "ActEvent", "EventUnreadable", "act_event", "read_event"]


class EventUnreadable(ValueError):
    """A log is not this event, or not its one encoding."""


@dataclass(frozen=True, slots=True)
class ActEvent:
    """How `contract` records an act of this kind: by which event, and how that repeats the act.

    `renamed` maps a field of the act to the parameter that bears its value; `differs` are fields whose parameter of
    the same name may have another value.
    """

    contract: str
    kind: str
    signature: str
    renamed: tuple[tuple[str, str], ...] = ()
    differs: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The event's name."""
        return self.signature.partition("(")[0]


_ID = "bytes32 indexed actId"
_LOAN = f"{_ID}, bytes32 indexed agreement, bytes32 indexed loan"
_BY = "bytes32 member, address signer"
_HEAD = "uint64 count, bytes32 head, uint256 chainId"
_KEY = f"{_ID}, bytes32 indexed key, bytes32 indexed member, address signer, uint8 purpose"
_CANCELLED = f"ActCancelled({_ID}, bytes32 indexed cancelled, bytes32 indexed member, address signer, uint256 chainId)"
_AGREED = f"{_ID}, bytes32 indexed agreement, bytes32 indexed member, address signer"

ACT_EVENTS: Final[Sequence[ActEvent]] = (
    *(
        ActEvent(contract, "Cancel", _CANCELLED, (("actId", "cancelled"),))
        for contract in ("Consortium", "AgreementBook", "LoanLedger", "RecordLog")
    ),
    ActEvent(
        "Consortium",
        "Ratify",
        f"Ratified({_ID}, bytes32 indexed listHash, bytes32 indexed member, address signer, ContractEntry[] contracts,"
        " uint256 chainId)",
    ),
    ActEvent(
        "Consortium",
        "AddKey",
        f"KeyAdded({_KEY}, uint64 notBefore, uint64 notAfter, uint256 chainId)",
        differs=("notBefore",),
    ),
    ActEvent(
        "Consortium",
        "RevokeKey",
        f"KeyRevocationRecorded({_KEY}, uint64 revokedAt, bytes32 reason, uint256 chainId)",
    ),
    ActEvent(
        "Consortium",
        "ReportCompromise",
        f"CompromiseReported({_KEY}, uint64 previousSince, uint64 since, bytes32 reason, uint256 chainId)",
        differs=("since",),
    ),
    ActEvent(
        "Consortium",
        "Propose",
        f"ProposalMade({_ID}, bytes32 indexed member, address signer, uint8 change, bytes payload, uint64 epoch,"
        " uint64 executableFrom, uint64 lapsesAt, uint256 chainId)",
    ),
    ActEvent(
        "Consortium",
        "Approve",
        f"ProposalApproved({_ID}, bytes32 indexed proposal, bytes32 indexed member, address signer, uint256 approvals,"
        " uint256 chainId)",
    ),
    ActEvent(
        "Consortium",
        "CancelProposal",
        f"ProposalWithdrawn({_ID}, bytes32 indexed proposal, bytes32 indexed member, address signer, uint256 chainId)",
    ),
    ActEvent(
        "Consortium",
        "NoteTime",
        f"TimeNoted({_ID}, bytes32 indexed tokenDigest, bytes32 indexed member, address signer, uint256 chainId)",
    ),
    ActEvent(
        "AgreementBook",
        "ProposeAgreement",
        f"AgreementProposed({_AGREED}, AgreementTerms terms, uint64 openUntil, uint256 chainId)",
    ),
    ActEvent(
        "AgreementBook",
        "CoSign",
        f"AgreementCoSigned({_AGREED}, bytes32 matter, uint16 awaiting, uint256 chainId)",
        (("actId", "matter"),),
    ),
    ActEvent(
        "AgreementBook",
        "AdoptAgreement",
        f"AgreementAdopted({_AGREED}, address predecessor, AgreementTerms terms, uint64[] exposures, uint256 chainId)",
    ),
    ActEvent(
        "LoanLedger",
        "Disburse",
        f"Disbursed({_LOAN}, {_BY}, bytes32 borrowerTag, bytes3 currency, uint64 principal, uint64[] shares,"
        f" uint32 valueDate, {_HEAD})",
    ),
    ActEvent(
        "LoanLedger",
        "DisburseSealed",
        f"SealedDisbursed({_LOAN}, {_BY}, bytes32 terms, uint64 openUntil, {_HEAD})",
    ),
    ActEvent(
        "LoanLedger",
        "CoSign",
        f"LoanCoSigned({_LOAN}, {_BY}, bytes32 matter, uint16 awaiting, {_HEAD})",
        (("actId", "matter"),),
    ),
    ActEvent("LoanLedger", "Reverse", f"Reversed({_LOAN}, {_BY}, uint8 previous, bytes32 reason, {_HEAD})"),
    ActEvent("LoanLedger", "Settle", f"Settled({_LOAN}, {_BY}, uint8 previous, uint32 valueDate, {_HEAD})"),
    ActEvent(
        "LoanLedger",
        "WriteOff",
        f"WrittenOff({_LOAN}, {_BY}, uint8 previous, uint32 valueDate, bytes32 reason, {_HEAD})",
    ),
    ActEvent(
        "LoanLedger",
        "TransferShare",
        f"ShareTransferProposed({_LOAN}, {_BY}, bytes32 to, uint64 amount, bytes32 reason, bytes32 price,"
        f" uint64 openUntil, {_HEAD})",
        (("from", "member"),),
    ),
    ActEvent(
        "LoanLedger",
        "TransferServicing",
        f"ServicingTransferProposed({_LOAN}, {_BY}, bytes32 to, bytes32 reason, bytes32 price, uint64 openUntil,"
        f" {_HEAD})",
        (("from", "member"),),
    ),
    ActEvent("LoanLedger", "Snapshot", f"HeadAsOf({_LOAN}, {_BY}, {_HEAD})"),
    ActEvent("LoanLedger", "Adopt", f"LoanAdopted({_LOAN}, {_BY}, address predecessor, CarriedLoan carried, {_HEAD})"),
    ActEvent(
        "RecordLog",
        "Anchor",
        f"Anchored({_ID}, bytes32 indexed stream, bytes32 indexed member, address signer, uint64 firstIndex,"
        " uint64 count, bytes32 root, bytes32 previous, uint256 chainId)",
    ),
)

STRUCTS: Final[Mapping[str, Sequence[tuple[str, str]]]] = {
    "CarriedLoan": (
        ("state", "uint8"),
        ("principal", "uint64"),
        ("count", "uint64"),
        ("carriedCount", "uint64"),
        ("head", "bytes32"),
        ("servicer", "bytes32"),
    )
}
"""Structs of events that no act has."""


@dataclass(frozen=True, slots=True)
class _Layout:
    topic: bytes
    indexed: tuple[tuple[str, AbiType], ...]
    plain: tuple[tuple[str, AbiType], ...]


def act_event(contract: str, kind: str) -> ActEvent | None:
    """How `contract` records an act of this kind; None if it does not take such acts."""
    return _by_act().get((contract, kind))


def read_event(event: ActEvent, log: Log) -> dict[str, object]:
    """The values of the event that `log` is, by their Solidity names. Raises `EventUnreadable`."""
    layout = _layout(event.signature)
    if not log.topics or log.topics[0] != layout.topic or len(log.topics) != 1 + len(layout.indexed):
        raise EventUnreadable(f"the log is no {event.name}")
    try:
        values = decode(layout.indexed, b"".join(log.topics[1:])) | decode(layout.plain, log.data)
    except ValueError as why:
        raise EventUnreadable(f"the log is no {event.name}: {why}") from None
    return values


@cache
def _by_act() -> Mapping[tuple[str, str], ActEvent]:
    return {(event.contract, event.kind): event for event in ACT_EVENTS}


@cache
def _layout(signature: str) -> _Layout:
    structs = dict(STRUCTS) | {
        name: [(field.name, field.type) for field in kind.fields] for name, kind in act_types().items()
    }
    name, _, inside = signature.removesuffix(")").partition("(")
    indexed: list[tuple[str, AbiType]] = []
    plain: list[tuple[str, AbiType]] = []
    for part in inside.split(", "):
        kind, *rest = part.split(" ")
        (indexed if rest[0] == "indexed" else plain).append((rest[-1], parse_type(kind, structs)))
    canonical = ",".join(_canonical(kind) for _, kind in (*indexed, *plain))
    return _Layout(keccak256(f"{name}({canonical})".encode()), tuple(indexed), tuple(plain))


def _canonical(kind: AbiType) -> str:
    if kind.item:
        return _canonical(kind.item) + "[]"
    if kind.kind == "struct":
        return f"({','.join(_canonical(field) for _, field in kind.fields)})"
    return {"uint": f"uint{kind.size}", "bytesN": f"bytes{kind.size}"}.get(kind.kind, kind.kind)
