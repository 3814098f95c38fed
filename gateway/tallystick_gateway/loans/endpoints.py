"""HTTP of loans."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from tallystick_gateway.acts.accepted import Accepted
from tallystick_gateway.acts.errors import AlreadyRequested, KeyNotValid, NotJoined
from tallystick_gateway.agreements.errors import (
    AgreementNotActive,
    AgreementUnknown,
    LoanLimitExceeded,
    NotParty,
    PartyLimitExceeded,
    SecretNotHeld,
    TotalLimitExceeded,
)
from tallystick_gateway.kit.doors import ReadDoor, WriteDoor, reads, writes
from tallystick_gateway.kit.errors import declared
from tallystick_gateway.kit.paging import LARGEST_PAGE, CursorRefused, Page
from tallystick_gateway.kit.roles import Action
from tallystick_gateway.kit.wire import Hex32

from . import errors, service, views
from .schemas import (
    DisbursedOut,
    LoanBatchOut,
    LoanChangeOut,
    LoanDetailOut,
    LoanIn,
    LoanOut,
    LoansIn,
    LoanState,
    ReverseIn,
    ServicingIn,
    ServicingOut,
    ServicingStatus,
    SettleIn,
    SnapshotIn,
    SummaryOut,
    TransferServicingIn,
    TransferShareIn,
    WriteOffIn,
)

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["loans"])

Reads = Annotated[ReadDoor, reads(Action.LOANS_READ)]
Disburses = Annotated[WriteDoor, writes(Action.LOANS_DISBURSE)]
ChangesLoans = Annotated[WriteDoor, writes(Action.LOANS_CHANGE)]
Partial = Annotated[bool, Query(description="Take the good rows and return the others, instead of all or nothing.")]
LoanName = Annotated[str, Path(pattern=r"^([A-Z0-9-]{1,64}|[0-9a-f]{64})$", description="loan id, or loan key")]

_ANY = (AgreementUnknown, AgreementNotActive, SecretNotHeld, NotJoined, AlreadyRequested, KeyNotValid)
_PAYING = (*_ANY, errors.NotOriginator, errors.LoansSealed)
_ONE = (*_ANY, errors.LoanUnknown, errors.LoanIdNeeded, errors.StateForbids, NotParty)
_SERVICER = (*_ONE, errors.NotServicer)


def _followed(out: Accepted) -> str:
    return f"/v1/submissions/{out.submission_id}"


def _followed_batch(out: LoanBatchOut) -> str:
    return f"/v1/submissions/{out.submission_id}" if out.submission_id else "/v1/submissions"


@router.post(
    "/loans",
    status_code=202,
    response_model=DisbursedOut,
    responses=declared(
        *_PAYING,
        errors.CurrencyDiffers,
        errors.SharesDiffer,
        errors.LoanExists,
        errors.LoanRequested,
        LoanLimitExceeded,
        TotalLimitExceeded,
        PartyLimitExceeded,
    ),
)
def disburse(body: LoanIn, door: Disburses) -> Response:
    """Record that one loan was paid out."""
    return door.write(
        lambda session: service.disburse(session, door.gateway, body),
        status=202,
        location=lambda out: f"/v1/loans/{out.agreement.hex()}/{out.loan.hex()}",
    )


@router.post(
    "/loans:batch", status_code=202, response_model=LoanBatchOut, responses=declared(*_PAYING, errors.RowsRefused)
)
def disburse_many(body: LoansIn, door: Disburses, partial: Partial = False) -> Response:
    """Record that up to 10 000 loans were paid out: one act for each, all or nothing unless `partial=true`."""
    return door.write(
        lambda session: service.disburse_many(session, door.gateway, body, partial=partial),
        status=202,
        location=_followed_batch,
    )


@router.post(
    "/loans:settle", status_code=202, response_model=LoanBatchOut, responses=declared(*_ANY, errors.RowsRefused)
)
def settle(body: SettleIn, door: ChangesLoans, partial: Partial = False) -> Response:
    """Record that loans are paid: one act for each, all or nothing unless `partial=true`."""
    return door.write(
        lambda session: service.settle(session, door.gateway, body, partial=partial),
        status=202,
        location=_followed_batch,
    )


@router.post(
    "/loans:snapshot",
    status_code=202,
    response_model=LoanBatchOut,
    responses=declared(*_ANY, errors.NotNamed, errors.RowsRefused),
)
def snapshot(body: SnapshotIn, door: ChangesLoans, partial: Partial = False) -> Response:
    """Have the chain state the present count and head of loans."""
    return door.write(
        lambda session: service.snapshot(session, door.gateway, body, partial=partial),
        status=202,
        location=_followed_batch,
    )


@router.post("/loans:write-off", status_code=202, response_model=LoanChangeOut, responses=declared(*_SERVICER))
def write_off(body: WriteOffIn, door: ChangesLoans) -> Response:
    """Record that a loan is given up."""
    return door.write(lambda session: service.write_off(session, door.gateway, body), status=202, location=_followed)


@router.post("/loans:reverse", status_code=202, response_model=LoanChangeOut, responses=declared(*_SERVICER))
def reverse(body: ReverseIn, door: ChangesLoans) -> Response:
    """Record that a disbursement never took place."""
    return door.write(lambda session: service.reverse(session, door.gateway, body), status=202, location=_followed)


@router.post(
    "/loans:transfer-share",
    status_code=202,
    response_model=LoanChangeOut,
    responses=declared(*_ONE, errors.ShareTooLarge, errors.TransferToSelf),
)
def transfer_share(body: TransferShareIn, door: ChangesLoans) -> Response:
    """Offer a part of our share of a loan to another party; it takes effect when that party has co-signed."""
    return door.write(
        lambda session: service.transfer_share(session, door.gateway, body), status=202, location=_followed
    )


@router.post(
    "/loans:transfer-servicing",
    status_code=202,
    response_model=LoanChangeOut,
    responses=declared(*_SERVICER, errors.TransferToSelf),
)
def transfer_servicing(body: TransferServicingIn, door: ChangesLoans) -> Response:
    """Offer the servicing of a loan to another party; it takes effect when that party has co-signed."""
    return door.write(
        lambda session: service.transfer_servicing(session, door.gateway, body), status=202, location=_followed
    )


@router.put(
    "/loans:servicing-status",
    response_model=ServicingOut,
    responses=declared(AgreementUnknown, SecretNotHeld, errors.RowsRefused),
)
def set_servicing(body: ServicingIn, door: Disburses) -> Response:
    """State how loans are served, as their servicer. It stays in this gateway."""
    return door.write(lambda session: views.set_servicing(session, door.gateway, body))


@router.get("/loans", response_model=Page[LoanOut], responses=declared(CursorRefused))
def list_loans(
    door: Reads,
    agreement: Hex32 | None = None,
    state: LoanState | None = None,
    servicing_status: ServicingStatus | None = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 100,
) -> Response:
    """Loans, by agreement, by state on the chain, by servicing status."""
    return door.read(lambda session: views.listing(session, agreement, state, servicing_status, cursor, limit))


@router.get("/loans:summary", response_model=SummaryOut)
def summary(door: Reads, agreement: Hex32 | None = None) -> Response:
    """How many loans are in each state and servicing status."""
    return door.read(lambda session: views.summary(session, agreement))


@router.get(
    "/loans/{agreement}/{loan}",
    response_model=LoanDetailOut,
    responses=declared(AgreementUnknown, SecretNotHeld, errors.LoanUnknown),
)
def show(agreement: Hex32, loan: LoanName, door: Reads) -> Response:
    """One loan, by its id or its key, with every act about it."""
    return door.read(lambda session: views.show(session, door.gateway, agreement, loan))
