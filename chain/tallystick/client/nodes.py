"""What may go wrong between us and a node, and which words each kind of node has for it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar, Final

from tallystick.errors import TallystickError

__all__ = [
    "BlockUnknown",
    "ChainIdWrong",
    "Fault",
    "NodeAnswerMalformed",
    "NodeAnswerTooLarge",
    "NodeError",
    "NodeKind",
    "NodeRefused",
    "NodeTimeout",
    "NodeUnreachable",
    "fault_of",
    "node_kind",
]


class NodeKind(StrEnum):
    """The software behind an endpoint, as `web3_clientVersion` names it."""

    ANVIL = "anvil"
    GOQUORUM = "goquorum"
    GETH = "geth"
    BESU = "besu"
    OTHER = "other"


class Fault(StrEnum):
    """What a refusal means for the sender, whatever the node's words."""

    NONCE_TOO_LOW = "nonce_too_low"
    ALREADY_KNOWN = "already_known"
    NONCE_TOO_HIGH = "nonce_too_high"
    REPLACEMENT_UNDERPRICED = "replacement_underpriced"
    POOL_FULL = "pool_full"
    GAS_ABOVE_BLOCK = "gas_above_block"
    GAS_TOO_LOW = "gas_too_low"
    TRANSACTION_TOO_LARGE = "transaction_too_large"
    SENDER_NOT_ALLOWED = "sender_not_allowed"
    FUNDS_MISSING = "funds_missing"
    GAS_PRICE_REFUSED = "gas_price_refused"
    CHAIN_ID_WRONG = "chain_id_wrong"
    METHOD_UNKNOWN = "method_unknown"
    REVERTED = "reverted"
    """The call was executed and failed: a contract refused it (`revert_data` says why), or it ran out of gas."""
    NODE_SYNCING = "node_syncing"
    RATE_LIMITED = "rate_limited"
    OTHER = "other"


class NodeError(TallystickError):
    """A node did not give what was asked. `url` never carries credentials."""

    code: ClassVar[str] = "node.error"

    url: str


class NodeUnreachable(NodeError):
    """No connection, or it broke; whether the node acted on the request is unknown."""

    code: ClassVar[str] = "node.unreachable"
    sentence: ClassVar[str] = "The node at {url} cannot be reached: {reason}"
    advice: ClassVar[str] = "Start the node (`tally devnet status`), or correct its address in the configuration."

    reason: str


class NodeTimeout(NodeUnreachable):
    """The node took longer than `timeout_s`; whether it acted on the request is unknown."""

    code: ClassVar[str] = "node.timeout"
    sentence: ClassVar[str] = "The node at {url} did not answer within {timeout_s} s"
    advice: ClassVar[str] = "See whether the node is overloaded or paused, and try again: repeating is safe."

    timeout_s: float


class NodeAnswerMalformed(NodeError):
    """The answer is not what the method promises."""

    code: ClassVar[str] = "node.answer_malformed"
    sentence: ClassVar[str] = "The node at {url} gave no proper answer to {method}: {reason}"
    advice: ClassVar[str] = "Ask another node; see whether a proxy stands before this one, and what its log says."

    method: str
    reason: str


class NodeAnswerTooLarge(NodeAnswerMalformed):
    """The answer is larger than what is read of one."""

    code: ClassVar[str] = "node.answer_too_large"


class NodeRefused(NodeError):
    """The node answered with an error; `fault` says what it means, `revert_data` is what a contract returned.

    `advice` is that of the fault where it has one of its own.
    """

    code: ClassVar[str] = "node.refused"
    sentence: ClassVar[str] = "The node at {url} refused {method}: {reason}"
    advice: ClassVar[str] = "See the node's log for the reason it names."

    method: str
    reason: str
    rpc_code: int
    fault: Fault
    revert_data: bytes

    def __init__(self, message: str = "", /, **values: Any) -> None:
        """As every error."""
        super().__init__(message, **values)
        # The instance's advice stands in front of the class's: each fault has its own.
        self.advice = _ADVICE.get(self.fault, type(self).advice)  # type: ignore[misc]


class ChainIdWrong(NodeError):
    """The node serves another chain."""

    code: ClassVar[str] = "node.chain_id_wrong"
    sentence: ClassVar[str] = "The node at {url} serves chain {found}, not chain {expected}"
    advice: ClassVar[str] = "Give the address of a node of the chain that consortium.json names."

    expected: int
    found: int


class BlockUnknown(NodeError):
    """The node has no block of this height or hash (yet, or no more)."""

    code: ClassVar[str] = "node.block_unknown"
    sentence: ClassVar[str] = "The node at {url} has no block {block}"
    advice: ClassVar[str] = "Wait until the node has caught up, or ask another one."

    block: str


_CLIENTS: Final = (
    ("anvil", NodeKind.ANVIL),
    ("quorum", NodeKind.GOQUORUM),
    ("besu", NodeKind.BESU),
    ("geth", NodeKind.GETH),
)

