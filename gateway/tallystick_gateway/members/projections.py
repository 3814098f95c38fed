"""What the Consortium contract's events make of members, keys, directory and proposals."""

from collections.abc import Sequence

from sqlalchemy import update

from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.scoping import owned_by, table_of
from tallystick_gateway.watch.blocks import CheckedBlock
from tallystick_gateway.watch.chain_event import ChainEvent, Handlers, apply_each
from tallystick_gateway.watch.upsert import upsert

from .codes import KEY_PURPOSES, MEMBER_STATES
from .models import (
    ConsortiumRow,
    DirectoryRow,
    KeyRow,
    MemberRow,
    ProposalApprovalRow,
    ProposalRow,
    RatificationRow,
)
from .repository import consortium, find_ratification

__all__ = ["apply"]

_keys = table_of(KeyRow)
_members = table_of(MemberRow)
_proposals = table_of(ProposalRow)
_directory = table_of(DirectoryRow)


def apply(session: Session, block: CheckedBlock, events: Sequence[ChainEvent]) -> None:
    """Take the block's events, in its transaction."""
    apply_each(session, block, events, _HANDLERS)


def _admitted(session: Session, event: ChainEvent) -> None:
    values = event.values
    row = {
        "member": values["member"],
        "position": values["index"],
        "roles": values["roles"],
        "state": MEMBER_STATES[1],
        "certificate": values["certificate"],
        "admitted_height": event.height,
    }
    upsert(session, MemberRow, [row], key=["member"], overwrite=["position", "roles", "state", "certificate"])
    before = consortium(session)
    _set_consortium(session, epoch=(before.epoch if before else 0) + 1)


def _state_changed(session: Session, event: ChainEvent) -> None:
    _set_member(session, event, state=MEMBER_STATES[event.values["state"]])
    _set_consortium(session, epoch=event.values["epoch"])


def _roles_changed(session: Session, event: ChainEvent) -> None:
    _set_member(session, event, roles=event.values["roles"])


def _key_added(session: Session, event: ChainEvent) -> None:
    values = event.values
    row = {
        "key": values["key"],
        "member": values["member"],
        "purpose": KEY_PURPOSES[values["purpose"]],
        "not_before": values["notBefore"],
        "not_after": values["notAfter"],
        "added_height": event.height,
    }
    upsert(session, KeyRow, [row], key=["key"], overwrite=["not_before", "not_after"])


def _key_revoked(session: Session, event: ChainEvent) -> None:
    _set_key(session, event, revoked_at=event.values["revokedAt"])


def _key_compromised(session: Session, event: ChainEvent) -> None:
    _set_key(session, event, compromised_since=event.values["since"])


def _ratified(session: Session, event: ChainEvent) -> None:
    before = find_ratification(session, event.values["member"])
    row = {
        "member": event.values["member"],
        "list_hash": event.values["listHash"],
        "number": before.number + 1 if before else 1,
        "height": event.height,
    }
    upsert(session, RatificationRow, [row], key=["member"], overwrite=["list_hash", "number", "height"])


def _activated(session: Session, _event: ChainEvent) -> None:
    _set_consortium(session, active=True)


def _registered(session: Session, event: ChainEvent) -> None:
    values = event.values
    name = values["name"].rstrip(b"\0").decode("ascii", "replace")
    session.execute(
        update(_directory)
        .where(owned_by(session, _directory), _directory.c.name == name, _directory.c.to_height.is_(None))
        .values(to_height=event.height)
    )
    row = {
        "name": name,
        "address": values["deployed"],
        "code_hash": values["codeHash"],
        "from_height": event.height,
        "to_height": None,
    }
    overwrite = ["name", "code_hash", "from_height", "to_height"]
    upsert(session, DirectoryRow, [row], key=["address"], overwrite=overwrite)


def _delay_changed(session: Session, event: ChainEvent) -> None:
    _set_consortium(session, delay_s=event.values["delay"])


def _threshold_changed(session: Session, event: ChainEvent) -> None:
    _set_consortium(session, threshold=event.values["threshold"])


def _proposed(session: Session, event: ChainEvent) -> None:
    values = event.values
    row = {
        "proposal": event.act_id,
        "proposer": values["member"],
        "change": values["change"],
        "payload": values["payload"],
        "epoch": values["epoch"],
        "executable_from": values["executableFrom"],
        "lapses_at": values["lapsesAt"],
        "state": "OPEN",
        "height": event.height,
    }
    upsert(session, ProposalRow, [row], key=["proposal"], overwrite=["state"])
    _approve(session, event, event.act_id)


def _approved(session: Session, event: ChainEvent) -> None:
    _approve(session, event, event.values["proposal"])


def _withdrawn(session: Session, event: ChainEvent) -> None:
    _set_proposal(session, event.values["proposal"], "CANCELLED")


def _executed(session: Session, event: ChainEvent) -> None:
    _set_proposal(session, event.act_id, "EXECUTED")


def _approve(session: Session, event: ChainEvent, proposal: bytes) -> None:
    row = {"proposal": proposal, "member": event.values["member"], "height": event.height}
    upsert(session, ProposalApprovalRow, [row], key=["proposal", "member"], overwrite=["height"])


def _set_member(session: Session, event: ChainEvent, **columns: object) -> None:
    mine = (owned_by(session, _members), _members.c.member == event.values["member"])
    session.execute(update(_members).where(*mine).values(**columns))


def _set_key(session: Session, event: ChainEvent, **columns: object) -> None:
    session.execute(update(_keys).where(owned_by(session, _keys), _keys.c.key == event.values["key"]).values(**columns))


def _set_proposal(session: Session, proposal: bytes, state: str) -> None:
    mine = (owned_by(session, _proposals), _proposals.c.proposal == proposal)
    session.execute(update(_proposals).where(*mine).values(state=state))


def _set_consortium(session: Session, **columns: object) -> None:
    blank: dict[str, object] = {"active": False, "epoch": 0, "delay_s": None, "threshold": None}
    upsert(session, ConsortiumRow, [{**blank, **columns}], key=[], overwrite=list(columns))


_HANDLERS: Handlers = {
    "MemberAdmitted": _admitted,
    "MemberStateChanged": _state_changed,
    "RolesChanged": _roles_changed,
    "KeyAdded": _key_added,
    "KeyRevocationRecorded": _key_revoked,
    "CompromiseReported": _key_compromised,
    "Ratified": _ratified,
    "ConsortiumActivated": _activated,
    "ContractRegistered": _registered,
    "DelayChanged": _delay_changed,
    "ThresholdChanged": _threshold_changed,
    "ProposalMade": _proposed,
    "ProposalApproved": _approved,
    "ProposalWithdrawn": _withdrawn,
    "ProposalExecuted": _executed,
}
