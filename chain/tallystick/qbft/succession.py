"""Which validators seal, height by height, and why the set may change (`protocol.md` §7, `gateway.md`).

The contract's list of validators is the reason, the headers' own lists are the fact: header h lists, and is sealed by,
the set that holds after block h − 1. From one header to the next that set moves by one address at most, and only
towards what the contract listed after block h − 1; or it takes in an address whose listing the contract took back so
lately that votes for it were under way. Votes in headers are not read: engines count them differently.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Self

from tallystick.keys import Address, SignatureMalformed, recover_address

from .errors import FoundersDiffer, HeaderRefused, Rule, SetUnexplained
from .header import Header, seal_hash
from .verification import Validators, Verified, check_header

__all__ = ["Epoch", "SetChange", "Succession", "signers_among", "verify_next"]

_MOST_SEALS_READ: Final = 256
"""The contract lists 64 validators at most; whoever adds more seals than this to a header proves nothing by it."""
_VOTES_UNDER_WAY: Final = 32
"""For so many blocks after the contract took an addition back, votes cast before may still complete it. Honest nodes
cannot help that, and it lasts no longer than until they have voted the address out again."""


@dataclass(frozen=True, slots=True)
class SetChange:
    """An address that the contract's list took in, or (not `add`) dropped."""

    address: Address
    add: bool


@dataclass(frozen=True, slots=True)
class Epoch:
    """`validators` seal the blocks from `first` to `last`, both included (None: still open)."""

    first: int
    last: int | None
    validators: Validators


@dataclass(frozen=True, slots=True)
class Succession:
    """Who sealed which block up to `height`, and who may seal the next one.

    `epochs` begin at 0, follow each other without gap, and the last one alone is open. `governed` is the contract's
    list after block `height`; None while there is no contract: until then nothing explains a change. `withdrawn` are
    the addresses that the list dropped before they sealed, and the block in which it did.
    """

    height: int
    epochs: tuple[Epoch, ...]
    governed: frozenset[Address] | None
    withdrawn: Mapping[Address, int] = field(default_factory=dict)

    @classmethod
    def of_genesis(cls, genesis: Validators) -> Self:
        """After block 0, which lists the `genesis` set."""
        return cls(0, (Epoch(0, None, genesis),), None)

    @property
    def sealing(self) -> Validators:
        """The set that block `height` lists."""
        return self.epochs[-1].validators

    @property
    def pending(self) -> tuple[SetChange, ...]:
        """The changes still to come until the set is the contract's list, by address."""
        if self.governed is None:
            return ()
        sealing = frozenset(self.sealing.addresses)
        return tuple(SetChange(address, address in self.governed) for address in sorted(self.governed ^ sealing))

    def at(self, height: int) -> Validators:
        """The set of a block from 0 to `height`; the present one for any block above."""
        return next(epoch.validators for epoch in reversed(self.epochs) if epoch.first <= height)

    def expected(self, listed: Sequence[Address]) -> Validators:
        """The set by which the next header is to be judged, if it lists `listed`.

        Raises `SetUnexplained` unless that is the present set, or the present set moved by one change that is pending,
        or was until a few blocks ago.
        """
        if tuple(listed) == self.sealing.addresses:
            return self.sealing
        for change in (*self.pending, *self._under_way()):
            moved = _moved(self.sealing, change)
            if moved is not None and tuple(listed) == moved.addresses:
                return moved
        raise SetUnexplained(
            number=self.height + 1,
            added=tuple(sorted(set(listed) - set(self.sealing.addresses))),
            removed=tuple(sorted(set(self.sealing.addresses) - set(listed))),
            quorum=self.sealing.quorum,
            signers=frozenset(),
        )

    def after(self, listed: Sequence[Address], changes: Iterable[SetChange] = ()) -> "Succession":
        """The succession once the next block is taken: it lists `listed`, and in it the contract made `changes`.

        The contract's first changes found its list. Raises `SetUnexplained`, and `FoundersDiffer` if the list is not
        founded with the set that seals.
        """
        height, validators = self.height + 1, self.expected(listed)
        epochs = self.epochs
        if validators is not self.sealing:
            closed = replace(epochs[-1], last=height - 1)
            epochs = (*epochs[:-1], closed, Epoch(height, None, validators))
        governed, withdrawn = self.governed, dict(self.withdrawn)
        for change in changes:
            before = governed or frozenset()
            governed = before | {change.address} if change.add else before - {change.address}
            was_pending = change.address in (self.governed or ()) and change.address not in validators.addresses
            if change.add:
                withdrawn.pop(change.address, None)
            elif was_pending:
                withdrawn[change.address] = height
        if self.governed is None and governed is not None and governed != set(validators.addresses):
            sealing = frozenset(validators.addresses)
            raise FoundersDiffer(
                number=height, missing=tuple(sorted(sealing - governed)), extra=tuple(sorted(governed - sealing))
            )
        return Succession(height, epochs, governed, withdrawn)

    def _under_way(self) -> Iterable[SetChange]:
        sealing = self.sealing.addresses
        return (
            SetChange(address, add=True)
            for address, dropped in self.withdrawn.items()
            if self.height - dropped < _VOTES_UNDER_WAY and address not in sealing
        )


def verify_next(header: Header, succession: Succession, *, block_hash: bytes | None = None) -> Verified:
    """Judge the header after block `succession.height` by rules R01–R14 and by the set that is due.

    Raises `HeaderRefused`: whoever gave the header is wrong. Or `SetUnexplained`, which says by its `by_validators`
    whether a quorum of the validators that are due sealed the other set: then they are wrong.
    """
    if header.number != succession.height + 1:
        raise HeaderRefused(rule=Rule.R14, reason=f"number {header.number}, not {succession.height + 1}")
    try:
        validators = succession.expected(header.extra.validators)
    except SetUnexplained as unexplained:
        signers = signers_among(header, succession.sealing)
        raise SetUnexplained(**{**unexplained.values, "signers": signers}) from None
    return check_header(header, validators, block_hash=block_hash)


def signers_among(header: Header, validators: Validators) -> frozenset[Address]:
    """Who of `validators` sealed the header, whatever else is wrong with it; broken seals are passed over."""
    digest = seal_hash(header)
    signers = set()
    for seal in header.extra.seals[:_MOST_SEALS_READ]:
        try:
            signers.add(recover_address(digest, seal))
        except SignatureMalformed:
            continue
    return frozenset(signers & set(validators.addresses))


def _moved(validators: Validators, change: SetChange) -> Validators | None:
    """None if nobody would be left."""
    addresses = set(validators.addresses)
    moved = addresses | {change.address} if change.add else addresses - {change.address}
    return Validators.of(moved) if moved else None
