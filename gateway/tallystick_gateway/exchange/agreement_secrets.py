"""An agreement's secret goes to its parties by itself, once every one of them has signed (`protocol.md` §5)."""

from tallystick_gateway.agreements.errors import SealKeyMissing
from tallystick_gateway.agreements.sealing import seal_secret
from tallystick_gateway.kit.gateway import Gateway

from . import repository
from .kinds import AGREEMENT_SECRET
from .outgoing import send

__all__ = ["hand_over_secrets"]


def hand_over_secrets(gateway: Gateway) -> bool:
    """Seal and store a message for each party that has none; False: there is never more to do at once.

    A party without a SEAL key on the chain waits until it has one.
    """
    with gateway.database.read() as session:
        missing = repository.secrets_to_hand_over(session, AGREEMENT_SECRET)
    for agreement, party in missing:
        try:
            with gateway.database.write() as session:
                sealed = seal_secret(session, gateway, agreement, [party])
                send(session, party, AGREEMENT_SECRET, agreement.hex(), sealed.content.encode())
        except SealKeyMissing:
            continue
        gateway.worker.nudge("exchange.deliver")
    return False
