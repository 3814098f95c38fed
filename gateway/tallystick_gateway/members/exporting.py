"""The consortium as it is now, as a file: what a member that is admitted joins with.

Everything in it is computed from blocks that were checked, and from cards, so that every gateway that exports at one
state of the chain writes the same bytes. A card is the one that its member came with: a founder's is pinned; of a
member admitted later it is the one whose RECOVERY key, roles and certificate its admission names. There is no second:
keys that were added, revoked or replaced since stand on the chain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tallystick.client.artifacts import CONTRACTS, load
from tallystick.consortium import Consortium, ContractEntry, MemberCard, ValidatorEpoch
from tallystick.errors import TallystickError
from tallystick.keccak import keccak256
from tallystick.keys import Address
from tallystick_gateway.acts.desk import desk_of
from tallystick_gateway.acts.signers import key_on_chain
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.watch import repository as chain

from . import repository
from .codes import CHANGES
from .errors import CardMissing, CardNotOfMember, ContractUnknown, ExportTooEarly
from .models import DirectoryRow
from .payloads import decode_payload

__all__ = ["Export", "export"]

_OWN_NAME = "Consortium"
_NO_PREDECESSOR = bytes(20)


@dataclass(frozen=True, slots=True)
class Export:
    """The document as of the checked block `height`."""

    document: Consortium
    height: int


def export(session: Session, gateway: Gateway, cards: Sequence[bytes]) -> Export:
    """The consortium as of the last checked block; `cards` are card files of members admitted after our own file.

    Raises `NotJoined`, `ExportTooEarly`, `CardMissing`, `CardNotOfMember`, `ContractUnknown`.
    """
    pinned, last = desk_of(gateway).consortium, chain.last_block(session)
    settings = repository.consortium(session)
    if last is None or settings is None or not settings.active:
        raise ExportTooEarly("The contracts are not ratified by every founder yet, as far as blocks were checked here.")
    document = Consortium(
        chain_id=pinned.chain_id,
        genesis_hash=pinned.genesis_hash,
        engine=pinned.engine,
        header_items=pinned.header_items,
        validator_epochs=_epochs(session),
        contracts=_contracts(session, pinned),
        members=_members(session, pinned, cards),
    )
    document.check()
    return Export(document, last.height)


def _epochs(session: Session) -> tuple[ValidatorEpoch, ...]:
    return tuple(
        ValidatorEpoch(
            row.first, row.last, {Address(address): member for address, member in sorted(row.validators.items())}
        )
        for row in chain.epochs(session)
    )


def _members(session: Session, pinned: Consortium, given: Sequence[bytes]) -> tuple[MemberCard, ...]:
    """The card of every member ever admitted, in the order of admission."""
    known = {card.member: card for card in pinned.members}
    for raw in given:
        card = _read(raw)
        if known.setdefault(card.member, card) != card:
            raise CardNotOfMember(
                f"{card.name} came with another card, which is in the file that this gateway joined with.",
                member=card.member,
            )
        if card not in pinned.members:
            _check_admission(session, card)
    found = []
    for row in repository.list_members(session):
        if row.member not in known:
            raise CardMissing(f"Member {row.member.hex()} was admitted, and its card is not given.", member=row.member)
        found.append(known.pop(row.member))
    if known:
        card = next(iter(known.values()))
        raise CardNotOfMember(f"{card.name} was never admitted.", member=card.member)
    return tuple(found)


def _read(raw: bytes) -> MemberCard:
    try:
        return MemberCard.parse(raw)
    except TallystickError as why:
        raise CardNotOfMember(f"{why}.") from why


def _check_admission(session: Session, card: MemberCard) -> None:
    """The card says what the member was admitted with, and no key of it is known as something else."""
    admission = _admission(session, card.member)
    stated = {
        "roles": str(card.role_mask),
        "certificate": card.keys.document.hex(),
        "recovery": f"0x{card.keys.recovery.hex()}",
    }
    differing = [field for field, value in stated.items() if admission.get(field) != value]
    keys = {
        "ACT": key_on_chain(card.keys.act),
        "VALIDATOR": key_on_chain(card.keys.validator),
        "EXCHANGE": card.keys.exchange,
        "SEAL": card.keys.seal,
    }
    for purpose, key in keys.items():
        row = repository.find_key(session, key)
        if row is not None and (row.member, row.purpose) != (card.member, purpose):
            differing.append(purpose)
    if differing:
        raise CardNotOfMember(
            f"The card of {card.name} is not the one it was admitted with: {', '.join(differing)} differ.",
            member=card.member,
            differing=differing,
        )


def _admission(session: Session, member: bytes) -> Mapping[str, str]:
    """The payload of the decision that admitted the member. Raises `CardNotOfMember`."""
    for row in repository.list_proposals(session):
        if row.change == CHANGES["Admit"].code and row.state == "EXECUTED":
            payload = decode_payload(row.change, row.payload)
            if payload["member"] == member.hex():
                return payload
    raise CardNotOfMember(f"No decision has admitted member {member.hex()}.", member=member)


def _contracts(session: Session, pinned: Consortium) -> tuple[ContractEntry, ...]:
    """What the directory names now, in the order of deployment; each with arguments that make its code."""
    rows = repository.directory(session)
    current = {row.name: row for row in rows if row.to_height is None}
    by_address = {bytes(entry.address): entry for entry in pinned.contracts}
    return tuple(
        by_address.get(current[name].address) or _successor(current[name], rows, pinned)
        for name in sorted(current, key=_deployment_order)
    )


def _deployment_order(name: str) -> tuple[int, str]:
    return CONTRACTS.index(name) if name in CONTRACTS else len(CONTRACTS), name


def _successor(row: DirectoryRow, rows: Sequence[DirectoryRow], pinned: Consortium) -> ContractEntry:
    """The entry of a contract that took another's place: its arguments follow from whose place that was."""
    if row.name not in CONTRACTS:
        raise ContractUnknown(f"{row.name} is no contract of this version.", contract=row.name)
    earlier = [other.address for other in rows if other.name == row.name and other.from_height < row.from_height]
    predecessor = earlier[-1] if earlier else _NO_PREDECESSOR
    given = {"consortium_": pinned.contract(_OWN_NAME).address, "predecessor_": predecessor}
    artifact = load(row.name)
    arguments = artifact.encode_constructor(*(f"0x{given[name].hex()}" for name in artifact.constructor_names()))
    if keccak256(artifact.deployed_code(arguments)) != row.code_hash:
        raise ContractUnknown(f"The code of {row.name} in the directory is of another version.", contract=row.name)
    return ContractEntry(row.name, Address(row.address), row.code_hash, row.from_height, arguments)
