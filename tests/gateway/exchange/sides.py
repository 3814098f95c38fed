"""Two gateways that know of each other what the chain told them, and where the other answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tallystick_gateway.acts import desk_of
from tallystick_gateway.agreements import repository as agreements
from tallystick_gateway.agreements.schemas import TermsIn
from tallystick_gateway.exchange import views
from tallystick_gateway.exchange.agreement_secrets import hand_over_secrets
from tallystick_gateway.exchange.delivery import Delivery
from tallystick_gateway.kit.clock import Clock
from tallystick_gateway.kit.gateway import Gateway
from tests.gateway.chain_told import BANK_A, BANK_B, Told, found, terms_json
from tests.gateway.support import ServedAt, client_for, keyed, open_test_gateway

__all__ = ["Side", "two_sides"]


@dataclass(frozen=True)
class Side:
    """A member's gateway; its worker does not run, what it does is done by the methods."""

    member: bytes
    gateway: Gateway
    api: httpx.Client
    told: Told

    @property
    def url(self) -> str:
        return self.gateway.part(ServedAt).url

    def reaches(self, other: bytes, url: str) -> None:
        """State where another member answers."""
        answer = self.api.post(
            f"/v1/exchange/partners/{other.hex()}:set-endpoint", json={"endpoint": url}, headers=keyed()
        )
        assert answer.status_code == 200, answer.text

    def delivers(self) -> None:
        """Try what is due."""
        Delivery(self.gateway).step()

    def hands_over(self) -> None:
        """Make the messages with agreements' secrets."""
        hand_over_secrets(self.gateway)

    def outbox(self) -> list[dict[str, Any]]:
        """Messages of ours, newest first, as clients see them. (Not by HTTP: tokens end when clocks are moved.)"""
        with self.gateway.database.read() as session:
            page = views.outbox(session, None, None, 100)
        return [item.model_dump(mode="json") for item in page.items]

    def inbox(self) -> list[dict[str, Any]]:
        """Messages of partners, newest first."""
        with self.gateway.database.read() as session:
            page = views.inbox(session, None, 100)
        return [item.model_dump(mode="json") for item in page.items]

    def holds_secret(self, agreement: str) -> bool:
        with self.gateway.database.read() as session:
            return agreements.find_secret(session, bytes.fromhex(agreement)) is not None


@contextmanager
def two_sides(folder: Path, clock: Clock | None = None) -> Iterator[tuple[Side, Side]]:
    """BANK-A and BANK-B, each knowing where the other answers."""
    homes = found(folder)
    with (
        open_test_gateway(homes["BANK-A"], clock) as a,
        open_test_gateway(homes["BANK-B"], clock) as b,
        client_for(a) as api_a,
        client_for(b) as api_b,
    ):
        one, other = Side(BANK_A, a, api_a, Told(a)), Side(BANK_B, b, api_b, Told(b))
        for side in (one, other):
            side.told.founded(desk_of(side.gateway).consortium.members)
        one.reaches(BANK_B, other.url)
        other.reaches(BANK_A, one.url)
        yield one, other


def active_agreement(one: Side, *others: Side) -> str:
    """An agreement that `one` proposed and every party signed, as `one` and `others` were told."""
    out = one.api.post("/v1/agreements", json=terms_json(), headers=keyed()).json()
    terms = TermsIn.model_validate(out["terms"]).struct(b"", b"")
    agreement = str(out["agreement"])
    for side in (one, *others):
        side.told.proposed(terms, BANK_A)
        side.told.activated(bytes.fromhex(agreement), BANK_B)
    return agreement
