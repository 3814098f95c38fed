"""Whether one consortium file is a later state of the same consortium as another.

Files grow: members are admitted, validator epochs close and open, contracts are replaced. What was pinned stays: chain,
genesis, engine, the Consortium contract, every card, every closed epoch.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from tallystick.consortium.document import Consortium
from tallystick.errors import TallystickError

__all__ = ["NotLater", "check_continues"]


class NotLater(TallystickError):
    """The file is not a later state of the consortium that was pinned."""

    code: ClassVar[str] = "consortium.not_later"
    advice: ClassVar[str] = "Ask for an export of this consortium (`tally consortium export`) made after yours."


def check_continues(later: Consortium, earlier: Consortium) -> None:
    """Raises `NotLater` naming what contradicts `earlier`, unless `later` only adds to it."""
    fixed = {
        "chain_id": (earlier.chain_id, later.chain_id),
        "genesis_hash": (earlier.genesis_hash, later.genesis_hash),
        "engine": (earlier.engine, later.engine),
        "contracts": (earlier.contract("Consortium"), later.contract("Consortium")),
        "members": (earlier.members, later.members[: len(earlier.members)]),
        "header_items": (earlier.header_items, later.header_items[: len(earlier.header_items)]),
    }
    for field, (pinned, found) in fixed.items():
        if pinned != found:
            raise NotLater(f"the file contradicts the pinned one in {field}", field=field)
    _check_epochs(later, earlier)


def _check_epochs(later: Consortium, earlier: Consortium) -> None:
    pinned, found = earlier.validator_epochs, later.validator_epochs[: len(earlier.validator_epochs)]
    if pinned and found:
        # The open epoch of then may have been closed since.
        found = (*found[:-1], replace(found[-1], last=pinned[-1].last))
    if pinned != found:
        raise NotLater("the file contradicts the pinned one in validator_epochs", field="validator_epochs")
