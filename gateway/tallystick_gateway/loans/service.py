"""What clients ask of loans: pay out, settle, write off, reverse, transfer, state how they are served."""

from collections.abc import Callable, Mapping
from typing import NoReturn

from pydantic import TypeAdapter

from tallystick.errors import TallystickError
from tallystick_gateway.acts.accepted import accepted
from tallystick_gateway.acts.service import Enqueued
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.members.fields import word_of

from .changing import Change, Changes
from .dates import date_word
from .disbursing import Payouts
from .errors import ShareTooLarge, TransferToSelf
from .models import LoanRow
from .naming import loan_subject
from .projections import split_shares
from .rows import Refusals, checked
from .schemas import (
    DisbursedOut,
    LoanBatchOut,
    LoanChangeOut,
    LoanIn,
    LoanName,
    LoanRowIn,
    LoansIn,
    ReverseIn,
    SettleIn,
    SnapshotIn,
    TransferServicingIn,
    TransferShareIn,
    WriteOffIn,
)

__all__ = [
    "disburse",
    "disburse_many",
    "reverse",
    "settle",
    "snapshot",
    "transfer_servicing",
    "transfer_share",
    "write_off",
]

_ROW = TypeAdapter(LoanRowIn)
_NAME: TypeAdapter[str] = TypeAdapter(LoanName)


def disburse(session: Session, gateway: Gateway, asked: LoanIn) -> DisbursedOut:
    """Sign that one loan was paid out. Raises the `LoanError`, `AgreementError` or `ActRefused` that stops it."""
    payouts = Payouts(session, gateway, asked.agreement)
    (payout,) = payouts.take([(1, asked)], _raise)
    subject = loan_subject(asked.agreement, payout.loan)
    enqueued = _certain(payouts.enqueue(subject))
    return DisbursedOut.model_validate(
        {
            **accepted(enqueued, subject).model_dump(),
            "agreement": asked.agreement,
            "loan_id": asked.loan_id,
            "loan": payout.loan,
            "shares": [str(share) for share in payout.shares],
        }
    )


def disburse_many(session: Session, gateway: Gateway, asked: LoansIn, *, partial: bool) -> LoanBatchOut:
    """Sign that loans were paid out: all of them or, if `partial`, those that are in order.

    Raises `RowsRefused`, or what stops every row (`AgreementNotActive`, `KeyNotValid`, …).
    """
    payouts = Payouts(session, gateway, asked.agreement)
    refusals = Refusals(len(asked.loans))
    taken = payouts.take(checked(asked.loans, _ROW, refusals), refusals.add)
    if not partial:
        refusals.require_none()
    enqueued = payouts.enqueue(f"loans/{asked.agreement.hex()}")
    return _batch(asked.agreement, enqueued, len(taken), refusals)


def settle(session: Session, gateway: Gateway, asked: SettleIn, *, partial: bool) -> LoanBatchOut:
    """Sign that loans are paid, or were recovered after a write-off. Raises as `disburse_many` does."""
    changes = Changes(session, gateway, asked.agreement, "Settle")
    return _change_many(changes, asked, {"value_date": date_word(asked.value_date)}, partial=partial)


def snapshot(session: Session, gateway: Gateway, asked: SnapshotIn, *, partial: bool) -> LoanBatchOut:
    """Ask the chain to state count and head of loans. Raises as `disburse_many` does."""
    changes = Changes(session, gateway, asked.agreement, "Snapshot")
    return _change_many(changes, asked, {}, partial=partial)


def write_off(session: Session, gateway: Gateway, asked: WriteOffIn) -> LoanChangeOut:
    """Sign that a loan is given up. Raises a `LoanError`, or what stops any act."""
    values = {"value_date": date_word(asked.value_date), "reason": word_of(asked.reason)}
    changes = Changes(session, gateway, asked.agreement, "WriteOff")
    return _change_one(changes, asked.loan_id, lambda _row: values)


def reverse(session: Session, gateway: Gateway, asked: ReverseIn) -> LoanChangeOut:
    """Sign that a disbursement never took place. Raises as `write_off` does."""
    values = {"reason": word_of(asked.reason)}
    return _change_one(Changes(session, gateway, asked.agreement, "Reverse"), asked.loan_id, lambda _row: values)


def transfer_share(session: Session, gateway: Gateway, asked: TransferShareIn) -> LoanChangeOut:
    """Offer a part of our share to another party, who co-signs the matter. Raises as `write_off` does."""
    changes = Changes(session, gateway, asked.agreement, "TransferShare")
    place = changes.parties.index(session.owner)

    def values(row: LoanRow) -> Mapping[str, object]:
        share = split_shares(row.shares)[place] if row.shares else 0
        whole_sealed_share = not row.shares and asked.amount == 0
        if not (0 < asked.amount <= share or whole_sealed_share):
            raise ShareTooLarge(field="amount", share=share, amount=asked.amount)
        return {**_offer(session, changes, asked), "amount": asked.amount}

    return _change_one(changes, asked.loan_id, values)


def transfer_servicing(session: Session, gateway: Gateway, asked: TransferServicingIn) -> LoanChangeOut:
    """Offer the servicing of a loan to another party, who co-signs the matter. Raises as `write_off` does."""
    changes = Changes(session, gateway, asked.agreement, "TransferServicing")
    offer = _offer(session, changes, asked)
    return _change_one(changes, asked.loan_id, lambda _row: offer)


def _offer(session: Session, changes: Changes, asked: TransferServicingIn) -> dict[str, object]:
    if asked.to == session.owner or asked.to not in changes.parties:
        raise TransferToSelf(field="to")
    return {"from_": session.owner, "to": asked.to, "reason": word_of(asked.reason), "price": asked.price}


def _change_many(
    changes: Changes, asked: SettleIn | SnapshotIn, values: Mapping[str, object], *, partial: bool
) -> LoanBatchOut:
    refusals = Refusals(len(asked.loan_ids))
    taken = changes.take(checked(asked.loan_ids, _NAME, refusals), refusals.add)
    if not partial:
        refusals.require_none()
    enqueued = changes.enqueue(lambda _row: values, f"loans/{asked.agreement.hex()}")
    return _batch(asked.agreement, enqueued, len(taken), refusals)


def _change_one(changes: Changes, name: str, values: Callable[[LoanRow], Mapping[str, object]]) -> LoanChangeOut:
    change: Change
    (change,) = changes.take([(1, name)], _raise)
    subject = loan_subject(change.row.agreement, change.row.loan)
    enqueued = _certain(changes.enqueue(values, subject))
    return LoanChangeOut(
        **dict(accepted(enqueued, subject)),
        agreement=change.row.agreement,
        loan_id=change.loan_id,
        loan=change.row.loan,
    )


def _batch(agreement: bytes, enqueued: Enqueued | None, accepted: int, refusals: Refusals) -> LoanBatchOut:
    return LoanBatchOut(
        submission_id=enqueued.submission_id if enqueued else None,
        agreement=agreement,
        accepted=accepted,
        rejected=refusals.count,
        errors=refusals.errors,
    )


def _raise(_line: int, refused: TallystickError) -> NoReturn:
    raise refused


def _certain(enqueued: Enqueued | None) -> Enqueued:
    if enqueued is None:
        raise ValueError("one loan was taken, so one act is enqueued")
    return enqueued
