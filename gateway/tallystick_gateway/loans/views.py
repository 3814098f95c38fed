"""Loans as clients see them, and how they are served: what the servicer alone says of them."""

from collections import defaultdict
from collections.abc import Mapping

from pydantic import TypeAdapter

from tallystick_gateway.agreements import repository as agreements
from tallystick_gateway.agreements import service as agreement_service
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.kit.paging import Page, page_of

from . import repository
from .dates import date_word, day_of
from .errors import LoanRepeated, LoanUnknown, NotServicer
from .models import LoanRow
from .naming import Names
from .projections import split_shares
from .rows import Refusals, checked
from .schemas import (
    LoanActOut,
    LoanDetailOut,
    LoanOut,
    ServicingIn,
    ServicingOut,
    ServicingRowIn,
    SummaryOut,
)

__all__ = ["listing", "set_servicing", "show", "summary"]

_MOST_ACTS = 1000
_STATUS = TypeAdapter(ServicingRowIn)


def listing(
    session: Session,
    agreement: bytes | None,
    state: str | None,
    servicing_status: str | None,
    cursor: str | None,
    limit: int,
) -> Page[LoanOut]:
    """Loans in the order in which this gateway learnt of them."""
    query = repository.selected(agreement, state, servicing_status)
    rows, next_cursor = page_of(session, query, LoanRow.id, cursor, limit)
    parties = _Parties(session)
    return Page(items=[LoanOut.model_validate(_shown(row, parties)) for row in rows], next=next_cursor)


def show(session: Session, gateway: Gateway, agreement: bytes, name: str) -> LoanDetailOut:
    """One loan, by id or key, with its acts. Raises `AgreementUnknown`, `SecretNotHeld`, `LoanUnknown`."""
    agreement_service.known(session, agreement)
    named = Names(session, gateway, agreement).named(name)
    row = repository.find(session, agreement, named.loan)
    if row is None:
        raise LoanUnknown(field="loan", loan_id=name)
    acts = [
        LoanActOut(
            count=act.count,
            head=act.head,
            act_id=act.act_id,
            event=act.event,
            member=act.member,
            height=act.height,
            transaction_hash=act.transaction_hash,
            log_index=act.log_index,
        )
        for act in repository.acts_of(session, agreement, row.loan, 0, _MOST_ACTS)
    ]
    shown = _shown(row, _Parties(session))
    return LoanDetailOut.model_validate({**shown, "loan_id": row.loan_id or named.loan_id, "acts": acts})


def summary(session: Session, agreement: bytes | None) -> SummaryOut:
    """How many loans are in each state and servicing status."""
    by_state: defaultdict[str, int] = defaultdict(int)
    by_status: defaultdict[str, int] = defaultdict(int)
    principal: defaultdict[str, int] = defaultdict(int)
    for state, status, count, sum_minor in repository.count_by(session, agreement):
        by_state[state] += count
        principal[state] += sum_minor
        if status is not None:
            by_status[status] += count
    return SummaryOut(
        agreement=agreement,
        total=sum(by_state.values()),
        by_state=by_state,
        by_servicing_status=by_status,
        principal_by_state={state: str(amount) for state, amount in principal.items()},
    )


def set_servicing(session: Session, gateway: Gateway, asked: ServicingIn) -> ServicingOut:
    """Keep what the servicer says of its loans as of one day; nothing of it goes to the chain.

    Raises `RowsRefused` (unknown loan, not its servicer, …), `AgreementUnknown`.
    """
    agreement = agreement_service.known(session, asked.agreement)
    names, refusals = Names(session, gateway, asked.agreement), Refusals(len(asked.statuses))
    stated: dict[bytes, tuple[int, str]] = {}
    for line, row in checked(asked.statuses, _STATUS, refusals):
        loan = names.named(row.loan_id).loan
        if loan in stated:
            refusals.add(line, LoanRepeated(field="loan_id", loan_id=row.loan_id, first_line=stated[loan][0]))
        else:
            stated[loan] = (line, row.status)
    known = repository.find_many(session, asked.agreement, list(stated))
    parties = _Parties(session)
    by_status: defaultdict[str, list[bytes]] = defaultdict(list)
    for loan, (line, status) in stated.items():
        if loan not in known:
            refusals.add(line, LoanUnknown(field="loan_id", loan_id=loan.hex()))
            continue
        servicer = parties.servicer(known[loan]) or agreement.originator
        if servicer != session.owner:
            refusals.add(line, NotServicer(field="loan_id", servicer=servicer.hex()))
        by_status[status].append(loan)
    refusals.require_none()
    for status, loans in by_status.items():
        repository.set_servicing(session, asked.agreement, loans, status, date_word(asked.as_of))
    return ServicingOut(agreement=asked.agreement, changed=len(stated))


class _Parties:
    """Who is who in the agreements of one answer, each looked up once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._members: dict[bytes, list[bytes]] = {}

    def servicer(self, row: LoanRow) -> bytes | None:
        """The member that serves the loan; None until its disbursement is recorded."""
        if row.servicer is None:
            return None
        if row.agreement not in self._members:
            parties = agreements.parties(self._session, row.agreement)
            self._members[row.agreement] = [party.member for party in parties]
        return self._members[row.agreement][row.servicer]


_AS_THEY_ARE = (
    "agreement",
    "loan",
    "loan_id",
    "state",
    "currency",
    "borrower_tag",
    "servicing_status",
    "count",
    "head",
    "disbursement",
    "submission_id",
)


def _shown(row: LoanRow, parties: _Parties) -> Mapping[str, object]:
    return {
        **{name: getattr(row, name) for name in _AS_THEY_ARE},
        "principal": None if row.principal is None else str(row.principal),
        "shares": [str(share) for share in split_shares(row.shares)],
        "value_date": None if row.value_date is None else day_of(row.value_date),
        "servicer": parties.servicer(row),
        "servicing_as_of": None if row.servicing_as_of is None else day_of(row.servicing_as_of),
    }
