"""Carrying out a proposal: a plain transaction, no act, because anybody may send it."""

from eth_abi.abi import encode

from tallystick.client import NodeRefused
from tallystick.client.errors import decode_revert
from tallystick.keccak import keccak256
from tallystick_gateway.acts.desk import desk_of
from tallystick_gateway.acts.plain_calls import store_call
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.errors import GatewayError
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.watch import repository as chain
from tallystick_gateway.watch.nodes import NodePool

from . import repository
from .codes import CHANGES
from .models import ProposalRow
from .payloads import decode_payload
from .service import open_proposal

__all__ = ["ExecutionRefused", "ValidatorPending", "rehearse", "store"]

_SELECTOR = keccak256(b"execute(bytes32,uint8,bytes)")[:4]
_GAS = 3_000_000


class ExecutionRefused(GatewayError):
    """The contract would not carry the proposal out now"""

    status = 409
    code = "proposal.execution_refused"
    advice = "See what the contract says; approvals, timelock and membership all count at the time of execution."


class ValidatorPending(GatewayError):
    """A validator that is still to come in would leave: its coming in has to end first"""

    status = 409
    code = "proposal.validator_pending"
    advice = (
        "Wait until it seals (`tally validators`), then execute. Votes that are under way cannot be called back: the "
        "engine might let it in after the contract has dropped it, which nobody could tell from an attack."
    )


def rehearse(gateway: Gateway, proposal: bytes) -> None:
    """Ask the node whether the contract would carry it out now.

    Raises `ExecutionRefused` with the contract's own words, `ValidatorPending`, `ProposalUnknown`, `ProposalNotOpen`,
    `NodeAway`.
    """
    with gateway.database.read() as session:
        row = open_proposal(session, gateway, proposal)
        _require_settled(session, row)
    to = desk_of(gateway).consortium.contract("Consortium").address
    try:
        with gateway.part(NodePool).admitted() as node:
            node.eth_call(to, _calldata(row))
    except NodeRefused as refused:
        refusal = decode_revert(refused.revert_data)
        raise ExecutionRefused(str(refusal), refusal=refusal.name, **refusal.values) from None


def store(session: Session, gateway: Gateway, proposal: bytes) -> None:
    """Store the transaction for the sender, in the caller's transaction. Raises as `open_proposal` does."""
    row = open_proposal(session, gateway, proposal)
    store_call(session, gateway, "Consortium", "execute", _calldata(row), _GAS)


def _require_settled(session: Session, row: ProposalRow) -> None:
    """Raises `ValidatorPending` if a validator that is decided on, and does not seal yet, would leave."""
    payload = decode_payload(row.change, row.payload)
    coming = (chain.governed_set(session) or frozenset()) - chain.sealing_set(session)
    if row.change == CHANGES["RemoveValidator"].code:
        leaving = {bytes.fromhex(payload["validator"].removeprefix("0x"))}
    elif row.change == CHANGES["Expel"].code:
        keys = repository.keys_of(session, bytes.fromhex(payload["member"]), "VALIDATOR")
        leaving = {key.key[12:] for key in keys}
    else:
        return
    if early := sorted(leaving & coming):
        raise ValidatorPending(f"0x{early[0].hex()} is still being voted in.", address=early[0])


def _calldata(row: ProposalRow) -> bytes:
    return _SELECTOR + encode(["bytes32", "uint8", "bytes"], [row.proposal, row.change, row.payload])
