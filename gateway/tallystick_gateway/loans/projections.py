"""What the events of LoanLedger and AgreementBook make of loans, their heads, shares, and the parties' exposure.

A block is taken as a whole: the loans it touches are read once, every event is applied in order in memory, and the
results are written with a few bulk statements.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tallystick_gateway.agreements import repository as agreements
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.scoping import bulk_insert
from tallystick_gateway.watch.blocks import CheckedBlock
from tallystick_gateway.watch.chain_event import ChainEvent

from . import repository
from .models import LoanActRow

__all__ = ["apply", "disbursements_failed", "shares_text", "split_shares"]

_LoanKey = tuple[bytes, bytes]
_Loan = dict[str, Any]
_ACTIVE, _PENDING, _SETTLED, _WRITTEN_OFF, _REVERSED = "ACTIVE", "PENDING", "SETTLED", "WRITTEN_OFF", "REVERSED"


def shares_text(shares: Sequence[int]) -> str:
    """Shares in party order as they are stored."""
    return " ".join(map(str, shares))


def split_shares(text: str | None) -> tuple[int, ...]:
    """Shares in party order from how they are stored."""
    return tuple(map(int, text.split())) if text else ()


def apply(session: Session, _block: CheckedBlock, events: Sequence[ChainEvent]) -> None:
    """Take the block's events, in its transaction."""
    ours = [event for event in events if event.name in _STEPS]
    if not ours:
        return
    page = _Page(session, ours)
    for event in ours:
        _STEPS[event.name](page, event)
    page.write(ours)


def disbursements_failed(session: Session, act_ids: Sequence[bytes]) -> None:
    """These disbursements ended without being recorded: their loans no longer count against the limits."""
    repository.refuse(session, act_ids)


class _Page:
    """The loans and agreements that one block touches."""

    def __init__(self, session: Session, events: Sequence[ChainEvent]) -> None:
        self._session = session
        fresh = {_key(event) for event in events if event.name == "Disbursed"}
        touched = {_key(event) for event in events} - fresh
        self.loans: dict[_LoanKey, _Loan] = {
            (row["agreement"], row["loan"]): row for row in repository.rows_of(session, touched)
        }
        self._exposure: defaultdict[bytes, defaultdict[int, int]] = defaultdict(lambda: defaultdict(int))
        self._parties: dict[bytes, dict[bytes, int]] = {}

    def position(self, agreement: bytes, member: bytes) -> int:
        """The party's index in the terms."""
        if agreement not in self._parties:
            rows = agreements.parties(self._session, agreement)
            self._parties[agreement] = {row.member: row.position for row in rows}
        return self._parties[agreement][member]

    def expose(self, agreement: bytes, shares: Sequence[int], sign: int) -> None:
        """Count the shares of a loan in or out."""
        exposure = self._exposure[agreement]
        for position, share in enumerate(shares):
            exposure[position] += sign * share

    def write(self, events: Sequence[ChainEvent]) -> None:
        repository.store_chain_rows(self._session, list(self.loans.values()))
        for agreement, by_position in self._exposure.items():
            agreements.add_exposure(self._session, agreement, by_position)
        bulk_insert(self._session, LoanActRow, [_act(event) for event in events if event.name in _LINKED])


def _key(event: ChainEvent) -> _LoanKey:
    return event.values["agreement"], event.values["loan"]


def _act(event: ChainEvent) -> dict[str, object]:
    values = event.values
    return {
        "agreement": values["agreement"],
        "loan": values["loan"],
        "count": values["count"],
        "head": values["head"],
        "act_id": values["actId"],
        "event": event.name,
        "member": values.get("member") or values["first"],
        "height": event.height,
        "transaction_hash": event.transaction_hash,
        "log_index": event.log_index,
    }


def _new(event: ChainEvent, state: str, servicer: int, shares: Sequence[int]) -> _Loan:
    values = event.values
    return {
        "agreement": values["agreement"],
        "loan": values["loan"],
        "state": state,
        "currency": None,
        "principal": None,
        "shares": shares_text(shares),
        "value_date": None,
        "borrower_tag": None,
        "servicer": servicer,
        "count": values["count"],
        "head": values["head"],
        "disbursement": values["actId"],
        "disbursed_height": event.height,
    }


