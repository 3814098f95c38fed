"""`tally join`: check a consortium file against digest, own card, every node and the own validator; then pin it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from tallystick.client import Node
from tallystick.client.deploy import check_deployment, founders_of
from tallystick.consortium import (
    CardMalformed,
    Consortium,
    MemberCard,
    NotLater,
    check_continues,
    check_founding_set,
    is_sealed,
)
from tallystick.errors import TallystickError
from tallystick.keys import Keystore
from tallystick_gateway.commands.files import read_bounded, write_once
from tallystick_gateway.commands.founding import read_founding
from tallystick_gateway.kit.cli import Tally, pass_tally
from tallystick_gateway.kit.config import Config
from tallystick_gateway.kit.errors import GatewayError
from tallystick_gateway.members.errors import ValidatorNotOurs
from tallystick_gateway.members.validator_node import ValidatorNode

__all__ = ["join"]


_BLOCKS_BEHIND = 30
"""A node that is further behind the foremost one is still catching up."""


class JoinRefused(GatewayError):
    """The consortium file is not the one that this member should join"""

    status = 409
    code = "join.refused"
    advice = "Compare file and digest with the other founders over a channel you trust before you try again."


class NodeBehind(GatewayError):
    """A node has not followed the chain far enough to check the consortium with it"""

    status = 503
    code = "join.node_behind"
    advice = "Wait until the node has caught up, then join again; see its log if it does not move (allow-lists, peers)."


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--expect", required=True, help="The digest, as you were told it by another channel.")
@pass_tally
def join(tally: Tally, file: Path, expect: str) -> None:
    """Check a consortium file against its digest, your card and the chain, and pin it in this gateway's home."""
    config = tally.config
    document = _consortium(file)
    if document.digest.hex() != expect.strip().lower():
        raise JoinRefused(
            f"The file's digest is {document.digest.hex()}, not {expect}.", expected=expect, found=document.digest
        )
    card = _own_card(config, document)
    if document.engine != config.settings.chain.engine:
        raise JoinRefused(
            f"The consortium's engine is {document.engine}, gateway.toml says {config.settings.chain.engine}.",
            field="chain.engine",
        )
    urls = config.settings.chain.nodes
    if not urls:
        raise JoinRefused("gateway.toml names no node to check the contracts with.", field="chain.nodes")
    _check_caught_up(urls, document)
    for url in urls:
        with Node(url) as node:
            _check_chain(node, document)
    checked = f"genesis, code of {len(document.contracts)} contracts and founders"
    if is_sealed(document.engine) and _seals(config):
        _check_validator(config, document, card)
        checked += ", and that the validator is ours,"
    first = _pin(config, document)
    tally.emit({"digest": document.digest.hex(), "chain_id": document.chain_id, "members": len(document.members)})
    tally.say(f"Chain {document.chain_id}: {checked} checked.")
    if first:
        tally.say(f"Joined with {len(document.members)} members. Next: {tally.line('serve')} ({_by_itself(document)}).")
    else:
        tally.say("The file took the place of the one joined with before. Restart the gateway if it runs.")


def _by_itself(document: Consortium) -> str:
    """What the gateway does first, without being asked."""
    founders = founders_of(document.contract("Consortium"), document.members)
    later = "; a member admitted later adds its keys" if len(document.members) > len(founders) else ""
    return f"a founder ratifies on chain by itself{later}"


def _consortium(path: Path) -> Consortium:
    """The consortium in the file. Raises `JoinRefused` naming the file."""
    raw = read_bounded(path)
    try:
        return Consortium.parse(raw)
    except TallystickError as why:
        raise JoinRefused(f"{path}: {why}.", file=str(path)) from why


def _own_card(config: Config, document: Consortium) -> MemberCard:
    try:
        own = MemberCard.parse(read_bounded(config.card_path))
    except CardMalformed as why:
        raise JoinRefused(f"This gateway's own {config.card_path}: {why}.", file=str(config.card_path)) from why
    if own.member != config.member_id:
        raise JoinRefused(f"{config.card_path} is the card of another member, {own.name}.", member=own.member)
    if own not in document.members:
        known = any(card.member == own.member for card in document.members)
        reason = "holds another card of this member" if known else "does not list this member"
        raise JoinRefused(f"The consortium file {reason}.", member=own.member)
    return own


def _check_caught_up(urls: Sequence[str], document: Consortium) -> None:
    """Every node has the blocks that the file speaks of, and is not far behind the others. Raises `NodeBehind`."""
    heights: dict[str, int] = {}
    for url in urls:
        with Node(url) as node:
            node.check_chain_id(document.chain_id)
            heights[node.url] = node.height()
    known = [entry.from_height for entry in document.contracts]
    known += [epoch.first for epoch in document.validator_epochs]
    needed = max(*known, max(heights.values()) - _BLOCKS_BEHIND)
    for url, height in heights.items():
        if height < needed:
            raise NodeBehind(
                f"The node at {url} is at block {height}; block {needed} is needed.", height=height, needed=needed
            )


def _check_chain(node: Node, document: Consortium) -> None:
    """The node serves this chain, from this genesis and with its validators, and the chain holds these contracts."""
    chain = read_founding(node, document.engine)
    if chain.genesis_hash != document.genesis_hash:
        raise JoinRefused(
            f"{node.url} serves another chain of the same id: its genesis is {chain.genesis_hash.hex()}.",
            expected=document.genesis_hash,
            found=chain.genesis_hash,
        )
    check_deployment(node, document.contracts, document.members)
    if not is_sealed(document.engine):
        return
    check_founding_set(chain.validators, founders_of(document.contract("Consortium"), document.members))
    if list(chain.validators) != sorted(document.validator_epochs[0].validators):
        raise JoinRefused("The file's first epoch does not have the validators of block 0.")
    stated = [entry for entry in document.header_items if entry.from_height <= chain.height]
    if stated != list(chain.header_items):
        counts = ", ".join(f"{entry.items} from height {entry.from_height}" for entry in chain.header_items)
        raise JoinRefused(f"Headers at {node.url} have other numbers of items than the file says: {counts}.")


def _seals(config: Config) -> bool:
    """Whether this member runs a validator node: `tally init` then made no validator key of its own."""
    return "validator" not in Keystore.read_public(config.keystore_path)


def _check_validator(config: Config, document: Consortium, own: MemberCard) -> None:
    """The configured validator node serves this chain and seals with the key that our card names."""
    with Node(str(config.validator_url)) as node:
        if node.url not in config.settings.chain.nodes:
            _check_chain(node, document)
        found = ValidatorNode(node).address()
    if found == own.keys.validator:
        return
    whose = next((f"{card.name}'s" for card in document.members if card.keys.validator == found), None)
    raise ValidatorNotOurs(
        f"The node at {node.url} seals as 0x{found.hex()}, {whose or 'nobody’s'} validator in this consortium; "
        f"our card says 0x{own.keys.validator.hex()}.",
        expected=own.keys.validator,
        found=found,
        field="chain.validator",
    )


def _pin(config: Config, document: Consortium) -> bool:
    """Put the file in the home; False if it took an earlier state's place. Raises `JoinRefused`."""
    path = config.consortium_path
    if not path.exists():
        write_once(path, document.to_bytes())
        return True
    pinned = _consortium(path)
    try:
        check_continues(document, pinned)
    except NotLater as why:
        raise JoinRefused(
            f"This gateway has joined the consortium {pinned.digest.hex()} already: {why}.", pinned=pinned.digest
        ) from why
    write_once(path, document.to_bytes())
    return False
