"""A member that has joined ratifies by itself.

`tally join` compared the digest that the operator was told and rebuilt every contract's code; what it pinned is what
the member stands by. So nothing is left to decide, and the worker signs as soon as it sees the member on the chain.
"""

from tallystick_gateway.acts.desk import desk_of
from tallystick_gateway.acts.errors import AlreadyRequested
from tallystick_gateway.acts.service import count_of_kind
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.kit.worker import Task

from . import repository
from .errors import AlreadyRatified
from .service import contract_list, hash_of, ratify

__all__ = ["attach"]

_EVERY_S = 1.0


def attach(gateway: Gateway) -> None:
    """Add the task."""
    gateway.worker.add([Task("members.ratify", _EVERY_S, lambda: _step(gateway))])


def _step(gateway: Gateway) -> bool:
    desk = desk_of(gateway)
    if not desk.joined or not desk.may_sign:
        return False
    with gateway.database.read() as session:
        if not _is_due(session, gateway):
            return False
    with gateway.database.write() as session:
        try:
            ratify(session, gateway, desk.consortium.digest)
        except (AlreadyRatified, AlreadyRequested):
            return False
    return False


def _is_due(session: Session, gateway: Gateway) -> bool:
    """The chain knows us as a founder, is not active yet, and neither has our ratification nor is about to."""
    consortium = repository.consortium(session)
    if (consortium is not None and consortium.active) or repository.find_member(session, session.owner) is None:
        return False
    before = repository.find_ratification(session, session.owner)
    if before is not None and before.list_hash == hash_of(contract_list(gateway)):
        return False
    under_way = count_of_kind(session, "Ratify") > (before.number if before else 0)
    return not under_way
