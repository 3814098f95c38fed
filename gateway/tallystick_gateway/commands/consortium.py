"""`tally consortium assemble` and `tally join`: from member cards to a consortium that every founder has checked."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

import click

from tallystick.client import Node
from tallystick.client.deploy import FoundingTerms, check_deployment, deploy_consortium
from tallystick.consortium import CardMalformed, Consortium, HeaderItems, MemberCard
from tallystick.errors import TallystickError
from tallystick.keys import ActKey
from tallystick_gateway.kit.cli import FileUnreadable, Tally, pass_tally
from tallystick_gateway.kit.config import Config
from tallystick_gateway.kit.errors import GatewayError

__all__ = ["consortium", "join"]

_LARGEST_FILE = 4 * 1024 * 1024
_YEAR_S = 365 * 24 * 3600
_EARLIER_S = 3600
"""The founders' keys are valid from an hour before assembly, so that clocks need not agree to the second."""
_HEADER_ITEMS = 15
_FEWEST, _MOST = 4, 32
"""Members of a consortium (Consortium.sol)."""


class JoinRefused(GatewayError):
    """The consortium file is not the one that this member should join"""

    status = 409
    code = "join.refused"
    advice = "Compare file and digest with the other founders over a channel you trust before you try again."


class CardsRefused(GatewayError):
    """These member cards do not make a consortium; nothing was deployed"""

    status = 422
    code = "consortium.cards_refused"
    advice = "Give one card.json of each founder, as its `tally init` wrote it; a consortium has 4 to 32 members."


@click.group()
def consortium() -> None:
    """Found a consortium."""


@consortium.command()
@click.argument("cards", nargs=-1, required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--node", "url", required=True, help="URL of a node of the chain to deploy on.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), default=Path("consortium.json"), show_default=True
)
@click.option(
    "--delay", type=click.IntRange(1), default=86_400, show_default=True, help="Governance timelock, seconds."
)
@click.option("--threshold", type=click.IntRange(0, 255), default=0, help="Least approvals, if above two thirds.")
@click.option("--key-years", type=click.IntRange(1, 20), default=2, show_default=True, help="Window of the first keys.")
@pass_tally
def assemble(
    tally: Tally, cards: tuple[Path, ...], url: str, out: Path, delay: int, threshold: int, key_years: int
) -> None:
    """Deploy the contracts for the founding members of CARDS (at least four) and write consortium.json."""
    if out.exists():
        raise FileUnreadable(f"{out} exists already: a consortium is not assembled over another.", file=out.name)
    if not out.absolute().parent.is_dir():
        raise FileUnreadable(f"{out}: there is no folder {out.absolute().parent}.", file=out.name)
    members = _founders(cards)
    now = int(time.time())
    terms = FoundingTerms(now - _EARLIER_S, now + key_years * _YEAR_S, delay, threshold)
    with Node(url) as node:
        genesis = node.block(0)
        contracts = deploy_consortium(
            node, ActKey.generate(), members, terms, progress=lambda name: tally.say(f"deployed {name}")
        )
        document = Consortium(
            chain_id=node.chain_id(),
            genesis_hash=genesis.hash,
            engine="embedded",
            header_items=(HeaderItems(0, _HEADER_ITEMS),),
            validator_epochs=(),
            contracts=contracts,
            members=members,
        )
        document.check()
        check_deployment(node, contracts, members)
    _write_once(out, document.to_bytes())
    tally.emit({"file": str(out), "digest": document.digest.hex(), "members": [card.member.hex() for card in members]})
    for card in members:
        tally.say(f"  {card.name}: {', '.join(role.name or '' for role in card.roles)}, member {card.member.hex()}")
    tally.say(f"Wrote {out}. Its digest, to be compared by another channel:\n  {document.digest.hex()}")
    tally.say(f"Next, each founder: tally join {out} --expect {document.digest.hex()}")


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
    _check_own_card(config, document)
    if document.engine != config.settings.chain.engine:
        raise JoinRefused(
            f"The consortium's engine is {document.engine}, gateway.toml says {config.settings.chain.engine}.",
            field="chain.engine",
        )
    _check_chain(config.settings.chain.nodes, document)
    _pin(config, document)
    tally.emit({"digest": document.digest.hex(), "chain_id": document.chain_id, "members": len(document.members)})
    tally.say(f"Chain {document.chain_id}: genesis, code of {len(document.contracts)} contracts and founders checked.")
    tally.say(
        f"Joined with {len(document.members)} members. Next: {tally.line('serve')} (it ratifies on chain by itself)."
    )


