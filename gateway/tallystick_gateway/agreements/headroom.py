"""How much may still be paid out under an OPEN agreement: limits, less what the chain counts and what is on its way."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tallystick.money import apportion

from .errors import LoanLimitExceeded, PartyLimitExceeded, TotalLimitExceeded

__all__ = ["Headroom", "Room"]


@dataclass(slots=True)
class Room:
    """One limit in minor units, what of it is outstanding on the chain, and what was requested and not yet recorded."""

    limit: int
    exposure: int
    in_flight: int = 0

    @property
    def left(self) -> int:
        return self.limit - self.exposure - self.in_flight


class Headroom:
    """The limits of one agreement. Parties are in the order of the terms: member id, share in basis points, room."""

    def __init__(
        self,
        loan_limit: int,
        total: Room,
        parties: Sequence[tuple[bytes, int, Room]],
        on_their_way: Iterable[tuple[int, int]],
        names: Mapping[bytes, str],
    ) -> None:
        self.loan_limit = loan_limit
        self.total = total
        self.parties = tuple(room for _, _, room in parties)
        self._members = [member for member, _, _ in parties]
        self._bps = tuple(share_bps for _, share_bps, _ in parties)
        self._names = names
        for principal, count in on_their_way:
            self._count(principal, self.shares_of(principal), count)

    def shares_of(self, principal: int) -> tuple[int, ...]:
        """The parties' shares by the rule of the contract."""
        return apportion(principal, self._bps)

    def take(self, principal: int) -> tuple[int, ...]:
        """Count a new loan in and return its shares.

        Raises `LoanLimitExceeded`, `TotalLimitExceeded` or `PartyLimitExceeded` (whose, by how much); nothing is
        counted then.
        """
        if principal > self.loan_limit:
            over = principal - self.loan_limit
            raise LoanLimitExceeded(field="principal", limit=self.loan_limit, principal=principal, over_by=over)
        if principal > self.total.left:
            raise TotalLimitExceeded(field="principal", amount=principal, **_values(self.total, principal))
        shares = self.shares_of(principal)
        for member, room, share in zip(self._members, self.parties, shares, strict=True):
            if share > room.left:
                whose = {"member": member.hex(), "name": self._names.get(member, member.hex())}
                raise PartyLimitExceeded(field="principal", amount=share, **whose, **_values(room, share))
        self._count(principal, shares, 1)
        return shares

    def _count(self, principal: int, shares: Sequence[int], count: int) -> None:
        self.total.in_flight += principal * count
        for room, share in zip(self.parties, shares, strict=True):
            room.in_flight += share * count


def _values(room: Room, amount: int) -> dict[str, int]:
    return {
        "limit": room.limit,
        "exposure": room.exposure,
        "in_flight": room.in_flight,
        "over_by": amount - room.left,
    }
