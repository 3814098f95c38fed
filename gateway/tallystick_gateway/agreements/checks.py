"""What terms must satisfy before this member signs them: the rules of `Terms.sol`, and what a gateway needs."""

from collections.abc import Mapping

from tallystick.acts import AgreementTerms
from tallystick.consortium import Role
from tallystick_gateway.members.codes import VISIBILITIES
from tallystick_gateway.members.models import MemberRow
from tallystick_gateway.records.calendar import CALENDARS

from .errors import (
    CalendarUnknown,
    MemberInactive,
    MemberLacksRole,
    MemberUnknown,
    PartyLimitMissing,
    PartyRepeated,
    SharesDoNotAddUp,
    TotalLimitTooLow,
)

__all__ = ["require_sound"]

_WHOLE_BPS = 10_000


def require_sound(terms: AgreementTerms, members: Mapping[bytes, MemberRow]) -> None:
    """Raises an `AgreementError` that names the field. `members` are those of the chain, by id."""
    _require_shares(terms)
    for index, party in enumerate(terms.parties):
        _require_member(members, party.member, Role.LENDER, f"parties.{index}.member")
    if any(terms.depository):
        _require_member(members, terms.depository, Role.DEPOSITORY, "depository")
    if any(terms.arbitrator):
        _require_member(members, terms.arbitrator, Role.ARBITRATOR, "arbitrator")
    if terms.calendar not in CALENDARS:
        raise CalendarUnknown(field="calendar", calendar=terms.calendar, known=", ".join(sorted(CALENDARS)))
    if VISIBILITIES[terms.visibility] == "OPEN":
        _require_limits(terms)


def _require_shares(terms: AgreementTerms) -> None:
    seen: set[bytes] = set()
    for index, party in enumerate(terms.parties):
        if party.member in seen:
            raise PartyRepeated(field=f"parties.{index}.member", member=party.member.hex())
        seen.add(party.member)
    sum_bps = sum(party.share_bps for party in terms.parties)
    if sum_bps != _WHOLE_BPS:
        raise SharesDoNotAddUp(field="parties.share_bps", sum_bps=sum_bps)


def _require_limits(terms: AgreementTerms) -> None:
    if terms.loan_limit == 0 or terms.total_limit < terms.loan_limit:
        field = "total_limit" if terms.loan_limit else "loan_limit"
        raise TotalLimitTooLow(field=field, total_limit=terms.total_limit, loan_limit=terms.loan_limit)
    for index, party in enumerate(terms.parties):
        if party.limit == 0:
            raise PartyLimitMissing(field=f"parties.{index}.limit", member=party.member.hex())


def _require_member(members: Mapping[bytes, MemberRow], member: bytes, role: Role, field: str) -> None:
    found = members.get(member)
    if found is None:
        raise MemberUnknown(field=field, member=member.hex())
    if found.state != "ACTIVE":
        raise MemberInactive(field=field, member=member.hex(), state=found.state)
    if not found.roles & role:
        raise MemberLacksRole(field=field, member=member.hex(), role=role.name)
