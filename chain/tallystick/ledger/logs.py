"""Events about anchored records: `RecordLog.sol`."""

from collections.abc import Mapping
from typing import Final

from .books import LOAN_LEDGER, NOTHING, Books, Handler, LogBook, place_of
from .codes import AgreementState
from .errors import Rule, broken
from .event import Event
from .facts import Anchored, Fact
from .state import Anchor

__all__ = ["HANDLERS"]

MOST_RECORDS: Final = 1 << 32


def _anchored(books: Books, fact: Anchored, event: Event) -> None:
    if not 0 < fact.count <= MOST_RECORDS:
        raise broken(event, Rule.ANCHOR_COUNT, f"{fact.count} records")
    _require_own_stream(books, fact, event)
    log = books.record_logs[event.address].setdefault((fact.member, fact.stream), LogBook())
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
    address = books.addresses.get(LOAN_LEDGER)
    book = books.ledgers[address].agreements.get(fact.stream) if address else None
    if book is None or book.state is not AgreementState.ACTIVE or fact.member not in book.members:
        raise broken(event, Rule.STREAM, f"{fact.stream.hex()} is no active agreement of {fact.member.hex()}")


HANDLERS: Mapping[type[Fact], Handler] = {Anchored: _anchored}
