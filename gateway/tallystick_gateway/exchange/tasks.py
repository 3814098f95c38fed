"""What the worker does for the exchange."""

from datetime import timedelta
from typing import Final

from tallystick_gateway.kit.gateway import Gateway, Reason
from tallystick_gateway.kit.worker import Task

from . import repository
from .agreement_secrets import hand_over_secrets
from .delivery import Delivery

__all__ = ["attach"]

_DELIVER_EVERY_S: Final = 1.0
_SECRETS_EVERY_S: Final = 2.0
_TOO_LONG: Final = timedelta(hours=1)


def attach(gateway: Gateway) -> None:
    """Add the tasks, the fact and the check of this domain."""
    gateway.worker.add(
        [
            Task("exchange.secrets", _SECRETS_EVERY_S, lambda: hand_over_secrets(gateway)),
            Task("exchange.deliver", _DELIVER_EVERY_S, Delivery(gateway).step),
        ]
    )
    gateway.facts["exchange"] = lambda: _facts(gateway)
    gateway.checks.append(lambda: _unanswered(gateway))


def _facts(gateway: Gateway) -> dict[str, object]:
    with gateway.database.read() as session:
        waiting = repository.waiting_by_partner(session)
    return {"waiting": {member.hex(): count for member, count in waiting.items()}}


def _unanswered(gateway: Gateway) -> Reason | None:
    with gateway.database.read() as session:
        oldest = repository.oldest_waiting(session)
    if oldest is None or gateway.clock.now() - oldest.created_at < _TOO_LONG:
        return None
    detail = (
        f"A message has been waiting for member {oldest.recipient.hex()} since {oldest.created_at:%Y-%m-%dT%H:%MZ}."
    )
    return Reason("exchange.unanswered", detail, oldest.detail or "See `tally exchange outbox`.", blocking=False)
