"""Who seals: headers proved one after the other, and what to make of one that contradicts them (`protocol.md` §7).

The state between two headers is a `tallystick.qbft.Succession`; nothing here remembers anything.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from tallystick.consortium import Consortium
from tallystick.keys import Address
from tallystick.qbft import (
    FoundersDiffer,
    Header,
    HeaderRefused,
    SetChange,
    SetUnexplained,
    Succession,
    Validators,
    chain_hash,
    encode_header,
    signers_among,
    verify_next,
)
from tallystick_gateway.members.codes import KEY_PURPOSES

from .chain_event import ChainEvent
from .errors import (
    BlockDiffers,
    ChainDistrusted,
    EpochsDiffer,
    Equivocated,
    HeaderUnproved,
    ValidatorsUnexplained,
)
from .headers import CheckedHeader, TakenBlock

__all__ = ["begin", "changes_in", "contradiction", "follow", "prove", "require_epochs"]

_CHANGES = {"KeyAdded": True, "KeyRevocationRecorded": False}
_VALIDATOR = next(code for code, name in KEY_PURPOSES.items() if name == "VALIDATOR")


def begin(header: CheckedHeader, consortium: Consortium) -> tuple[CheckedHeader, Succession]:
    """The pinned genesis, final by its hash alone, and the set it lists. Raises `EpochsDiffer`."""
    listed = _header(header).extra.validators
    stated = tuple(sorted(consortium.validator_epochs[0].validators))
    if listed != stated:
        raise EpochsDiffer(
            "Genesis lists other validators than the first epoch of consortium.json.", found=listed, expected=stated
        )
    return replace(header, final=True), Succession.of_genesis(Validators(listed))


def prove(header: CheckedHeader, succession: Succession) -> CheckedHeader:
    """The header after the last one of `succession`, now final.

    Raises `HeaderUnproved` (it is the node's word against the validators'), and `ValidatorsUnexplained` where a quorum
    of the validators that are due sealed another set than governance explains.
    """
    try:
        verified = verify_next(_header(header), succession)
    except SetUnexplained as unexplained:
        values = {"height": header.height, "added": unexplained.added, "removed": unexplained.removed}
        if unexplained.by_validators:
            signers = sorted(unexplained.signers)
            raise ValidatorsUnexplained(
                f"{len(signers)} of the validators that are due sealed it: {unexplained.reason}.",
                **values,
                signers=signers,
                headers=[encode_header(_header(header))],
            ) from None
        detail = f"Header {header.height} is not proved: {unexplained.reason}."
        raise HeaderUnproved(detail, **values, rule=unexplained.rule) from None
    except HeaderRefused as refused:
        detail = f"Header {header.height} is not proved: {refused.reason} ({refused.rule})."
        raise HeaderUnproved(detail, height=header.height, rule=refused.rule) from None
    return replace(header, final=True, signers=verified.signers)


def changes_in(events: Sequence[ChainEvent]) -> list[tuple[SetChange, bytes]]:
    """What the events do to the contract's list of validators, in order, with the member whose validator it is."""
    return [
        (SetChange(Address(event.values["key"][-20:]), _CHANGES[event.name]), event.values["member"])
        for event in events
        if event.name in _CHANGES and event.values["purpose"] == _VALIDATOR
    ]


def follow(
    succession: Succession, header: CheckedHeader, events: Sequence[ChainEvent], consortium: Consortium
) -> Succession:
    """The succession after this proved header, with what its block's events changed.

    Raises `EpochsDiffer` if the contract was founded with others than those who seal, or says that a validator is
    another member's than consortium.json does.
    """
    changes = changes_in(events)
    for change, member in changes:
        if any(epoch.validators.get(change.address, member) != member for epoch in consortium.validator_epochs):
            raise EpochsDiffer(
                f"Validator 0x{change.address.hex()} is {member.hex()}'s by the contract, not by consortium.json.",
                address=change.address,
                member=member,
            )
    try:
        return succession.after(_header(header).extra.validators, [change for change, _ in changes])
    except FoundersDiffer as differ:
        raise EpochsDiffer(f"{differ}.", **differ.values) from None


def require_epochs(consortium: Consortium, succession: Succession) -> None:
    """Raises `EpochsDiffer` unless the epochs in consortium.json, as far as they began, are those of `succession`.

    (The file's last epoch was open when it was exported: where it ends, the chain alone says.)
    """
    began = [stated for stated in consortium.validator_epochs if stated.first <= succession.height]
    for stated, found in zip(began, succession.epochs, strict=False):
        ended = stated.last if stated.last is not None and stated.last < succession.height else None
        same_set = tuple(sorted(stated.validators)) == found.validators.addresses
        if stated.first != found.first or not same_set or (stated.last is not None and ended != found.last):
            raise EpochsDiffer(
                f"consortium.json has {_described(stated.first, stated.last, stated.validators)}; "
                f"the chain has {_described(found.first, found.last, found.validators.addresses)}.",
                first=stated.first,
            )


def contradiction(
    header: CheckedHeader, shown: bytes, succession: Succession, ours: TakenBlock
) -> ChainDistrusted | None:
    """What it means that `header` says that the block we took as `ours` is `shown`: by its own hash, or its parent's.

    None where no quorum of the validators due sealed it: it is the node's word alone. With one it is `Equivocated`,
    whatever else may be wrong with it; but `BlockDiffers` where ours is not sealed: our database is not what it was.
    """
    signers = _quorum_of(_header(header), succession.at(header.height))
    if not signers:
        return None
    validators = succession.at(ours.height)
    mine = ours.qbft
    if mine is None or chain_hash(mine) != ours.hash or not _quorum_of(mine, validators):
        return BlockDiffers(
            f"Block {ours.height} is {ours.hash.hex()} in our database, unsealed; the validators sealed {shown.hex()}.",
            height=ours.height,
            ours=ours.hash,
            found=shown,
        )
    return Equivocated(
        f"Block {ours.height} was final as {ours.hash.hex()}; "
        f"{len(signers)} of {len(validators.addresses)} validators also sealed {shown.hex()}.",
        height=ours.height,
        hashes=[ours.hash, shown],
        culprits=sorted(signers & signers_among(mine, validators)),
        headers=[encode_header(mine), encode_header(_header(header))],
    )


def _header(header: CheckedHeader) -> Header:
    if header.qbft is None:
        raise ValueError("a header of a chain without seals")
    return header.qbft


def _quorum_of(header: Header, validators: Validators) -> frozenset[Address]:
    """Who of these sealed the header; nobody if they are no quorum."""
    signers = signers_among(header, validators)
    return signers if len(signers) >= validators.quorum else frozenset()


def _described(first: int, last: int | None, validators: Iterable[bytes]) -> str:
    names = ", ".join(f"0x{address.hex()}" for address in sorted(validators))
    return f"an epoch from block {first} to {'now' if last is None else last} of {names}"
