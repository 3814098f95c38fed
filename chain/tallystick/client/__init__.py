"""The client of a consortium chain: nodes, transactions, calls, errors, events, deployment (extra `client`)."""

from .nodes import (
    BlockUnknown,
    ChainIdWrong,
    Fault,
    NodeAnswerMalformed,
    NodeAnswerTooLarge,
    NodeError,
    NodeKind,
    NodeRefused,
    NodeTimeout,
    NodeUnreachable,
)
from .rpc import Block, Node

__all__ = [
    "Block",
    "BlockUnknown",
    "ChainIdWrong",
    "Fault",
    "Node",
    "NodeAnswerMalformed",
    "NodeAnswerTooLarge",
    "NodeError",
    "NodeKind",
    "NodeRefused",
    "NodeTimeout",
    "NodeUnreachable",
]
