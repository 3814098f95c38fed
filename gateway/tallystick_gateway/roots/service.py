"""Roots as this gateway finds them on the chain, and this member's signature on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tallystick.consortium import MemberCard
from tallystick.errors import TallystickError
from tallystick.keys import Address
from tallystick.roots import Roots, check_continues, merge_signatures, sign_roots
from tallystick.roots.building import EpochSpan, build_roots
from tallystick.strictjson import Json
from tallystick_gateway.acts.desk import desk_of
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.members.exporting import export as export_consortium
from tallystick_gateway.watch import repository as chain
from tallystick_gateway.watch.nodes import NodePool

from . import repository
from .authorities import authorities_path, read_authorities
from .block_times import block_time
from .contract_code import check_code
from .errors import HeightNotChecked, PreviousRefused, RootsDiffer, SignedOther
from .projections import CONSORTIUM, event_of

__all__ = ["Asked", "examine", "export", "sign"]


@dataclass(frozen=True, slots=True)
class Asked:
    """Roots as of a height (None: the last checked), after `previous` (None: the first version).

    `cards` are card files of members admitted after this gateway's own consortium.json.
    """

    height: int | None = None
    previous: bytes | None = None
    cards: Sequence[bytes] = ()


def export(gateway: Gateway, asked: Asked) -> Roots:
    """Unsigned roots; every gateway that followed the chain to that height makes the same bytes.

    Opens its own snapshot, and asks the node for code. Raises `NotJoined`, `HeightNotChecked`, `HeightForgotten`,
    `CodeUnknown`, `PreviousRefused`, `AuthoritiesRefused`, `NodeAway`, what the library refuses of roots, and what an
    export of the consortium does.
    """
    consortium = desk_of(gateway).consortium
    previous = _previous(asked.previous)
    with gateway.database.read() as session, gateway.part(NodePool).admitted() as node:
        last = chain.last_block(session)
        height = asked.height if asked.height is not None else (last.height if last else 0)
        if last is None or height > last.height:
            checked = last.height if last else "none"
            raise HeightNotChecked(f"Blocks are checked up to {checked} here, not {height}.", height=height)
        address = consortium.contract(CONSORTIUM).address
        spans = [
            EpochSpan(
                first=row.first,
                last=row.last,
                last_time=block_time(session, node, consortium, row.last)
                if row.last is not None and row.last < height
                else None,
                validators={Address(each): member for each, member in row.validators.items()},
            )
            for row in chain.epochs(session)
        ]
        roots = build_roots(
            consortium,
            _cards(session, gateway, asked.cards),
            [event_of(row, address) for row in repository.events_until(session, height)],
            spans,
            as_of_height=height,
            issued_at=block_time(session, node, consortium, height),
            authorities=read_authorities(authorities_path(gateway.config.home)),
            previous=previous.digest if previous else None,
        )
        check_code(node, roots, consortium)
    if previous is not None:
        check_continues(previous, roots)
    return roots


def examine(gateway: Gateway, raw: bytes, asked: Asked) -> Roots:
    """The roots in the file `raw`, found to be exactly what this gateway would export.

    Opens its own snapshot. Raises `RootsDiffer` with the first difference, `PreviousRefused`, and as `export` does.
    """
    given = Roots.parse(raw)
    previous = _previous(asked.previous)
    if given.previous != (previous.digest if previous else None):
        named = given.previous.hex() if given.previous else "none"
        stated = previous.digest.hex() if previous else "none"
        raise PreviousRefused(f"The roots follow {named}; given was {stated}.", named=named, given=stated)
    own = export(gateway, Asked(given.as_of_height, asked.previous, asked.cards))
    if own.digest != given.digest:
        place, ours, theirs = _first_difference(own.body(), given.body(), "body")
        raise RootsDiffer(f"{place} is {theirs} in the file, and {ours} here.", field=place, ours=ours, theirs=theirs)
    return given


def sign(session: Session, gateway: Gateway, examined: Roots, abandoned: bytes | None) -> Roots:
    """`examined` with this member's signature; noted, so that it signs no other version after the same one.

    `abandoned` is the digest of an earlier one that everybody gave up. Raises `SignedOther`; `RootsSignatureInvalid` if
    the member's ACT key was not valid at `issued_at`; why the gateway may not sign now.
    """
    desk = desk_of(gateway)
    if not desk.may_sign:
        raise HeightNotChecked("No block was checked since this gateway started.")
    before = repository.signed_after(session, examined.previous)
    if before is not None and before.digest not in {examined.digest, abandoned}:
        raise SignedOther(
            f"This member signed {before.digest.hex()}, as of height {before.as_of_height}, which follows the same.",
            signed=before.digest,
            as_of_height=before.as_of_height,
        )
    signed = merge_signatures(examined, [sign_roots(examined, session.owner, desk.act_key)])
    repository.note_signed(session, examined.previous, examined.digest, examined.as_of_height)
    return signed


def _previous(raw: bytes | None) -> Roots | None:
    if raw is None:
        return None
    try:
        return Roots.parse(raw)
    except TallystickError as why:
        raise PreviousRefused(f"The version before cannot be read: {why}.") from None


def _cards(session: Session, gateway: Gateway, given: Sequence[bytes]) -> Mapping[bytes, MemberCard]:
    """The card of every member ever admitted. Raises as `members.exporting.export` does."""
    return {card.member: card for card in export_consortium(session, gateway, given).document.members}


def _first_difference(ours: Json, theirs: Json, place: str) -> tuple[str, str, str]:
    """Where two JSON values differ first, and what stands there; long values cut."""
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        for name in sorted({*ours, *theirs}):
            if ours.get(name) != theirs.get(name):
                return _first_difference(ours.get(name), theirs.get(name), f"{place}.{name}")
    if isinstance(ours, list) and isinstance(theirs, list):
        for index, (one, other) in enumerate(zip(ours, theirs, strict=False)):
            if one != other:
                return _first_difference(one, other, f"{place}[{index}]")
        return f"the number of {place}", str(len(ours)), str(len(theirs))
    return place, _shown(ours), _shown(theirs)


def _shown(value: Json) -> str:
    text = str(value)
    return text if len(text) <= 200 else f"{text[:200]}…"
