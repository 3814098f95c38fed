"""All SQL on members, keys, directory and proposals."""

from collections.abc import Sequence

from sqlmodel import col, select

from tallystick_gateway.kit.db import Session

from .models import (
    ConsortiumRow,
    DirectoryRow,
    KeyRow,
    MemberRow,
    ProposalApprovalRow,
    ProposalRow,
    RatificationRow,
)

__all__ = [
    "approvals_of",
    "consortium",
    "directory",
    "find_key",
    "find_member",
    "find_proposal",
    "find_ratification",
    "keys_of",
    "list_members",
    "list_proposals",
    "proposals_by",
    "ratifications",
]


def list_members(session: Session) -> Sequence[MemberRow]:
    """Every member ever admitted, in order of admission."""
    return session.exec(select(MemberRow).order_by(col(MemberRow.position))).all()


def find_member(session: Session, member: bytes) -> MemberRow | None:
    """The member, None if it was never admitted."""
    return session.exec(select(MemberRow).where(col(MemberRow.member) == member)).first()


def keys_of(session: Session, member: bytes | None = None, purpose: str | None = None) -> Sequence[KeyRow]:
    """Keys in order of addition, of one member or of all."""
    query = select(KeyRow).order_by(col(KeyRow.id))
    if member is not None:
        query = query.where(col(KeyRow.member) == member)
    if purpose is not None:
        query = query.where(col(KeyRow.purpose) == purpose)
    return session.exec(query).all()


def find_key(session: Session, key: bytes) -> KeyRow | None:
    """The key, None if the chain does not know it."""
    return session.exec(select(KeyRow).where(col(KeyRow.key) == key)).first()


def directory(session: Session) -> Sequence[DirectoryRow]:
    """Every contract the directory ever named, in order."""
    return session.exec(select(DirectoryRow).order_by(col(DirectoryRow.id))).all()


def consortium(session: Session) -> ConsortiumRow | None:
    """The consortium's settings, None before the first block was taken."""
    return session.exec(select(ConsortiumRow)).first()


def find_ratification(session: Session, member: bytes) -> RatificationRow | None:
    """The founder's latest ratification."""
    return session.exec(select(RatificationRow).where(col(RatificationRow.member) == member)).first()


def ratifications(session: Session) -> Sequence[RatificationRow]:
    """The latest ratification of each founder."""
    return session.exec(select(RatificationRow)).all()


def find_proposal(session: Session, proposal: bytes) -> ProposalRow | None:
    """The proposal, None if the chain does not know it."""
    return session.exec(select(ProposalRow).where(col(ProposalRow.proposal) == proposal)).first()


def list_proposals(session: Session) -> Sequence[ProposalRow]:
    """Every proposal, newest first."""
    return session.exec(select(ProposalRow).order_by(col(ProposalRow.id).desc())).all()


def proposals_by(session: Session, member: bytes) -> int:
    """How many proposals the member has made."""
    return len(session.exec(select(ProposalRow.id).where(col(ProposalRow.proposer) == member)).all())


def approvals_of(session: Session, proposal: bytes) -> Sequence[ProposalApprovalRow]:
    """Who approved the proposal, in order."""
    query = select(ProposalApprovalRow).where(col(ProposalApprovalRow.proposal) == proposal)
    return session.exec(query.order_by(col(ProposalApprovalRow.id))).all()
