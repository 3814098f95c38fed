"""Members, keys, directory and proposals put into their wire form, from one snapshot."""

from collections.abc import Mapping

from tallystick.consortium import MemberCard, roles_of
from tallystick_gateway.acts.desk import desk_of
from tallystick_gateway.kit.clock import as_unix, from_unix
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway

from . import repository
from .cards import cards
from .codes import CHANGES
from .decisions import standing_of
from .errors import MemberUnknown, ProposalUnknown
from .exporting import export
from .keys import state_of
from .models import KeyRow, MemberRow, ProposalRow
from .payloads import change_of_code, decode_payload
from .schemas import (
    ChangeOut,
    ChangesOut,
    ConsortiumOut,
    DirectoryEntryOut,
    DirectoryOut,
    ExportIn,
    ExportOut,
    KeyOut,
    KeysOut,
    MemberOut,
    MembersOut,
    ProposalOut,
    ProposalsOut,
    RatificationOut,
)

__all__ = ["changes", "consortium", "directory", "exported", "keys", "member", "members", "proposal", "proposals"]

_WITH_ADDRESS = frozenset({"ACT", "RECOVERY", "VALIDATOR"})


def members(session: Session, gateway: Gateway) -> MembersOut:
    """Every member, in order of admission."""
    known = cards(gateway)
    return MembersOut(items=[_member(row, known, session.owner) for row in repository.list_members(session)])


def member(session: Session, gateway: Gateway, member_: bytes) -> MemberOut:
    """One member. Raises `MemberUnknown`."""
    row = repository.find_member(session, member_)
    if row is None:
        raise MemberUnknown(f"The chain knows no member {member_.hex()}.", member=member_)
    return _member(row, cards(gateway), session.owner)


def keys(session: Session, gateway: Gateway, member_: bytes | None, purpose: str | None) -> KeysOut:
    """Keys of one member or of all."""
    now = as_unix(gateway.clock.now())
    return KeysOut(items=[_key(row, now) for row in repository.keys_of(session, member_, purpose)])


def directory(session: Session) -> DirectoryOut:
    """The contract directory, with its past."""
    rows = repository.directory(session)
    return DirectoryOut(
        items=[
            DirectoryEntryOut(
                name=row.name,
                address=row.address,
                code_hash=row.code_hash,
                from_height=row.from_height,
                to_height=row.to_height,
            )
            for row in rows
        ]
    )


def consortium(session: Session, gateway: Gateway) -> ConsortiumOut:
    """The pinned consortium and who has ratified. Raises `NotJoined`."""
    pinned, row = desk_of(gateway).consortium, repository.consortium(session)
    ratified = repository.ratifications(session)
    done = {entry.member for entry in ratified}
    active = bool(row and row.active)
    return ConsortiumOut(
        digest=pinned.digest,
        chain_id=str(pinned.chain_id),
        genesis_hash=pinned.genesis_hash,
        engine=pinned.engine,
        active=active,
        delay_s=row.delay_s if row else None,
        threshold=row.threshold if row else None,
        ratified=[
            RatificationOut(member=entry.member, list_hash=entry.list_hash, height=entry.height) for entry in ratified
        ],
        missing=[] if active else [card.member for card in pinned.members if card.member not in done],
    )


def exported(session: Session, gateway: Gateway, asked: ExportIn) -> ExportOut:
    """The consortium as a file. Raises as `exporting.export` does."""
    found = export(session, gateway, [card.encode() for card in asked.cards])
    content = found.document.to_bytes().decode()
    return ExportOut(digest=found.document.digest, height=found.height, content=content)


def changes() -> ChangesOut:
    """Every change that can be proposed."""
    return ChangesOut(
        items=[
            ChangeOut(change=change.name, fields={name: kind for kind, name in change.fields})
            for change in CHANGES.values()
        ]
    )


def proposals(session: Session, gateway: Gateway) -> ProposalsOut:
    """Every proposal, newest first."""
    now = as_unix(gateway.clock.now())
    return ProposalsOut(items=[_proposal(session, row, now) for row in repository.list_proposals(session)])


def proposal(session: Session, gateway: Gateway, proposal_: bytes) -> ProposalOut:
    """One proposal. Raises `ProposalUnknown`."""
    row = repository.find_proposal(session, proposal_)
    if row is None:
        raise ProposalUnknown(f"The chain knows no proposal {proposal_.hex()}.", proposal=proposal_)
    return _proposal(session, row, as_unix(gateway.clock.now()))


def _member(row: MemberRow, known: Mapping[bytes, MemberCard], owner: bytes) -> MemberOut:
    card = known.get(row.member)
    return MemberOut(
        member=row.member,
        legal_id=card.legal_id if card else None,
        name=card.name if card else None,
        endpoint=card.endpoint if card else None,
        roles=[role.name or "" for role in roles_of(row.roles)],
        state=row.state,
        certificate=row.certificate,
        is_self=row.member == owner,
    )


def _key(row: KeyRow, now: int) -> KeyOut:
    return KeyOut(
        key=row.key,
        address=row.key[12:] if row.purpose in _WITH_ADDRESS else None,
        member=row.member,
        purpose=row.purpose,
        not_before=from_unix(row.not_before),
        not_after=from_unix(row.not_after),
        revoked_at=None if row.revoked_at is None else from_unix(row.revoked_at),
        compromised_since=None if row.compromised_since is None else from_unix(row.compromised_since),
        state=state_of(row, now),
    )


def _proposal(session: Session, row: ProposalRow, now: int) -> ProposalOut:
    standing = standing_of(session, row, now)
    return ProposalOut(
        proposal=row.proposal,
        proposer=row.proposer,
        change=change_of_code(row.change).name,
        payload=decode_payload(row.change, row.payload),
        payload_bytes=row.payload,
        state=standing.state,
        executable_from=from_unix(row.executable_from),
        lapses_at=from_unix(row.lapses_at),
        approvals=[approval.member for approval in repository.approvals_of(session, row.proposal)],
        counting=standing.counting,
        required=standing.required,
        executable=standing.executable,
    )
