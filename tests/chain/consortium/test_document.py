"""consortium.json: what is pinned by its digest, and what contradicts itself."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from tallystick.consortium import (
    CardKeys,
    Consortium,
    ConsortiumMalformed,
    ContractEntry,
    HeaderItems,
    MemberCard,
    Role,
    ValidatorEpoch,
    sign_card,
)
from tallystick.errors import TallystickError
from tallystick.keys import ActKey, Address


def member_card(number: int) -> MemberCard:
    act, recovery, validator = (ActKey(bytes([number, purpose]) * 16) for purpose in (1, 2, 3))
    card = MemberCard(
        legal_id=f"TEST-{number}",
        name=f"Member {number}",
        roles=(Role.LENDER,),
        keys=CardKeys(
            act.address,
            recovery.address,
            validator.address,
            bytes([number]) * 32,
            bytes([100 + number]) * 32,
            bytes(32),
        ),
        endpoint=f"http://127.0.0.1:810{number}",
    )
    return sign_card(card, act, recovery)


CARDS = tuple(member_card(number) for number in range(1, 5))
CONTRACTS = tuple(
    ContractEntry(name, Address(bytes([n]) * 20), bytes([n]) * 32, n, b"\0\1")
    for n, name in enumerate(("Consortium", "AgreementBook", "LoanLedger", "RecordLog"), start=1)
)
DOCUMENT = Consortium(
    chain_id=2**40,
    genesis_hash=b"\7" * 32,
    engine="embedded",
    header_items=(HeaderItems(0, 15), HeaderItems(100, 16)),
    validator_epochs=(),
    contracts=CONTRACTS,
    members=CARDS,
)
SEALED_BY = {Address(card.keys.validator): card.member for card in CARDS}


def test_the_file_reads_back_with_the_same_digest() -> None:
    read = Consortium.parse(DOCUMENT.to_bytes())
    assert read == DOCUMENT
    assert read.digest == DOCUMENT.digest


def test_the_digest_does_not_depend_on_how_the_file_is_laid_out() -> None:
    assert Consortium.parse(json.dumps(json.loads(DOCUMENT.to_bytes()), indent=4).encode()).digest == DOCUMENT.digest


def test_header_items_follow_the_height() -> None:
    assert [DOCUMENT.header_items_at(height) for height in (0, 99, 100, 10**9)] == [15, 15, 16, 16]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"engine": "besu"}, "validator_epochs"),
        ({"engine": "tendermint"}, "engine"),
        ({"header_items": (HeaderItems(1, 15),)}, "header_items"),
        ({"header_items": (HeaderItems(0, 14),)}, "items"),
        ({"chain_id": 1337}, "chain_id"),
        ({"chain_id": 2**52}, "chain_id"),
        ({"contracts": CONTRACTS[:3]}, "RecordLog"),
        ({"contracts": (*CONTRACTS, CONTRACTS[0])}, "twice"),
        ({"members": CARDS[:3]}, "fewer"),
        ({"members": (*CARDS, CARDS[0])}, "twice"),
        ({"validator_epochs": (ValidatorEpoch(0, None, SEALED_BY),)}, "validator_epochs"),
        ({"engine": "qbft", "validator_epochs": (ValidatorEpoch(1, None, SEALED_BY),)}, "gap"),
        ({"engine": "qbft", "validator_epochs": (ValidatorEpoch(0, 9, SEALED_BY),)}, "open epoch"),
        (
            {
                "engine": "qbft",
                "validator_epochs": (ValidatorEpoch(0, 9, SEALED_BY), ValidatorEpoch(11, None, SEALED_BY)),
            },
            "gap",
        ),
        (
            {"engine": "qbft", "validator_epochs": (ValidatorEpoch(0, None, {Address(b"\1" * 20): bytes(32)}),)},
            "unknown",
        ),
    ],
)
def test_a_document_that_contradicts_itself_is_refused(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConsortiumMalformed, match=reason):
        Consortium.parse(dataclasses.replace(DOCUMENT, **change).to_bytes())


def test_closed_and_open_epochs_without_a_gap_are_accepted() -> None:
    epochs = (ValidatorEpoch(0, 9, SEALED_BY), ValidatorEpoch(10, None, SEALED_BY))
    document = dataclasses.replace(DOCUMENT, engine="qbft", validator_epochs=epochs)
    assert Consortium.parse(document.to_bytes()).validator_epochs == epochs


def test_one_altered_card_spoils_the_document() -> None:
    value = json.loads(DOCUMENT.to_bytes())
    value["body"]["members"][2]["body"]["endpoint"] = "http://127.0.0.1:9999"
    with pytest.raises(TallystickError, match="not by the key"):
        Consortium.parse(json.dumps(value).encode())


@pytest.mark.parametrize("where", ["from_height", "last"])
def test_a_height_beyond_what_canonical_json_can_hold_is_refused(where: str) -> None:
    epochs = (ValidatorEpoch(0, 9, SEALED_BY), ValidatorEpoch(10, None, SEALED_BY))
    value = {
        "format": "tallystick-consortium/1",
        "body": dict(dataclasses.replace(DOCUMENT, engine="qbft", validator_epochs=epochs).body()),
    }
    body: Any = json.loads(json.dumps(value))["body"]
    if where == "last":
        body["validator_epochs"][0]["last"] = 2**60
    else:
        body["contracts"][0]["from_height"] = 2**60
    with pytest.raises(ConsortiumMalformed, match=where):
        Consortium.parse(json.dumps({"format": value["format"], "body": body}).encode())


@pytest.mark.parametrize("junk", [b"", b"[]", b"{}", b"\xff\xfe", b'{"format":"tallystick-consortium/1","body":[]}'])
def test_junk_is_refused_and_not_a_traceback(junk: bytes) -> None:
    with pytest.raises(TallystickError):
        Consortium.parse(junk)
