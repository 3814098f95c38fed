"""What tests of the outbox play on: a network with an active agreement, and a gateway whose tasks are run by hand."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tallystick.acts import AgreementTerms, Party, agreement_id
from tallystick.money import apportion
from tallystick.pseudonyms import loan_key
from tallystick_gateway.acts import Draft, State, carrier_repository
from tallystick_gateway.acts.examiner import Examiner
from tallystick_gateway.acts.reconciler import Reconciler
from tallystick_gateway.acts.schemas import SubmissionOut
from tallystick_gateway.acts.sender import Sender
from tallystick_gateway.acts.views import show
from tallystick_gateway.kit.clock import FixedClock, SystemClock
from tallystick_gateway.kit.config import Config
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.watch.nodes import NodePool
from tallystick_gateway.watch.watcher import Watcher
from tests.gateway.network import MEMBERS, Network, build, put, ratify_all, run_until, wait_done
from tests.gateway.support import open_test_gateway

__all__ = ["LOAN_LIMIT", "PARTY_LIMIT", "Crew", "Stage", "crew", "name", "staged"]

LOAN_LIMIT, TOTAL_LIMIT, PARTY_LIMIT = 1_000_000, 10_000_000, 5_000_000


@dataclass(frozen=True)
class Stage:
    """A network with one active 20/80 agreement of BANK-A and BANK-B."""

    network: Network
    agreement: bytes
    secret: bytes

    def disburse(self, loan_id: str, principal: int = 12_345, **changes: object) -> Draft:
        key = loan_key(self.secret, loan_id)
        values: dict[str, Any] = {
            "agreement": self.agreement,
            "loan": key,
            "borrower_tag": os.urandom(32),
            "currency": b"USD",
            "principal": principal,
            "shares": apportion(principal, (2000, 8000)),
            "value_date": 20180131,
        }
        return Draft("Disburse", values | changes, loan_id, f"loan/{key.hex()}", ref_secret=self.secret)

    def settle(self, disbursement: Draft) -> Draft:
        values = {"agreement": self.agreement, "loan": disbursement.values["loan"], "value_date": 20180228}
        return Draft("Settle", values, disbursement.business_id, disbursement.subject, ref_secret=self.secret)


@contextmanager
def staged(folder: Path, build: Callable[[Path], Network] = build) -> Iterator[Stage]:
    """A network, ratified, with one agreement that both banks have signed; by default on the embedded engine."""
    network = build(folder)
    try:
        with ExitStack() as stack:
            gateways = {name: stack.enter_context(network.gateway(name)) for name in MEMBERS}
            ratify_all(network, list(gateways.values()))
            agreement = _agree(gateways["BANK-A"], gateways["BANK-B"])
        yield Stage(network, agreement, secrets.token_bytes(32))
    finally:
        network.engine.stop()


def _agree(first: Gateway, second: Gateway) -> bytes:
    zeros = bytes(32)
    terms = AgreementTerms(
        originator=first.config.member_id,
        parties=(
            Party(member=first.config.member_id, share_bps=2000, limit=PARTY_LIMIT),
            Party(member=second.config.member_id, share_bps=8000, limit=PARTY_LIMIT),
        ),
        currency=b"USD",
        visibility=1,
        loan_limit=LOAN_LIMIT,
        total_limit=TOTAL_LIMIT,
        calendar="WEEKDAYS",
        time_zone="UTC",
        cut_off=0,
        attesting_roles=0,
        calculation_rules=zeros,
        penalty_surcharge_bps=0,
        objection_period=0,
        cure_period=0,
        response_period=0,
        call_deadline_blocks=0,
        dispute_question=zeros,
        dispute_outcomes=zeros,
        depository=zeros,
        arbitrator=zeros,
        nonce=os.urandom(32),
    )
    agreement = agreement_id(terms)
    proposal = put(first, Draft("ProposeAgreement", {"terms": terms}, agreement.hex(), "agreement"))
    assert wait_done(first, proposal.submission_id).state in (State.INCLUDED, State.FINAL)
    matter = proposal.act_ids[0]
    cosign = Draft("CoSign", {"act_id": matter}, matter.hex(), "agreement", contract="AgreementBook")
    assert wait_done(second, put(second, cosign).submission_id).state in (State.INCLUDED, State.FINAL)
    return agreement


class Crew:
    """A gateway whose tasks are run by hand, one step at a time."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        pool = gateway.part(NodePool)
        self.watcher = gateway.part(Watcher)
        self.sender = Sender(gateway, pool, self.watcher.block_gas)
        self.reconciler = Reconciler(gateway, pool, self.sender)
        self.examiner = Examiner(gateway, pool)

    def follow(self) -> None:
        while self.watcher.step():
            pass

    def send(self) -> None:
        while self.sender.step():
            pass

    def ready(self) -> None:
        self.follow()
        self.reconciler.step()

    def settle(self, submission_id: str) -> SubmissionOut:
        """Run everything until the submission is done."""

        def look() -> SubmissionOut | None:
            self.reconciler.step()
            self.send()
            self.follow()
            self.examiner.step()
            out = self.shown(submission_id)
            return out if out.done else None

        return run_until(look, submission_id)

    def shown(self, submission_id: str) -> SubmissionOut:
        with self.gateway.database.read() as session:
            return show(session, self.gateway, submission_id)

    def carriers(self, *states: str) -> list[carrier_repository.CarrierLine]:
        with self.gateway.database.read() as session:
            return carrier_repository.open_carriers(session, list(states), 100)


@contextmanager
def crew(home: Config, clock: SystemClock | FixedClock | None = None) -> Iterator[Crew]:
    with open_test_gateway(home, clock) as gateway:
        yield Crew(gateway)


def name(prefix: str) -> str:
    """A loan id that no other test uses."""
    return f"{prefix}-{secrets.token_hex(6).upper()}"
