"""Every projection of the chain, in the order in which a block's events are handed to them, in one transaction."""

from collections.abc import Callable, Sequence

from tallystick_gateway.acts import projections as acts
from tallystick_gateway.agreements import projections as agreements
from tallystick_gateway.kit.db import Session
from tallystick_gateway.loans import projections as loans
from tallystick_gateway.members import projections as members
from tallystick_gateway.packages import projections as packages
from tallystick_gateway.records import projections as records
from tallystick_gateway.roots import projections as roots

from . import anchors
from .blocks import CheckedBlock
from .chain_event import ChainEvent

__all__ = ["PROJECTIONS", "Projection"]

Projection = Callable[[Session, CheckedBlock, Sequence[ChainEvent]], None]

PROJECTIONS: tuple[Projection, ...] = (
    members.apply,
    agreements.apply,
    loans.apply,
    anchors.apply,
    acts.apply,
    records.apply,
    roots.apply,
    packages.apply,
)
