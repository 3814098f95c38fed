"""Transactions that carry no act: what a contract lets anybody do."""

from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.watch.errors import NodeAway

from . import carrier_repository
from .carriers import Call, store
from .desk import desk_of

__all__ = ["store_call"]


def store_call(session: Session, gateway: Gateway, contract: str, function: str, calldata: bytes, gas: int) -> None:
    """Store the signed call for the sender, in the caller's transaction. Raises `NotJoined`, `NodeAway`.

    It is sent once; what became of it shows in the state that it was to change.
    """
    desk = desk_of(gateway)
    address = desk.sender_key.address
    nonce = carrier_repository.next_nonce(session, address)
    if nonce is None:
        raise NodeAway("No node has told the sender's nonce yet.")
    store(session, desk, nonce, [Call(contract, function, calldata, gas)], gateway.clock.now())
    carrier_repository.set_next_nonce(session, address, nonce + 1)
