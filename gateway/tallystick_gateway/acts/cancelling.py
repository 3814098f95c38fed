"""Taking back acts that are not recorded yet."""

from tallystick.acts import encode_data
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway

from . import repository
from .abi import decode_act
from .announcing import announce
from .ends import tell_ended
from .errors import NotCancellable, SubmissionUnknown
from .refusals import error_text
from .repository import ActLine
from .service import Draft, enqueue
from .states import Facts, State

__all__ = ["cancel"]

_MOST_ACTS = 100


def cancel(session: Session, gateway: Gateway, submission_id: str) -> str:
    """Take the submission's open acts back; the id of the submission to follow.

    An act without a signature ends at once. A signed one may already be with others: a Cancel act burns its id on the
    chain, and whichever is recorded first wins. Raises `SubmissionUnknown`, `NotCancellable`.
    """
    if repository.find_submission(session, submission_id) is None:
        raise SubmissionUnknown(f"There is no submission {submission_id}.", submission_id=submission_id)
    rows = repository.acts_of_submission(session, submission_id, 0, _MOST_ACTS + 1)
    open_ = [row for row in rows if row.state in (State.RECEIVED, State.SIGNED, State.BROADCAST)]
    if not open_ or len(rows) > _MOST_ACTS:
        why = "has ended" if not open_ else f"has more than {_MOST_ACTS} acts"
        raise NotCancellable(f"Submission {submission_id} {why}.", submission_id=submission_id)
    now = gateway.clock.now()
    unsigned = [
        ActLine(row.id or 0, State.RECEIVED, submission_id, row.valid_until)
        for row in open_
        if row.state == State.RECEIVED
    ]
    if unsigned:
        facts = Facts(valid_until=0, withdrawn_unsigned=True)
        reason = error_text("acts.withdrawn", "Taken back before it was signed.")
        repository.move(session, unsigned, State.CANCELLED, facts, now, error=reason)
        announce(session, now, unsigned, State.CANCELLED)
        tell_ended(session, [line.id for line in unsigned])
    signed = [row for row in open_ if row.state != State.RECEIVED]
    followed = submission_id
    for contract in sorted({row.contract for row in signed}):
        drafts = [
            Draft(
                kind="Cancel",
                values={"act_id": row.act_id},
                business_id=row.act_id.hex(),
                subject=f"act/{row.act_id.hex()}",
                contract=contract,
                companion=encode_data(decode_act(row.kind, row.encoded)),
            )
            for row in signed
            if row.contract == contract
        ]
        followed = enqueue(session, gateway, drafts, subject=f"submission/{submission_id}").submission_id
    return followed
