"""What can be refused on the way of an act to the chain."""

from typing import ClassVar

from tallystick_gateway.kit.errors import GatewayError

__all__ = [
    "ActRefused",
    "AlreadyRequested",
    "BatchExamined",
    "EarlierFirst",
    "FinalityNotProvable",
    "KeyNotValid",
    "NodeRefusesIt",
    "NotCancellable",
    "NotJoined",
    "NotMined",
    "OthersOnTheWay",
    "SubmissionUnknown",
    "TransitionRefused",
    "ValidityTooLong",
    "Waits",
    "WrongChain",
]


class ActRefused(GatewayError):
    """The gateway does not sign this act"""

    status: ClassVar[int] = 409
    code: ClassVar[str] = "acts.refused"


class NotJoined(ActRefused):
    """This gateway has not joined a consortium"""

    code = "acts.not_joined"
    advice = "Run `tally join consortium.json --expect DIGEST` first."


class WrongChain(ActRefused):
    """The node serves another chain than the consortium's"""

    status = 503
    code = "acts.wrong_chain"
    advice = "Point [chain] nodes in gateway.toml at a node of the consortium; nothing is signed for another chain."


class KeyNotValid(ActRefused):
    """This gateway's ACT key is not valid on the chain now"""

    code = "acts.key_not_valid"
    advice = "See GET /v1/keys: add a key with the RECOVERY key or after the delay, then restart the gateway with it."


class ValidityTooLong(ActRefused):
    """The act would stay valid longer than the contract allows"""

    status = 422
    code = "acts.validity_too_long"
    advice = "Ask for a shorter validity: 24 hours at most, 30 days for governance."


class AlreadyRequested(ActRefused):
    """The same business fact is on its way or recorded already"""

    code = "acts.already_requested"
    advice = "Follow the earlier submission; sending the same fact again changes nothing."


class SubmissionUnknown(GatewayError):
    """There is no such submission of this member"""

    status = 404
    code = "submission.unknown"
    advice = "Check the id; submissions of other members are never shown."


class NotCancellable(GatewayError):
    """The act has ended already"""

    status = 409
    code = "acts.not_cancellable"
    advice = "A recorded act is corrected by a new act that names it (for a loan: reverse)."


class FinalityNotProvable(GatewayError):
    """This chain has no seals, so nothing on it can be shown to be final"""

    status = 409
    code = "finality.not_provable"
    advice = "Wait for `done` instead: on the embedded engine the goal is `included`."


class TransitionRefused(GatewayError):
    """The step is not in the table of states, or nothing shows it"""

    status = 409
    code = "acts.transition_refused"
    advice = "This is a defect of the gateway or a second writer on its database; see the act's history."


class Waits(GatewayError):
    """Why a submission waits: not raised, but shown with it until it goes on"""

    status = 202
    code = "waiting.submission"
    advice = "Wait: what was accepted is not lost."


class NotMined(Waits):
    """A node has the transaction, and the blocks since do not"""

    code = "waiting.not_mined"
    advice = "It is handed to every node of [chain] nodes that lacks it; see whether they are connected to the others."


class EarlierFirst(Waits):
    """Transactions of this gateway with lower nonces are not in a block yet"""

    code = "waiting.earlier_transactions"
    advice = "Wait; the submissions before this one say what keeps them."


class OthersOnTheWay(Waits):
    """As many transactions as are useful are on their way to blocks"""

    code = "waiting.queue"
    advice = "Wait: it goes when blocks have made room."


class NodeRefusesIt(Waits):
    """The node does not take the transaction now; it is sent again"""

    code = "waiting.node_refuses"
    advice = "See the node's log and its limits; other nodes of [chain] nodes are given the transaction too."


class BatchExamined(Waits):
    """The transaction was reverted: its acts are tried one by one, and those that are not to blame go again"""

    code = "waiting.examined"
