"""Delivering messages: tried again ever more seldom until the partner's gateway has signed what became of them.

Nothing that a partner answers is believed but a receipt signed by one of its EXCHANGE keys. A crash after the answer
and before it is noted only means that the message goes once more.
"""

from datetime import datetime
from typing import Final

import structlog
from pydantic import ValidationError

from tallystick.strictjson import JsonMalformed, loads_object
from tallystick_gateway.kit import events
from tallystick_gateway.kit.errors import GatewayError
from tallystick_gateway.kit.gateway import Gateway

from . import outgoing, partners, repository
from .asking import LARGEST_ANSWER, Answered, ask
from .errors import PartnerLater, PartnerNonsense, SenderNotProved
from .models import OutboxRow
from .schemas import MessageIn, Receipt, canonical
from .signatures import PATH, sign_request, verify_answer

__all__ = ["Delivery"]

_AT_ONCE: Final = 16
_log = structlog.get_logger("exchange")


class Delivery:
    """One per gateway; `step` is its task."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def step(self) -> bool:
        """Try every message that is due, a few at once; True if more are."""
        with self._gateway.database.read() as session:
            due = repository.due(session, self._gateway.clock.now(), _AT_ONCE)
        for row in due:
            if self._gateway.worker.stopping.is_set():
                return False
            self._attempt(row)
        return len(due) == _AT_ONCE

    def _attempt(self, row: OutboxRow) -> None:
        try:
            receipt = self._deliver(row)
        except GatewayError as why:
            self._note_failure(row, why)
        else:
            self._note_receipt(row, receipt)

    def _deliver(self, row: OutboxRow) -> Receipt:
        """Raises `PartnerUnknown`, `PartnerAway`, `PartnerLater`, `PartnerNonsense`."""
        gateway = self._gateway
        with gateway.database.read() as session:
            endpoint, owner = partners.endpoint_of(session, gateway, row.recipient), session.owner
        message = MessageIn(
            id=row.message,
            sender=owner,
            recipient=row.recipient,
            kind=row.kind,
            subject=row.subject,
            content=(row.content or b"").decode(),
        )
        body = canonical(message)
        headers = sign_request(body, gateway.keystore.ed25519("exchange"), gateway.clock.now())
        answered = ask(endpoint.rstrip("/") + PATH, headers, body)
        if answered.status != 200:
            raise _refusal(answered)
        try:
            key = verify_answer(answered.status, answered.headers, answered.body, headers, gateway.clock.now())
            receipt = Receipt.model_validate_json(answered.body)
        except (SenderNotProved, ValidationError) as why:
            raise PartnerNonsense(f"The answer is no signed receipt: {_first_line(why)}.") from None
        with gateway.database.read() as session:
            known = partners.is_exchange_key_of(session, row.recipient, key, gateway.clock.now())
        if not known or receipt.id != row.message:
            raise PartnerNonsense("The receipt is signed by another, or for another message.")
        return receipt

    def _note_receipt(self, row: OutboxRow, receipt: Receipt) -> None:
        state = "DELIVERED" if receipt.outcome == "TAKEN" else "REFUSED"
        self._end(row, state, receipt.code, receipt.detail)

    def _note_failure(self, row: OutboxRow, why: GatewayError) -> None:
        gateway = self._gateway
        now, attempts = gateway.clock.now(), row.attempts + 1
        if now - row.created_at > outgoing.LONGEST_WAIT:
            self._end(row, "EXPIRED", why.code, str(why))
            return
        with gateway.database.write() as session:
            repository.set_outbox(
                session,
                row.message,
                attempts=attempts,
                next_at=now + outgoing.pause_after(attempts),
                code=why.code,
                detail=str(why)[:500],
            )
        _log.info("message not delivered", to=row.recipient.hex(), kind=row.kind, code=why.code, attempts=attempts)

    def _end(self, row: OutboxRow, state: str, code: str | None, detail: str | None) -> None:
        """The content is dropped: the partner has it, or never will."""
        now: datetime = self._gateway.clock.now()
        with self._gateway.database.write() as session:
            repository.set_outbox(
                session,
                row.message,
                state=state,
                attempts=row.attempts + 1,
                ended_at=now,
                content=None,
                code=code,
                detail=detail[:500] if detail else None,
            )
            told = {"recipient": row.recipient.hex(), "subject": row.subject, "state": state, "code": code}
            events.emit(session, now, "exchange.sent", row.kind, told)
        level = _log.info if state == "DELIVERED" else _log.warning
        level("message ended", to=row.recipient.hex(), kind=row.kind, state=state, code=code)


def _refusal(answered: Answered) -> GatewayError:
    """What a problem says. (Nobody signed it: it is shown, and the message is tried again.)"""
    try:
        problem = loads_object(answered.body, max_bytes=LARGEST_ANSWER, max_depth=8)
        said = f"{problem['code']}: {problem['detail']}"
    except (JsonMalformed, KeyError):
        return PartnerNonsense(f"The partner's endpoint answers {answered.status}, which is no problem of a gateway.")
    words = "".join(character for character in said[:300] if character.isprintable())
    return PartnerLater(f"The partner's gateway says {answered.status}, {words}")


def _first_line(why: Exception) -> str:
    return next(iter(str(why).splitlines()), type(why).__name__)[:200].rstrip(".")
