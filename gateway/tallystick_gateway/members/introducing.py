"""A member that was admitted introduces its keys by itself.

Admission puts nothing but the RECOVERY key on the chain. What the member needs to act (ACT) and to be reached
(EXCHANGE, SEAL) is in its keystore and on the card that the others decided on; its gateway adds them, signed by
RECOVERY, which takes effect at once. Only where the chain has never known a key of that purpose of this member:
replacing one is an operator's decision.
"""

from __future__ import annotations

from collections.abc import Mapping

from tallystick_gateway.acts.desk import desk_of
from tallystick_gateway.acts.errors import AlreadyRequested
from tallystick_gateway.acts.service import enqueue
from tallystick_gateway.acts.signers import key_on_chain
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.kit.worker import Task

from . import repository
from .service import key_draft

__all__ = ["attach"]

_EVERY_S = 1.0


def attach(gateway: Gateway) -> None:
    """Add the task."""
    asked: set[bytes] = set()
    gateway.worker.add([Task("members.introduce", _EVERY_S, lambda: _step(gateway, asked))])


def _step(gateway: Gateway, asked: set[bytes]) -> bool:
    """`asked` are the keys that this process has asked for: what the contract refused is not asked for again."""
    desk = desk_of(gateway)
    if not desk.joined or not desk.may_sign:
        return False
    with gateway.database.read() as session:
        missing = {purpose: key for purpose, key in _missing(session, gateway).items() if key not in asked}
        recovery = repository.find_key(session, key_on_chain(desk.recovery_key.address))
    if not missing or recovery is None:
        return False
    # The window of RECOVERY itself: so a repetition is about the same fact, and refused.
    window = (recovery.not_before, recovery.not_after)
    drafts = [key_draft(purpose, key, window, by_recovery=True) for purpose, key in missing.items()]
    with gateway.database.write() as session:
        try:
            enqueue(session, gateway, drafts, subject="keys of a new member")
        except AlreadyRequested:
            return False
    asked.update(missing.values())
    return False


def _missing(session: Session, gateway: Gateway) -> Mapping[str, bytes]:
    """Purpose → key, of what the chain has never known of this member; nothing unless it is active."""
    member, consortium = repository.find_member(session, session.owner), repository.consortium(session)
    if member is None or member.state != "ACTIVE" or consortium is None or not consortium.active:
        return {}
    known = {key.purpose for key in repository.keys_of(session, session.owner)}
    keystore = gateway.keystore
    own = {
        "ACT": key_on_chain(desk_of(gateway).act_key.address),
        "EXCHANGE": keystore.ed25519("exchange").public,
        "SEAL": keystore.x25519("seal").public,
    }
    return {purpose: key for purpose, key in own.items() if purpose not in known}
