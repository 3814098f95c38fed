"""Are these all acts about the loan, and what do they say of it? (`protocol.md` §6; `docs/package.md`, Loans)"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tallystick.keccak import keccak256
from tallystick.package.terms import LoanTerms
from tallystick.roots import Roots
from tallystick.verify.catalogue import Status
from tallystick.verify.facts import ProvedAct
from tallystick.verify.findings import Findings

__all__ = ["Loan", "check_loan", "servicers"]

_STATES: Final = ("NONE", "PENDING", "ACTIVE", "SETTLED", "WRITTEN_OFF", "REVERSED")
_BECOMES: Final[Mapping[str, str]] = {
    "Disburse": "ACTIVE",
    "DisburseSealed": "PENDING",
    "Reverse": "REVERSED",
    "Settle": "SETTLED",
    "WriteOff": "WRITTEN_OFF",
}


@dataclass(frozen=True, slots=True)
class Loan:
    """A loan as its acts tell it; amounts in minor units, None where they are not shown."""

    agreement: bytes
    loan: bytes
    acts: tuple[ProvedAct, ...]
    head: bytes
    state: str
    visibility: str | None
    originator: bytes | None
    currency: str | None
    principal: int | None
    value_date: int | None
    borrower_tag: bytes | None
    snapshot: ProvedAct | None

    @property
    def count(self) -> int:
        """How many acts are linked."""
        return len(self.acts)


def check_loan(
    agreement: bytes,
    loan: bytes,
    acts: Sequence[ProvedAct],
    terms: LoanTerms | None,
    roots: Roots,
    found: Findings,
) -> Loan | None:
    """The loan, if its acts follow each other from the first; None where there is nothing to tell."""
    about = [act for act in acts if (act.values.get("agreement"), act.values.get("loan")) == (agreement, loan)]
    linked = sorted((act for act in about if act.kind != "Snapshot"), key=lambda act: act.number("count"))
    snapshots = [act for act in about if act.kind == "Snapshot"]
    if not linked:
        found.add("loan.not_examined" if _was_not_read(found) else "loan.none", f"loan {loan.hex()}")
        return None
    heads = _heads(agreement, loan, linked, roots, found)
    if len(heads) != len(linked) + 1:
        return None
    snapshot = _check_snapshots(snapshots, linked, heads, found)
    told = _tell(agreement, loan, linked, heads[-1], snapshot)
    if terms is not None:
        told = _with_terms(told, terms, found)
    if snapshot is None and not found.failed("loan"):
        last = linked[-1].place
        found.add("loan.no_snapshot", f"{len(linked)} acts up to block {last.height}")
    if snapshot is not None:
        found.passed("loan.complete", f"{len(linked)} acts, none more up to block {snapshot.place.height}")
    return told


def servicers(loan: Loan) -> frozenset[bytes]:
    """The members whose logs the loan's repayments may stand in: the originator, and whom servicing was offered to."""
    offered = {act.hash("to") for act in loan.acts if act.kind == "TransferServicing"}
    return frozenset(offered | ({loan.originator} if loan.originator else set()))


def _heads(agreement: bytes, loan: bytes, linked: Sequence[ProvedAct], roots: Roots, found: Findings) -> list[bytes]:
    """Head 0 and the head after each act; shorter where the acts do not follow each other."""
    start = b"tallystick-head/v1" + roots.chain_id.to_bytes(32) + linked[0].address + agreement + loan
    heads = [keccak256(start)]
    for number, act in enumerate(linked, 1):
        if act.number("count") != number:
            _missing(number, act.number("count"), found)
            return heads
        if number > 1 and act.place < linked[number - 2].place:
            found.add("loan.head", f"act {number} was recorded before act {number - 1}")
            return heads
        heads.append(keccak256(heads[-1] + act.id))
        if act.hash("head") != heads[-1]:
            found.add("loan.head", f"after act {number} the head is {heads[-1].hex()}, not {act.hash('head').hex()}")
            return heads[:-1]
    return heads


def _missing(due: int, next_there: int, found: Findings) -> None:
    if _was_not_read(found):
        found.add("loan.not_examined", f"act {due} about the loan is not proved")
    elif next_there < due:
        found.add("loan.head", f"two acts are number {next_there}")
    else:
        found.add("loan.omitted", f"act {due} about the loan is not there, act {next_there} is")


def _was_not_read(found: Findings) -> bool:
    """Whether an act was not proved, which may be one about the loan."""
    return any(found.has(family, Status.FAIL, Status.SKIP) for family in ("acts", "receipts"))


def _check_snapshots(
    snapshots: Sequence[ProvedAct], linked: Sequence[ProvedAct], heads: Sequence[bytes], found: Findings
) -> ProvedAct | None:
    """The latest snapshot that covers every act shown."""
    covering = None
    for snapshot in sorted(snapshots, key=lambda act: act.place):
        count = snapshot.number("count")
        if count >= len(heads):
            _missing(len(heads), count, found)
        elif snapshot.hash("head") != heads[count]:
            found.add("loan.head", f"a snapshot says another head after {count} acts")
        elif count == len(linked):
            covering = snapshot
    return covering


def _tell(agreement: bytes, loan: bytes, linked: Sequence[ProvedAct], head: bytes, snapshot: ProvedAct | None) -> Loan:
    first = linked[0]
    is_open, is_sealed = first.kind == "Disburse", first.kind == "DisburseSealed"
    currency = first.values.get("currency")
    return Loan(
        agreement=agreement,
        loan=loan,
        acts=tuple(linked),
        head=head,
        state=_state(linked),
        visibility="OPEN" if is_open else "SEALED" if is_sealed else None,
        originator=first.member if is_open or is_sealed else None,
        currency=currency.decode("ascii", "replace") if isinstance(currency, bytes) else None,
        principal=first.number("principal") if is_open else None,
        value_date=first.number("valueDate") if is_open else None,
        borrower_tag=first.hash("borrowerTag") if is_open else None,
        snapshot=snapshot,
    )


def _state(linked: Sequence[ProvedAct]) -> str:
    state = "NONE"
    for act in linked:
        if act.kind == "Adopt":
            carried = act.values["carried"]
            code = carried["state"] if isinstance(carried, dict) else 0
            state = _STATES[code] if code < len(_STATES) else "NONE"
        elif act.kind == "CoSign":
            if act.number("awaiting") == 0 and act.hash("matter") == linked[0].id:
                state = "ACTIVE"
        else:
            state = _BECOMES.get(act.kind, state)
    return state


def _with_terms(loan: Loan, terms: LoanTerms, found: Findings) -> Loan:
    signed = loan.acts[0].values.get("terms")
    if signed != terms.digest or (terms.agreement, terms.loan) != (loan.agreement, loan.loan):
        found.add("loan.terms", f"their digest is {terms.digest.hex()}, or they are of another loan")
        return loan
    return replace(
        loan,
        currency=terms.currency,
        principal=terms.principal,
        value_date=terms.value_date,
        borrower_tag=terms.borrower_tag,
    )
