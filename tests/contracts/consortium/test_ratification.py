"""Founders' ratification: nothing works until every one of them stands by the same list of contracts."""

from dataclasses import replace

import pytest

from tallystick.acts import (
    Act,
    AddKey,
    Anchor,
    Approve,
    CancelProposal,
    ContractEntry,
    NoteTime,
    Propose,
    Ratify,
    ReportCompromise,
    RevokeKey,
)
from tallystick.keccak import keccak256
from tests.contracts.decisions import Change, execution, payload_of
from tests.contracts.support import NOBODY, Network, digest, the, word

EMPTY_CODE_HASH = keccak256(b"")
MOST_CONTRACTS = 32


def ratification(network: Network, founder: int, *contracts: ContractEntry) -> Ratify:
    return network.act(Ratify, network.founders[founder], contracts=contracts or network.directory_list())


def acts_of_every_kind(network: Network) -> list[Act]:
    bank = network.founders[0]
    later = network.chain.now + 1000
    return [
        network.act(AddKey, bank, purpose=1, key=word(bytes(19) + b"\1"), not_before=0, not_after=later),
        network.act(RevokeKey, bank, purpose=1, key=word(bank.act.address), reason=word("LOST")),
        network.act(ReportCompromise, bank, purpose=1, key=word(bank.act.address), since=later, reason=word("LOST")),
        network.act(Propose, bank, change=int(Change.SET_DELAY), payload=payload_of(5)),
        network.act(Approve, bank, proposal=digest("a proposal")),
        network.act(CancelProposal, bank, proposal=digest("a proposal")),
        network.act(NoteTime, bank, token_digest=digest("a token")),
        network.act(Anchor, bank, stream=NOBODY, first_index=0, count=1, root=digest("a root"), previous=NOBODY),
    ]


def test_until_every_founder_has_ratified_no_act_of_any_kind_is_taken(founded: Network) -> None:
    for present in range(len(founded.founders)):
        assert founded.ask("Consortium", "isActive") is False
        for act in acts_of_every_kind(founded):
            founded.refused(act, "NotRatified")
        founded.chain.refused(execution(founded, digest("a proposal"), Change.SET_DELAY, 5), "NotRatified")
        assert founded.ask("Consortium", "contractAt", word("RecordLog")) == bytes(20)
        founded.send(ratification(founded, present))
    assert founded.ask("Consortium", "isActive") is True
    founded.send(founded.act(NoteTime, founded.founders[0], token_digest=digest("a token")))


def test_a_ratification_tells_the_whole_list_and_the_last_activates_it(founded: Network) -> None:
    contracts = founded.directory_list()
    list_hash = keccak256(b"".join(_entry_hash(entry) for entry in contracts))
    events = []
    for founder in range(len(founded.founders)):
        act = ratification(founded, founder)
        events = founded.send(act)
        member = founded.founders[founder]
        assert the(events, "Ratified") == {
            "actId": founded.act_id(act),
            "listHash": list_hash,
            "member": member.id,
            "signer": member.act.address,
            "contracts": tuple({"name": e.name, "at": e.at, "codeHash": e.code_hash} for e in contracts),
            "chainId": founded.chain.id,
        }
        assert founded.ask("Consortium", "ratificationOf", member.id) == list_hash

    last = founded.act_id(act)
    assert [event.name for event in events[1:]] == ["ContractRegistered"] * len(contracts) + ["ConsortiumActivated"]
    for entry, event in zip(contracts, events[1:-1], strict=True):
        assert event.values == {
            "actId": last,
            "name": entry.name,
            "deployed": entry.at,
            "previous": bytes(20),
            "codeHash": entry.code_hash,
            "chainId": founded.chain.id,
        }
        assert founded.ask("Consortium", "contractAt", entry.name) == entry.at
        assert founded.ask("Consortium", "nameOf", f"0x{entry.at.hex()}") == entry.name
    assert the(events, "ConsortiumActivated") == {"actId": last, "listHash": list_hash, "chainId": founded.chain.id}


def _entry_hash(entry: ContractEntry) -> bytes:
    typehash = keccak256(b"ContractEntry(bytes32 name,address at,bytes32 codeHash)")
    return keccak256(typehash + entry.name + word(entry.at) + entry.code_hash)


def test_different_lists_leave_it_inert_until_the_last_founder_agrees(founded: Network) -> None:
    whole = founded.directory_list()
    turned = whole[::-1]
    for founder in range(len(founded.founders)):
        founded.send(ratification(founded, founder, *(whole if founder else turned)))
    assert founded.ask("Consortium", "isActive") is False

    events = founded.send(ratification(founded, 0, *whole))
    assert the(events, "ConsortiumActivated")["actId"] == the(events, "Ratified")["actId"]
    assert founded.ask("Consortium", "isActive") is True


