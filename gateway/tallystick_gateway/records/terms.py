"""What an agreement asks of the records in its log, looked up once for many rows."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NoReturn

from tallystick.pseudonyms import loan_key
from tallystick.records import RecordError
from tallystick_gateway.agreements import repository as agreements
from tallystick_gateway.agreements import service as agreement_secrets
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.loans import repository as loans
from tallystick_gateway.records import calendar, errors

__all__ = ["KnownLoans", "Rules", "Terms"]

_MOST_REMEMBERED = 200_000


@dataclass(frozen=True)
class Terms:
    """What the rows of one agreement have to keep to. `secret` is None where this gateway does not hold it."""

    agreement: bytes
    currency: str
    booking_date: str
    secret: bytes | None = field(repr=False)


class KnownLoans:
    """Loan keys seen to exist: a loan never goes away, so this may be kept from piece to piece."""

    def __init__(self) -> None:
        self._keys: set[tuple[bytes, bytes]] = set()

    def missing(self, session: Session, agreement: bytes, keys: Iterable[bytes]) -> set[bytes]:
        """Those of `keys` under which the agreement has no loan."""
        new = [key for key in set(keys) if (agreement, key) not in self._keys]
        known = loans.known_keys(session, agreement, new)
        if len(self._keys) + len(known) > _MOST_REMEMBERED:
            self._keys.clear()
        self._keys.update((agreement, key) for key in known)
        return set(new) - known


class Rules:
    """The rules for rows that arrive now, under one snapshot of the database."""

    def __init__(self, gateway: Gateway, session: Session, arrival_date: date | None, known: KnownLoans) -> None:
        self._gateway = gateway
        self._session = session
        self._arrival_date = arrival_date
        self._known = known
        self._terms: dict[str, Terms | RecordError] = {}
        self._keys: dict[tuple[str, str], str] = {}

    def terms(self, agreement: str) -> Terms:
        """The terms of the agreement with this id (64 hex digits). Raises a `RecordError` without a line."""
        if agreement not in self._terms:
            try:
                self._terms[agreement] = self._look_up(bytes.fromhex(agreement))
            except RecordError as refused:
                self._terms[agreement] = refused
        found = self._terms[agreement]
        if isinstance(found, RecordError):
            _again(found)
        return found

    def loan_key(self, agreement: str, loan_id: str) -> str:
        """The key (hex) of the loan with this id. Raises `SecretNotHeld`, or `IdentifierMalformed`."""
        known = self._keys.get((agreement, loan_id))
        if known is None:
            secret = self.terms(agreement).secret
            if secret is None:
                raise errors.SecretNotHeld(field="loan_id")
            known = self._keys[agreement, loan_id] = loan_key(secret, loan_id).hex()
        return known

    def missing_loans(self, agreement: str, keys: Iterable[str]) -> set[str]:
        """Those of the loan keys (hex) under which the agreement has no loan."""
        missing = self._known.missing(self._session, bytes.fromhex(agreement), map(bytes.fromhex, keys))
        return {key.hex() for key in missing}

    def _look_up(self, agreement: bytes) -> Terms:
        row = agreements.find(self._session, agreement)
        if row is None:
            raise errors.AgreementUnknown(field="agreement", agreement=agreement.hex())
        if row.state != "ACTIVE":
            raise errors.AgreementNotActive(field="agreement", state=row.state)
        if self._session.owner not in {party.member for party in agreements.parties(self._session, agreement)}:
            raise errors.NotParty(field="agreement")
        if self._arrival_date is None:
            booked = calendar.booking_date(self._gateway.clock.now(), row.time_zone, row.cut_off, row.calendar)
        else:
            booked = calendar.next_business_day(self._arrival_date, row.calendar)
        held = agreement in agreements.holders(self._session, [agreement])
        secret = agreement_secrets.secret(self._gateway, self._session, agreement) if held else None
        return Terms(agreement, row.currency, booked.isoformat(), secret)


def _again(refused: RecordError) -> NoReturn:
    """A fresh error like `refused`: one object raised for many rows would gather their tracebacks."""
    values: dict[str, Any] = {name: value for name, value in refused.values.items() if name not in ("line", "field")}
    raise type(refused)(field=refused.field, **values)
