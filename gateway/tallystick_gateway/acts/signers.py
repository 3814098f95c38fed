"""Whether a key of ours may speak for the member now, by what the chain says (not by what the keystore holds)."""

from datetime import datetime

from tallystick.keys import ActKey
from tallystick_gateway.kit.clock import as_unix, from_unix, rfc3339
from tallystick_gateway.kit.db import Session
from tallystick_gateway.members import repository as members

from .desk import Desk
from .errors import KeyNotValid

__all__ = ["key_on_chain", "require_valid_key"]


def key_on_chain(address: bytes) -> bytes:
    """An address as the Consortium contract keeps it: left-padded with zeros to 32 bytes."""
    return address.rjust(32, b"\0")


def require_valid_key(session: Session, desk: Desk, key: ActKey, now: datetime) -> bool:
    """Whether the key may sign now; False if that is not known yet (no node seen since start).

    Raises `KeyNotValid` if the chain knows the key as another's, as not yet or no longer valid, or not at all.
    """
    if not desk.may_sign:
        return False
    found = members.find_key(session, key_on_chain(key.address))
    address = f"0x{key.address.hex()}"
    if found is None:
        raise KeyNotValid(f"The chain knows no key {address}.", key=address, why="unknown")
    if found.member != session.owner:
        raise KeyNotValid(f"Key {address} is another member's.", key=address, why="not_ours")
    at = as_unix(now)
    for ended, why, since in (
        (found.revoked_at is not None, "revoked", found.revoked_at),
        (found.compromised_since is not None, "compromised", found.compromised_since),
        (at > found.not_after, "expired", found.not_after),
        (at + _CLOCK_TOLERANCE_S < found.not_before, "not_yet_valid", found.not_before),
    ):
        if ended:
            when = rfc3339(from_unix(since or 0))
            raise KeyNotValid(f"Key {address} is {why.replace('_', ' ')}: {when}.", key=address, why=why, at=when)
    return True


_CLOCK_TOLERANCE_S = 15
"""How far clocks may differ by the contracts (`protocol.md` §4)."""
