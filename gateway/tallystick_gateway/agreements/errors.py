"""Why something about an agreement was refused."""

from typing import ClassVar

from tallystick_gateway.kit.errors import GatewayError

__all__ = [
    "AgreementError",
    "AgreementNotActive",
    "AgreementNotOpen",
    "AgreementUnknown",
    "AlreadySigned",
    "CalendarUnknown",
    "ExchangeKeyUnknown",
    "IdDiffers",
    "LoanLimitExceeded",
    "MatterNotOpen",
    "MatterUnknown",
    "MemberInactive",
    "MemberLacksRole",
    "MemberUnknown",
    "NotAwaited",
    "NotOpener",
    "NotParty",
    "OriginatorNotUs",
    "PartyLimitExceeded",
    "PartyLimitMissing",
    "PartyRepeated",
    "SealKeyMissing",
    "SecretDiffers",
    "SecretNotHeld",
    "SharesDoNotAddUp",
    "TermsNotUnderstood",
    "TotalLimitExceeded",
    "TotalLimitTooLow",
]


class AgreementError(GatewayError):
    """Something about an agreement was refused"""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "agreement.error"


class AgreementUnknown(AgreementError):
    """No agreement of that id is known to this gateway"""

    status = 404
    code = "agreement.unknown"
    sentence = "There is no agreement {agreement}"
    advice = "Check the id with GET /v1/agreements; a new agreement is known once its block was read."


class AgreementNotActive(AgreementError):
    """The agreement is not co-signed by every party yet, or was withdrawn"""

    status = 409
    code = "agreement.not_active"
    sentence = "The agreement is {state}, not ACTIVE; {waiting}"
    advice = "Every party has to co-sign it first: POST /v1/agreements/{id}/cosign at each party's gateway."


class AgreementNotOpen(AgreementError):
    """The agreement is not open for signature"""

    status = 409
    code = "agreement.not_open"
    sentence = "The agreement is {state}, not open for signature"
    advice = "Only a PROPOSED agreement is co-signed or withdrawn, within 30 days; propose a new one otherwise."


class AlreadySigned(AgreementError):
    """This member has signed the agreement already"""

    status = 409
    code = "agreement.already_signed"
    sentence = "This member has signed the agreement already"
    advice = "Nothing to do: see GET /v1/agreements/{id} for who is still to sign."


class NotParty(AgreementError):
    """This member is no party of the agreement"""

    status = 403
    code = "agreement.not_party"
    sentence = "This member is no party of the agreement"
    advice = "Only its parties sign an agreement, hold its secret and pay loans out under it."


class IdDiffers(AgreementError):
    """The agreement that was read is not the one that would be signed"""

    status = 409
    code = "agreement.id_differs"
    sentence = "The stated agreement {stated} is not {agreement}"
    advice = "Read the terms again with GET /v1/agreements/{id} and state that id."


class TermsNotUnderstood(AgreementError):
    """The terms hold something that this gateway could not keep to"""

    code = "agreement.terms_not_understood"
    sentence = "This gateway cannot keep to the terms: {field}: {reason}"
    advice = "Do not sign. Ask the proposer for terms with a known currency, calendar and time zone."


class SharesDoNotAddUp(AgreementError):
    """The parties' shares do not make a whole"""

    code = "agreement.shares_do_not_add_up"
    sentence = "The shares add up to {sum_bps} basis points, not to 10000"
    advice = "Correct share_bps of the parties: 2000 and 8000 for 20/80."


class PartyRepeated(AgreementError):
    """A member is named as a party twice"""

    code = "agreement.party_repeated"
    sentence = "Member {member} is named as a party twice"
    advice = "Name each party once, with its whole share."


class PartyLimitMissing(AgreementError):
    """A party of an OPEN agreement has no limit"""

    code = "agreement.party_limit_missing"
    sentence = "Member {member} has a limit of 0: nothing could ever be paid out"
    advice = "State each party's limit in minor units."


class TotalLimitTooLow(AgreementError):
    """The limits of an OPEN agreement contradict each other"""

    code = "agreement.limits_contradict"
    sentence = "total_limit {total_limit} and loan_limit {loan_limit} leave no room for a loan"
    advice = "An OPEN agreement needs loan_limit > 0 and total_limit at least as high."