def test_a_founders_latest_list_counts(founded: Network) -> None:
    whole = founded.directory_list()
    shorter = whole[:-1]
    founded.send(ratification(founded, 0, *whole))
    founded.send(ratification(founded, 0, *shorter))
    for founder in range(1, len(founded.founders)):
        founded.send(ratification(founded, founder, *whole))
    assert founded.ask("Consortium", "isActive") is False
    for founder in range(1, len(founded.founders)):
        founded.send(ratification(founded, founder, *shorter))
    assert founded.ask("Consortium", "isActive") is True
    assert founded.ask("Consortium", "contractAt", whole[-1].name) == bytes(20)


def test_one_founder_cannot_ratify_in_the_place_of_all(founded: Network) -> None:
    for _ in founded.founders:
        founded.send(ratification(founded, 0))
    assert founded.ask("Consortium", "isActive") is False


def test_once_active_the_directory_changes_by_proposal_only(network: Network) -> None:
    network.refused(ratification(network, 0), "AlreadyActive")


def test_the_code_at_every_address_is_what_the_list_says(founded: Network) -> None:
    whole = founded.directory_list()
    for place, entry in enumerate(whole):
        wrong = replace(entry, code_hash=digest("other code"))
        listed = (*whole[:place], wrong, *whole[place + 1 :])
        values = {"name": entry.name, "deployed": entry.at, "expected": wrong.code_hash, "found": entry.code_hash}
        founded.refused(ratification(founded, 0, *listed), "CodeHashMismatch", **values)


@pytest.mark.parametrize("touched", [False, True], ids=["nothing there", "an account without code"])
def test_an_address_without_code_is_not_ratified(founded: Network, touched: bool) -> None:
    """EXTCODEHASH is zero for an account that never was, and the hash of nothing for one without code."""
    address = founded.chain.sender.address if touched else digest("an address")[:20]
    found = EMPTY_CODE_HASH if touched else NOBODY
    empty = ContractEntry(name=word("RecordLog"), at=address, code_hash=found)
    values = {"name": empty.name, "deployed": address, "expected": found, "found": found}
    founded.refused(ratification(founded, 0, *founded.directory_list()[:-1], empty), "CodeHashMismatch", **values)


def test_the_list_names_the_consortium_itself(founded: Network) -> None:
    own, *others = founded.directory_list()
    founded.refused(ratification(founded, 0, *others), "ConsortiumNotListed")
    founded.refused(ratification(founded, 0, replace(own, name=word("Senate")), *others), "ConsortiumNotListed")
    elsewhere = replace(others[0], name=own.name)
    founded.refused(ratification(founded, 0, elsewhere, *others[1:]), "ConsortiumNotListed")


def test_names_and_addresses_stand_once_in_the_list(founded: Network) -> None:
    whole = founded.directory_list()
    first, second = whole[:2]
    same_name = replace(second, name=first.name)
    same_address = replace(first, name=word("Another"))
    for listed, repeated in (((first, same_name), same_name), ((*whole, same_address), same_address)):
        values = {"name": repeated.name, "deployed": repeated.at}
        founded.refused(ratification(founded, 0, *listed), "ContractRepeated", **values)


def test_every_contract_of_the_list_has_a_name(founded: Network) -> None:
    own, *others = founded.directory_list()
    nameless = replace(others[0], name=NOBODY)
    founded.refused(ratification(founded, 0, own, nameless), "ContractNameInvalid", name=NOBODY)


def test_the_list_has_one_to_thirty_two_contracts(founded: Network) -> None:
    own = founded.directory_list()[0]
    empty = founded.act(Ratify, founded.founders[0], contracts=())
    founded.refused(empty, "ContractListInvalid", count=0, most=MOST_CONTRACTS)
    long = ratification(founded, 0, *[own] * 33)
    founded.refused(long, "ContractListInvalid", count=33, most=MOST_CONTRACTS)


def test_only_a_founders_act_key_ratifies(founded: Network) -> None:
    bank = founded.founders[0]
    act = ratification(founded, 0)
    signer = {"key": word(bank.recovery.address), "purpose": 2, "expected": 1}
    founded.refused(act, "WrongPurpose", by=bank.recovery, **signer)

    foreign = replace(act, member=digest("somebody else"))
    founded.refused(foreign, "MemberUnknown", by=bank.act, member=foreign.member)
