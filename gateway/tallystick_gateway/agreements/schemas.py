"""Agreements as clients state and see them. Periods are seconds, times of day seconds after midnight."""

from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field

from tallystick.acts import AgreementTerms, Party
from tallystick.consortium import Role, role_mask
from tallystick_gateway.acts.accepted import Accepted
from tallystick_gateway.kit.wire import Hex32, Instant, Minor, Wire
from tallystick_gateway.members.codes import VISIBILITIES
from tallystick_gateway.members.fields import Amount, CurrencyCode

__all__ = [
    "AgreementOut",
    "AgreementState",
    "CoSignIn",
    "MatterOut",
    "MattersOut",
    "NothingIn",
    "PartyIn",
    "PartyOut",
    "ProposedOut",
    "SealIn",
    "SealedSecretIn",
    "SealedSecretOut",
    "SecretOpenedOut",
    "TermsIn",
]

_ZERO = bytes(32)
_DAY_S = 86_400
_LONGEST_PERIOD_S = 3650 * _DAY_S
_WHOLE_BPS = 10_000
_LARGEST_SEALED_FILE = 64 * 1024
MOST_PARTIES = 16

Period = Annotated[int, Field(ge=0, le=_LONGEST_PERIOD_S)]
RoleName = Literal["LENDER", "DEPOSITORY", "ARBITRATOR", "REGULATOR"]
AgreementState = Literal["REQUESTED", "REFUSED", "PROPOSED", "ACTIVE", "WITHDRAWN"]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as unknown:
        raise ValueError("is not a zone of the IANA time zone database") from unknown
    return name


class PartyIn(Wire):
    """A lender, its share, and the most it may have outstanding under the agreement."""

    member: Hex32
    share_bps: Annotated[int, Field(ge=1, le=_WHOLE_BPS)]
    limit: Amount


class TermsIn(Wire):
    """All terms of an agreement; its id is their EIP-712 hash. What is left out takes the default shown."""

    originator: Hex32 | None = None
    parties: Annotated[list[PartyIn], Field(min_length=2, max_length=MOST_PARTIES)]
    currency: CurrencyCode
    visibility: Literal["SEALED", "OPEN"] = "SEALED"
    loan_limit: Amount
    total_limit: Amount
    calendar: Annotated[str, Field(min_length=1, max_length=64, examples=["WEEKDAYS"])]
    time_zone: Annotated[str, Field(min_length=1, max_length=64, examples=["Asia/Shanghai"]), AfterValidator(_zone)]
    cut_off_s: Annotated[int, Field(ge=0, lt=_DAY_S)]
    attesting_roles: Annotated[list[RoleName], Field(default_factory=list)]
    calculation_rules: Hex32 = _ZERO
    penalty_surcharge_bps: Annotated[int, Field(ge=0, le=_WHOLE_BPS)] = 0
    objection_period_s: Period
    cure_period_s: Period
    response_period_s: Period
    call_deadline_blocks: Period
    dispute_question: Hex32 = _ZERO
    dispute_outcomes: Hex32 = _ZERO
    depository: Hex32 = _ZERO
    arbitrator: Hex32 = _ZERO
    nonce: Hex32 | None = None

    def struct(self, originator: bytes, nonce: bytes) -> AgreementTerms:
        """The terms as they are hashed and recorded, with defaults for what was left out."""
        return AgreementTerms(
            originator=self.originator or originator,
            parties=tuple(
                Party(member=each.member, share_bps=each.share_bps, limit=each.limit) for each in self.parties
            ),
            currency=self.currency.encode("ascii"),
            visibility=next(code for code, name in VISIBILITIES.items() if name == self.visibility),
            loan_limit=self.loan_limit,
            total_limit=self.total_limit,
            calendar=self.calendar,
            time_zone=self.time_zone,
            cut_off=self.cut_off_s,
            attesting_roles=role_mask({Role[name] for name in self.attesting_roles}),
            calculation_rules=self.calculation_rules,
            penalty_surcharge_bps=self.penalty_surcharge_bps,
            objection_period=self.objection_period_s,
            cure_period=self.cure_period_s,
            response_period=self.response_period_s,
            call_deadline_blocks=self.call_deadline_blocks,
            dispute_question=self.dispute_question,
            dispute_outcomes=self.dispute_outcomes,
            depository=self.depository,
            arbitrator=self.arbitrator,
            nonce=self.nonce or nonce,
        )


class NothingIn(Wire):
    """An empty object: the path says it all."""


class CoSignIn(Wire):
    """The id of the agreement as the signatory read it: its terms hash to it."""

    agreement: Hex32


class ProposedOut(Accepted):
    """An agreement on its way to the other parties."""

    agreement: Hex32
    state: AgreementState
    terms: dict[str, Any]


class PartyOut(Wire):
    """A party: `exposure` is on the chain, `in_flight` requested here and not yet recorded, `headroom` what is left."""

    member: Hex32
    name: str | None
    ours: bool
    share_bps: int
    limit: Minor
    exposure: Minor
    in_flight: Minor
    headroom: Minor
    signed: bool


class AgreementOut(Wire):
    """An agreement. `terms` are all its terms, as proposed; the id is their hash."""

    agreement: Hex32
    state: AgreementState
    visibility: str
    currency: str
    originator: Hex32
    parties: list[PartyOut]
    loan_limit: Minor
    total_limit: Minor
    exposure: Minor
    in_flight: Minor
    headroom: Minor
    secret_held: bool
    submission_id: str | None = None
    proposal: Hex32 | None = None
    proposer: Hex32 | None = None
    open_until: Instant | None = None
    active_height: int | None = None
    terms: dict[str, Any]


class SealIn(Wire):
    """For whom to seal; without `readers`, for all other parties."""

    readers: Annotated[list[Hex32], Field(min_length=1, max_length=MOST_PARTIES)] | None = None


class SealedSecretOut(Wire):
    """The agreement's secret, sealed: write `content` as UTF-8 to a file and hand it over by any channel."""

    agreement: Hex32
    readers: list[Hex32]
    file_name: str
    content: str


class SealedSecretIn(Wire):
    """The text of a sealed file."""

    content: Annotated[str, Field(min_length=1, max_length=_LARGEST_SEALED_FILE)]


class SecretOpenedOut(Wire):
    """The secret is held now; `new` is false if it was before."""

    agreement: Hex32
    sender: Hex32
    new: bool


class MatterOut(Wire):
    """What one act opened for others to sign: an agreement, a sealed loan, a transfer."""

    matter: Hex32
    kind: str
    agreement: Hex32
    loan: Hex32 | None
    opened_by: Hex32
    awaiting: list[Hex32]
    ours_to_sign: bool
    state: str
    open_until: Instant
    details: dict[str, Any]


class MattersOut(Wire):
    """Matters in the order in which they were opened."""

    matters: list[MatterOut]
