"""The typed events are those of the contracts, parameter by parameter; the codes are those of acts.json."""

import json
from enum import IntEnum
from importlib.resources import files
from typing import Any

import pytest

from tallystick.acts import AgreementTerms, ContractEntry, Party
from tallystick.client import artifacts
from tallystick.ledger import (
    LOAN_TRANSITIONS,
    AgreementState,
    Change,
    Event,
    KeyPurpose,
    LoanState,
    MemberState,
    ProposalState,
    Visibility,
)
from tallystick.ledger.codes import PAYLOAD_WORDS
from tallystick.ledger.facts import CarriedLoan, solidity_fields
from tallystick.ledger.replay import handled_events
from tallystick.ledger.terms import date_exists
from tallystick_gateway.watch.chain_event import ChainEvent

CONTRACTS = ("Consortium", "AgreementBook", "LoanLedger", "RecordLog")


def _types(parts: list[dict[str, Any]]) -> tuple[tuple[str, str], ...]:
    """Names and types, structs by their names and enums as the numbers they are."""
    return tuple((part["name"], _type(part)) for part in parts)


def _type(part: dict[str, Any]) -> str:
    if not part["type"].startswith("tuple"):
        return str(part["type"])
    name = part["internalType"].removeprefix("struct ").split(".")[-1]
    return str(name)


def _structs(parts: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found = {}
    for part in parts:
        if part["type"].startswith("tuple"):
            found[_type(part).removesuffix("[]")] = part["components"]
            found |= _structs(part["components"])
    return found


@pytest.mark.parametrize("contract", CONTRACTS)
def test_every_event_of_the_contract_is_replayed_as_it_is(contract: str) -> None:
    theirs = {entry["name"]: entry for entry in artifacts.load(contract).abi if entry["type"] == "event"}
    ours = {name: kind for (emitter, name), kind in handled_events().items() if emitter == contract}

    assert ours.keys() == theirs.keys()
    for name, kind in ours.items():
        renamed = {"Loan": "CarriedLoan"}
        expected = tuple((field, renamed.get(kind_, kind_)) for field, kind_ in _types(theirs[name]["inputs"]))
        assert solidity_fields(kind) == expected, name


def test_the_structs_in_events_are_those_of_the_contracts() -> None:
    inputs = [
        part for contract in CONTRACTS for entry in artifacts.load(contract).abi for part in entry.get("inputs", ())
    ]
    structs = _structs(inputs)

    for kind, name in ((AgreementTerms, "AgreementTerms"), (Party, "Party"), (ContractEntry, "ContractEntry")):
        assert solidity_fields(kind) == _types(structs[name])
    assert solidity_fields(CarriedLoan) == _types(structs["Loan"])


@pytest.mark.parametrize(
    ("enum", "name"),
    [
        (MemberState, "member_states"),
        (KeyPurpose, "purposes"),
        (Visibility, "visibility"),
        (AgreementState, "agreement_states"),
        (LoanState, "loan_states"),
        (ProposalState, "proposal_states"),
    ],
)
def test_the_codes_are_those_of_acts_json(enum: type[IntEnum], name: str) -> None:
    listed = dict(_acts()["enums"][name])

    assert {member.name: member.value for member in enum} | {"NONE": 0} == listed | {"NONE": 0}


def test_the_changes_are_those_of_acts_json() -> None:
    changes = _acts()["changes"]

    assert {change.value: change.name.replace("_", "").lower() for change in Change} == {
        change["code"]: change["name"].lower() for change in changes
    }
    assert {
        change: len(next(c for c in changes if c["code"] == change)["payload"].split(",")) for change in Change
    } == (PAYLOAD_WORDS)


def test_no_loan_leaves_an_end_and_every_state_is_in_the_table() -> None:
    assert set(LOAN_TRANSITIONS) == set(LoanState)
    assert [state for state, followers in LOAN_TRANSITIONS.items() if not followers] == [
        LoanState.SETTLED,
        LoanState.REVERSED,
    ]
    assert all(LoanState.NONE not in followers for followers in LOAN_TRANSITIONS.values())


@pytest.mark.parametrize("day", [20_240_229, 20_000_229, 19_000_101, 99_991_231, 20_260_430])
def test_days_that_exist(day: int) -> None:
    assert date_exists(day)


@pytest.mark.parametrize("day", [20_260_229, 19_000_229, 21_000_229, 18_991_231, 20_260_431, 20_261_301, 20_260_100, 0])
def test_days_that_do_not_exist(day: int) -> None:
    assert not date_exists(day)


def test_the_event_of_a_gateway_s_watcher_is_taken_as_it_is() -> None:
    watched = ChainEvent("TimeNoted", "Consortium", bytes(20), {"chainId": 1}, 7, 1_800_000_000, bytes(32), 2, 5)

    event = Event.of(watched)

    assert (event.contract, event.name, event.values) == ("Consortium", "TimeNoted", {"chainId": 1})
    assert (event.height, event.transaction_index, event.log_index) == (7, 2, 5)
    assert (event.block_time, event.address, event.transaction_hash) == (1_800_000_000, bytes(20), bytes(32))


def _acts() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(files("tallystick.acts").joinpath("acts.json").read_text("utf-8"))
    return loaded
