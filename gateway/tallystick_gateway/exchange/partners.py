"""Where partners' gateways answer, and which keys speak for them."""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit

from tallystick_gateway.kit.clock import as_unix
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.members import repository as members
from tallystick_gateway.members.cards import cards
from tallystick_gateway.members.keys import is_valid

from . import repository
from .errors import EndpointRefused, PartnerUnknown

__all__ = ["endpoint_of", "is_exchange_key_of", "set_endpoint", "valid_keys"]


def endpoint_of(session: Session, gateway: Gateway, member: bytes) -> str:
    """Where the member's gateway answers: as the operator set it, else as its card says. Raises `PartnerUnknown`."""
    if (stated := repository.endpoint_of(session, member)) is not None:
        return stated
    card = cards(gateway).get(member)
    if card is None:
        raise PartnerUnknown(f"The endpoint of member {member.hex()} is not known here.", member=member)
    return card.endpoint


def set_endpoint(session: Session, member: bytes, endpoint: str) -> None:
    """From now on the member is reached there. Raises `PartnerUnknown`, `EndpointRefused`."""
    if members.find_member(session, member) is None:
        raise PartnerUnknown(f"The chain knows no member {member.hex()}.", member=member)
    try:
        parts = urlsplit(endpoint)
        sound = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        sound = None
    if not sound or parts.query or parts.fragment or parts.username is not None or not endpoint.isprintable():
        raise EndpointRefused(f"{endpoint!r} will not do.", field="endpoint")
    repository.set_endpoint(session, member, endpoint)


def is_exchange_key_of(session: Session, member: bytes, key: bytes, now: datetime) -> bool:
    """Whether the chain lists `key` as an EXCHANGE key of that member, valid now. (An expelled member has none.)"""
    row, of = members.find_key(session, key), members.find_member(session, member)
    if row is None or of is None or of.state == "EXPELLED":
        return False
    return row.member == member and row.purpose == "EXCHANGE" and is_valid(row, as_unix(now))


def valid_keys(session: Session, member: bytes, purpose: str, now: datetime) -> Sequence[bytes]:
    """The member's keys of that purpose that the chain lists as valid now, oldest first."""
    at = as_unix(now)
    return [row.key for row in members.keys_of(session, member, purpose) if is_valid(row, at)]
