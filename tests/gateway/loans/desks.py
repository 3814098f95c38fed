"""A bank's desk for tests about loans: its gateway, a client, and what the chain tells it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tallystick.pseudonyms import loan_key
from tallystick_gateway.acts import desk_of
from tallystick_gateway.agreements import service as agreements
from tallystick_gateway.agreements.schemas import TermsIn
from tallystick_gateway.kit.gateway import Gateway
from tests.gateway.chain_told import BANK_A, BANK_B, Told, found, terms_json
from tests.gateway.support import client_for, keyed, open_test_gateway

__all__ = ["Desk", "desk_in", "loan"]


def loan(loan_id: str = "LC-1", principal: str = "100001", **changes: Any) -> dict[str, Any]:
    """A row of a batch."""
    row = {"loan_id": loan_id, "currency": "USD", "principal": principal, "value_date": "2018-01-31"}
    return {**row, **changes}


@dataclass(frozen=True)
class Desk:
    """BANK-A's gateway with one active 20/80 agreement: loan limit 4 000 000, total 10 000 000."""

    gateway: Gateway
    api: httpx.Client
    told: Told
    agreement: str

    def post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        return self.api.post(path, json={"agreement": self.agreement, **body}, headers=keyed())

    def put(self, path: str, body: dict[str, Any]) -> httpx.Response:
        return self.api.put(path, json={"agreement": self.agreement, **body}, headers=keyed())

    def batch(self, *rows: Any, partial: bool = False) -> httpx.Response:
        return self.post("/v1/loans:batch" + ("?partial=true" if partial else ""), {"loans": list(rows)})

    def shown(self) -> dict[str, Any]:
        found: dict[str, Any] = self.api.get(f"/v1/agreements/{self.agreement}").json()
        return found

    def loan(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.api.get(f"/v1/loans/{self.agreement}/{name}").json()
        return found

    def key(self, loan_id: str) -> bytes:
        with self.gateway.database.read() as session:
            return loan_key(agreements.secret(self.gateway, session, bytes.fromhex(self.agreement)), loan_id)

    def total(self) -> int:
        return int(self.api.get("/v1/loans:summary").json()["total"])

    def on_chain(self, loan_id: str, principal: int = 10_000) -> bytes:
        """A loan that the chain has; its key."""
        key = self.key(loan_id)
        shares = (principal // 5, principal - principal // 5)
        self.told.disbursed(bytes.fromhex(self.agreement), key, principal, shares, by=BANK_A)
        return key


@contextmanager
def desk_in(folder: Path, **terms: Any) -> Iterator[Desk]:
    """A desk in a fresh home."""
    with open_test_gateway(found(folder)["BANK-A"]) as gateway, client_for(gateway) as api:
        told = Told(gateway)
        told.founded(desk_of(gateway).consortium.members)
        out = api.post("/v1/agreements", json=terms_json(**terms), headers=keyed()).json()
        stated = TermsIn.model_validate(out["terms"]).struct(b"", b"")
        told.proposed(stated, BANK_A, bytes.fromhex(out["act_ids"][0]))
        told.activated(bytes.fromhex(out["agreement"]), BANK_B)
        yield Desk(gateway, api, told, out["agreement"])