class OriginatorNotUs(AgreementError):
    """An agreement is proposed here by its originator"""

    code = "agreement.originator_not_us"
    sentence = "The originator has to be this member, and one of the parties"
    advice = "Leave `originator` out, and name this member among the parties; others propose at their own gateway."


class CalendarUnknown(AgreementError):
    """The gateway does not know the calendar"""

    code = "agreement.calendar_unknown"
    sentence = "There is no calendar {calendar!r}; known are {known}"
    advice = "Use a known calendar: booking dates are computed by it."


class MemberUnknown(AgreementError):
    """The consortium has no such member"""

    code = "agreement.member_unknown"
    sentence = "The consortium has no member {member}"
    advice = "See GET /v1/members for their ids."


class MemberInactive(AgreementError):
    """The member is suspended or expelled"""

    code = "agreement.member_inactive"
    sentence = "Member {member} is {state}"
    advice = "Only active members take part in a new agreement."


class MemberLacksRole(AgreementError):
    """The member does not hold the role that its place in the agreement needs"""

    code = "agreement.member_lacks_role"
    sentence = "Member {member} is no {role}"
    advice = "Parties are LENDERs; depository and arbitrator hold these roles. See GET /v1/members."


class SecretNotHeld(AgreementError):
    """This gateway does not hold the agreement's secret"""

    status = 409
    code = "agreement.secret_not_held"
    sentence = "This gateway does not hold the secret of agreement {agreement}"
    advice = "Import the sealed file that the originator handed over: POST /v1/agreements/{id}/secret:open."


class SecretDiffers(AgreementError):
    """The file holds another secret than the one that this gateway has"""

    status = 409
    code = "agreement.secret_differs"
    sentence = "This gateway holds another secret of agreement {agreement}"
    advice = "Do not use the file; keep it, and ask its sender: an agreement has one secret for ever."


class SealKeyMissing(AgreementError):
    """A reader has no SEAL key on the chain that is valid now"""

    status = 409
    code = "agreement.seal_key_missing"
    sentence = "Member {member} has no SEAL key that is valid now"
    advice = "Ask the member to add one: POST /v1/keys with purpose SEAL at its gateway."


class ExchangeKeyUnknown(AgreementError):
    """The sealed file is not signed by an EXCHANGE key that the chain lists for its sender"""

    code = "agreement.sender_not_proved"
    sentence = "The file is not signed by an EXCHANGE key of member {member} that is valid now"
    advice = "Do not use it. Ask the sender for a file that its own gateway sealed."


class MatterUnknown(AgreementError):
    """Nothing was opened for signature under that id"""

    status = 404
    code = "matter.unknown"
    sentence = "There is no matter {matter}"
    advice = "See GET /v1/matters; a new one is known once its block was read."


class MatterNotOpen(AgreementError):
    """The matter is not open for signature any more"""

    status = 409
    code = "matter.not_open"
    sentence = "The matter is {state}"
    advice = "Nothing to sign. A transfer that lapsed has to be offered again."


class NotAwaited(AgreementError):
    """The matter does not wait for this member's signature"""

    status = 409
    code = "matter.not_awaited"
    sentence = "The matter does not wait for this member's signature"
    advice = "See `awaiting` in GET /v1/matters."


class NotOpener(AgreementError):
    """Only who opened a matter withdraws it"""

    status = 403
    code = "matter.not_opener"
    sentence = "The matter was opened by member {opened_by}"
    advice = "Let it lapse instead of signing it, or ask that member to withdraw it."


class LoanLimitExceeded(AgreementError):
    """The loan is larger than the agreement allows"""

    code = "limit.loan_exceeded"
    sentence = "The principal {principal} is {over_by} over the limit of {limit} a loan"
    advice = "Correct the principal (minor units), or agree on new terms."


class TotalLimitExceeded(AgreementError):
    """The agreement's total limit would be exceeded"""

    code = "limit.total_exceeded"
    sentence = (
        "{amount} would exceed the agreement's total limit by {over_by}: limit {limit}, outstanding {exposure}, "
        "on its way {in_flight}"
    )
    advice = "Settle loans first, or agree on new terms."


class PartyLimitExceeded(AgreementError):
    """A party's limit would be exceeded"""

    code = "limit.party_exceeded"
    sentence = (
        "The share {amount} would exceed the limit of {name} by {over_by}: limit {limit}, outstanding {exposure}, "
        "on its way {in_flight}"
    )
    advice = "Settle loans first, transfer a share, or agree on new terms with that party."
