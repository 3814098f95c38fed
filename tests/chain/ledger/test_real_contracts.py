"""A replay of real receipts ends where the contracts themselves are."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tallystick.acts import agreement_id
from tallystick.client import Node
from tallystick.keys import Address
from tallystick.ledger import ChainState, Event, ReplayBroken, Subject, compare, replay
from tallystick.ledger.heads import first_head
from tallystick_devnet.engines import EmbeddedEngine
from tests.contracts.support import Chain, Deployed, Network, found, word

from .real_history import Lending, events_of, lend, upgrade

pytestmark = pytest.mark.chain


@dataclass(frozen=True)
class History:
    lending: Lending
    events: list[Event]
    state: ChainState

    @property
    def network(self) -> Network:
        return self.lending.network


@pytest.fixture(scope="module")
def history() -> Iterator[History]:
    with EmbeddedEngine(state_interval_s=0) as engine, Node(engine.url) as node:
        network = found(Chain(node))
        network.ratify_all()
        lending = lend(network)
        upgrade(lending)
        events = list(events_of(network.chain))
        consortium = Address(network.contracts["Consortium"].address)
        yield History(lending, events, replay(events, network.chain.id, consortium))


def test_everything_the_contracts_show_was_recomputed(history: History) -> None:
    assert compare(history.state, _views(history)) == ()
    assert history.state.complete


def test_every_head_of_every_loan_was_recomputed(history: History) -> None:
    network, state = history.network, history.state
    first_ledger = next(line.address for line in state.directory if line.name == "LoanLedger")
    for (agreement, loan), found_ in state.loans.items():
        known = [ledger.loans[agreement, loan] for ledger in state.ledgers if (agreement, loan) in ledger.loans]
        links = [link for loan_there in known for link in loan_there.history]
        assert sorted(link.count for link in links) == list(range(1, found_.count + 1))
        for link in links:
            assert network.ask("LoanLedger", "headAt", agreement, loan, link.count) == link.head
        if found_.carried_count:
            head = first_head(state.chain_id, first_ledger, agreement, loan)
            assert network.ask("LoanLedger", "headAt", agreement, loan, 0) == head


def test_the_history_has_nearly_every_event(history: History) -> None:
    assert len({event.name for event in history.events}) >= 36


def test_what_the_story_says_is_what_came_out(history: History) -> None:
    lending, state = history.lending, history.state
    open_, sealed = agreement_id(lending.open), agreement_id(lending.sealed)

    assert state.agreements[open_].exposures == (150, 500)
    assert [state.loans[key].state.name for key in lending.loans] == [
        "SETTLED",
        "SETTLED",
        "REVERSED",
        "WRITTEN_OFF",
        "SETTLED",
        "SETTLED",
        "ACTIVE",
        "PENDING",
        "REVERSED",
        "ACTIVE",
        "SETTLED",
    ]
    assert state.shares_of(state.loans[sealed, lending.loans[6][1]]) == (1, 1, 0)
    assert state.logs[lending.bank.id, open_].next_index == 15
    assert [link.event for link in state.loans[lending.loans[0]].history] == ["LoanAdopted"]


@pytest.mark.parametrize(
    "name", ["Disbursed", "LoanCoSigned", "AgreementCoSigned", "Anchored", "AgreementAdopted", "Settled"]
)
def test_a_real_event_left_out_is_noticed(history: History, name: str) -> None:
    index = next(index for index, event in enumerate(history.events) if event.name == name)
    with pytest.raises(ReplayBroken):
        replay(
            [*history.events[:index], *history.events[index + 1 :]], history.state.chain_id, history.state.consortium
        )


@pytest.mark.parametrize(
    ("name", "field"), [("Disbursed", "principal"), ("Settled", "count"), ("Anchored", "firstIndex")]
)
def test_a_real_amount_altered_is_noticed(history: History, name: str, field: str) -> None:
    index = next(index for index, event in enumerate(history.events) if event.name == name)
    event = history.events[index]
    value = event.values[field]
    assert isinstance(value, int)
    altered = replace(event, values={**event.values, field: value + 1})
    with pytest.raises(ReplayBroken):
        replay(
            [*history.events[:index], altered, *history.events[index + 1 :]],
            history.state.chain_id,
            history.state.consortium,
        )


def _views(history: History) -> Mapping[Any, Any]:
    """What the contracts' own views answer about everything that the replay knows."""
    network, state = history.network, history.state
    ask = network.ask
    return {
        Subject.CONSORTIUM: {
            "": {
                "active": ask("Consortium", "isActive"),
                "epoch": ask("Consortium", "epoch"),
                "delay": ask("Consortium", "delay"),
                "threshold": ask("Consortium", "threshold"),
                "validators": frozenset(ask("Consortium", "validators")),
            }
        },
        Subject.MEMBER: {key: ask("Consortium", "memberOf", key) for key in ask("Consortium", "members")},
        Subject.KEY: {key: _snake(ask("Consortium", "keyOf", key)) for key in state.keys},
        Subject.CONTRACT: {line.name: _contract(network, line.name) for line in state.directory},
        Subject.PROPOSAL: {
            key: _without(_snake(ask("Consortium", "proposalOf", key)), "payload_hash") for key in state.proposals
        },
        Subject.AGREEMENT: {key: _agreement(network, key) for key in state.agreements},
        Subject.LOAN: {key: _loan(network, *key) for key in state.loans},
        Subject.MATTER: {
            **{key: _snake(ask("AgreementBook", "matterOf", key)) for key in state.books[0].matters},
            **{key: _snake(ask("LoanLedger", "matterOf", key)) for key in state.ledgers[0].matters},
        },
        Subject.LOG: {key: _snake(ask("RecordLog", "logOf", *key)) for key in state.logs},
    }


def _contract(network: Network, name: str) -> Mapping[str, Any]:
    address = network.ask("Consortium", "contractAt", word(name))
    return {"address": address, "code_hash": network.chain.code_hash(Deployed(name, address))}


def _agreement(network: Network, agreement: bytes) -> Mapping[str, Any]:
    found_ = _snake(network.ask("AgreementBook", "agreementOf", agreement))
    if found_["state"] == 0:
        exposures = _snake(network.ask("AgreementBook", "exposuresOf", agreement))
        return {"exposures": exposures["exposures"]}
    parties = found_.pop("parties")
    return found_ | {
        "parties": tuple(party["member"] for party in parties),
        "share_bps": tuple(party["shareBps"] for party in parties),
        "limits": tuple(party["limit"] for party in parties),
        "exposures": tuple(party["exposure"] for party in parties),
    }


def _loan(network: Network, agreement: bytes, loan: bytes) -> Mapping[str, Any]:
    found_ = _snake(network.ask("LoanLedger", "loanOf", agreement, loan))
    return found_ | {"shares": network.ask("AgreementBook", "sharesOf", agreement, loan, found_["principal"])}


def _snake(values: Mapping[str, Any]) -> dict[str, Any]:
    return {"".join(f"_{c.lower()}" if c.isupper() else c for c in name): value for name, value in values.items()}


def _without(values: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != name}
