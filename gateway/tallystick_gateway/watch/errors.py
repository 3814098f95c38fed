"""What a node can do wrong. Each of these stops the worker, except that a node is merely away."""

from tallystick_gateway.kit.errors import GatewayError
from tallystick_gateway.kit.worker import Fatal

__all__ = [
    "AuditUnknown",
    "BlockMissing",
    "BodyMismatch",
    "ChainDistrusted",
    "EventUnreadable",
    "HeaderMismatch",
    "HeaderUnproved",
    "HistoryChanged",
    "NodeAway",
    "NodeTalksNonsense",
    "NodesDisagree",
    "ParentMismatch",
    "ReceiptsRootMismatch",
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
    """What the node says about the chain cannot be believed: nothing more is taken from it"""

    code = "watch.distrusted"
    advice = "Compare with another member's node before anything else; then restart the gateway with a node you trust."


class WrongChain(ChainDistrusted):
    """The node serves another chain than the one in consortium.json"""

    code = "watch.wrong_chain"
    advice = "Correct [chain] nodes in gateway.toml: nothing is signed or read for another chain."


class WrongGenesis(ChainDistrusted):
    """The node's genesis block is not the one in consortium.json"""

    code = "watch.wrong_genesis"
    advice = "The node is on another network with the same chain id; correct [chain] nodes in gateway.toml."


class HeaderMismatch(ChainDistrusted):
    """A header does not hash to the block hash that the node gives it"""

    code = "watch.header_mismatch"


class HeaderUnproved(ChainDistrusted):
    """A header lacks what makes it final: a quorum of valid seals of the validators that are due"""

    code = "watch.header_unproved"


class ParentMismatch(ChainDistrusted):
    """A block does not follow the one before it"""

    code = "watch.parent_mismatch"


class BodyMismatch(ChainDistrusted):
    """The transactions that the node shows are not those of the header"""

    code = "watch.transactions_root_mismatch"


class ReceiptsRootMismatch(ChainDistrusted):
    """The receipts that the node shows are not those of the header"""

    code = "watch.receipts_root_mismatch"


class HistoryChanged(ChainDistrusted):
    """A block that was taken before is another one now"""

    code = "watch.history_changed"


class NodesDisagree(ChainDistrusted):
    """Two nodes show different blocks at one height"""

    code = "watch.nodes_disagree"


class NodeTalksNonsense(ChainDistrusted):
    """The node's answer has not the form of a block or of receipts"""

    code = "watch.malformed_answer"


class EventUnreadable(ChainDistrusted):
    """A contract of the directory emitted an event that does not fit its interface"""

    code = "watch.event_unreadable"
    advice = "The contracts are newer than this gateway: install the release that knows them."
