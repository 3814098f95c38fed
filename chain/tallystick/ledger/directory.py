"""Events about the contracts of the consortium: `Directory.sol`."""

from dataclasses import replace
from typing import Final

from tallystick.acts import ContractEntry, struct_hash
from tallystick.keccak import keccak256

from .books import (
    AGREEMENT_BOOK,
    CONSORTIUM,
    CONSORTIUM_NAME,
    LOAN_LEDGER,
    NO_ADDRESS,
    NOTHING,
    RECORD_LOG,
    Books,
    BookState,
    Handlers,
    LedgerState,
    place_of,
)
from .errors import Rule, broken
from .event import Event
from .facts import ConsortiumActivated, ContractRegistered, Ratified
from .state import Contract

__all__ = ["HANDLERS", "name_of"]

MOST_CONTRACTS: Final = 32


def name_of(name: bytes) -> str:
    """A name of the directory as text; one that is no left-aligned printable ASCII shows as 0x and its 64 digits."""
    text = name.rstrip(b"\0")
    if text and text.isascii() and text.decode("ascii").isprintable():
        return text.decode("ascii")
    return "0x" + name.hex()


def _ratified(books: Books, fact: Ratified, event: Event) -> None:
    if books.active:
        raise broken(event, Rule.RATIFICATION, "the consortium is active")
    if fact.list_hash != keccak256(b"".join(struct_hash(entry) for entry in fact.contracts)):
        raise broken(event, Rule.RATIFICATION, "the hash is not that of the list")
    _check_list(books, fact.contracts, event)
    books.ratifications[fact.member] = fact.list_hash
    if any(books.ratifications.get(founder) != fact.list_hash for founder in books.founders):
        return
    for entry in fact.contracts:
        books.expect(
            CONSORTIUM,
            ContractRegistered,
            act_id=fact.act_id,
            name=entry.name,
            deployed=entry.at,
            previous=NO_ADDRESS,
            code_hash=entry.code_hash,
        )
    books.expect(CONSORTIUM, ConsortiumActivated, act_id=fact.act_id, list_hash=fact.list_hash)


def _check_list(books: Books, entries: tuple[ContractEntry, ...], event: Event) -> None:
    names = {entry.name for entry in entries}
    addresses = {entry.at for entry in entries}
    if not len(names) == len(addresses) == len(entries) <= MOST_CONTRACTS or NOTHING in names:
        raise broken(event, Rule.RATIFICATION, "the list has an empty or repeated line, or too many")
    if (CONSORTIUM_NAME, books.consortium) not in {(entry.name, entry.at) for entry in entries}:
        raise broken(event, Rule.RATIFICATION, "the list does not name this Consortium")


def _activated(books: Books, _fact: ConsortiumActivated, _event: Event) -> None:
    books.active = True


def _registered(books: Books, fact: ContractRegistered, event: Event) -> None:
    name = name_of(fact.name)
    if fact.name == NOTHING or fact.deployed in books.names:
        raise broken(event, Rule.DIRECTORY, f"{fact.deployed.hex()} stands in the directory, or has no name")
    previous = books.addresses.get(name)
    if fact.previous != (previous or NO_ADDRESS):
        raise broken(event, Rule.OLD_VALUE, f"{name} was {(previous or NO_ADDRESS).hex()}, not {fact.previous.hex()}")
    place = place_of(event)
    if previous is not None:
        del books.names[previous]
        books.directory = [
            replace(line, until=place) if line.name == name and line.until is None else line for line in books.directory
        ]
    books.names[fact.deployed] = name
    books.addresses[name] = fact.deployed
    books.directory.append(Contract(name, fact.deployed, fact.code_hash, place))
    if name == AGREEMENT_BOOK:
        books.agreement_books.setdefault(fact.deployed, BookState(fact.deployed, named_before=previous))
    elif name == LOAN_LEDGER:
        books.loan_ledgers.setdefault(fact.deployed, LedgerState(fact.deployed, named_before=previous))
    elif name == RECORD_LOG:
        books.record_logs.setdefault(fact.deployed, {})


HANDLERS: Handlers = {
    (CONSORTIUM, Ratified): _ratified,
    (CONSORTIUM, ConsortiumActivated): _activated,
    (CONSORTIUM, ContractRegistered): _registered,
}
