"""The terms of an agreement between their three forms: the wire's JSON, the act's struct, and the event's values.

Times of day are seconds after midnight, periods are seconds, amounts minor units of the agreement's currency.
"""

from collections.abc import Mapping
from typing import Any

from tallystick.acts import AgreementTerms, Party
from tallystick.consortium import roles_of
from tallystick_gateway.members.codes import VISIBILITIES

__all__ = ["from_event", "legible", "to_wire"]


def from_event(values: Mapping[str, Any]) -> AgreementTerms:
    """The struct from the decoded tuple of an event. Values were checked by the contract."""
    return AgreementTerms(
        originator=values["originator"],
        parties=tuple(
            Party(member=party["member"], share_bps=party["shareBps"], limit=party["limit"])
            for party in values["parties"]
        ),
        currency=values["currency"],
        visibility=values["visibility"],
        loan_limit=values["loanLimit"],
        total_limit=values["totalLimit"],
        calendar=values["calendar"],
        time_zone=values["timeZone"],
        cut_off=values["cutOff"],
        attesting_roles=values["attestingRoles"],
        calculation_rules=values["calculationRules"],
        penalty_surcharge_bps=values["penaltySurchargeBps"],
        objection_period=values["objectionPeriod"],
        cure_period=values["curePeriod"],
        response_period=values["responsePeriod"],
        call_deadline_blocks=values["callDeadlineBlocks"],
        dispute_question=values["disputeQuestion"],
        dispute_outcomes=values["disputeOutcomes"],
        depository=values["depository"],
        arbitrator=values["arbitrator"],
        nonce=values["nonce"],
    )


def legible(text: str) -> str:
    """Text of the chain as it can be stored and shown: U+FFFD stands for what is no UTF-8.

    Terms that hold such text hash to another agreement then, so nobody here co-signs them.
    """
    return text.encode(errors="surrogateescape").decode(errors="replace")


def to_wire(terms: AgreementTerms) -> dict[str, Any]:
    """The terms as the API shows and takes them."""
    return {
        "originator": terms.originator.hex(),
        "parties": [
            {"member": party.member.hex(), "share_bps": party.share_bps, "limit": str(party.limit)}
            for party in terms.parties
        ],
        "currency": terms.currency.decode("ascii"),
        "visibility": VISIBILITIES[terms.visibility],
        "loan_limit": str(terms.loan_limit),
        "total_limit": str(terms.total_limit),
        "calendar": legible(terms.calendar),
        "time_zone": legible(terms.time_zone),
        "cut_off_s": terms.cut_off,
        "attesting_roles": [role.name for role in roles_of(terms.attesting_roles)],
        "calculation_rules": terms.calculation_rules.hex(),
        "penalty_surcharge_bps": terms.penalty_surcharge_bps,
        "objection_period_s": terms.objection_period,
        "cure_period_s": terms.cure_period,
        "response_period_s": terms.response_period,
        "call_deadline_blocks": terms.call_deadline_blocks,
        "dispute_question": terms.dispute_question.hex(),
        "dispute_outcomes": terms.dispute_outcomes.hex(),
        "depository": terms.depository.hex(),
        "arbitrator": terms.arbitrator.hex(),
        "nonce": terms.nonce.hex(),
    }
