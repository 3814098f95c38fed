"""Headers with real seals from a real network, and forgeries made from them."""

import json
from typing import Any

import pytest

from tallystick import qbft
from tallystick.keccak import keccak256
from tallystick.rlp import encode
from tests.chain.qbft.oracle import broken_rules
from tests.conformance.locate import vector_file

pytestmark = pytest.mark.vectors


def unhex(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def read(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(vector_file("qbft", name).read_text("utf-8"))
    return document


def test_every_good_header_is_accepted_with_its_hashes_and_signers() -> None:
    document = read("headers.json")
    seen = 0
    for group in document["groups"].values():
        genesis_hash = unhex(document["runs"][group["run"]]["genesisHash"])
        for entry in group["headers"]:
            validators = qbft.Validators.of(map(unhex, entry["validators"]))
            verified = qbft.verify_header(
                unhex(entry["headerRlp"]),
                validators,
                number=entry["number"],
                block_hash=unhex(entry["blockHash"]),
                genesis_hash=genesis_hash,
            )
            assert qbft.seal_hash(verified.header) == unhex(entry["sealHash"])
            assert verified.signers == set(map(unhex, entry["signers"]))
            assert verified.header.extra.round == entry["round"]
            assert validators.quorum == entry["quorum"]
            if "header" in entry:
                assert qbft.header_from_rpc(entry["header"]) == verified.header
            if "same" in entry:
                same = qbft.verify_header(unhex(entry["same"]), validators)
                assert qbft.find_equivocation(verified, same) is None
            seen += 1
    assert seen > 100


def test_every_forgery_is_refused_by_a_rule_it_breaks() -> None:
    cases = read("must_fail.json")["cases"]
    for case in cases:
        context = case["context"]
        trusted = [unhex(address) for address in context["validators"]]
        asked: dict[str, Any] = {
            name: unhex(context[key])
            for name, key in (("parent_hash", "parentHash"), ("block_hash", "blockHash"))
            if key in context
        }
        if "number" in context:
            asked["number"] = context["number"]
        encoded = unhex(case["headerRlp"])

        with pytest.raises(qbft.HeaderRefused) as refused:
            qbft.verify_header(encoded, qbft.Validators.of(trusted), **asked)
        assert refused.value.rule in broken_rules(encoded, trusted, **asked), case["name"]
    assert len(cases) > 20


def test_any_altered_byte_of_a_real_header_is_refused() -> None:
    group = read("headers.json")["groups"]["B_one_down"]["headers"]
    entry = next(each for each in group if each["round"] > 0)
    validators = qbft.Validators.of(map(unhex, entry["validators"]))
    good = unhex(entry["headerRlp"])
    for at in range(len(good)):
        for flip in (0x01, 0x80):
            altered = good[:at] + bytes([good[at] ^ flip]) + good[at + 1 :]
            with pytest.raises(qbft.HeaderRefused):
                qbft.verify_header(altered, validators)


def test_the_hashes_are_those_of_the_design() -> None:
    entry = read("headers.json")["groups"]["A_consecutive"]["headers"][3]
    header = qbft.decode_header(unhex(entry["headerRlp"]))
    extra = header.extra
    bare = encode((extra.vanity, extra.validators, (), b"", ()))

    assert keccak256(encode((*header.items[:12], bare, *header.items[13:]))) == unhex(entry["blockHash"])
