"""HTTP of agreements, their secrets, and matters that wait for signatures."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from tallystick.sealing import CommitmentDiffers, NotAReader, SealBroken, SealedFileMalformed
from tallystick_gateway.acts.accepted import Accepted
from tallystick_gateway.acts.errors import AlreadyRequested, KeyNotValid, NotJoined
from tallystick_gateway.kit.doors import ReadDoor, WriteDoor, reads, writes
from tallystick_gateway.kit.errors import declared
from tallystick_gateway.kit.paging import LARGEST_PAGE, CursorRefused, Page
from tallystick_gateway.kit.roles import Action
from tallystick_gateway.kit.wire import Hex32

from . import errors, matters, sealing, service
from .schemas import (
    AgreementOut,
    AgreementState,
    CoSignIn,
    MattersOut,
    NothingIn,
    ProposedOut,
    SealedSecretIn,
    SealedSecretOut,
    SealIn,
    SecretOpenedOut,
    TermsIn,
)

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["agreements"])

_SIGNING = (NotJoined, AlreadyRequested, KeyNotValid)


def _followed(out: Accepted) -> str:
    return f"/v1/submissions/{out.submission_id}"


@router.post(
    "/agreements",
    status_code=202,
    response_model=ProposedOut,
    responses=declared(
        errors.SharesDoNotAddUp,
        errors.PartyRepeated,
        errors.PartyLimitMissing,
        errors.TotalLimitTooLow,
        errors.OriginatorNotUs,
        errors.CalendarUnknown,
        errors.MemberUnknown,
        errors.MemberInactive,
        errors.MemberLacksRole,
        *_SIGNING,
    ),
)
def propose(body: TermsIn, door: Annotated[WriteDoor, writes(Action.AGREEMENTS_PROPOSE)]) -> Response:
    """Propose an agreement as its originator; the other parties co-sign it at their gateways."""
    return door.write(
        lambda session: service.propose(session, door.gateway, body),
        status=202,
        location=lambda out: f"/v1/agreements/{out.agreement.hex()}",
    )


@router.get("/agreements", response_model=Page[AgreementOut], responses=declared(CursorRefused))
def list_agreements(
    door: Annotated[ReadDoor, reads(Action.AGREEMENTS_READ)],
    state: AgreementState | None = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 100,
) -> Response:
    """Agreements with their parties, exposure and headroom."""
    return door.read(lambda session: service.listing(session, door.gateway, state, cursor, limit))


@router.get("/agreements/{agreement}", response_model=AgreementOut, responses=declared(errors.AgreementUnknown))
def show(agreement: Hex32, door: Annotated[ReadDoor, reads(Action.AGREEMENTS_READ)]) -> Response:
    """One agreement with its terms, parties, exposure and headroom."""
    return door.read(lambda session: service.show(session, door.gateway, agreement))


@router.post(
    "/agreements/{agreement}/cosign",
    status_code=202,
    response_model=Accepted,
    responses=declared(
        errors.AgreementUnknown,
        errors.IdDiffers,
        errors.AgreementNotOpen,
        errors.NotParty,
        errors.AlreadySigned,
        errors.TermsNotUnderstood,
        *_SIGNING,
    ),
)
def co_sign(agreement: Hex32, body: CoSignIn, door: Annotated[WriteDoor, writes(Action.AGREEMENTS_COSIGN)]) -> Response:
    """Sign an agreement that another party proposed. State the id of the terms as you read them."""
    return door.write(
        lambda session: service.co_sign(session, door.gateway, agreement, body.agreement),
        status=202,
        location=_followed,
    )


@router.post(
    "/agreements/{agreement}/withdraw",
    status_code=202,
    response_model=Accepted,
    responses=declared(errors.AgreementUnknown, errors.AgreementNotOpen, errors.NotOpener, *_SIGNING),
)
def withdraw_agreement(
    agreement: Hex32, body: NothingIn, door: Annotated[WriteDoor, writes(Action.AGREEMENTS_PROPOSE)]
) -> Response:
    """Take back a proposal of ours that others have still to sign."""
    return door.write(
        lambda session: matters.withdraw_agreement(session, door.gateway, agreement),
        status=202,
        location=_followed,
    )


@router.post(
    "/agreements/{agreement}/secret:seal",
    response_model=SealedSecretOut,
    responses=declared(errors.AgreementUnknown, errors.NotParty, errors.SecretNotHeld, errors.SealKeyMissing),
)
def seal_secret(
    agreement: Hex32, body: SealIn, door: Annotated[WriteDoor, writes(Action.AGREEMENTS_PROPOSE)]
) -> Response:
    """Seal the agreement's secret for other parties, as a file to hand over."""
    return door.write(lambda session: sealing.seal_secret(session, door.gateway, agreement, body.readers))


@router.post(
    "/agreements/{agreement}/secret:open",
    response_model=SecretOpenedOut,
    responses=declared(
        errors.AgreementUnknown,
        errors.NotParty,
        errors.ExchangeKeyUnknown,
        errors.SecretDiffers,
        SealedFileMalformed,
        NotAReader,
        SealBroken,
        CommitmentDiffers,
    ),
)
def open_secret(
    agreement: Hex32, body: SealedSecretIn, door: Annotated[WriteDoor, writes(Action.AGREEMENTS_COSIGN)]
) -> Response:
    """Import the agreement's secret from a sealed file; from then on loan ids can be turned into loan keys here."""
    return door.write(lambda session: sealing.open_secret(session, door.gateway, agreement, body.content))


@router.get("/matters", response_model=MattersOut)
def list_matters(
    door: Annotated[ReadDoor, reads(Action.AGREEMENTS_READ)],
    agreement: Hex32 | None = None,
    state: Literal["OPEN", "DONE", "WITHDRAWN"] | None = None,
) -> Response:
    """What was opened for several to sign, and for whom it waits."""
    return door.read(lambda session: matters.listing(session, agreement, state))


@router.post(
    "/matters/{matter}/cosign",
    status_code=202,
    response_model=Accepted,
    responses=declared(errors.MatterUnknown, errors.MatterNotOpen, errors.NotAwaited, *_SIGNING),
)
def co_sign_matter(
    matter: Hex32, body: NothingIn, door: Annotated[WriteDoor, writes(Action.AGREEMENTS_COSIGN)]
) -> Response:
    """Sign a transfer or a sealed loan that waits for us."""
    return door.write(lambda session: matters.co_sign(session, door.gateway, matter), status=202, location=_followed)


@router.post(
    "/matters/{matter}/withdraw",
    status_code=202,
    response_model=Accepted,
    responses=declared(errors.MatterUnknown, errors.MatterNotOpen, errors.NotOpener, *_SIGNING),
)
def withdraw_matter(
    matter: Hex32, body: NothingIn, door: Annotated[WriteDoor, writes(Action.AGREEMENTS_PROPOSE)]
) -> Response:
    """Take back an offer of ours that others have still to sign."""
    return door.write(lambda session: matters.withdraw(session, door.gateway, matter), status=202, location=_followed)
