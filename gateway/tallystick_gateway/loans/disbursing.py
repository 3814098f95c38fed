"""Paying loans out under an OPEN agreement: every rule of the contract is checked here first, row by row.

Nothing is done per row that a statement over many rows can do: ten thousand loans are one request.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tallystick.errors import TallystickError
from tallystick.pseudonyms import loan_key
from tallystick_gateway.acts import service as acts
from tallystick_gateway.acts.service import Draft, Enqueued
from tallystick_gateway.agreements import repository as agreements
from tallystick_gateway.agreements import service as agreement_service
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway

from . import repository
from .borrowers import borrower_tags
from .dates import date_word
from .errors import CurrencyDiffers, LoanExists, LoanRepeated, LoanRequested, LoansSealed, NotOriginator, SharesDiffer
from .models import LoanRow
from .naming import loan_subject
from .projections import shares_text
from .schemas import LoanRowIn

__all__ = ["Payout", "Payouts", "Refuse"]

Refuse = Callable[[int, TallystickError], None]


@dataclass(frozen=True, slots=True)
class Payout:
    """An accepted loan: its key and the parties' shares."""

    row: LoanRowIn
    loan: bytes
    shares: tuple[int, ...]


class Payouts:
    """Loans to be paid out under one agreement. First `take` rows, then `enqueue` what was taken."""

    def __init__(self, session: Session, gateway: Gateway, agreement: bytes) -> None:
        """Raises `AgreementUnknown`, `AgreementNotActive`, `NotOriginator`, `LoansSealed`, `SecretNotHeld`."""
        self._session = session
        self._gateway = gateway
        self._agreement = agreement_service.active(session, gateway, agreement)
        if self._agreement.originator != session.owner:
            raise NotOriginator(field="agreement", originator=self._agreement.originator.hex())
        if self._agreement.visibility != "OPEN":
            raise LoansSealed(field="agreement")
        self._secret = agreement_service.secret(gateway, session, agreement)
        parties = agreements.parties(session, agreement)
        self._headroom = agreement_service.headroom(session, gateway, self._agreement, parties)
        self._taken: list[Payout] = []

    def take(self, rows: Iterable[tuple[int, LoanRowIn]], refuse: Refuse) -> Sequence[Payout]:
        """Check (line, row) one after the other; a refused row takes nothing of the limits."""
        unique = self._once(rows, refuse)
        known = repository.find_many(self._session, self._agreement.agreement, [loan for _, _, loan in unique])
        for line, row, loan in unique:
            try:
                self._require_new(row, known.get(loan))
                shares = self._shares(row)
            except TallystickError as refused:
                refuse(line, refused)
            else:
                self._taken.append(Payout(row, loan, shares))
        return self._taken

    def enqueue(self, subject: str) -> Enqueued | None:
        """Sign and store one Disburse act for each loan taken; None if there is none. Raises as `acts.enqueue` does."""
        if not self._taken:
            return None
        agreement, currency = self._agreement.agreement, self._agreement.currency.encode("ascii")
        tags = borrower_tags(self._session, self._gateway, [payout.row.borrower for payout in self._taken])
        drafts = [
            Draft(
                "Disburse",
                {
                    "agreement": agreement,
                    "loan": payout.loan,
                    "borrower_tag": tag,
                    "currency": currency,
                    "principal": payout.row.principal,
                    "shares": payout.shares,
                    "value_date": date_word(payout.row.value_date),
                },
                payout.row.loan_id,
                loan_subject(agreement, payout.loan),
                self._secret,
            )
            for payout, tag in zip(self._taken, tags, strict=True)
        ]
        enqueued = acts.enqueue(self._session, self._gateway, drafts, subject=subject)
        self._store(tags, enqueued)
        return enqueued

    def _once(self, rows: Iterable[tuple[int, LoanRowIn]], refuse: Refuse) -> list[tuple[int, LoanRowIn, bytes]]:
        first: dict[str, int] = {}
        unique: list[tuple[int, LoanRowIn, bytes]] = []
        for line, row in rows:
            if (before := first.setdefault(row.loan_id, line)) != line:
                refuse(line, LoanRepeated(field="loan_id", loan_id=row.loan_id, first_line=before))
            else:
                unique.append((line, row, loan_key(self._secret, row.loan_id)))
        return unique

    def _require_new(self, row: LoanRowIn, known: LoanRow | None) -> None:
        if known is None or known.state == "REFUSED":
            return
        if known.submission_id is None:
            raise LoanExists(field="loan_id", loan_id=row.loan_id, state=known.state)
        raise LoanRequested(field="loan_id", loan_id=row.loan_id, submission_id=known.submission_id, state=known.state)

    def _shares(self, row: LoanRowIn) -> tuple[int, ...]:
        if row.currency != self._agreement.currency:
            raise CurrencyDiffers(field="currency", found=row.currency, expected=self._agreement.currency)
        if row.shares is not None:
            by_rule = self._headroom.shares_of(row.principal)
            if tuple(row.shares) != by_rule:
                raise SharesDiffer(field="shares", expected=shares_text(by_rule), found=shares_text(row.shares))
        return self._headroom.take(row.principal)

    def _store(self, tags: Sequence[bytes], enqueued: Enqueued) -> None:
        now = self._gateway.clock.now()
        common = {
            "agreement": self._agreement.agreement,
            "state": "REQUESTED",
            "currency": self._agreement.currency,
            "submission_id": enqueued.submission_id,
            "requested_at": now,
        }
        rows: list[dict[str, object]] = [
            {
                **common,
                "loan": payout.loan,
                "principal": payout.row.principal,
                "shares": shares_text(payout.shares),
                "value_date": date_word(payout.row.value_date),
                "borrower_tag": tag,
                "disbursement": act_id,
                "loan_id": payout.row.loan_id,
                "servicing_status": payout.row.servicing_status,
            }
            for payout, tag, act_id in zip(self._taken, tags, enqueued.act_ids, strict=True)
        ]
        repository.store_requests(self._session, rows)
