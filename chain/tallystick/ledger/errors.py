"""What replay checks, rule by rule, and its refusal."""

from enum import StrEnum
from typing import ClassVar, Final

from tallystick.errors import TallystickError

from .event import Event

__all__ = ["RULES", "ReplayBroken", "Rule", "broken"]


class Rule(StrEnum):
    """The stable names of the rules; `RULES` says what each demands."""

    ORDER = "order"
    EVENT_UNKNOWN = "event_unknown"
    EVENT_MALFORMED = "event_malformed"
    CHAIN_ID = "chain_id"
    CONTRACT = "contract"
    CAUSE = "cause"
    CONSEQUENCE = "consequence"
    ACT_ID = "act_id"
    MEMBER = "member"
    SIGNER = "signer"
    OLD_VALUE = "old_value"
    FOUNDING = "founding"
    RATIFICATION = "ratification"
    MEMBERSHIP = "membership"
    ROLE = "role"
    KEY = "key"
    COMPROMISE = "compromise"
    VALIDATORS = "validators"
    DIRECTORY = "directory"
    SETTINGS = "settings"
    PROPOSAL = "proposal"
    TIMELOCK = "timelock"
    APPROVALS = "approvals"
    AGREEMENT_ID = "agreement_id"
    TERMS = "terms"
    AGREEMENT = "agreement"
    VISIBILITY = "visibility"
    PARTY = "party"
    NAMED = "named"
    MATTER = "matter"
    AWAITING = "awaiting"
    LOAN = "loan"
    ORIGINATOR = "originator"
    SERVICER = "servicer"
    TRANSITION = "transition"
    CURRENCY = "currency"
    PRINCIPAL = "principal"
    SHARES = "shares"
    LOAN_LIMIT = "loan_limit"
    TOTAL_LIMIT = "total_limit"
    PARTY_LIMIT = "party_limit"
    DATE = "date"
    TRANSFER = "transfer"
    REDUCTION = "reduction"
    COUNT = "count"
    HEAD = "head"
    FROZEN = "frozen"
    PREDECESSOR = "predecessor"
    CARRIED = "carried"
    STREAM = "stream"
    ANCHOR_INDEX = "anchor_index"
    ANCHOR_COUNT = "anchor_count"
    ANCHOR_PREVIOUS = "anchor_previous"


RULES: Final = {
    Rule.ORDER: "events come in the order of the chain, each once; a block has one time, and time does not run back",
    Rule.EVENT_UNKNOWN: "the contract has an event of this name",
    Rule.EVENT_MALFORMED: "the event has exactly its parameters, each of its type",
    Rule.CHAIN_ID: "the event names the chain it is replayed for",
    Rule.CONTRACT: "the contract is the one the directory names at this height; a replaced one can only freeze",
    Rule.CAUSE: "an event that another brings about has that other before it",
    Rule.CONSEQUENCE: "what an event brings about follows at once, in the same transaction, with the values due",
    Rule.ACT_ID: "an act is recorded once, and never after it was cancelled",
    Rule.MEMBER: "who speaks is a member, active unless the act is allowed while suspended",
    Rule.SIGNER: "the signer is a key of the member for this purpose, in its window, not revoked or compromised",
    Rule.OLD_VALUE: "the value before the event is the one the event says",
    Rule.FOUNDING: "the founders and their keys come first, by the deployment of the Consortium",
    Rule.RATIFICATION: "founders ratify whole lists with their true hash before, and only before, it is active",
    Rule.MEMBERSHIP: "indices and epochs count up; at least 4 members stay active, at most 256 are admitted",
    Rule.ROLE: "roles are a non-empty set of the four known",
    Rule.KEY: "a key is well formed, has a window, and belongs to one member and purpose for ever",
    Rule.COMPROMISE: "a compromise lies in the past, is only moved back, and by its member 72 hours at most",
    Rule.VALIDATORS: "there are 4 to 64 validators",
    Rule.DIRECTORY: "a name and an address stand in the directory once",
    Rule.SETTINGS: "the delay is 1 second to 14 days, the threshold no more than the active members",
    Rule.PROPOSAL: "the proposal is well formed, open, not lapsed, and taken back only by its proposer",
    Rule.TIMELOCK: "a proposal is not executed before its timelock ends",
    Rule.APPROVALS: "approvals count active members, each once; enough of them execute",
    Rule.AGREEMENT_ID: "an agreement's id is the hash of its terms",
    Rule.TERMS: "the terms hold together: parties, shares, limits, periods, names, roles",
    Rule.AGREEMENT: "an agreement is proposed once, and active before it is used",
    Rule.VISIBILITY: "OPEN acts are for OPEN agreements, SEALED acts for SEALED ones",
    Rule.PARTY: "the member is a party of the agreement",
    Rule.NAMED: "the member is a party, the depository or arbitrator, or in a role that the agreement names",
    Rule.MATTER: "what is co-signed or withdrawn is open and not lapsed",
    Rule.AWAITING: "each party that is asked signs once, and the event says who is still awaited",
    Rule.LOAN: "a loan is disbursed or adopted once, and known before it is named",
    Rule.ORIGINATOR: "the originator disburses",
    Rule.SERVICER: "the loan's servicer speaks, or gives the servicing away",
    Rule.TRANSITION: "the state table has the step",
    Rule.CURRENCY: "the loan has the agreement's currency",
    Rule.PRINCIPAL: "the principal is above zero",
    Rule.SHARES: "shares follow the agreement (floor, then largest remainders) and are those after the event",
    Rule.LOAN_LIMIT: "the principal is within the limit of a loan",
    Rule.TOTAL_LIMIT: "the exposure stays within the agreement's limit",
    Rule.PARTY_LIMIT: "the exposure of every party stays within its limit",
    Rule.DATE: "the value date exists",
    Rule.TRANSFER: "who gives has what it gives, of an outstanding loan, to another party",
    Rule.REDUCTION: "exposure is reduced for an active OPEN loan, by what there is",
    Rule.COUNT: "the loan's count is one more than before",
    Rule.HEAD: "the head is keccak256(head before ‖ act id)",
    Rule.FROZEN: "a contract that is frozen takes no acts, and freezes once, when replaced",
    Rule.PREDECESSOR: "what is adopted comes from one frozen contract that the directory named so before",
    Rule.CARRIED: "what is adopted is carried over as the predecessor had it",
    Rule.STREAM: "the stream is the general log or an active agreement of the member",
    Rule.ANCHOR_INDEX: "an anchor begins where the log ends",
    Rule.ANCHOR_COUNT: "an anchor covers 1 to 2^32 records",
    Rule.ANCHOR_PREVIOUS: "an anchor names the act id of the anchor before it",
}
"""What each rule demands."""


class ReplayBroken(TallystickError):
    """The events cannot have come from these contracts: one of them breaks `rule`.

    Names the place of the event (block, transaction, log) and `why`, with the values found and expected.
    """

    code: ClassVar[str] = "ledger.replay_broken"
    sentence: ClassVar[str] = (
        "Event {log_index} of transaction {transaction_index} in block {height} breaks the rule {rule!s}: {why}"
    )
    advice: ClassVar[str] = (
        "Fetch the block's receipts again and check them against its receipts root. If they hold, the contract broke "
        "its rule: keep the block and tell the other members."
    )

    height: int
    transaction_index: int
    log_index: int
    rule: Rule
    why: str


def broken(event: Event, rule: Rule, why: str) -> ReplayBroken:
    """The refusal of `event`."""
    return ReplayBroken(
        height=event.height,
        transaction_index=event.transaction_index,
        log_index=event.log_index,
        rule=rule,
        why=why,
    )
