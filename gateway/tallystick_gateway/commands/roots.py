"""`tally roots`: what verifiers trust, exported from the chain, signed by members, chained from version to version.

`authorities` are in `authorities`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from tallystick.roots import Roots, RootsChain, RootsNotChained, check_chain, merge_signatures
from tallystick_gateway.commands.authorities import authorities
from tallystick_gateway.commands.files import read_bounded, write_once
from tallystick_gateway.kit.cli import FileUnreadable, Tally, pass_tally

__all__ = ["roots"]

Command = TypeVar("Command", bound=Callable[..., Any])
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def roots() -> None:
    """What a verifier trusts: export it, sign it, check it."""


roots.add_command(authorities)


def _what_went_before(command: Command) -> Command:
    """The options by which a gateway is told what it may not know itself."""
    previous = click.option("--previous", type=_FILE, help="The version before; none for the first.")
    cards = click.option(
        "--card",
        "cards",
        multiple=True,
        type=_FILE,
        help="card.json of a member admitted since this gateway's own consortium.json; repeatable.",
    )
    return previous(cards(command))


@roots.command()
@click.option("--height", type=click.IntRange(0), help="As of this block; left out, the last that is checked.")
@_what_went_before
@click.option("--out", required=True, type=_FILE, help="File to write.")
@pass_tally
def export(tally: Tally, height: int | None, previous: Path | None, cards: tuple[Path, ...], out: Path) -> None:
    """Write unsigned roots, as the chain has them at a height: the same bytes at every member's gateway.

    The code of every contract is rebuilt and compared with the chain.
    """
    if out.exists():
        raise FileUnreadable(f"{out} exists already.", file=out.name)
    body = {**_given(previous, cards), "height": height}
    with tally.api() as api:
        answer = api.post("/v1/roots:export", body)
    _write(tally, out, Roots.parse(answer["content"].encode()))
    before = f" --previous {previous}" if previous else ""
    tally.say(f"Next, members of two thirds: tally roots sign {out}{before}")


@roots.command()
@click.argument("file", type=_FILE)
@_what_went_before
@click.option("--abandon", help="Digest of roots that this member signed after the same version, and all gave up.")
@click.option("--out", type=_FILE, help="File to write; left out, FILE itself.")
@pass_tally
def sign(
    tally: Tally, file: Path, previous: Path | None, cards: tuple[Path, ...], abandon: str | None, out: Path | None
) -> None:
    """Add this member's signature to FILE, if it is exactly what its gateway finds on the chain itself."""
    body = {**_given(previous, cards), "content": _text(file), "abandon": abandon}
    with tally.api() as api:
        answer = api.post("/v1/roots:sign", body)
    _write(tally, out or file, Roots.parse(answer["content"].encode()))


@roots.command()
@click.argument("files", nargs=-1, required=True, type=_FILE)
@click.option("--out", required=True, type=_FILE, help="File to write.")
@pass_tally
def merge(tally: Tally, files: tuple[Path, ...], out: Path) -> None:
    """Put the signatures on copies of one version, signed by several members, into one file."""
    first, *others = [Roots.parse(read_bounded(path)) for path in files]
    for path, other in zip(files[1:], others, strict=True):
        if other.digest != first.digest:
            raise RootsNotChained(reason=f"{path} is another version than {files[0]}")
    _write(tally, out, merge_signatures(first, [each for other in others for each in other.signatures]))


@roots.command()
@click.argument("file", type=_FILE)
@pass_tally
def show(tally: Tally, file: Path) -> None:
    """What roots FILE say, and their digest. Signatures are judged by `check`."""
    document = Roots.parse(read_bounded(file))
    signers = [each.member.hex() for each in document.signatures]
    tally.emit({"digest": document.digest.hex(), "signed_by": signers, **document.body()})
    for line in _lines(document):
        tally.say(line)


