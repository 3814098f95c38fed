"""Random histories against a model: exposure is the sum of outstanding shares, and heads are recomputed."""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tallystick.acts import Act
from tallystick.ledger import LOAN_TRANSITIONS, LoanState
from tallystick.money import apportion
from tests.contracts.ledger.forwarder import Forwarded, registered_forwarder
from tests.contracts.ledger.lending import Lending, agreed, party
from tests.contracts.support import Deployed, Network, digest, word

BASIS_POINTS = (2_000, 4_500, 3_500)
LOANS = tuple(word(f"loan {number}") for number in range(4))
STEPS = ("disburse", "settle", "write off", "reverse", "share", "servicing", "reduce", "snapshot")


@dataclass
class Modelled:
    """A loan as the model has it."""

    shares: list[int]
    servicer: int
    state: LoanState = LoanState.ACTIVE
    acts: list[bytes] = field(default_factory=list)


class History:
    """Steps drawn at random, each taken on chain and in the model."""

    def __init__(self, lending: Lending, reconciliation: Deployed, draw: Any) -> None:
        self.lending, self.reconciliation, self.draw = lending, reconciliation, draw
        self.loans: dict[bytes, Modelled] = {}
        self.dates = 0

    def step(self, name: str) -> None:
        loan = self.draw(st.sampled_from(LOANS))
        modelled = self.loans.get(loan)
        if modelled is None:
            self.disburse(loan)
        elif name == "snapshot":
            self.lending.network.send([self.lending.snapshot_act(loan)])
        elif name == "reduce" and modelled.state is LoanState.ACTIVE:
            self.reduce(loan, modelled)
        elif name in ("share", "servicing") and modelled.state in (LoanState.ACTIVE, LoanState.WRITTEN_OFF):
            self.transfer(name, loan, modelled)
        elif name in ("settle", "write off", "reverse"):
            self.end(name, loan, modelled)

    def disburse(self, loan: bytes) -> None:
        principal = self.draw(st.integers(1, 20_000))
        act = self.lending.disburse(loan, principal)
        self.loans[loan] = Modelled(list(apportion(principal, BASIS_POINTS)), servicer=0)
        self.link(loan, act)

    def end(self, name: str, loan: bytes, modelled: Modelled) -> None:
        lending, servicer = self.lending, self.lending.parties[modelled.servicer]
        act: Act
        if name == "settle":
            to, act = LoanState.SETTLED, lending.settle_act(loan, by=servicer)
        elif name == "reverse":
            to, act = LoanState.REVERSED, lending.reverse_act(loan, by=servicer)
        else:
            to, act = LoanState.WRITTEN_OFF, lending.write_off_act(loan, by=servicer)
        if to in LOAN_TRANSITIONS[modelled.state]:
            lending.network.send([act] if name == "settle" else act)
            modelled.state = to
            self.link(loan, act)

    def transfer(self, name: str, loan: bytes, modelled: Modelled) -> None:
        lending = self.lending
        giver = modelled.servicer if name == "servicing" else self.draw(st.sampled_from(range(3)))
        taker = self.draw(st.sampled_from([index for index in range(3) if index != giver]))
        pair = (lending.parties[giver], lending.parties[taker])
        if name == "servicing":
            offer: Act = lending.servicing_act(*pair, loan=loan)
            modelled.servicer = taker
        elif modelled.shares[giver]:
            amount = self.draw(st.integers(1, modelled.shares[giver]))
            offer = lending.share_act(*pair, amount, loan=loan)
            modelled.shares[giver] -= amount
            modelled.shares[taker] += amount
        else:
            return
        lending.network.send(offer)
        (signature,) = lending.cosign(offer, pair[1])
        self.link(loan, offer, signature)

    def reduce(self, loan: bytes, modelled: Modelled) -> None:
        lending = self.lending
        first, second = self.draw(st.sampled_from([(0, 1), (1, 2), (2, 0)]))
        amounts = [self.draw(st.integers(0, modelled.shares[index])) for index in (first, second)]
        self.dates += 1
        result = digest(f"result {self.dates}")
        members = (lending.parties[first].id, lending.parties[second].id)
        arguments = (result, lending.agreement, self.dates, *members, ((loan, *amounts),))
        call = Forwarded.by(self.reconciliation, lending.book, "reduceExposure", *arguments)
        lending.network.chain.send(call)
        modelled.shares[first] -= amounts[0]
        modelled.shares[second] -= amounts[1]
        modelled.acts.append(result)

    def link(self, loan: bytes, *acts: Act) -> None:
        ledger = self.lending.ledger
        self.loans[loan].acts += [self.lending.network.act_id(act, ledger) for act in acts]

    def check(self) -> None:
        """What the contracts keep is what the model has."""
        lending = self.lending
        outstanding = [0, 0, 0]
        for loan, modelled in self.loans.items():
            assert lending.state(loan) is modelled.state
            assert lending.shares(loan) == tuple(modelled.shares)
            servicer = lending.parties[modelled.servicer].id
            assert lending.network.ask("LoanLedger", "servicerOf", lending.agreement, loan) == servicer
            heads = lending.heads(modelled.acts, loan)
            kept = lending.loan(loan)
            assert (kept["count"], kept["head"]) == (len(modelled.acts), heads[-1])
            middle = len(modelled.acts) // 2
            assert lending.network.ask("LoanLedger", "headAt", lending.agreement, loan, middle) == heads[middle]
            if modelled.state is LoanState.ACTIVE:
                outstanding = [have + more for have, more in zip(outstanding, modelled.shares, strict=True)]
        assert lending.exposures() == tuple(outstanding)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), steps=st.lists(st.sampled_from(STEPS), min_size=10, max_size=25))
def test_exposure_is_the_sum_of_outstanding_shares_and_heads_are_recomputed(
    network: Network, data: st.DataObject, steps: list[str]
) -> None:
    with network.chain.rewound():
        reconciliation = registered_forwarder(network, "Reconciliation")
        first, second, *_, third = network.founders
        members = zip((first, second, third), BASIS_POINTS, strict=True)
        lending = agreed(network, parties=tuple(party(member, bps) for member, bps in members))
        history = History(lending, reconciliation, data.draw)
        for step in steps:
            history.step(step)
        history.check()
