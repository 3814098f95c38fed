"""Transactions that carry no act: what a contract lets anybody do."""

from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.watch.errors import NodeAway

from . import repository
from .desk import desk_of
from .transactions import sign_transaction

__all__ = ["store_call"]


def store_call(session: Session, gateway: Gateway, contract: str, function: str, calldata: bytes, gas: int) -> None:
    """Store the signed call for the sender, in the caller's transaction. Raises `NotJoined`, `NodeAway`.

    It is sent once; what became of it shows in the state that it was to change.
    """
    desk = desk_of(gateway)
    key = desk.sender_key
    nonce = repository.next_nonce(session, key.address)
    if nonce is None:
        raise NodeAway("No node has told the sender's nonce yet.")
    signed = sign_transaction(
        key,
        chain_id=desk.consortium.chain_id,
        nonce=nonce,
        gas=gas,
        to=desk.consortium.contract(contract).address,
        data=calldata,
    )
    row = {
        "sender": key.address,
        "nonce": nonce,
        "hash": signed.hash,
        "raw": signed.raw,
        "contract": contract,
        "kind": function,
        "gas": gas,
        "items": 0,
        "state": "stored",
        "attempts": 0,
        "created_at": gateway.clock.now(),
    }
    repository.add_carriers(session, [row])
    repository.set_next_nonce(session, key.address, nonce + 1)
