"""HTTP of members: who is in, with which keys, which contracts, and what is being decided."""

from typing import Annotated

from fastapi import APIRouter, Response

from tallystick_gateway.acts.accepted import Accepted
from tallystick_gateway.acts.errors import AlreadyRequested, KeyNotValid, NotJoined
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.doors import ReadDoor, WriteDoor, reads, writes
from tallystick_gateway.kit.errors import declared
from tallystick_gateway.kit.roles import Action
from tallystick_gateway.kit.wire import Hex32

from . import execution, service, views
from .errors import (
    AlreadyRatified,
    CardMissing,
    CardNotOfMember,
    ChangeUnknown,
    ContractUnknown,
    DigestDiffers,
    ExportTooEarly,
    KeyUnknown,
    MemberUnknown,
    NotOwnKey,
    PayloadMalformed,
    ProposalNotOpen,
    ProposalUnknown,
)
from .schemas import (
    AddKeyIn,
    ChangesOut,
    CompromiseIn,
    ConsortiumOut,
    DirectoryOut,
    ExportIn,
    ExportOut,
    KeysOut,
    MemberOut,
    MembersOut,
    ProposalIn,
    ProposalOut,
    ProposalsOut,
    Purpose,
    RatifyIn,
    RevokeKeyIn,
)

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["members"])
Reads = Annotated[ReadDoor, reads(Action.MEMBERS_READ)]
Governs = Annotated[WriteDoor, writes(Action.MEMBERS_GOVERN)]
_SIGNING = (NotJoined, KeyNotValid, AlreadyRequested)


def _location(out: Accepted) -> str:
    return f"/v1/submissions/{out.submission_id}"


@router.get("/members", response_model=MembersOut)
def list_members(door: Reads) -> Response:
    """Every member ever admitted."""
    return door.read(lambda session: views.members(session, door.gateway))


@router.get("/members/{member}", response_model=MemberOut, responses=declared(MemberUnknown))
def show_member(member: Hex32, door: Reads) -> Response:
    """One member."""
    return door.read(lambda session: views.member(session, door.gateway, member))


@router.get("/keys", response_model=KeysOut)
def list_keys(door: Reads, member: Hex32 | None = None, purpose: Purpose | None = None) -> Response:
    """Keys of one member or of all, in order of addition."""
    return door.read(lambda session: views.keys(session, door.gateway, member, purpose))


@router.get("/directory", response_model=DirectoryOut)
def show_directory(door: Reads) -> Response:
    """The contract directory, with its past."""
    return door.read(views.directory)


@router.get("/consortium", response_model=ConsortiumOut, responses=declared(NotJoined))
def show_consortium(door: Reads) -> Response:
    """The pinned consortium and who has ratified it."""
    return door.read(lambda session: views.consortium(session, door.gateway))


@router.post(
    "/consortium:export",
    response_model=ExportOut,
    responses=declared(NotJoined, ExportTooEarly, CardMissing, CardNotOfMember, ContractUnknown),
)
def export_consortium(body: ExportIn, door: Reads) -> Response:
    """The consortium as it is now, as the file that a member admitted later joins with. Nothing is changed."""
    return door.read(lambda session: views.exported(session, door.gateway, body))


@router.post(
    "/consortium:ratify",
    status_code=202,
    response_model=Accepted,
    responses=declared(*_SIGNING, DigestDiffers, AlreadyRatified),
)
def ratify(body: RatifyIn, door: Governs) -> Response:
    """Sign that this member stands by the consortium's chain and contracts."""
    return door.write(
        lambda session: service.ratify(session, door.gateway, body.digest), status=202, location=_location
    )


@router.post("/keys", status_code=202, response_model=Accepted, responses=declared(*_SIGNING))
def add_key(body: AddKeyIn, door: Governs) -> Response:
    """Add a key of this member."""
    return door.write(lambda session: service.add_key(session, door.gateway, body), status=202, location=_location)


@router.post(
    "/keys/{key}:revoke",
    status_code=202,
    response_model=Accepted,
    responses=declared(*_SIGNING, KeyUnknown, NotOwnKey),
)
def revoke_key(key: Hex32, body: RevokeKeyIn, door: Governs) -> Response:
    """Revoke a key of this member at once."""
    return door.write(
        lambda session: service.revoke_key(session, door.gateway, key, body), status=202, location=_location
    )


@router.post(
    "/keys/{key}:report-compromise",
    status_code=202,
    response_model=Accepted,
    responses=declared(*_SIGNING, KeyUnknown, NotOwnKey),
)
def report_compromise(key: Hex32, body: CompromiseIn, door: Governs) -> Response:
    """State since when a key of this member was in other hands."""
    return door.write(
        lambda session: service.report_compromise(session, door.gateway, key, body),
        status=202,
        location=_location,
    )


@router.get("/proposals", response_model=ProposalsOut)
def list_proposals(door: Reads) -> Response:
    """Every proposal, newest first."""
    return door.read(lambda session: views.proposals(session, door.gateway))


@router.get("/proposals:changes", response_model=ChangesOut)
def list_changes(door: Reads) -> Response:
    """What can be proposed, with the fields of each change."""
    return door.read(lambda _session: views.changes())


@router.get("/proposals/{proposal}", response_model=ProposalOut, responses=declared(ProposalUnknown))
def show_proposal(proposal: Hex32, door: Reads) -> Response:
    """One proposal and who approved it."""
    return door.read(lambda session: views.proposal(session, door.gateway, proposal))


@router.post(
    "/proposals",
    status_code=202,
    response_model=Accepted,
    responses=declared(*_SIGNING, ChangeUnknown, PayloadMalformed),
)
def propose(body: ProposalIn, door: Governs) -> Response:
    """Propose a change, and approve it; its act id is the proposal's id."""
    return door.write(lambda session: service.propose(session, door.gateway, body), status=202, location=_location)


@router.post(
    "/proposals/{proposal}:approve",
    status_code=202,
    response_model=Accepted,
    responses=declared(*_SIGNING, ProposalUnknown, ProposalNotOpen),
)
def approve(proposal: Hex32, door: Governs) -> Response:
    """Approve a proposal."""
    return door.write(lambda session: service.approve(session, door.gateway, proposal), status=202, location=_location)


@router.post(
    "/proposals/{proposal}:cancel",
    status_code=202,
    response_model=Accepted,
    responses=declared(*_SIGNING, ProposalUnknown, ProposalNotOpen),
)
def cancel(proposal: Hex32, door: Governs) -> Response:
    """Take a proposal of this member back."""
    return door.write(
        lambda session: service.cancel_proposal(session, door.gateway, proposal),
        status=202,
        location=_location,
    )


@router.post(
    "/proposals/{proposal}:execute",
    status_code=202,
    response_model=ProposalOut,
    responses=declared(
        NotJoined, ProposalUnknown, ProposalNotOpen, execution.ExecutionRefused, execution.ValidatorPending
    ),
)
def execute(proposal: Hex32, door: Governs) -> Response:
    """Carry out a proposal after its timelock; anybody may. Follow the proposal's state."""
    execution.rehearse(door.gateway, proposal)

    def store(session: Session) -> ProposalOut:
        execution.store(session, door.gateway, proposal)
        return views.proposal(session, door.gateway, proposal)

    return door.write(store, status=202, location=lambda out: f"/v1/proposals/{out.proposal.hex()}")
