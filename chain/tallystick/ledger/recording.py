"""Events that stand for themselves: cancelled acts, and notes of time."""

from .books import AGREEMENT_BOOK, CONSORTIUM, LOAN_LEDGER, RECORD_LOG, Books, Handlers, place_of
from .errors import Rule, broken
from .event import Event
from .facts import ActCancelled, TimeNoted
from .state import TimeNote

__all__ = ["HANDLERS"]


def _cancelled(books: Books, fact: ActCancelled, event: Event) -> None:
    if books.follows:
        return  # a matter was withdrawn: the event before has booked it
    if fact.cancelled in books.acts:
        raise broken(event, Rule.ACT_ID, f"{fact.cancelled.hex()} is recorded and not open for co-signature")
    books.cancelled.add(fact.cancelled)


def _time_noted(books: Books, fact: TimeNoted, event: Event) -> None:
    books.time_notes.append(TimeNote(fact.token_digest, fact.member, fact.act_id, place_of(event), event.block_time))


HANDLERS: Handlers = {
    (CONSORTIUM, TimeNoted): _time_noted,
    (CONSORTIUM, ActCancelled): _cancelled,
    (AGREEMENT_BOOK, ActCancelled): _cancelled,
    (LOAN_LEDGER, ActCancelled): _cancelled,
    (RECORD_LOG, ActCancelled): _cancelled,
}
