"""Deploying, calling, reading and being refused by the real contracts on a real chain."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tallystick.acts import act_id
from tallystick.client import Node
from tallystick.client.calls import ask, decode_result, encode_call
from tallystick.client.deploy import CodeDiffers, FoundersDiffer, check_deployment
from tallystick.client.errors import ContractRefused
from tallystick.client.events import Emitted, EventUnreadable, decode_log, decode_logs
from tallystick.consortium import Role
from tallystick.keccak import keccak256
from tallystick.keys import Address
from tallystick.receipts import Log, receipt_from_rpc
from tallystick_devnet.engines import EmbeddedEngine
from tests.chain.client.founding import Founded, Founder

pytestmark = pytest.mark.chain


@pytest.fixture(scope="module")
def founded() -> Iterator[Founded]:
    with EmbeddedEngine() as engine, Node(engine.url) as node:
        founded = Founded(node)
        founded.ratify_all()
        yield founded


@pytest.fixture(scope="module")
def agreement(founded: Founded) -> bytes:
    return founded.agree()


def events(founded: Founded, receipt: object) -> list[Emitted]:
    assert isinstance(receipt, dict)
    return list(decode_logs(receipt_from_rpc(receipt).logs, founded.directory))


def test_what_was_deployed_is_what_the_artifacts_make(founded: Founded) -> None:
    check_deployment(founded.node, founded.contracts, founded.cards)


def test_other_code_other_arguments_and_other_founders_are_found_out(founded: Founded) -> None:
    consortium, book, ledger, log = founded.contracts
    swapped = [consortium, replace(book, address=ledger.address), ledger, log]
    elsewhere = [consortium, book, replace(ledger, constructor_arguments=bytes(64)), log]
    renamed = [consortium, book, ledger, replace(log, name="Reconciliation")]
    lying = [replace(consortium, code_hash=bytes(32)), book, ledger, log]
    empty = [replace(consortium, address=Address(b"\x01" * 20)), book, ledger, log]
    for contracts in (swapped, elsewhere, renamed, lying, empty):
        with pytest.raises(CodeDiffers):
            check_deployment(founded.node, contracts, founded.cards)
    stranger = Founder.named("STRANGER", Role.LENDER).card
    for cards in (founded.cards[::-1], founded.cards[:3], [*founded.cards[:3], stranger]):
        with pytest.raises(FoundersDiffer):
            check_deployment(founded.node, founded.contracts, cards)


def test_the_events_of_a_transaction_are_read_with_all_their_values(founded: Founded, agreement: bytes) -> None:
    acts = [founded.disbursement(agreement, number, principal=100_001) for number in range(3)]
    receipt = founded.wait(founded.node.send_raw(founded.transaction("LoanLedger", founded.disburse_call(acts))))
    found = [event for event in events(founded, receipt) if event.name == "Disbursed"]
    assert [event.values["actId"] for event in found] == [act_id(act, founded.domain("LoanLedger")) for act in acts]
    first = found[0]
    assert (first.contract, first.address) == ("LoanLedger", founded.address("LoanLedger"))
    assert first.values["signer"] == founded.members[0].act.address
    assert (first.values["principal"], first.values["shares"]) == (100_001, (20_000, 80_001))
    assert (first.values["currency"], first.values["chainId"]) == (b"USD", founded.chain_id)


def test_a_view_is_asked_by_name_and_structs_come_as_mappings(founded: Founded, agreement: bytes) -> None:
    book = founded.address("AgreementBook")
    found = ask(founded.node, "AgreementBook", book, "agreementOf", agreement)
    assert found["parties"][1]["member"] == founded.members[1].member
    assert found["parties"][1]["shareBps"] == 8000
    assert ask(founded.node, "AgreementBook", book, "isParty", agreement, founded.members[2].member) is False
    assert ask(founded.node, "LoanLedger", founded.address("LoanLedger"), "consortium") == founded.address("Consortium")


def test_a_refusal_is_a_typed_error_in_words(founded: Founded, agreement: bytes) -> None:
    good = founded.disbursement(agreement, 100)
    ledger = founded.address("LoanLedger")

    def refusal(act: object, signature: bytes) -> ContractRefused:
        with pytest.raises(ContractRefused) as refused:
            ask(founded.node, "LoanLedger", ledger, "disburse", [act], [signature])
        return refused.value

    bank, partner = founded.members[0].act, founded.members[1].act
    wrong = replace(good, shares=(good.shares[0] + 1, good.shares[1] - 1))
    refused = refusal(wrong, founded.signed(wrong, bank))
    assert (refused.name, refused.values["expected"], refused.values["found"]) == ("ShareWrong", 200_000, 200_001)
    assert founded.members[0].member.hex() in str(refused)
    assert refusal(good, founded.signed(good, partner)).code == "contract.key_not_of_member"
    huge = replace(good, principal=10**13, shares=(2 * 10**12, 8 * 10**12))
    assert refusal(huge, founded.signed(huge, bank)).name == "LoanLimitExceeded"
    assert refusal(good, founded.signed(wrong, bank)).name == "KeyUnknown"
    assert refusal(good, bytes(65)).name == "ECDSAInvalidSignature"
    unknown = replace(good, agreement=bytes(32))
    assert refusal(unknown, founded.signed(unknown, bank)).name == "AgreementUnknown"


def test_the_same_act_again_is_refused_as_recorded(founded: Founded, agreement: bytes) -> None:
    act = founded.disbursement(agreement, 200)
    signature = founded.signed(act, founded.members[0].act)
    founded.must("LoanLedger", "disburse", [act], [signature])
    with pytest.raises(ContractRefused) as again:
        ask(founded.node, "LoanLedger", founded.address("LoanLedger"), "disburse", [act], [signature])
    assert again.value.name == "AlreadyRecorded"
    assert again.value.values == {"actId": act_id(act, founded.domain("LoanLedger"))}
    assert founded.send("LoanLedger", "disburse", [act], [signature])["status"] == "0x0"


def test_a_log_that_is_not_exactly_an_event_is_refused(founded: Founded, agreement: bytes) -> None:
    act = founded.disbursement(agreement, 300)
    receipt = founded.must("LoanLedger", "disburse", [act], [founded.signed(act, founded.members[0].act)])
    logs = receipt_from_rpc(receipt).logs
    topic = keccak256(
        b"Disbursed(bytes32,bytes32,bytes32,bytes32,address,bytes32,bytes3,uint64,uint64[],uint32,uint64,bytes32,uint256)"
    )
    log = next(log for log in logs if log.topics[0] == topic)
    assert decode_log("LoanLedger", log).name == "Disbursed"
    broken = [
        replace(log, topics=log.topics[:3]),
        replace(log, topics=()),
        replace(log, topics=(bytes(32), *log.topics[1:])),
        replace(log, data=log.data[:-32]),
        replace(log, data=log.data + bytes(32)),
        replace(log, data=log.data[:32] + b"\xff" * 32 + log.data[64:]),
        replace(log, data=b""),
    ]
    for bad in broken:
        with pytest.raises(EventUnreadable):
            decode_log("LoanLedger", bad)
    stranger = Log(b"\x07" * 20, log.topics, log.data)
    assert list(decode_logs([stranger], founded.directory)) == []


def test_arguments_that_do_not_fit_are_refused_before_anything_is_sent() -> None:
    with pytest.raises(KeyError):
        encode_call("LoanLedger", "mint")
    for arguments in ((), (b"\x01",), (bytes(32), bytes(33)), (bytes(32), "x"), (bytes(32), bytes(32), 1)):
        with pytest.raises(ValueError):  # noqa: PT011  # the words are eth_abi's
            encode_call("AgreementBook", "isParty", *arguments)
    with pytest.raises(ValueError, match="not bool"):
        decode_result("AgreementBook", "isParty", (2).to_bytes(32))