def _founders(paths: Sequence[Path]) -> tuple[MemberCard, ...]:
    """The cards in the files. Raises `CardsRefused` naming the file, before anything is deployed."""
    by_member: dict[bytes, Path] = {}
    cards = []
    for path in paths:
        raw = _read(path)
        try:
            card = MemberCard.parse(raw)
        except TallystickError as why:
            raise CardsRefused(f"{path}: {why}.", file=str(path)) from why
        if earlier := by_member.get(card.member):
            raise CardsRefused(f"{earlier} and {path} are of one member, {card.name}.", file=str(path))
        by_member[card.member] = path
        cards.append(card)
    if not _FEWEST <= len(cards) <= _MOST:
        raise CardsRefused(f"{len(cards)} cards: a consortium has {_FEWEST} to {_MOST} members.", cards=len(cards))
    return tuple(cards)


def _consortium(path: Path) -> Consortium:
    """The consortium in the file. Raises `JoinRefused` naming the file."""
    raw = _read(path)
    try:
        return Consortium.parse(raw)
    except TallystickError as why:
        raise JoinRefused(f"{path}: {why}.", file=str(path)) from why


def _check_own_card(config: Config, document: Consortium) -> None:
    try:
        own = MemberCard.parse(_read(config.card_path))
    except CardMalformed as why:
        raise JoinRefused(f"This gateway's own {config.card_path}: {why}.", file=str(config.card_path)) from why
    if own.member != config.member_id:
        raise JoinRefused(f"{config.card_path} is the card of another member, {own.name}.", member=own.member)
    if own not in document.members:
        known = any(card.member == own.member for card in document.members)
        reason = "holds another card of this member" if known else "does not list this member"
        raise JoinRefused(f"The consortium file {reason}.", member=own.member)


def _check_chain(urls: Sequence[str], document: Consortium) -> None:
    """Every node of the configuration serves this chain, and the chain holds these contracts."""
    if not urls:
        raise JoinRefused("gateway.toml names no node to check the contracts with.", field="chain.nodes")
    for url in urls:
        with Node(url) as node:
            node.check_chain_id(document.chain_id)
            found = node.block(0).hash
            if found != document.genesis_hash:
                raise JoinRefused(
                    f"{node.url} serves another chain of the same id: its genesis is {found.hex()}.",
                    expected=document.genesis_hash,
                    found=found,
                )
            check_deployment(node, document.contracts, document.members)


def _pin(config: Config, document: Consortium) -> None:
    path = config.consortium_path
    if path.exists():
        pinned = _consortium(path)
        if pinned.digest != document.digest:
            raise JoinRefused(
                f"This gateway has joined the consortium {pinned.digest.hex()} already.", pinned=pinned.digest
            )
        return
    _write_once(path, document.to_bytes())


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST_FILE + 1)
    except OSError as why:
        raise FileUnreadable(f"{path}: {why.strerror}.", file=path.name) from why
    if len(raw) > _LARGEST_FILE:
        raise FileUnreadable(f"{path} is larger than {_LARGEST_FILE} bytes.", file=path.name)
    return raw


def _write_once(path: Path, content: bytes) -> None:
    """All of it or nothing, and on disk when this returns."""
    fresh = path.with_name(f".{path.name}.new")
    try:
        with fresh.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as why:
        raise FileUnreadable(f"{path}: {why.strerror}.", file=path.name) from why
