"""The time of a block: remembered, or asked of the node and proved by the block's seals."""

from datetime import datetime

from tallystick.blocks import BlockMalformed
from tallystick.client import Node
from tallystick.consortium import Consortium, is_sealed
from tallystick.qbft import HeaderRefused, Validators, check_header, header_from_rpc
from tallystick_gateway.kit.clock import from_unix
from tallystick_gateway.kit.db import Session
from tallystick_gateway.watch import repository as chain

from .errors import HeightForgotten

__all__ = ["block_time"]


def block_time(session: Session, node: Node, consortium: Consortium, height: int) -> datetime:
    """Raises `HeightForgotten`, or a `NodeError`."""
    if (row := chain.block_at(session, height)) is not None:
        return from_unix(row.time)
    if not is_sealed(consortium.engine):
        raise HeightForgotten(f"Block {height} is not remembered here, and this engine has no seals.", height=height)
    epoch = next(each for each in reversed(chain.epochs(session)) if each.first <= height)
    block = node.call("eth_getBlockByNumber", hex(height), False)
    try:
        header = header_from_rpc(block, consortium.header_items_at(height))
        check_header(header, Validators.of(epoch.validators), number=height)
    except (BlockMalformed, HeaderRefused, ValueError) as why:
        raise HeightForgotten(
            f"The node at {node.url} gives no proof of block {height}: {why}.", height=height
        ) from None
    return from_unix(header.timestamp)
