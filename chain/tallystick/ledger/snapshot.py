"""A frozen picture of the books."""

from types import MappingProxyType

from tallystick.keys import Address

from .books import AgreementEntry, Books, BookState, LedgerState, LogState
from .state import Agreement, AgreementBook, ChainState, LoanLedger, Log, Place

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
        agreement_books=MappingProxyType({address: _book(book) for address, book in books.agreement_books.items()}),
        loan_ledgers=MappingProxyType({address: _ledger(ledger) for address, ledger in books.loan_ledgers.items()}),
        record_logs=MappingProxyType(
            {
                address: MappingProxyType({key: _log(key, log) for key, log in logs.items()})
                for address, logs in books.record_logs.items()
            }
        ),
    )


def _book(book: BookState) -> AgreementBook:
    return AgreementBook(
        address=book.address,
        predecessor=book.predecessor,
        frozen=book.frozen,
        agreements=MappingProxyType({key: _agreement(key, entry) for key, entry in book.agreements.items()}),
        matters=MappingProxyType(dict(book.matters)),
        own_shares=MappingProxyType(dict(book.own_shares)),
    )


def _ledger(ledger: LedgerState) -> LoanLedger:
    return LoanLedger(
        address=ledger.address,
        predecessor=ledger.predecessor,
        frozen=ledger.frozen,
        loans=MappingProxyType(dict(ledger.loans)),
        matters=MappingProxyType(dict(ledger.matters)),
    )


def _agreement(agreement: bytes, entry: AgreementEntry) -> Agreement:
    return Agreement(
        agreement=agreement,
        state=entry.state,
        terms=entry.terms,
        proposal=entry.proposal,
        signed=tuple(entry.signed),
        exposures=tuple(entry.exposures),
        exposure=entry.exposure,
        adopted=entry.adopted,
    )


def _log(key: tuple[bytes, bytes], log: LogState) -> Log:
    member, stream = key
    return Log(member, stream, log.next_index, tuple(log.anchors))
