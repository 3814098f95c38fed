"""`tally consortium assemble`: from member cards to contracts on a chain and a file that every founder checks.

`export` and `show` are in `exporting`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import click

from tallystick.client import Node
from tallystick.client.deploy import FoundingTerms, check_deployment, deploy_consortium
from tallystick.consortium import Consortium, MemberCard, ValidatorEpoch, check_founding_set
from tallystick.errors import TallystickError
from tallystick.keys import ActKey
from tallystick_gateway.commands.exporting import export, show
from tallystick_gateway.commands.files import read_bounded, write_once
from tallystick_gateway.commands.founding import ENGINES, read_founding
from tallystick_gateway.kit.cli import FileUnreadable, Tally, pass_tally
from tallystick_gateway.kit.errors import GatewayError

__all__ = ["consortium"]

_YEAR_S = 365 * 24 * 3600
_EARLIER_S = 3600
"""The founders' keys are valid from an hour before assembly, so that clocks need not agree to the second."""
_FEWEST, _MOST = 4, 32
"""Members of a consortium (Consortium.sol)."""


class CardsRefused(GatewayError):
    """These member cards do not make a consortium; nothing was deployed"""

    status = 422
    code = "consortium.cards_refused"
    advice = "Give one card.json of each founder, as its `tally init` wrote it; a consortium has 4 to 32 members."


@click.group()
def consortium() -> None:
    """Found a consortium; write down what it has become."""


consortium.add_command(export)
consortium.add_command(show)


@consortium.command()
@click.argument("cards", nargs=-1, required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--node", "url", required=True, help="URL of a node of the chain to deploy on.")
@click.option(
    "--engine", type=click.Choice(ENGINES), default="embedded", show_default=True, help="What the chain runs; checked."
)
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
    tally: Tally,
    cards: tuple[Path, ...],
    url: str,
    engine: str,
    out: Path,
    delay: int,
    threshold: int,
    key_years: int,
) -> None:
    """Deploy the contracts for the founding members of CARDS (at least four) and write consortium.json.

    On a sealed chain the validators of block 0 must be exactly those that the cards name.
    """
    if out.exists():
        raise FileUnreadable(f"{out} exists already: a consortium is not assembled over another.", file=out.name)
    if not out.absolute().parent.is_dir():
        raise FileUnreadable(f"{out}: there is no folder {out.absolute().parent}.", file=out.name)
    members = _founders(cards)
    now = int(time.time())
    terms = FoundingTerms(now - _EARLIER_S, now + key_years * _YEAR_S, delay, threshold)
    with Node(url) as node:
        document = _found(tally, node, engine, members, terms)
    write_once(out, document.to_bytes())
    tally.emit({"file": str(out), "digest": document.digest.hex(), "members": [card.member.hex() for card in members]})
    for card in members:
        tally.say(f"  {card.name}: {', '.join(role.name or '' for role in card.roles)}, member {card.member.hex()}")
    tally.say(f"Wrote {out}. Its digest, to be compared by another channel:\n  {document.digest.hex()}")
    tally.say(f"Next, each founder: tally join {out} --expect {document.digest.hex()}")


def _found(tally: Tally, node: Node, engine: str, members: tuple[MemberCard, ...], terms: FoundingTerms) -> Consortium:
    """Check the chain against the cards, then deploy.

    Raises as `read_founding`, `check_founding_set` and `deploy_consortium`.
    """
    chain = read_founding(node, engine)
    epochs: tuple[ValidatorEpoch, ...] = ()
    if chain.validators:
        check_founding_set(chain.validators, members)
        epochs = (ValidatorEpoch(0, None, {card.keys.validator: card.member for card in members}),)
        tally.say(f"block 0 lists the {len(members)} founders' validators")
    contracts = deploy_consortium(
        node, ActKey.generate(), members, terms, progress=lambda name: tally.say(f"deployed {name}")
    )
    document = Consortium(
        chain_id=chain.chain_id,
        genesis_hash=chain.genesis_hash,
        engine=engine,
        header_items=chain.header_items,
        validator_epochs=epochs,
        contracts=contracts,
        members=members,
    )
    document.check()
    check_deployment(node, contracts, members)
    return document


def _founders(paths: Sequence[Path]) -> tuple[MemberCard, ...]:
    """The cards in the files. Raises `CardsRefused` naming the file, before anything is deployed."""
    by_member: dict[bytes, Path] = {}
    cards = []
    for path in paths:
        raw = read_bounded(path)
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
