"""What can be wrong with a node, and what with the chain itself.

On a chain with seals a `NodeLied` costs one node its credit, and the next is asked: what the validators sealed can be
told from what a node made up. Every other `ChainDistrusted`, and on a chain without seals every one, stops the worker.
"""

from tallystick_gateway.kit.errors import GatewayError
from tallystick_gateway.kit.worker import Fatal

__all__ = [
    "AuditUnknown",
    "BlockDiffers",
    "BlockMissing",
    "BodyMismatch",
    "ChainDistrusted",
    "EpochsDiffer",
    "Equivocated",
    "EventUnreadable",
    "HeaderMismatch",
    "HeaderUnproved",
    "HistoryChanged",
    "NodeAway",
    "NodeLied",
    "NodeTalksNonsense",
    "ParentMismatch",
    "ReceiptsRootMismatch",
    "ValidatorsUnexplained",
    "WrongChain",
    "WrongGenesis",
]


class NodeAway(GatewayError):
    """No node of the consortium's chain answers"""

    status = 503
    code = "watch.node_away"
    advice = "Start the node, or correct [chain] nodes in gateway.toml; what was accepted waits and is sent later."


class AuditUnknown(GatewayError):
    """There is no such audit"""

    status = 404
    code = "audit.unknown"
    advice = "Ask for one with POST /v1/chain:audit."


class BlockMissing(GatewayError):
    """The node does not (yet) have a block below its own head"""

    status = 503
    code = "watch.block_missing"
    advice = "The node may be catching up; the watcher asks again."


class ChainDistrusted(Fatal):
    """What is said about the chain cannot be believed: nothing more is taken from it"""

    code = "watch.distrusted"
    advice = "Compare with another member's node before anything else; then restart the gateway with a node you trust."


class NodeLied(ChainDistrusted):
    """A node shows what cannot be true"""

    code = "watch.node_lied"
    advice = (
        "The node is not asked again until the gateway restarts. Find out who runs it and what it runs; compare with "
        "another member's node."
    )


class WrongChain(NodeLied):
    """The node serves another chain than the one in consortium.json"""

    code = "watch.wrong_chain"
    advice = "Correct [chain] nodes in gateway.toml: nothing is signed or read for another chain."


class WrongGenesis(NodeLied):
    """The node's genesis block is not the one in consortium.json"""

    code = "watch.wrong_genesis"
    advice = "The node is on another network with the same chain id; correct [chain] nodes in gateway.toml."


class HeaderMismatch(NodeLied):
    """A header does not hash to the block hash that the node gives it"""

    code = "watch.header_mismatch"


class HeaderUnproved(NodeLied):
    """A header lacks what makes it final: a quorum of valid seals of the validators that are due"""

    code = "watch.header_unproved"


class ParentMismatch(NodeLied):
    """A block does not follow the one before it"""

    code = "watch.parent_mismatch"


class BodyMismatch(NodeLied):
    """The transactions that the node shows are not those of the header"""

    code = "watch.transactions_root_mismatch"


class ReceiptsRootMismatch(NodeLied):
    """The receipts that the node shows are not those of the header"""

    code = "watch.receipts_root_mismatch"


class HistoryChanged(NodeLied):
    """A node shows another block at a height where one was taken before"""

    code = "watch.history_changed"
    advice = "The node was reset, is on a fork, or lies. Compare with another member's node; then restart the gateway."


class NodeTalksNonsense(NodeLied):
    """The node's answer has not the form of a block or of receipts"""

    code = "watch.malformed_answer"


class Equivocated(ChainDistrusted):
    """A quorum of validators sealed two different blocks of one height: the chain's promise is broken"""

    code = "watch.equivocation"
    advice = (
        "Sign nothing. Keep both headers (they are in the log and in /v1/chain), tell every member, and find out with "
        "them which validators sealed both."
    )


class ValidatorsUnexplained(ChainDistrusted):
    """A quorum of validators sealed a set of validators that no executed proposal explains"""

    code = "watch.set_unexplained"
    advice = "Sign nothing. Compare with the other members which validators were voted in or out, and by whom."


class EpochsDiffer(ChainDistrusted):
    """The validators of the chain are not those that consortium.json gives"""

    code = "watch.epochs_differ"
    advice = (
        "Compare the digest of consortium.json with the other members; if the file was exported anew, ask who did it."
    )


class BlockDiffers(ChainDistrusted):
    """A block in our database is not the one that the chain has at its height"""

    code = "watch.block_differs"
    advice = "Our database was changed, or the chain was: compare with another member, and restore from a backup."


class EventUnreadable(ChainDistrusted):
    """A contract of the directory emitted an event that does not fit its interface"""

    code = "watch.event_unreadable"
    advice = "The contracts are newer than this gateway: install the release that knows them."
