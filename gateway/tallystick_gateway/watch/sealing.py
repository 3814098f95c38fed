"""Who seals, as it is kept: the succession of sets, and what was seen of each validator, block by block."""

from collections import defaultdict
from collections.abc import Sequence

from tallystick.consortium import Consortium
from tallystick.keys import Address
from tallystick.qbft import Epoch, SetChange, Succession, Validators, encode_header
from tallystick_gateway.kit.db import Session

from . import repository
from .reading import ReadBlock
from .seals import changes_in

__all__ = ["header_bytes", "load", "store"]


def load(session: Session, height: int) -> Succession | None:
    """The succession as of `height`, the last block taken; None if nothing was taken of a chain with seals."""
    epochs = tuple(Epoch(row.first, row.last, Validators.of(row.validators)) for row in repository.epochs(session))
    rows = repository.validators(session)
    governed = frozenset(Address(row.address) for row in rows if row.governed) or None
    withdrawn = {Address(row.address): row.withdrawn_at for row in rows if row.withdrawn_at is not None}
    return Succession(height, epochs, governed, withdrawn) if epochs else None


def store(
    session: Session,
    before: Succession | None,
    after: Succession,
    blocks: Sequence[ReadBlock],
    consortium: Consortium,
) -> None:
    """Keep what these blocks, taken between `before` and `after`, say about validators, in their transaction."""
    founders = consortium.validator_epochs[0].validators
    changes = [change for read in blocks for change in changes_in(read.events)]
    if before is None:
        changes = [*((SetChange(address, False), member) for address, member in founders.items()), *changes]
    rows = {change.address: (change.add, member) for change, member in changes}
    repository.set_governed(
        session,
        [
            {"address": address, "member": member, "governed": add, "withdrawn_at": after.withdrawn.get(address)}
            for address, (add, member) in rows.items()
        ],
    )
    _store_epochs(session, before, after)
    _count(session, blocks)


def header_bytes(read: ReadBlock) -> bytes | None:
    """The header as it is kept; None on a chain without seals."""
    header = read.block.header.qbft
    return encode_header(header) if header is not None else None


def _store_epochs(session: Session, before: Succession | None, after: Succession) -> None:
    known = before.epochs if before else ()
    news = [epoch for epoch in after.epochs if epoch not in known]
    if not news:
        return
    members = {row.address: row.member.hex() for row in repository.validators(session)}
    rows: list[dict[str, object]] = [
        {
            "first": epoch.first,
            "last": epoch.last,
            "members": {address.hex(): members[address] for address in epoch.validators.addresses},
        }
        for epoch in news
    ]
    repository.set_epochs(session, rows)


def _count(session: Session, blocks: Sequence[ReadBlock]) -> None:
    proposed: dict[bytes, list[int]] = defaultdict(list)
    sealed: dict[bytes, list[int]] = defaultdict(list)
    for read in blocks:
        header = read.block.header
        if header.qbft is not None and header.height:
            proposed[header.qbft.coinbase].append(header.height)
            for signer in header.signers:
                sealed[signer].append(header.height)
    repository.count_seals(session, proposed, sealed)
