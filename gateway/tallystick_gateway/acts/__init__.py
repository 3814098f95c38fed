"""The outbox to the chain: signed acts, the transactions that carry them, and their states."""

from .desk import Desk, desk_of
from .errors import ActRefused, AlreadyRequested, KeyNotValid, NotJoined
from .service import Draft, Enqueued, SubmissionState, enqueue, submission_state
from .states import State

__all__ = [
    "ActRefused",
    "AlreadyRequested",
    "Desk",
    "Draft",
    "Enqueued",
    "KeyNotValid",
    "NotJoined",
    "State",
    "SubmissionState",
    "desk_of",
    "enqueue",
    "submission_state",
]
