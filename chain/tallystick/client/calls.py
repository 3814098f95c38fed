"""Calls of our contracts by name: calldata, results, and views asked of a node.

For a few calls at a time. A gateway's bulk of acts is encoded by its own compiled encoders.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from tallystick.client.abi import decode_parameters, encode_parameters, entries
from tallystick.client.artifacts import load
from tallystick.client.errors import decode_revert
from tallystick.client.nodes import Fault, NodeAnswerMalformed, NodeRefused
from tallystick.client.rpc import BlockRef, Node

__all__ = ["ask", "decode_result", "encode_call"]


def encode_call(contract: str, function: str, *arguments: object) -> bytes:
    """Calldata of `function`; acts and other structs as their dataclasses, arrays as sequences.

    Raises `KeyError` for a function that the contract has not, `ValueError` where an argument does not fit.
    """
    return load(contract).selector(function) + encode_parameters(_function(contract, function)["inputs"], arguments)


def decode_result(contract: str, function: str, returned: bytes) -> Any:
    """What `function` returned: the value if it is one, else a mapping by name. Structs are mappings, arrays tuples.

    Raises `ValueError` where the bytes are no such result.
    """
    values = decode_parameters(_function(contract, function)["outputs"], returned)
    return next(iter(values.values())) if len(values) == 1 else values


def ask(
    node: Node,
    contract: str,
    address: bytes,
    function: str,
    *arguments: object,
    sender: bytes | None = None,
    block: BlockRef = "latest",
) -> Any:
    """What the contract at `address` returns now, of a view or as if `function` were sent.

    Raises `ContractRefused` where the contract refuses, `NodeError` where the node does.
    """
    calldata = encode_call(contract, function, *arguments)
    try:
        returned = node.eth_call(address, calldata, sender=sender, block=block)
    except NodeRefused as refused:
        if refused.fault is Fault.REVERTED:
            raise decode_revert(refused.revert_data) from refused
        raise
    try:
        return decode_result(contract, function, returned)
    except ValueError as why:
        raise NodeAnswerMalformed(url=node.url, method="eth_call", reason=f"{function} returned {why}") from None


@cache
def _function(contract: str, function: str) -> Mapping[str, Any]:
    for entry in entries(contract, "function"):
        if entry["name"] == function:
            return entry
    raise KeyError(f"{contract} has no function {function}")
