"""What the terms of an agreement must satisfy: `Terms.sol`."""

from typing import Final

from tallystick.acts import AgreementTerms
from tallystick.money import FULL_SHARE_BPS

from .books import NOTHING, Books
from .codes import MemberState, Visibility
from .errors import Rule, broken
from .event import Event
from .members import ALL_ROLES

__all__ = ["check_terms", "date_exists"]

LENDER: Final = 1
DEPOSITORY: Final = 2
ARBITRATOR: Final = 4
FEWEST_PARTIES: Final = 2
MOST_PARTIES: Final = 16
LONGEST_NAME: Final = 64
DAY_S: Final = 86_400
LONGEST_PERIOD: Final = 3650 * DAY_S
_DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def check_terms(books: Books, terms: AgreementTerms, event: Event) -> None:
    """Raise `ReplayBroken` by `terms`, `member` or `role` unless the terms hold together and every party is an active
    lender now."""
    if failed := _fields_failed(terms) or _parties_failed(terms):
        raise broken(event, Rule.TERMS, failed)
    for party in terms.parties:
        _require_role(books, party.member, LENDER, event)
    for member, role in ((terms.depository, DEPOSITORY), (terms.arbitrator, ARBITRATOR)):
        if member != NOTHING:
            _require_role(books, member, role, event)


def date_exists(date: int) -> bool:
    """Whether `date`, written yyyymmdd, is a day from 1900-01-01 to 9999-12-31 (`Dates.sol`)."""
    year, month, day = date // 10_000, date // 100 % 100, date % 100
    if not (1900 <= year <= 9999 and 1 <= month <= 12 and 1 <= day <= _DAYS[month - 1]):
        return False
    return (month, day) != (2, 29) or (year % 4 == 0 and (year % 100 != 0 or year % 400 == 0))


def _fields_failed(terms: AgreementTerms) -> str:
    is_open = terms.visibility == Visibility.OPEN
    periods = (terms.objection_period, terms.cure_period, terms.response_period, terms.call_deadline_blocks)
    demands = {
        "visibility": terms.visibility in set(Visibility),
        "currency": terms.currency.isalpha() and terms.currency.isupper(),
        "loan limit": not is_open or terms.loan_limit > 0,
        "total limit": not is_open or terms.total_limit >= terms.loan_limit,
        "calendar": 0 < len(terms.calendar.encode(errors="surrogateescape")) <= LONGEST_NAME,
        "time zone": 0 < len(terms.time_zone.encode(errors="surrogateescape")) <= LONGEST_NAME,
        "cut-off": terms.cut_off < DAY_S,
        "attesting roles": terms.attesting_roles <= ALL_ROLES,
        "penalty surcharge": terms.penalty_surcharge_bps <= FULL_SHARE_BPS,
        "periods": max(periods) <= LONGEST_PERIOD,
    }
    return next((f"the {name} is out of range" for name, holds in demands.items() if not holds), "")


def _parties_failed(terms: AgreementTerms) -> str:
    members = [party.member for party in terms.parties]
    is_open = terms.visibility == Visibility.OPEN
    demands = {
        f"{len(members)} parties": FEWEST_PARTIES <= len(members) <= MOST_PARTIES,
        "a party twice": len(set(members)) == len(members),
        "a party without a share or limit": all(
            party.share_bps > 0 and (party.limit > 0 or not is_open) for party in terms.parties
        ),
        "shares that do not add up": sum(party.share_bps for party in terms.parties) == FULL_SHARE_BPS,
        "an originator that is no party": terms.originator in members,
    }
    return next((f"the terms have {name}" for name, holds in demands.items() if not holds), "")


def _require_role(books: Books, member: bytes, role: int, event: Event) -> None:
    found = books.known(event, member)
    if found.state is not MemberState.ACTIVE:
        raise broken(event, Rule.MEMBER, f"{member.hex()} is {found.state.name}")
    if not found.roles & role:
        raise broken(event, Rule.ROLE, f"{member.hex()} has roles {found.roles}, without {role}")
