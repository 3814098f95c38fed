"""Proofs of acts, collected from the member's own node: headers, receipts with their proofs, acts with signatures.

The watcher has proved every block before. What the node says of one now must be that block, transaction by transaction
and receipt by receipt; if it is not, the node lied. Headers are given out as this gateway keeps them.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tallystick.acts import Domain
from tallystick.blocks import header_items
from tallystick.client import Node
from tallystick.keys import Address
from tallystick.package import ActFile, CollectedAct, Place, Proofs
from tallystick.package.events import ACT_EVENTS
from tallystick.receipts import encode_receipt, receipt_from_rpc
from tallystick.rlp import encode
from tallystick.trie import ordered_proof
from tallystick_gateway.kit.db import Session
from tallystick_gateway.watch import repository as chain
from tallystick_gateway.watch.blocks import CheckedBlock, CheckedLog, check_block
from tallystick_gateway.watch.decoding import read_event
from tallystick_gateway.watch.errors import HistoryChanged
from tallystick_gateway.watch.fetch import RawBlock, fetch
from tallystick_gateway.watch.quantities import data_of, item_of, list_of, object_of
from tallystick_gateway.watch.witnesses import Witnesses

from .calldata import SignedAct, signed_acts
from .errors import ActNotFound, SignatureNotFound
from .repository import EventPlace

__all__ = ["ChainProofs", "Contracts", "collect"]

_BLOCKS_AT_ONCE = 8
_KINDS: Mapping[tuple[str, str], str] = {(event.contract, event.name): event.kind for event in ACT_EVENTS}

Contracts = Mapping[bytes, str]
"""The contracts whose events count, by address."""


@dataclass(frozen=True, slots=True)
class ChainProofs:
    """What was collected so far, as `tallystick.package.Proofs` takes it."""

    headers: dict[int, bytes] = field(default_factory=dict)
    receipts: dict[tuple[int, int], Sequence[bytes]] = field(default_factory=dict)
    acts: list[CollectedAct] = field(default_factory=list)

    def proofs(self) -> Proofs:
        """Proofs of the acts alone."""
        return Proofs(self.headers, self.receipts, self.acts)


def collect(
    session: Session, node: Node, witnesses: Witnesses, contracts: Contracts, places: Iterable[EventPlace]
) -> ChainProofs:
    """Proofs of the acts whose events stand at `places`.

    Raises a `ChainDistrusted` if the node shows other blocks than those taken, a `NodeError` or `BlockMissing` if it
    cannot tell, `SignatureNotFound`, and `ActNotFound` where no event of ours stands at a place.
    """
    by_height: defaultdict[int, set[EventPlace]] = defaultdict(set)
    for place in places:
        by_height[place.height].add(place)
    heights = sorted(by_height)
    found = ChainProofs()
    for start in range(0, len(heights), _BLOCKS_AT_ONCE):
        some = heights[start : start + _BLOCKS_AT_ONCE]
        for height, raw in zip(some, fetch(node, some), strict=True):
            _Block(session, node, witnesses, contracts, height, raw).collect(sorted(by_height[height]), found)
    return found


class _Block:
    """One block, checked against the one that was taken."""

    def __init__(
        self, session: Session, node: Node, witnesses: Witnesses, contracts: Contracts, height: int, raw: RawBlock
    ) -> None:
        taken = chain.block_at(session, height)
        header = witnesses.chain.header(raw.block, height)
        if taken is None or taken.hash != header.hash:
            witnesses.chain.check_history(node, height, witnesses.standing, witnesses.remembered)
            expected = taken.hash.hex() if taken else "forgotten"
            raise HistoryChanged(
                f"Block {height} was {expected}; the node at {node.url} says {header.hash.hex()}.",
                height=height,
                found=header.hash,
                node=node.url,
            )
        self._chain_id = witnesses.chain.consortium.chain_id
        self._contracts = contracts
        self._checked: CheckedBlock = check_block(raw.block, raw.receipts, header)
        self._raw = raw
        self._signed: dict[tuple[int, bytes, str], Mapping[bytes, SignedAct]] = {}
        self._header = taken.header or encode(header_items(raw.block))

    def collect(self, places: Sequence[EventPlace], found: ChainProofs) -> None:
        """Add the block's header, the receipts of these events, and their acts."""
        height = self._checked.height
        receipts = [encode_receipt(receipt_from_rpc(object_of(each, "receipt"))) for each in self._raw.receipts]
        found.headers[height] = self._header
        for place in places:
            checked = self._log(place)
            transaction = checked.transaction_index
            if (height, transaction) not in found.receipts:
                found.receipts[height, transaction] = ordered_proof(receipts, transaction)
            found.acts.append(self._act(place, checked))

    def _log(self, place: EventPlace) -> CheckedLog:
        if place.log_index >= len(self._checked.logs):
            raise ActNotFound(f"Block {place.height} has no event {place.log_index}.", act_id=place.act_id)
        return self._checked.logs[place.log_index]

    def _act(self, place: EventPlace, checked: CheckedLog) -> CollectedAct:
        address = checked.log.address
        contract = self._contracts.get(address)
        if contract is None:
            raise ActNotFound(f"Event {place.log_index} of block {place.height} is no contract's of ours.")
        event = read_event(contract, checked, self._checked.header)
        kind = _KINDS.get((contract, event.name))
        if kind is None or event.act_id != place.act_id:
            raise ActNotFound(f"{event.name} is no act that a package can hold.", act_id=place.act_id)
        signed = self._handed_over(checked.transaction_index, address, kind).get(place.act_id)
        if signed is None:
            raise SignatureNotFound(
                f"{kind} {place.act_id.hex()} is not in the calldata of its transaction.",
                act_id=place.act_id,
                height=place.height,
            )
        first = next(each.index for each in self._checked.logs if each.transaction_index == checked.transaction_index)
        at = Place(place.height, checked.transaction_index, checked.index - first)
        return CollectedAct(ActFile(contract, signed.act, signed.signature, at), self._chain_id, Address(address))

    def _handed_over(self, transaction: int, address: bytes, kind: str) -> Mapping[bytes, SignedAct]:
        key = (transaction, address, kind)
        if key not in self._signed:
            entries = list_of(item_of(self._raw.block, "transactions"), "transactions")
            calldata = data_of(object_of(entries[transaction], "transaction"), "input")
            domain = Domain(self._chain_id, address)
            self._signed[key] = signed_acts(calldata, self._contracts[address], kind, domain)
        return self._signed[key]
