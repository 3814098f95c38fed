"""`tally consortium export` and `show`: the consortium as it is now, to join with, and such a file in words."""

from __future__ import annotations

from pathlib import Path

import click

from tallystick.consortium import Consortium
from tallystick_gateway.commands.files import read_bounded, write_once
from tallystick_gateway.kit.cli import FileUnreadable, Tally, pass_tally

__all__ = ["export", "show"]


@click.command()
@click.option(
    "--card",
    "cards",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="card.json of a member admitted since this gateway's own file; repeatable.",
)
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="File to write.")
@pass_tally
def export(tally: Tally, cards: tuple[Path, ...], out: Path) -> None:
    """Write the consortium as it is now: contracts, validator epochs, members with their cards.

    A member that was admitted joins with this file. Every gateway's export of one state of the chain has the same
    digest, so the new member compares it with other members'. A card is the one its member came with: keys that changed
    since stand on the chain, never in a new card.
    """
    if out.exists():
        raise FileUnreadable(f"{out} exists already.", file=out.name)
    body = {"cards": [read_bounded(path).decode("utf-8", "replace") for path in cards]}
    with tally.api() as api:
        answer = api.post("/v1/consortium:export", body)
    document = Consortium.parse(answer["content"].encode())
    write_once(out, document.to_bytes())
    tally.emit({"file": str(out), "digest": document.digest.hex(), "height": answer["height"]})
    tally.say(f"Wrote {out}, as of block {answer['height']}. Its digest, to be compared by another channel:")
    tally.say(f"  {document.digest.hex()}")
    tally.say(f"Next, whom it is for: tally join {out} --expect {document.digest.hex()}")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@pass_tally
def show(tally: Tally, file: Path) -> None:
    """What a consortium FILE says, and its digest. Cards' signatures are checked; nothing is asked of a node."""
    document = Consortium.parse(read_bounded(file))
    tally.emit({"digest": document.digest.hex(), **document.body()})
    names = {card.member: card.name for card in document.members}
    tally.say(f"digest   {document.digest.hex()}")
    tally.say(f"chain    {document.chain_id}, engine {document.engine}, genesis {document.genesis_hash.hex()}")
    counts = ", ".join(f"{entry.items} from height {entry.from_height}" for entry in document.header_items)
    tally.say(f"headers  items: {counts}")
    for contract in document.contracts:
        tally.say(f"contract {contract.name} at 0x{contract.address.hex()} from height {contract.from_height}")
    for card in document.members:
        tally.say(f"member   {card.member.hex()}  {card.name} ({', '.join(role.name or '' for role in card.roles)})")
    for epoch in document.validator_epochs:
        until = "now" if epoch.last is None else f"{epoch.last}"
        tally.say(f"blocks   {epoch.first} to {until} are sealed by")
        for address, member in sorted(epoch.validators.items(), key=lambda pair: names[pair[1]]):
            tally.say(f"           0x{address.hex()}  {names[member]}")