@roots.command()
@click.argument("files", nargs=-1, required=True, type=_FILE)
@click.option("--digest", help="The digest of one of them, as you were told it by another channel.")
@pass_tally
def check(tally: Tally, files: tuple[Path, ...], digest: str | None) -> None:
    """Whether FILES, versions of roots in any order, are one chain, signed and without contradiction.

    Without a digest from elsewhere they only agree with each other: anybody could have made them.
    """
    pinned = None if digest is None else _digest(digest)
    chain = check_chain([Roots.parse(read_bounded(path)) for path in files], pinned)
    tally.emit(
        {
            "pinned": chain.pinned,
            "digest": chain.newest.digest.hex(),
            "as_of_height": chain.newest.as_of_height,
            "versions": [each.digest.hex() for each in chain.ordered],
        }
    )
    for line in _verdict(chain):
        tally.say(line)


def _given(previous: Path | None, cards: tuple[Path, ...]) -> dict[str, Any]:
    return {"previous": _text(previous) if previous else None, "cards": [_text(path) for path in cards]}


def _text(path: Path) -> str:
    return read_bounded(path).decode("utf-8", "replace")


def _digest(text: str) -> bytes:
    try:
        found = bytes.fromhex(text.strip())
    except ValueError:
        found = b""
    if len(found) != 32:
        raise click.BadParameter("a digest is 64 hexadecimal digits", param_hint="--digest")
    return found


def _write(tally: Tally, out: Path, document: Roots) -> None:
    write_once(out, document.to_bytes())
    signed = [document.members[each.member].name for each in document.signatures]
    tally.emit(
        {
            "file": str(out),
            "digest": document.digest.hex(),
            "as_of_height": document.as_of_height,
            "signed_by": [each.member.hex() for each in document.signatures],
        }
    )
    tally.say(f"Wrote {out}, as of block {document.as_of_height}, signed by {', '.join(signed) or 'nobody yet'}.")
    tally.say(f"Its digest, to be compared by another channel:\n  {document.digest.hex()}")


def _lines(document: Roots) -> list[str]:
    names = {member.member: member.name for member in document.members.values()}
    signed = ", ".join(names.get(each.member, each.member.hex()) for each in document.signatures) or "nobody yet"
    lines = [
        f"digest    {document.digest.hex()}",
        f"follows   {document.previous.hex() if document.previous else 'nothing: the first version'}",
        f"signed by {signed}",
        f"chain     {document.chain_id}, engine {document.engine}, genesis {document.genesis_hash.hex()}",
        f"as of     block {document.as_of_height}, {document.issued_at:%Y-%m-%dT%H:%M:%SZ}",
    ]
    for contract in document.contracts:
        until = "now" if contract.to_height is None else contract.to_height
        lines.append(
            f"contract  {contract.name} at 0x{contract.address.hex()}, blocks {contract.from_height} to {until}"
        )
    for member in document.members.values():
        now = member.standing[-1]
        roles = ", ".join(role.name or "" for role in now.roles)
        lines.append(f"member    {member.name} ({member.legal_id}): {now.state}, {roles}, {len(member.keys)} keys")
    for epoch in document.validator_epochs:
        until = "now" if epoch.last is None else epoch.last
        sealers = ", ".join(names[member] for member in epoch.validators.values())
        lines.append(f"sealed    blocks {epoch.first} to {until} by {sealers}")
    for authority in document.authorities:
        kind = " (development: proves nothing)" if authority.development else ""
        lines.append(f"stamps    {authority.name}{kind}, {authority.since:%Y-%m-%d} to {authority.until:%Y-%m-%d}")
    return lines


def _verdict(chain: RootsChain) -> list[str]:
    lines = [f"{each.as_of_height:>9}  {each.digest.hex()}" for each in chain.ordered]
    versions = "1 version" if len(chain.ordered) == 1 else f"{len(chain.ordered)} versions"
    lines.append(f"{versions}, signed, without contradiction, up to block {chain.newest.as_of_height}.")
    if not chain.pinned:
        lines.append("NOT PINNED: no digest was given. Anybody could have made these; get one from a member you trust.")
    return lines
