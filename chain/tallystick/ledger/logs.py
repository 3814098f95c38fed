"""Events about anchored records: `RecordLog.sol`."""

from typing import Final

from .books import AGREEMENT_BOOK, NOTHING, RECORD_LOG, Books, Handlers, LogState, place_of
from .codes import AgreementState
from .errors import Rule, broken
from .event import Event
from .facts import Anchored
from .state import Anchor

__all__ = ["HANDLERS"]

MOST_RECORDS: Final = 1 << 32


def _anchored(books: Books, fact: Anchored, event: Event) -> None:
    if not 0 < fact.count <= MOST_RECORDS:
        raise broken(event, Rule.ANCHOR_COUNT, f"{fact.count} records")
    _require_own_stream(books, fact, event)
    log = books.record_logs[event.address].setdefault((fact.member, fact.stream), LogState())
    if fact.first_index != log.next_index:
        raise broken(event, Rule.ANCHOR_INDEX, f"the next index is {log.next_index}, not {fact.first_index}")
    if fact.previous != log.last_anchor:
        raise broken(event, Rule.ANCHOR_PREVIOUS, f"{log.last_anchor.hex()} went before, not {fact.previous.hex()}")
    log.next_index += fact.count
    log.last_anchor = fact.act_id
    log.anchors.append(
        Anchor(fact.act_id, fact.first_index, fact.count, fact.root, fact.previous, place_of(event), event.block_time)
    )


def _require_own_stream(books: Books, fact: Anchored, event: Event) -> None:
    if fact.stream == NOTHING:
        return
    address = books.addresses.get(AGREEMENT_BOOK)
    entry = books.agreement_books[address].agreements.get(fact.stream) if address else None
    if entry is None or entry.state is not AgreementState.ACTIVE or fact.member not in entry.members:
        raise broken(event, Rule.STREAM, f"{fact.stream.hex()} is no active agreement of {fact.member.hex()}")


HANDLERS: Handlers = {(RECORD_LOG, Anchored): _anchored}