def _disbursed(page: _Page, event: ChainEvent) -> None:
    values = event.values
    agreement, shares = values["agreement"], values["shares"]
    page.loans[_key(event)] = {
        "agreement": agreement,
        "loan": values["loan"],
        "state": _ACTIVE,
        "currency": values["currency"].decode("ascii"),
        "principal": values["principal"],
        "shares": shares_text(shares),
        "value_date": values["valueDate"],
        "borrower_tag": values["borrowerTag"],
        "servicer": page.position(agreement, values["member"]),
        "count": values["count"],
        "head": values["head"],
        "disbursement": values["actId"],
        "disbursed_height": event.height,
    }
    page.expose(agreement, shares, +1)


def _sealed_disbursed(page: _Page, event: ChainEvent) -> None:
    servicer = page.position(event.values["agreement"], event.values["member"])
    page.loans[_key(event)] = _new(event, _PENDING, servicer, ())


def _link(page: _Page, event: ChainEvent) -> _Loan:
    loan = page.loans[_key(event)]
    loan["count"], loan["head"] = event.values["count"], event.values["head"]
    return loan


def _sealed_activated(page: _Page, event: ChainEvent) -> None:
    page.loans[_key(event)]["state"] = _ACTIVE


def _leave_active(page: _Page, event: ChainEvent, state: str) -> None:
    loan = _link(page, event)
    if loan["state"] == _ACTIVE:
        page.expose(loan["agreement"], split_shares(loan["shares"]), -1)
    loan["state"] = state


def _settled(page: _Page, event: ChainEvent) -> None:
    _leave_active(page, event, _SETTLED)


def _written_off(page: _Page, event: ChainEvent) -> None:
    _leave_active(page, event, _WRITTEN_OFF)


def _reversed(page: _Page, event: ChainEvent) -> None:
    _leave_active(page, event, _REVERSED)


def _reshare(page: _Page, loan: _Loan, new: Mapping[int, int]) -> None:
    before = split_shares(loan["shares"])
    after = [new.get(position, share) for position, share in enumerate(before)]
    if loan["state"] == _ACTIVE:
        page.expose(loan["agreement"], before, -1)
        page.expose(loan["agreement"], after, +1)
    loan["shares"] = shares_text(after)


def _share_transferred(page: _Page, event: ChainEvent) -> None:
    values, loan = event.values, page.loans[_key(event)]
    agreement = values["agreement"]
    new = {
        page.position(agreement, values["from"]): values["shareOfFrom"],
        page.position(agreement, values["to"]): values["shareOfTo"],
    }
    _reshare(page, loan, new)


def _servicing_transferred(page: _Page, event: ChainEvent) -> None:
    page.loans[_key(event)]["servicer"] = page.position(event.values["agreement"], event.values["to"])


def _exposure_reduced(page: _Page, event: ChainEvent) -> None:
    values, loan = event.values, _link(page, event)
    agreement = values["agreement"]
    new = {
        page.position(agreement, values["first"]): values["shareOfFirst"],
        page.position(agreement, values["second"]): values["shareOfSecond"],
    }
    _reshare(page, loan, new)


def _only_link(page: _Page, event: ChainEvent) -> None:
    _link(page, event)


_STEPS: Mapping[str, Callable[[_Page, ChainEvent], None]] = {
    "Disbursed": _disbursed,
    "SealedDisbursed": _sealed_disbursed,
    "SealedLoanActivated": _sealed_activated,
    "LoanCoSigned": _only_link,
    "Reversed": _reversed,
    "Settled": _settled,
    "WrittenOff": _written_off,
    "ShareTransferProposed": _only_link,
    "ShareTransferred": _share_transferred,
    "ServicingTransferProposed": _only_link,
    "ServicingTransferred": _servicing_transferred,
    "ActLinked": _only_link,
    "ExposureReduced": _exposure_reduced,
    "LoanAdopted": _only_link,
}
_LINKED = frozenset(_STEPS) - {"SealedLoanActivated", "ShareTransferred", "ServicingTransferred"}
"""Events of acts that enter the loan's head."""
