"""Events that any contract or any member's act may have: cancelled acts and notes of time."""

from collections.abc import Mapping

from .books import Books, Handler, place_of
from .errors import Rule, broken
from .event import Event
from .facts import ActCancelled, Fact, TimeNoted
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


HANDLERS: Mapping[type[Fact], Handler] = {ActCancelled: _cancelled, TimeNoted: _time_noted}
