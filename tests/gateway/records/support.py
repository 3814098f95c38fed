"""Builders for record tests: an active agreement with loans, as the chain's projections would leave them."""

import json
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from tallystick.pseudonyms import loan_key, member_id
from tallystick_gateway.agreements import service as agreements
from tallystick_gateway.agreements.models import AgreementPartyRow, AgreementRow
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.loans.models import LoanRow

AGREEMENT = bytes.fromhex("a1" * 32)
SECRET = bytes.fromhex("5e" * 32)
LOANS = [f"LC-{number}" for number in range(1, 21)]


def with_agreement(
    gateway: Gateway,
    *,
    agreement: bytes = AGREEMENT,
    state: str = "ACTIVE",
    currency: str = "USD",
    loans: Iterable[str] = LOANS,
    member: bytes | None = None,
    calendar: str = "WEEKDAYS",
    time_zone: str = "Asia/Shanghai",
    cut_off: int = 17 * 3600,
) -> None:
    """An agreement of which the gateway's member is a party, its secret, and loans under it."""
    with gateway.database.write() as session:
        session.add(
            AgreementRow(
                agreement=agreement,
                state=state,
                visibility="OPEN",
                currency=currency,
                originator=session.owner,
                loan_limit=10**12,
                total_limit=10**15,
                calendar=calendar,
                time_zone=time_zone,
                cut_off=cut_off,
                terms={},
            )
        )
        for position, party in enumerate([member or session.owner, member_id("BANK-B")]):
            row = AgreementPartyRow(agreement=agreement, position=position, member=party, share_bps=5000, limit_minor=1)
            session.add(row)
        agreements.keep_secret(session, gateway, agreement, SECRET, from_file=False)
        for loan_id in loans:
            session.add(LoanRow(agreement=agreement, loan=loan_key(SECRET, loan_id), state="ACTIVE", loan_id=loan_id))


def repayment(number: int, **changes: str | None) -> dict[str, Any]:
    """A good repayment of one of `LOANS`; a change to None takes a field out."""
    row: dict[str, Any] = {
        "type": "repayment",
        "agreement": AGREEMENT.hex(),
        "loan_id": LOANS[number % len(LOANS)],
        "occurred_at": "2026-11-20T09:30:00Z",
        "reference": f"instalment {number}",
        "source_system": "core",
        "source_id": f"TX-{number:07d}",
        "value_date": "2026-11-20",
        "currency": "USD",
        "principal": str(1000 + number),
        "interest": "310",
        "penalty": "0",
        "fees": "0",
        "channel": "借记",
    }
    row.update(changes)
    return {name: value for name, value in row.items() if value is not None}


def ndjson(rows: Iterable[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def work_uploads(gateway: Gateway) -> None:
    """Do what the worker would, until no upload is left."""
    from tallystick_gateway.records.uploads import UploadWork

    work = UploadWork(gateway)
    while work.step():
        pass


A_FRIDAY = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def key() -> dict[str, str]:
    return {"Idempotency-Key": secrets.token_hex(8)}
