"""Who needs to know, in the same transaction, that acts ended without being recorded."""

from collections.abc import Callable, Mapping, Sequence

from tallystick_gateway.agreements.projections import proposals_failed
from tallystick_gateway.kit.db import Session
from tallystick_gateway.loans.projections import disbursements_failed

from . import repository

__all__ = ["tell_ended"]

_LISTENERS: Mapping[str, Callable[[Session, Sequence[bytes]], None]] = {
    "Disburse": disbursements_failed,
    "ProposeAgreement": proposals_failed,
}


def tell_ended(session: Session, act_row_ids: Sequence[int]) -> None:
    """Hand the ids of failed acts to the domain of their kind."""
    for kind, act_ids in repository.act_ids_by_kind(session, act_row_ids).items():
        if listener := _LISTENERS.get(kind):
            listener(session, act_ids)
