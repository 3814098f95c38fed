"""Transactions made and stored, so that their bytes and nonces are safe before anybody sees them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tallystick.client.transactions import sign_transaction
from tallystick_gateway.kit.db import Session
from tallystick_gateway.watch import repository as watch

from . import carrier_repository
from .desk import Desk

__all__ = ["Call", "store"]

_NO_OP_GAS = 21_000


@dataclass(frozen=True, slots=True)
class Call:
    """What a transaction does: `calldata` to a contract of the directory, carrying `items` acts of one `kind`."""

    contract: str
    kind: str
    calldata: bytes
    gas: int
    items: int = 0


def store(session: Session, desk: Desk, nonce: int, calls: Sequence[Call | None], now: datetime) -> list[int]:
    """Sign and store a transaction for each call, at consecutive nonces, in the caller's transaction; their row ids.

    A call of None is a transfer of nothing.
    """
    last = watch.last_block(session)
    common = {"attempts": 0, "created_at": now, "after_height": last.height if last else -1}
    rows = [{**_signed(desk, each, call), **common} for each, call in enumerate(calls, nonce)]
    return carrier_repository.add_carriers(session, rows)


def _signed(desk: Desk, nonce: int, call: Call | None) -> dict[str, object]:
    key, consortium = desk.sender_key, desk.consortium
    signed = sign_transaction(
        key,
        chain_id=consortium.chain_id,
        nonce=nonce,
        gas=call.gas if call else _NO_OP_GAS,
        to=consortium.contract(call.contract).address if call else key.address,
        data=call.calldata if call else b"",
    )
    return {
        "sender": key.address,
        "nonce": nonce,
        "hash": signed.hash,
        "raw": signed.raw,
        "contract": call.contract if call else "",
        "kind": call.kind if call else "",
        "gas": call.gas if call else _NO_OP_GAS,
        "items": call.items if call else 0,
        "state": "stored",
    }
