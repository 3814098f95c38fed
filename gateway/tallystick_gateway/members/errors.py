"""What can be refused about members, keys and proposals."""

from tallystick_gateway.kit.errors import GatewayError

__all__ = [
    "AlreadyRatified",
    "CardMissing",
    "CardNotOfMember",
    "ChangeUnknown",
    "ContractUnknown",
    "DigestDiffers",
    "ExportTooEarly",
    "KeyUnknown",
    "MemberUnknown",
    "NotOwnKey",
    "PayloadMalformed",
    "ProposalNotOpen",
    "ProposalUnknown",
    "ValidatorNotOurs",
]


class MemberUnknown(GatewayError):
    """The chain knows no such member"""

    status = 404
    code = "member.unknown"
    advice = "See GET /v1/members for the consortium's members."


class KeyUnknown(GatewayError):
    """The chain knows no such key"""

    status = 404
    code = "key.unknown"
    advice = "See GET /v1/keys; addresses stand left-padded with zeros to 32 bytes."


class NotOwnKey(GatewayError):
    """The key is another member's"""

    status = 403
    code = "key.not_own"
    advice = "A member changes its own keys; another's compromise is a matter for a proposal."


class DigestDiffers(GatewayError):
    """The digest is not that of the consortium.json in this gateway's home"""

    status = 409
    code = "consortium.digest_differs"
    advice = "Compare the digest with the other founders by another channel before anything is signed."


class AlreadyRatified(GatewayError):
    """This member has ratified this list of contracts already"""

    status = 409
    code = "consortium.already_ratified"
    advice = "Nothing is left to do here; see GET /v1/consortium for who is still missing."


class ChangeUnknown(GatewayError):
    """There is no such change"""

    status = 422
    code = "proposal.change_unknown"
    advice = "Use a name that GET /v1/proposals:changes lists."


class PayloadMalformed(GatewayError):
    """A field of the proposed change is missing, unknown or malformed"""

    status = 422
    code = "proposal.payload_malformed"
    advice = "Give exactly the fields that GET /v1/proposals:changes lists for the change."


class ProposalUnknown(GatewayError):
    """The chain knows no such proposal"""

    status = 404
    code = "proposal.unknown"
    advice = "See GET /v1/proposals."


class ProposalNotOpen(GatewayError):
    """The proposal is not open any more"""

    status = 409
    code = "proposal.not_open"
    advice = "Make a new proposal if the change is still wanted; a change of membership lapses every open one."


class ValidatorNotOurs(GatewayError):
    """The node that `[chain] validator` names does not seal with this member's key"""

    status = 409
    code = "validator.not_ours"
    advice = (
        "Set [chain] validator (or the first of nodes) in gateway.toml to this member's own validator node. If the node"
        " has a key of another chain or member: give it its own, or name its address by `tally init --validator`."
    )


class ExportTooEarly(GatewayError):
    """There is nothing to export yet"""

    status = 409
    code = "consortium.export_too_early"
    advice = "Wait until every founder has ratified and this gateway has caught up; see GET /v1/consortium."


class CardMissing(GatewayError):
    """A member's card is needed, and not known here"""

    status = 422
    code = "consortium.card_missing"
    advice = "Give the member's card.json with --card, as the members had it when they decided on its admission."


class CardNotOfMember(GatewayError):
    """The card is not the one that its member was admitted with"""

    status = 422
    code = "consortium.card_not_of_member"
    advice = (
        "A card is what a member came with, and stays: give the very card.json that the decision was about. Keys that "
        "changed since stand on the chain (`tally keys list`)."
    )


class ContractUnknown(GatewayError):
    """The directory names a contract that this release does not know"""

    status = 409
    code = "consortium.contract_unknown"
    advice = "Install the release that the contract was built with, then export again."
