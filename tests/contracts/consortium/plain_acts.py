"""Acts of which nothing matters but that they are acts. The first founder's unless told otherwise."""

from typing import Any

from tallystick.acts import Anchor, NoteTime, Propose
from tests.contracts.decisions import Change, payload_of
from tests.contracts.support import NOBODY, Member, Network, digest

__all__ = ["anchor", "note", "proposal"]


def note(network: Network, member: Member | None = None, /, **fields: Any) -> NoteTime:
    """An act of the Consortium that changes nothing."""
    return network.act(NoteTime, member or network.founders[0], token_digest=digest("token"), **fields)


def anchor(network: Network, member: Member | None = None, /, **fields: Any) -> Anchor:
    """The first anchor of the member's general log: an act of a contract of the directory."""
    values = {"stream": NOBODY, "first_index": 0, "count": 1, "root": digest("root"), "previous": NOBODY}
    return network.act(Anchor, member or network.founders[0], **(values | fields))


def proposal(network: Network, member: Member | None = None, /, **fields: Any) -> Propose:
    """An act of governance."""
    values = {"change": int(Change.SET_DELAY), "payload": payload_of(5)}
    return network.act(Propose, member or network.founders[0], **(values | fields))
