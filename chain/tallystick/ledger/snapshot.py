"""A frozen picture of the books."""

from types import MappingProxyType

from tallystick.keys import Address

from .books import AgreementBook, Books, LedgerBook, LogBook
from .state import Agreement, ChainState, Ledger, Log, Place

__all__ = ["picture"]


def picture(books: Books, at: Place | None, block_time: int) -> ChainState:
    """The state now; what is booked later does not change it. Takes time in proportion to what there is."""
    return ChainState(
        chain_id=books.chain_id,
        consortium=books.consortium,
        at=at,
        block_time=block_time,
        complete=books.founded and not books.due,
        active=books.active,
        epoch=books.epoch,
        delay=books.delay,
        threshold=books.threshold,
        members=MappingProxyType(dict(books.members)),
        keys=MappingProxyType(dict(books.keys)),
        validators=tuple(Address(key[12:]) for key in books.validators),
        ratifications=MappingProxyType(dict(books.ratifications)),
        directory=tuple(books.directory),
        proposals=MappingProxyType(dict(books.proposals)),
        time_notes=tuple(books.time_notes),
        cancelled=frozenset(books.cancelled),
        ledgers=MappingProxyType({address: _ledger(book) for address, book in books.ledgers.items()}),
        record_logs=MappingProxyType(
            {
                address: MappingProxyType({key: _log(key, book) for key, book in logs.items()})
                for address, logs in books.record_logs.items()
            }
        ),
    )


def _ledger(book: LedgerBook) -> Ledger:
    return Ledger(
        address=book.address,
        predecessor=book.predecessor,
        frozen=book.frozen,
        agreements=MappingProxyType({key: _agreement(key, agreement) for key, agreement in book.agreements.items()}),
        loans=MappingProxyType(dict(book.loans)),
        matters=MappingProxyType(dict(book.matters)),
    )


def _agreement(agreement: bytes, book: AgreementBook) -> Agreement:
    return Agreement(
        agreement=agreement,
        state=book.state,
        terms=book.terms,
        proposal=book.proposal,
        signed=tuple(book.signed),
        exposures=tuple(book.exposures),
        exposure=book.exposure,
        adopted=book.adopted,
    )


def _log(key: tuple[bytes, bytes], book: LogBook) -> Log:
    member, stream = key
    return Log(member, stream, book.next_index, tuple(book.anchors))
