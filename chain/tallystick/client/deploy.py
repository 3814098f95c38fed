"""Deploy a consortium's contracts, and check a deployment without trusting who made it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from eth_abi.abi import decode

from tallystick.client.artifacts import CONTRACTS, load
from tallystick.client.calls import ask
from tallystick.client.errors import decode_revert
from tallystick.client.nodes import NodeRefused
from tallystick.client.rpc import Node
from tallystick.client.transactions import created_address, sign_transaction
from tallystick.consortium import ContractEntry, MemberCard
from tallystick.errors import TallystickError
from tallystick.keccak import keccak256
from tallystick.keys import ActKey, Address

__all__ = [
    "CodeDiffers",
    "DeploymentFailed",
    "FoundersDiffer",
    "FoundingTerms",
    "NotAdmitted",
    "check_deployment",
    "deploy_consortium",
    "founders_of",
]

_NO_PREDECESSOR: Final = "0x" + "00" * 20
_RECEIPT_WITHIN_S: Final = 120.0
_LOOK_EVERY_S: Final = 0.2
_GAS_MARGIN: Final = 1.2
_RECOVERY: Final = 2
"""The purpose's code (acts.json)."""


class DeploymentFailed(TallystickError):
    """A contract could not be deployed; those before it stand on the chain and are harmless."""

    code: ClassVar[str] = "deployment.failed"
    advice: ClassVar[str] = "Look at the node's log; then run the same command again: it deploys anew."


class CodeDiffers(TallystickError):
    """The code at an address is not what this version's artifact and the stated arguments make."""

    code: ClassVar[str] = "deployment.code_differs"
    advice: ClassVar[str] = "Do not join. Ask who assembled the consortium which version of Tallystick they used."


class FoundersDiffer(TallystickError):
    """The founders in the contract are not the members of the document."""

    code: ClassVar[str] = "deployment.founders_differ"
    advice: ClassVar[str] = "Do not join. Compare the cards with their members, then assemble again."


class NotAdmitted(TallystickError):
    """The document lists a member, after the founders, that the contract has not admitted with that card's key."""

    code: ClassVar[str] = "deployment.not_admitted"
    advice: ClassVar[str] = "Do not join. Ask another member for its export of the consortium, and compare the digests."


@dataclass(frozen=True, slots=True)
class FoundingTerms:
    """`key_from`, `key_until`: window of the founders' first keys, Unix seconds. `delay_s`: the timelock of governance.

    `threshold`: the least number of approvals, if above ⌈2n/3⌉; 0 for none.
    """

    key_from: int
    key_until: int
    delay_s: int
    threshold: int = 0


def deploy_consortium(
    node: Node,
    sender: ActKey,
    cards: Sequence[MemberCard],
    terms: FoundingTerms,
    *,
    progress: Callable[[str], None] = lambda name: None,
) -> tuple[ContractEntry, ...]:
    """Deploy every contract of `CONTRACTS`; `progress` hears each name when it stands.

    Raises `DeploymentFailed` with the contract and the node's reason, or a `NodeError`.
    """
    chain_id = node.chain_id()
    founders = eth_founders(cards, terms)
    entries: list[ContractEntry] = []
    for name in CONTRACTS:
        arguments = _arguments(name, founders, terms, entries)
        entries.append(_deploy(node, sender, chain_id, name, arguments))
        progress(name)
    return tuple(entries)


def check_deployment(node: Node, contracts: Sequence[ContractEntry], cards: Sequence[MemberCard]) -> None:
    """Check that each contract is this version's code, built with the stated arguments, for these members.

    `cards` are in order of admission: the founders', which the constructor was given, then those of members whom the
    contract admitted since, with the RECOVERY key of their card. Raises `CodeDiffers`, `FoundersDiffer`, `NotAdmitted`
    or a `NodeError`.
    """
    for entry in contracts:
        if entry.name not in CONTRACTS:
            raise CodeDiffers(f"{entry.name} is no contract of this version", contract=entry.name)
        try:
            expected = load(entry.name).deployed_code(entry.constructor_arguments)
        except ValueError as why:
            raise CodeDiffers(str(why), contract=entry.name) from None
        found = node.code(entry.address)
        if found != expected or keccak256(found) != entry.code_hash:
            raise CodeDiffers(
                f"the code of {entry.name} at 0x{entry.address.hex()} is not what the artifact makes",
                contract=entry.name,
                expected=keccak256(expected),
                found=keccak256(found),
                stated=entry.code_hash,
            )
    by_name = {entry.name: entry for entry in contracts}
    consortium = by_name["Consortium"]
    founders = founders_of(consortium, cards)
    _check_founders(consortium, founders)
    for card in cards[len(founders) :]:
        _check_admitted(node, consortium, card)
    for name in CONTRACTS[1:]:
        first, *_ = decode(load(name).constructor_types(), by_name[name].constructor_arguments)
        if bytes.fromhex(first[2:]) != consortium.address:
            raise CodeDiffers(f"{name} belongs to another consortium contract", contract=name)


