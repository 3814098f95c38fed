"""The contracts' typed errors in words: for each, one sentence over its values, and what to do about it.

A test holds this table equal to the errors of the contracts' ABIs. Amounts are minor units.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

__all__ = ["ADVICE_OTHERWISE", "REFUSALS", "Words"]


class Words(NamedTuple):
    """A `str.format` template over the error's values, and advice."""

    sentence: str
    advice: str = ""


ADVICE_OTHERWISE: Final = "Look at the state of the matter (`tally status`), correct the act and submit it anew."

_CLOCK: Final = "Check the clocks of this machine and of the node, then submit again."
_SIGN: Final = "Sign the act again: the signature was changed on its way, or made by other software."
_RENEW: Final = "Submit it anew: a new act gets a new validity."
_VIEW: Final = "Read the agreement and the loan again (`tally loans show`), and act on their present state."
_KEY: Final = "Sign with a key of this member that is valid now (`tally status` lists them), or add one."
_DEPLOY: Final = "Deploy again with corrected values: nothing was recorded."
_VOTE: Final = "See the proposal (`tally status`), and make a new one if the matter still stands."
_ADOPT: Final = "Adopt it from the predecessor first."

REFUSALS: Final[Mapping[str, Words]] = {
    # acts
    "ClockNotInSeconds": Words("The chain's clock {timestamp} does not count seconds", "Use another chain."),
    "AlreadyRecorded": Words("This act {actId} is recorded already", "Nothing is to be done: it counts once."),
    "RefAlreadyUsed": Words(
        "This business fact is recorded already, by the act {actId}",
        "If it was meant to happen twice, give the second its own number; else nothing is to be done.",
    ),
    "ActIsCancelled": Words("This act {actId} was cancelled by its member", "Submit a new one if it still stands."),
    "IssuedInFuture": Words("The act is dated {issuedAt}, and the chain's time is only {timestamp}", _CLOCK),
    "ActExpired": Words("The act was valid until {validUntil}, and the chain's time is {timestamp}", _RENEW),
    "ValidityInverted": Words("The act's validity ends at {validUntil}, before its beginning {issuedAt}", _CLOCK),
    "ValidityTooLong": Words("The act claims {validity} s of validity; its kind may have {longest} s", _RENEW),
    "EncodedActMalformed": Words("The encoded act to cancel has {length} bytes: no typehash and whole words"),
    "EncodedActMismatch": Words("The encoded act hashes to {rebuilt}, not to the {stated} that is to be cancelled"),
    "NotOwnAct": Words("Act {actId} is of member {owner}; {member} can only cancel its own"),
    "ECDSAInvalidSignature": Words("The signature is by no key", _SIGN),
    "ECDSAInvalidSignatureLength": Words("A signature has 65 bytes, not {length}", _SIGN),
    "ECDSAInvalidSignatureS": Words("The signature is not in its low form: s is {s}", _SIGN),
    # members and keys
    "NotRatified": Words(
        "The founders have not all ratified the same contracts yet",
        "Wait for the other founders (`tally status` shows who is missing).",
    ),
    "AlreadyActive": Words("The consortium is active: its contracts change by proposal only", _VOTE),
    "MemberUnknown": Words("There is no member {member}"),
    "MemberExists": Words("Member {member} exists already"),
    "MemberNotActive": Words("Member {member} is {state}"),
    "MemberStateWrong": Words("Member {member} is {state}; this change needs it {expected}", _VOTE),
    "MemberIdZero": Words("A member's id cannot be zero", _DEPLOY),
    "MemberCountInvalid": Words("{count} members: a consortium has {least} to {most}", _DEPLOY),
    "TooFewActiveMembers": Words("{count} members would stay active; a consortium needs {least}", _VOTE),
    "RolesInvalid": Words("{roles} is no set of roles for member {member}"),
    "KeyUnknown": Words(
        "The signature is by {key}, which is no key of this consortium",
        "The key is not registered, or the act was signed for another chain or contract.",
    ),
    "KeyNotOfMember": Words("Key {key} belongs to member {owner}, not to {member}", _KEY),
    "KeyNotYetValid": Words("Key {key} is valid from {notBefore}; it is {timestamp}", _KEY),
    "KeyExpired": Words("Key {key} was valid until {notAfter}; it is {timestamp}", _KEY),
    "KeyRevoked": Words("Key {key} was revoked at {revokedAt}", _KEY),
    "KeyCompromised": Words("Key {key} is reported as compromised since {since}", _KEY),
    "WrongPurpose": Words("Key {key} is for {purpose}; this act needs one for {expected}", _KEY),
    "KeyTaken": Words("Key {key} is in use by member {owner}, and never changes hands", "Make a new key."),
    "KeyMalformed": Words("{key} is no key of this purpose: it is zero, or not an address"),
    "KeyWindowInvalid": Words("A key cannot be valid from {notBefore} until {notAfter}"),
    "PurposeUnknown": Words("{purpose} is no purpose of a key"),
    "PurposeGoverned": Words("Keys for {purpose} change by proposal only", _VOTE),
    "CompromiseInFuture": Words("A key cannot be compromised since {since}: it is {timestamp}", _CLOCK),
    "CompromiseTooFarBack": Words(
        "Alone, a member can report a compromise back to {earliest}, not to {since}",
        "Put a proposal BackdateCompromise to the members.",
    ),
    "CompromiseNotEarlier": Words("The key is reported as compromised since {reported} already, before {since}"),
    "TooFewValidators": Words("{count} validators would be left; at least {least} are needed", _VOTE),
    "TooManyValidators": Words("{count} validators; at most {most} are allowed", _VOTE),
    # contracts and decisions
    "ContractNotRegistered": Words("{caller} is no contract of the directory"),
    "ContractListInvalid": Words("A list of {count} contracts; 1 to {most} are allowed"),
    "ContractNameInvalid": Words("{name} is no name of a contract"),
    "ContractRepeated": Words("Contract {name} or its address {deployed} stands twice in the list"),
    "CodeHashMismatch": Words(
        "The code of {name} at {deployed} hashes to {found}, not to {expected}",
        "Do not ratify: compare consortium.json and its digest with the other founders.",
    ),
    "ConsortiumNotListed": Words("The list does not name this contract as Consortium"),
    "ConsortiumIsFixed": Words("The consortium contract itself cannot be replaced"),
    "DelayInvalid": Words("A timelock of {delay} s; {least} to {most} s are allowed"),
    "ThresholdInvalid": Words("A threshold of {threshold} approvals for {members} members"),
    "ChangeUnknown": Words("{change} is no kind of proposal"),
    "PayloadMalformed": Words("{length} bytes are no payload of a proposal to {change}"),
    "ProposalUnknown": Words("There is no proposal {proposal}"),
    "ProposalNotOpen": Words("Proposal {proposal} is {state}", _VOTE),
    "ProposalLapsed": Words(
        "Proposal {proposal} lapsed: open until {lapsesAt}, made under membership {epoch}, which is now {currentEpoch}",
        _VOTE,
    ),
    "ProposalTimelocked": Words(
        "Proposal {proposal} can be executed from {executableFrom}; it is {timestamp}", "Execute it then."
    ),
    "AlreadyApproved": Words("Member {member} has approved proposal {proposal} already"),
    "TooFewApprovals": Words(
        "Proposal {proposal} has {approvals} approvals of active members and needs {required}",
        "Wait for more members to approve.",
    ),
    "NotProposer": Words("Proposal {proposal} is of member {proposer}; {member} cannot take it back"),
    "PayloadMismatch": Words("The payload hashes to {found}; proposal {proposal} was made with {expected}"),
    # the ledger as a whole
    "ContractIsFrozen": Words(
        "This contract is frozen: a successor took its place", "Use the contract that the directory names now."
    ),
    "PredecessorNotFrozen": Words("The predecessor {predecessor} is not frozen yet", "Freeze it first."),
    "NoPredecessor": Words("This contract has no predecessor to adopt from"),
    "NotReplaced": Words("The directory still names {current}: only a replaced contract can be frozen"),
    "BatchSizeInvalid": Words("{size} acts in one transaction; 1 to {most} are allowed"),
    "SignatureCountWrong": Words("{acts} acts with {signatures} signatures"),
    # agreements
    "AgreementUnknown": Words("There is no agreement {agreement}", "Check its id with the other parties."),
    "AgreementExists": Words("Agreement {agreement} exists already and is {state}"),
    "AgreementNotActive": Words(
        "Agreement {agreement} is {state}", "Wait until every party has co-signed it (`tally agreements show`)."
    ),
    "AgreementInPredecessor": Words("Agreement {agreement} is still in the predecessor ledger", _ADOPT),
    "TermsMismatch": Words("The terms hash to {rebuilt}, not to agreement {agreement}"),
    "TermInvalid": Words("The term {term} of the agreement is out of range: {value}", "Correct it and propose again."),
    "PartyCountInvalid": Words("{count} parties; an agreement has {least} to {most}"),
    "PartyRepeated": Words("Member {member} stands twice among the parties"),
    "SharesDoNotAddUp": Words("The parties' shares add up to {sum} basis points, not to {expected}"),
    "OriginatorNotParty": Words("The originator {originator} is not among the parties"),
    "RoleMissing": Words("Member {member} has the roles {roles}; this needs {required}"),
    "NotParty": Words("Member {member} is no party of agreement {agreement}"),
    "NotOriginator": Words("Only the originator {originator} disburses under agreement {agreement}, not {member}"),
    "NotServicer": Words("Loan {loan} is serviced by {servicer}, not by {member}"),
    "NotNamed": Words("Agreement {agreement} names neither member {member} nor a role of its"),
    "WrongVisibility": Words("Agreement {agreement} is {visibility}: this act is for the other kind"),
    # loans
    "CurrencyMismatch": Words("Loan {loan} is in {found}, the agreement in {expected}", "Correct the currency."),
    "PrincipalZero": Words("Loan {loan} has no principal"),
    "DateInvalid": Words("{date} is no date", "Give a date that exists."),
    "LoanExists": Words("Loan {loan} exists already and is {state}", "Nothing is recorded twice; see the loan."),
    "LoanUnknown": Words("There is no loan {loan} under agreement {agreement}"),
    "LoanInPredecessor": Words("Loan {loan} is still in the predecessor ledger", _ADOPT),
    "ShareCountWrong": Words("Loan {loan} states {found} shares for {expected} parties"),
    "ShareWrong": Words("By the agreement the share of {member} in loan {loan} is {expected}, not {found}"),
    "LoanLimitExceeded": Words("The principal {principal} of loan {loan} exceeds the limit of {limit} a loan"),
    "TotalLimitExceeded": Words(
        "With {amount} for loan {loan} the exposure of {exposure} would exceed the agreement's limit of {limit}"
    ),
    "PartyLimitExceeded": Words(
        "With {amount} for loan {loan} the exposure of {exposure} of {member} would exceed its limit of {limit}"
    ),
    "TransitionNotAllowed": Words("Loan {loan} is {from} and cannot become {to}", _VIEW),
    "LoanNotOutstanding": Words("Loan {loan} is {state}: nothing of it is outstanding", _VIEW),
    # what waits for signatures
    "MatterUnknown": Words("Nothing waits for signatures under {matter}"),
    "MatterClosed": Words("The matter {matter} is closed", _VIEW),
    "MatterLapsed": Words("The matter {matter} was open until {openUntil}; it is {timestamp}", "Propose it again."),
    "NotAwaited": Words("The matter {matter} does not wait for member {member}, or it has signed already"),
    "FromNotSigner": Words("A transfer from {from} was signed by {member}"),
    "TransferToSelf": Words("Member {member} cannot transfer to itself"),
    "ShareAmountInvalid": Words("{amount} of loan {loan} cannot be transferred: the share of {member} is {share}"),
    "AlreadyLinked": Words("Act {actId} is linked to loan {loan} already"),
    "CallerNotNamed": Words("{caller} is not the contract {named} that the directory names {name}"),
    "AlreadyReduced": Words("The exposure of {first} and {second} was reduced for {date} already"),
    # logs
    "IndexNotNext": Words(
        "The log of {member} goes on at index {expected}, not at {found}",
        "Compare the log with `tally status`: a batch is missing or was anchored by another gateway of this member.",
    ),
    "PreviousMismatch": Words(
        "The last anchor of this log is {expected}, not {found}",
        "A batch was anchored by another gateway of this member, or one on its way was rejected.",
    ),
    "CountInvalid": Words("A batch of {count} records; 1 to {most} are allowed"),
    "StreamNotOfMember": Words("{stream} is no active agreement of member {member}"),
}