_COMMON: Final = (
    ("nonce too low", Fault.NONCE_TOO_LOW),
    ("already known", Fault.ALREADY_KNOWN),
    ("known transaction", Fault.ALREADY_KNOWN),
    ("replacement transaction underpriced", Fault.REPLACEMENT_UNDERPRICED),
    ("nonce too high", Fault.NONCE_TOO_HIGH),
    ("exceeds block gas limit", Fault.GAS_ABOVE_BLOCK),
    ("intrinsic gas too low", Fault.GAS_TOO_LOW),
    ("oversized data", Fault.TRANSACTION_TOO_LARGE),
    ("txpool is full", Fault.POOL_FULL),
    ("insufficient funds", Fault.FUNDS_MISSING),
    ("transaction underpriced", Fault.GAS_PRICE_REFUSED),
    ("invalid chain id", Fault.CHAIN_ID_WRONG),
    ("execution reverted", Fault.REVERTED),
    ("out of gas", Fault.REVERTED),
    ("gas required exceeds allowance", Fault.REVERTED),
    ("invalid opcode", Fault.REVERTED),
    ("method not found", Fault.METHOD_UNKNOWN),
    ("does not exist/is not available", Fault.METHOD_UNKNOWN),
)
"""The words of go-ethereum, which others took over. A kind's own words are looked up before these."""

_BY_KIND: Final[dict[NodeKind, tuple[tuple[str, Fault], ...]]] = {
    NodeKind.ANVIL: (
        ("transaction already imported", Fault.ALREADY_KNOWN),
        ("transaction gas limit too high", Fault.GAS_ABOVE_BLOCK),
        ("intrinsic gas too high", Fault.GAS_ABOVE_BLOCK),
        ("out of gas: gas required exceeds", Fault.GAS_TOO_LOW),
        ("call gas cost exceeds the gas limit", Fault.GAS_TOO_LOW),
    ),
    NodeKind.GOQUORUM: (
        ("gas price not 0", Fault.GAS_PRICE_REFUSED),
        ("does not have permission for the transaction", Fault.SENDER_NOT_ALLOWED),
        ("invalid sender", Fault.CHAIN_ID_WRONG),
    ),
    NodeKind.GETH: (("invalid sender", Fault.CHAIN_ID_WRONG),),
    NodeKind.BESU: (
        ("nonce is too distant", Fault.NONCE_TOO_HIGH),
        ("invalid transaction with a lower nonce", Fault.NONCE_TOO_HIGH),
        ("intrinsic gas exceeds gas limit", Fault.GAS_TOO_LOW),
        ("upfront cost exceeds account balance", Fault.FUNDS_MISSING),
        ("gas price below", Fault.GAS_PRICE_REFUSED),
        ("sender account not authorized", Fault.SENDER_NOT_ALLOWED),
        ("wrong chainid", Fault.CHAIN_ID_WRONG),
        ("chainid not supported", Fault.CHAIN_ID_WRONG),
        ("initial sync is still in progress", Fault.NODE_SYNCING),
        ("transaction pool not enabled", Fault.NODE_SYNCING),
        ("could not be completed due to an exception", Fault.REVERTED),
        ("method not enabled", Fault.METHOD_UNKNOWN),
    ),
    NodeKind.OTHER: (),
}
"""GoQuorum's and anvil's words were heard from running nodes; Besu's are those of its `RpcErrorType`."""

_ADVICE: Final = {
    Fault.POOL_FULL: "Wait, or raise the limits of the node's transaction pool (`--txpool.…`, `--tx-pool-…`).",
    Fault.GAS_ABOVE_BLOCK: "Put fewer acts into one transaction ([chain] acts_per_transaction in gateway.toml).",
    Fault.TRANSACTION_TOO_LARGE: "Put fewer acts into one transaction ([chain] acts_per_transaction in gateway.toml).",
    Fault.SENDER_NOT_ALLOWED: "Put the gateway's sender address on the account allow-list of every node.",
    Fault.FUNDS_MISSING: "The chain must take transactions without a fee: its genesis needs a base fee of zero.",
    Fault.GAS_PRICE_REFUSED: "The node must take gas price 0: `--min-gas-price=0` (Besu), `--miner.gasprice 0` (geth).",
    Fault.CHAIN_ID_WRONG: "Give the address of a node of the chain that consortium.json names.",
    Fault.METHOD_UNKNOWN: "Enable this group of methods at the node's JSON-RPC interface.",
    Fault.NODE_SYNCING: "Wait until the node has caught up, or put another one first in [chain] nodes.",
    Fault.RATE_LIMITED: "Raise the node's limits for requests and batches, or give the gateway a node of its own.",
}

_METHOD_NOT_FOUND: Final = -32601
_REVERT_CODE: Final = 3
_RATE_LIMIT_CODE: Final = -32005


def node_kind(client_version: str) -> NodeKind:
    """Which software `web3_clientVersion` names. (GoQuorum calls itself `Geth/…-stable(quorum-v…)`.)"""
    lowered = client_version.lower()
    return next((kind for word, kind in _CLIENTS if word in lowered), NodeKind.OTHER)


def fault_of(kind: NodeKind, rpc_code: int, message: str) -> Fault:
    """What a JSON-RPC error of this kind of node means; `OTHER` where no table has its words."""
    if rpc_code == _METHOD_NOT_FOUND:
        return Fault.METHOD_UNKNOWN
    lowered = message.lower()
    for words, fault in _BY_KIND[kind] + _COMMON:
        if words in lowered:
            return fault
    if rpc_code == _REVERT_CODE:
        return Fault.REVERTED
    return Fault.RATE_LIMITED if rpc_code == _RATE_LIMIT_CODE else Fault.OTHER