def founders_of(consortium: ContractEntry, cards: Sequence[MemberCard]) -> Sequence[MemberCard]:
    """Of cards in order of admission, those of as many founders as the contract's constructor was given.

    Raises `FoundersDiffer` if there are fewer.
    """
    founders, _settings = decode(load("Consortium").constructor_types(), consortium.constructor_arguments)
    if len(cards) < len(founders):
        raise FoundersDiffer(f"the contract has {len(founders)} founders, the document {len(cards)} members")
    return cards[: len(founders)]


def eth_founders(cards: Sequence[MemberCard], terms: FoundingTerms) -> list[tuple[Any, ...]]:
    """The constructor's `Founder[]`, in the order of the cards."""
    return [_founder(card, terms.key_from, terms.key_until) for card in cards]


def _founder(card: MemberCard, key_from: int, key_until: int) -> tuple[Any, ...]:
    keys = card.keys
    return (
        card.member,
        card.role_mask,
        keys.document,
        f"0x{keys.act.hex()}",
        f"0x{keys.recovery.hex()}",
        f"0x{keys.validator.hex()}",
        keys.exchange,
        keys.seal,
        keys.document,
        key_from,
        key_until,
    )


def _check_founders(consortium: ContractEntry, cards: Sequence[MemberCard]) -> None:
    founders, _settings = decode(load("Consortium").constructor_types(), consortium.constructor_arguments)
    expected = [_founder(card, *founder[-2:]) for card, founder in zip(cards, founders, strict=True)]
    if list(founders) != expected:
        differing = [card.name for card, there, ours in zip(cards, founders, expected, strict=True) if there != ours]
        raise FoundersDiffer(f"the contract's founders are not the members of the document: {', '.join(differing)}")


def _check_admitted(node: Node, consortium: ContractEntry, card: MemberCard) -> None:
    """The contract knows the card's RECOVERY key as the member's: who signed the card is who was admitted."""
    key = ask(node, "Consortium", consortium.address, "keyOf", card.keys.recovery.rjust(32, b"\0"))
    if key["member"] != card.member or key["purpose"] != _RECOVERY:
        raise NotAdmitted(
            f"the contract has not admitted {card.name} with the RECOVERY key of its card", member=card.member
        )


def _arguments(
    name: str, founders: list[tuple[Any, ...]], terms: FoundingTerms, entries: Sequence[ContractEntry]
) -> bytes:
    artifact = load(name)
    if name == "Consortium":
        return artifact.encode_constructor(founders, (terms.delay_s, terms.threshold))
    given = {"consortium_": f"0x{entries[0].address.hex()}", "predecessor_": _NO_PREDECESSOR}
    return artifact.encode_constructor(*(given[argument] for argument in artifact.constructor_names()))


def _deploy(node: Node, sender: ActKey, chain_id: int, name: str, arguments: bytes) -> ContractEntry:
    artifact = load(name)
    creation = artifact.creation_code + arguments
    nonce = node.nonce(sender.address)
    try:
        gas = int(node.estimate_gas(None, creation, sender=sender.address) * _GAS_MARGIN)
        transaction = sign_transaction(sender, chain_id=chain_id, nonce=nonce, gas=gas, to=None, data=creation)
        node.send_raw(transaction.raw)
    except NodeRefused as why:
        reason = str(decode_revert(why.revert_data)) if why.revert_data else str(why)
        raise DeploymentFailed(f"{name} cannot be deployed: {reason}", contract=name) from why
    height = _mined(node, transaction.hash, name)
    address = created_address(sender.address, nonce)
    expected = artifact.deployed_code(arguments)
    if node.code(address) != expected:
        raise DeploymentFailed(f"the node left other code than the artifact's for {name}", contract=name)
    return ContractEntry(name, Address(address), keccak256(expected), height, arguments)


def _mined(node: Node, transaction: bytes, name: str) -> int:
    """The height of the block that holds `transaction`, which succeeded."""
    deadline = time.monotonic() + _RECEIPT_WITHIN_S
    while (receipt := node.receipt(transaction)) is None:
        if time.monotonic() > deadline:
            raise DeploymentFailed(f"{name} is in no block after {_RECEIPT_WITHIN_S:.0f} s", contract=name)
        time.sleep(_LOOK_EVERY_S)
    if receipt.get("status") != "0x1":
        raise DeploymentFailed(f"the constructor of {name} refused", contract=name)
    return int(str(receipt["blockNumber"]), 16)
