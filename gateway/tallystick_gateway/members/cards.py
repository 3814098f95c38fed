"""Names of members, from the cards in the pinned consortium.json: the chain knows ids only."""

from collections.abc import Mapping

from tallystick.consortium import MemberCard
from tallystick_gateway.acts.desk import desk_of
from tallystick_gateway.kit.gateway import Gateway

__all__ = ["cards", "names"]


def cards(gateway: Gateway) -> Mapping[bytes, MemberCard]:
    """Member id → card, for every founder; empty before the gateway has joined."""
    desk = desk_of(gateway)
    return {card.member: card for card in desk.consortium.members} if desk.joined else {}


def names(gateway: Gateway) -> Mapping[bytes, str]:
    """Member id → name."""
    return {member: card.name for member, card in cards(gateway).items()}
