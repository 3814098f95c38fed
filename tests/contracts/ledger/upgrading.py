"""Upgrades of the book and the ledger as the members of a network make them."""

from dataclasses import dataclass
from typing import Any

from tallystick.acts import Adopt, AdoptAgreement
from tests.contracts.decisions import Change, decide
from tests.contracts.ledger.lending import LOAN, Lending
from tests.contracts.support import Call, Deployed, Network, key_named, the

__all__ = ["BOOK", "LEDGER", "Upgraded", "freeze", "put_into_directory", "successor_of", "upgrade"]

BOOK, LEDGER = "AgreementBook", "LoanLedger"


def successor_of(network: Network, name: str, predecessor: Deployed | None = None) -> Deployed:
    predecessor = predecessor or network.contracts[name]
    return network.chain.deploy(
        name, f"0x{network.contracts['Consortium'].address.hex()}", f"0x{predecessor.address.hex()}"
    )


def put_into_directory(network: Network, successor: Deployed) -> Deployed:
    """The members decide; the one it replaces."""
    name = successor.name
    decide(network, Change.SET_CONTRACT, name, successor.address, network.chain.code_hash(successor))
    replaced, network.contracts[name] = network.contracts[name], successor
    return replaced


def freeze(network: Network, contract: Deployed) -> dict[str, Any]:
    """By anybody; the event."""
    return the(network.chain.send(Call(contract, "freeze", ()), sender=key_named("anybody")), "ContractFrozen")


@dataclass(frozen=True)
class Upgraded:
    """Book and ledger replaced and frozen; nothing is adopted yet."""

    lending: Lending
    old_book: Deployed
    old_ledger: Deployed

    @property
    def network(self) -> Network:
        return self.lending.network

    def adopt_agreement_act(self, **fields: Any) -> AdoptAgreement:
        by = fields.pop("by", self.lending.originator)
        return self.network.act(AdoptAgreement, by, **({"agreement": self.lending.agreement} | fields))

    def adopt_agreement(self) -> None:
        self.network.send(self.adopt_agreement_act(), self.lending.terms)

    def adopt_act(self, loan: bytes = LOAN, **fields: Any) -> Adopt:
        return self.lending.about(Adopt, fields.pop("by", self.lending.originator), loan, **fields)


def upgrade(lending: Lending) -> Upgraded:
    network = lending.network
    old = [put_into_directory(network, successor_of(network, name)) for name in (BOOK, LEDGER)]
    for contract in old:
        freeze(network, contract)
    return Upgraded(lending, *old)
