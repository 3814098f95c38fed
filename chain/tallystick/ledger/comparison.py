"""The recomputed state beside another account of it: a second replay, a gateway's projections, the contracts' views."""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .state import Agreement, ChainState, Key, Loan, Matter, Proposal

__all__ = ["Difference", "Row", "Subject", "Views", "compare", "views_of"]


class Subject(StrEnum):
    """What a row is about, and by what it is found."""

    CONSORTIUM = "consortium"
    """The settings; one row, by ""."""
    MEMBER = "member"
    """By member id."""
    KEY = "key"
    """By key, 32 bytes."""
    CONTRACT = "contract"
    """The directory now; by name."""
    PROPOSAL = "proposal"
    """By the proposal's act id."""
    AGREEMENT = "agreement"
    """By agreement id."""
    LOAN = "loan"
    """By (agreement, loan key)."""
    MATTER = "matter"
    """What waits or waited for signatures in the present contracts; by act id."""
    LOG = "log"
    """By (member, stream)."""


Row = Mapping[str, object]
Views = Mapping[Subject, Mapping[Hashable, Row]]
"""Rows by subject and key. A subject or field that is not there is not compared; the fields there can be are those of
`views_of`."""

_ABSENT: Final = None


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that two accounts say differently. `field` is empty where only one of them knows the subject at all."""

    subject: Subject
    key: Hashable
    field: str
    expected: object
    found: object

    def __str__(self) -> str:
        where = f"{self.subject} {_shown(self.key)}".rstrip()
        if self.field:
            return f"{where}: {self.field} is {_shown(self.found)}, not {_shown(self.expected)}"
        return f"{where} is {'missing' if self.found is _ABSENT else 'too many'}"


def compare(expected: ChainState | Views, found: ChainState | Views) -> tuple[Difference, ...]:
    """Everything `found` says differently from `expected`, in a stable order; empty if they agree.

    Compared are the subjects both have, and of a row the fields that `found` has: an account that says less is compared
    with less. Raises `ValueError` if `found` has a subject or field that `expected` does not know: a comparison that
    was asked for and cannot be made.
    """
    left, right = _views(expected), _views(found)
    if unknown := right.keys() - left.keys():
        raise ValueError(f"there is nothing to compare with {', '.join(sorted(unknown))}")
    return tuple(
        difference
        for subject in Subject
        if subject in right
        for difference in _rows(subject, left[subject], right[subject])
    )


def views_of(state: ChainState) -> Views:
    """The state as the contracts' views show it: 0 and zero bytes for "never" and "none", masks and party indices as
    they are there. Agreements and loans that the present contracts did not adopt are those of their predecessors."""
    return {
        Subject.CONSORTIUM: {"": _consortium(state)},
        Subject.MEMBER: {
            key: {
                "state": member.state,
                "roles": member.roles,
                "index": member.index,
                "certificate": member.certificate,
            }
            for key, member in state.members.items()
        },
        Subject.KEY: {key: _key(found) for key, found in state.keys.items()},
        Subject.CONTRACT: {
            line.name: {"address": line.address, "code_hash": line.code_hash}
            for line in state.directory
            if line.until is None
        },
        Subject.PROPOSAL: {key: _proposal(state, proposal) for key, proposal in state.proposals.items()},
        Subject.AGREEMENT: {key: _agreement(agreement) for key, agreement in state.agreements.items()},
        Subject.LOAN: {key: _loan(state, loan) for key, loan in state.loans.items()},
        Subject.MATTER: {
            **{key: _matter(matter) for book in state.books[:1] for key, matter in book.matters.items()},
            **{key: _matter(matter) for ledger in state.ledgers[:1] for key, matter in ledger.matters.items()},
        },
        Subject.LOG: {
            key: {"next_index": log.next_index, "last_anchor": log.last_anchor} for key, log in state.logs.items()
        },
    }


def _views(account: ChainState | Views) -> Views:
    return views_of(account) if isinstance(account, ChainState) else account


def _rows(subject: Subject, expected: Mapping[Hashable, Row], found: Mapping[Hashable, Row]) -> Iterator[Difference]:
    for key, row in expected.items():
        other = found.get(key)
        if other is None:
            yield Difference(subject, key, "", row, _ABSENT)
            continue
        if unknown := other.keys() - row.keys():
            raise ValueError(f"there is no field {', '.join(sorted(unknown))} of {subject} to compare with")
        for field, value in other.items():
            if value != row[field]:
                yield Difference(subject, key, field, row[field], value)
    for key, other in found.items():
        if key not in expected:
            yield Difference(subject, key, "", _ABSENT, other)


def _consortium(state: ChainState) -> Row:
    return {
        "active": state.active,
        "epoch": state.epoch,
        "delay": state.delay,
        "threshold": state.threshold,
        "validators": frozenset(state.validators),
    }


def _key(key: Key) -> Row:
    return {
        "member": key.member,
        "purpose": key.purpose,
        "not_before": key.not_before,
        "not_after": key.not_after,
        "revoked_at": key.revoked_at or 0,
        "compromised_since": key.compromised_since or 0,
        "compromise_reported_at": key.compromise_reported_at or 0,
        "compromise_reported_by": key.compromise_reported_by or bytes(32),
    }


def _proposal(state: ChainState, proposal: Proposal) -> Row:
    return {
        "state": proposal.state,
        "change": proposal.change,
        "proposer": proposal.proposer,
        "epoch": proposal.epoch,
        "executable_from": proposal.executable_from,
        "lapses_at": proposal.lapses_at,
        "approvals": sum(1 << state.members[member].index for member in proposal.approvals),
    }


def _agreement(agreement: Agreement) -> Row:
    terms = agreement.terms
    members = [party.member for party in terms.parties]
    return {
        "state": agreement.state,
        "visibility": terms.visibility,
        "currency": terms.currency,
        "originator": members.index(terms.originator),
        "attesting_roles": terms.attesting_roles,
        "loan_limit": terms.loan_limit,
        "total_limit": terms.total_limit,
        "exposure": agreement.exposure,
        "depository": terms.depository,
        "arbitrator": terms.arbitrator,
        "parties": tuple(members),
        "share_bps": tuple(party.share_bps for party in terms.parties),
        "limits": tuple(party.limit for party in terms.parties),
        "exposures": agreement.exposures,
    }


def _loan(state: ChainState, loan: Loan) -> Row:
    return {
        "state": loan.state,
        "servicer": loan.servicer or bytes(32),
        "principal": loan.principal,
        "shares": state.shares_of(loan),
        "count": loan.count,
        "carried_count": loan.carried_count,
        "head": loan.head,
    }


def _matter(matter: Matter) -> Row:
    return {
        "kind": matter.kind,
        "agreement": matter.agreement,
        "loan": matter.loan or bytes(32),
        "from": matter.giver,
        "to": matter.taker,
        "amount": matter.amount,
        "awaiting": matter.awaiting,
        "open_until": matter.open_until if matter.open else 0,
    }


def _shown(value: object) -> str:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, tuple):
        return "/".join(_shown(part) for part in value)
    return str(value)
