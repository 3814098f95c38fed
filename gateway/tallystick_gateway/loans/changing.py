"""Acts about loans that exist: settle, write off, reverse, transfer, snapshot.

Which states an act may follow is the contract's table (`Loans.sol`); it is asked here first, so that what the chain
would refuse is refused at once and in words.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tallystick.consortium import roles_of
from tallystick.errors import TallystickError
from tallystick_gateway.acts import repository as outbox
from tallystick_gateway.acts import service as acts
from tallystick_gateway.acts.desk import desk_of
from tallystick_gateway.acts.errors import AlreadyRequested
from tallystick_gateway.acts.service import Draft, Enqueued
from tallystick_gateway.agreements import repository as agreements
from tallystick_gateway.agreements import service as agreement_service
from tallystick_gateway.agreements.errors import NotParty
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.members import repository as members

from . import repository
from .errors import LoanIdNeeded, LoanRepeated, LoanUnknown, NotNamed, NotServicer, StateForbids
from .models import LoanRow
from .naming import Named, Names, loan_subject

__all__ = ["FOLLOWS", "Change", "Changes"]

FOLLOWS: Mapping[str, frozenset[str]] = {
    "Settle": frozenset({"ACTIVE", "WRITTEN_OFF"}),
    "WriteOff": frozenset({"ACTIVE"}),
    "Reverse": frozenset({"ACTIVE", "PENDING"}),
    "TransferShare": frozenset({"ACTIVE", "WRITTEN_OFF"}),
    "TransferServicing": frozenset({"ACTIVE", "WRITTEN_OFF"}),
    "Snapshot": frozenset({"PENDING", "ACTIVE", "SETTLED", "WRITTEN_OFF", "REVERSED"}),
}
"""Kind of act → the states in which a loan may be."""

_BY_SERVICER = frozenset({"Settle", "WriteOff", "Reverse", "TransferServicing"})
_NUMBERED: Mapping[str, str] = {
    "Snapshot": "snapshots",
    "TransferShare": "transfers",
    "TransferServicing": "transfers",
}
"""Acts that may rightly happen again: the column of the loan that counts those asked for here."""


@dataclass(frozen=True, slots=True)
class Change:
    """A loan that the act may be about, with the business id of the act."""

    row: LoanRow
    loan_id: str
    business_id: str


class Changes:
    """Acts of one kind about loans of one agreement. First `take` names, then `enqueue` what was taken."""

    def __init__(self, session: Session, gateway: Gateway, agreement: bytes, kind: str) -> None:
        """Raises `AgreementUnknown`, `AgreementNotActive`, `NotParty`, `NotNamed`."""
        self._session = session
        self._gateway = gateway
        self._kind = kind
        self._agreement = agreement_service.active(session, gateway, agreement)
        self.parties = [party.member for party in agreements.parties(session, agreement)]
        if session.owner not in self.parties:
            if kind != "Snapshot":
                raise NotParty(field="agreement")
            if not self._is_named():
                raise NotNamed(field="agreement")
        self._names = Names(session, gateway, agreement)
        self._ref_secret = self._names.secret if kind == "Snapshot" else self._names.require_secret()
        self._taken: list[Change] = []

    def take(
        self, names: Iterable[tuple[int, str]], refuse: Callable[[int, TallystickError], None]
    ) -> Sequence[Change]:
        """Check (line, name) one after the other; the acceptable ones are taken."""
        found = self._once(names, refuse)
        known = repository.find_many(self._session, self._agreement.agreement, [each.loan for _, each in found])
        fresh: list[tuple[int, Change]] = []
        for line, each in found:
            try:
                fresh.append((line, self._checked(each, known.get(each.loan))))
            except TallystickError as refused:
                refuse(line, refused)
        self._refuse_earlier(fresh, refuse)
        return self._taken

    def enqueue(self, values: Callable[[LoanRow], Mapping[str, object]], subject: str) -> Enqueued | None:
        """Sign and store one act for each loan taken; `values` are what it says beside agreement and loan."""
        if not self._taken:
            return None
        drafts = [
            Draft(
                self._kind,
                {"agreement": change.row.agreement, "loan": change.row.loan, **values(change.row)},
                change.business_id,
                loan_subject(change.row.agreement, change.row.loan),
                self._ref_secret,
            )
            for change in self._taken
        ]
        enqueued = acts.enqueue(self._session, self._gateway, drafts, subject=subject)
        if column := _NUMBERED.get(self._kind):
            repository.count_up(
                self._session, self._agreement.agreement, [each.row.loan for each in self._taken], column
            )
        return enqueued

    def _once(
        self, names: Iterable[tuple[int, str]], refuse: Callable[[int, TallystickError], None]
    ) -> list[tuple[int, Named]]:
        first: dict[bytes, int] = {}
        found = []
        for line, name in names:
            try:
                named = self._names.named(name)
            except TallystickError as refused:
                refuse(line, refused)
                continue
            if (before := first.setdefault(named.loan, line)) != line:
                refuse(line, LoanRepeated(field="loan_id", loan_id=name, first_line=before))
            else:
                found.append((line, named))
        return found

    def _checked(self, named: Named, row: LoanRow | None) -> Change:
        if row is None:
            raise LoanUnknown(field="loan_id", loan_id=named.loan_id or named.loan.hex())
        loan_id = named.loan_id or row.loan_id
        if row.state not in FOLLOWS[self._kind]:
            needed = " or ".join(sorted(FOLLOWS[self._kind]))
            raise StateForbids(field="loan_id", state=row.state, act=self._kind, needed=needed)
        if self._kind in _BY_SERVICER and self._servicer(row) != self._session.owner:
            raise NotServicer(field="loan_id", servicer=self._servicer(row).hex())
        if loan_id is None and self._kind != "Snapshot":
            raise LoanIdNeeded(field="loan_id", loan=row.loan.hex())
        business_id = shown = loan_id or row.loan.hex()
        if column := _NUMBERED.get(self._kind):
            business_id = f"{shown}:{getattr(row, column) + 1}"
        return Change(row, shown, business_id)

    def _servicer(self, row: LoanRow) -> bytes:
        return self.parties[row.servicer or 0]

    def _refuse_earlier(
        self, fresh: Sequence[tuple[int, Change]], refuse: Callable[[int, TallystickError], None]
    ) -> None:
        """What was asked for before, and has not failed, is not asked for again."""
        refs = [acts.reference(desk_of(self._gateway), self._draft(change)) for _, change in fresh]
        earlier = outbox.earlier_requests(self._session, self._kind, refs)
        for (line, change), ref in zip(fresh, refs, strict=True):
            if ref in earlier:
                submission_id = earlier[ref]
                message = f"{self._kind} of {change.loan_id} was requested before, in submission {submission_id}"
                refuse(line, AlreadyRequested(message, field="loan_id", submission_id=submission_id))
            else:
                self._taken.append(change)

    def _draft(self, change: Change) -> Draft:
        return Draft(self._kind, {}, change.business_id, "", self._ref_secret)

    def _is_named(self) -> bool:
        row, owner = self._agreement, self._session.owner
        ours = members.find_member(self._session, owner)
        by_role = ours is not None and any(role.name in row.terms["attesting_roles"] for role in roles_of(ours.roles))
        return by_role or owner.hex() in (row.terms["depository"], row.terms["arbitrator"])
