"""What can be refused on the way of an act to the chain."""

from typing import ClassVar

from tallystick_gateway.kit.errors import GatewayError

__all__ = [
    "ActRefused",
    "AlreadyRequested",
    "FinalityNotProvable",
    "KeyNotValid",
    "NotCancellable",
    "NotJoined",
    "SubmissionUnknown",
    "TransitionRefused",
    "ValidityTooLong",
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
