"""What the contracts on a real chain say of themselves, recomputed from their events alone, event for event."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from tallystick.acts import Anchor, CoSign, Reverse, Settle, Snapshot, TransferShare, WriteOff, act_id
from tallystick.client import Node
from tallystick.client.calls import ask
from tallystick.client.events import decode_log
from tallystick.keys import Address
from tallystick.ledger import Event, ReplayBroken, replay
from tallystick.receipts import receipt_from_rpc, receipts_root
from tallystick_devnet.engines import EmbeddedEngine
from tests.chain.client.founding import Founded

pytestmark = pytest.mark.chain


@pytest.fixture(scope="module")
def founded() -> Iterator[Founded]:
    with EmbeddedEngine() as engine, Node(engine.url) as node:
        yield Founded(node)


@pytest.fixture(scope="module")
def agreement(founded: Founded) -> bytes:
    """With loans in every state, a transferred share, and a log of two anchors."""
    founded.ratify_all()
    agreement = founded.agree()
    bank, partner = founded.members[0], founded.members[1]
    loans = [founded.disbursement(agreement, number, principal=100_001 + number) for number in range(6)]
    domain = founded.domain("LoanLedger")
    founded.must("LoanLedger", "disburse", loans, [founded.signed(act, bank.act) for act in loans])
    about = [{"agreement": agreement, "loan": act.loan} for act in loans]
    settle = founded.act(Settle, bank, "LC-0", **about[0], value_date=20180401)
    founded.must("LoanLedger", "settle", [settle], [founded.signed(settle, bank.act)])
    reverse = founded.act(Reverse, bank, "LC-1", **about[1], reason=b"DOUBLE".ljust(32, b"\0"))
    founded.must("LoanLedger", "reverse", reverse, founded.signed(reverse, bank.act))
    write_off = founded.act(WriteOff, bank, "LC-2", **about[2], value_date=20180402, reason=bytes(32))
    founded.must("LoanLedger", "writeOff", write_off, founded.signed(write_off, bank.act))
    give = founded.act(
        TransferShare, bank, "LC-3:1", **about[3], from_=bank.member, to=partner.member, amount=7_000,
        reason=bytes(32), price=bytes(32),
    )  # fmt: skip
    founded.must("LoanLedger", "transferShare", give, founded.signed(give, bank.act))
    take = founded.act(CoSign, partner, "LC-3:1", act_id=act_id(give, domain))
    founded.must("LoanLedger", "coSign", take, founded.signed(take, partner.act, "LoanLedger"))
    snapshot = founded.act(Snapshot, partner, "LC-3:1", **about[3])
    founded.must("LoanLedger", "snapshot", [snapshot], [founded.signed(snapshot, partner.act)])
    previous = bytes(32)
    for first, count in ((0, 5), (5, 1)):
        anchor = founded.act(
            Anchor, bank, f"log:{first}", stream=agreement, first_index=first, count=count,
            root=hashlib.sha256(bytes([first])).digest(), previous=previous,
        )  # fmt: skip
        founded.must("RecordLog", "anchor", anchor, founded.signed(anchor, bank.act))
        previous = act_id(anchor, founded.domain("RecordLog"))
    return agreement


def read_chain(founded: Founded) -> list[Event]:
    """Every event of the contracts, each under a receiptsRoot that was rebuilt."""
    found: list[Event] = []
    for block in founded.node.blocks(range(founded.node.height() + 1)):
        receipts = [receipt_from_rpc(entry) for entry in founded.node.receipts(block)]
        assert receipts_root(receipts) == block.receipts_root
        log_index = 0
        for index, receipt in enumerate(receipts):
            for log in receipt.logs:
                emitted = decode_log(founded.directory[log.address], log)
                found.append(
                    Event(
                        emitted.contract,
                        Address(log.address),
                        emitted.name,
                        emitted.values,
                        block.number,
                        index,
                        log_index,
                        block.timestamp,
                        block.transactions[index],
                    )
                )
                log_index += 1
    return found


@pytest.fixture(scope="module")
def events(founded: Founded, agreement: bytes) -> list[Event]:
    return read_chain(founded)


def replayed(founded: Founded, events: Sequence[Event]) -> Any:
    return replay(events, founded.chain_id, Address(founded.address("Consortium")))


def test_replay_comes_to_the_exposures_that_the_contract_keeps(
    founded: Founded, agreement: bytes, events: list[Event]
) -> None:
    state = replayed(founded, events)
    address = founded.address("AgreementBook")
    kept = ask(founded.node, "AgreementBook", address, "agreementOf", agreement)
    found = state.agreement_books[Address(address)].agreements[agreement]
    assert found.exposures == tuple(party["exposure"] for party in kept["parties"])
    assert found.exposure == kept["exposure"] == sum(found.exposures) > 0
    assert (found.state, found.terms.currency) == (kept["state"], kept["currency"])


def test_replay_comes_to_the_same_state_count_and_head_of_every_loan(
    founded: Founded, agreement: bytes, events: list[Event]
) -> None:
    address = founded.address("LoanLedger")
    loans = replayed(founded, events).loan_ledgers[Address(address)].loans
    assert len(loans) == 6
    for (_, key), loan in loans.items():
        kept = ask(founded.node, "LoanLedger", address, "loanOf", agreement, key)
        assert (loan.state, loan.principal, loan.count, loan.head) == (
            kept["state"],
            kept["principal"],
            kept["count"],
            kept["head"],
        )
    assert {loan.state.name for loan in loans.values()} == {"SETTLED", "REVERSED", "WRITTEN_OFF", "ACTIVE"}
    assert max(loan.count for loan in loans.values()) == 3


def test_replay_comes_to_the_same_end_of_every_log(founded: Founded, agreement: bytes, events: list[Event]) -> None:
    address = founded.address("RecordLog")
    [((member, stream), log)] = replayed(founded, events).record_logs[Address(address)].items()
    kept = ask(founded.node, "RecordLog", address, "logOf", member, stream)
    assert (stream, log.next_index, log.last_anchor) == (agreement, 6, kept["lastAnchor"])
    assert kept["nextIndex"] == 6


def test_no_event_of_a_real_chain_can_be_left_out_unnoticed_before_the_last_of_its_subject(
    founded: Founded, events: list[Event]
) -> None:
    whole = replayed(founded, events)
    unnoticed = []
    for position in range(len(events)):
        try:
            if replayed(founded, events[:position] + events[position + 1 :]) == whole:
                unnoticed.append(events[position].name)
        except ReplayBroken:
            continue
    assert unnoticed == ["HeadAsOf"], "only a snapshot changes nothing"


def test_no_two_neighbouring_acts_about_one_loan_can_change_places(founded: Founded, events: list[Event]) -> None:
    broken = 0
    for position in range(len(events) - 1):
        first, second = events[position], events[position + 1]
        if first.values.get("loan") is None or first.values.get("loan") != second.values.get("loan"):
            continue
        with pytest.raises(ReplayBroken):
            replayed(founded, [*events[:position], second, first, *events[position + 2 :]])
        broken += 1
    assert broken


def test_a_changed_head_share_or_signer_is_named_with_its_place(founded: Founded, events: list[Event]) -> None:
    position = next(index for index, event in enumerate(events) if event.name == "Disbursed")
    event = events[position]
    for field, value in {
        "head": bytes(32),
        "count": 2,
        "shares": (event.values["shares"][1], event.values["shares"][0]),  # type: ignore[index]  # uint64[] is a tuple
        "principal": 5,
        "signer": b"\x01" * 20,
        "member": founded.members[1].member,
        "chainId": 1,
    }.items():
        lying = replace(event, values={**event.values, field: value})
        with pytest.raises(ReplayBroken) as found:
            replayed(founded, [*events[:position], lying, *events[position + 1 :]])
        assert str(event.height) in str(found.value)
