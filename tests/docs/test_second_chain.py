"""A second implementation, from docs/formats.md alone, gets the bytes of the page: acts, heads, headers, receipts."""

import re
from collections.abc import Callable

import pytest
import rlp
from eth_keys.datatypes import PrivateKey
from eth_utils.crypto import keccak

from .page import tables
from .second import SHOWN, TEXT, TYPES, Shown, act_id, encode_data, mac, root_of, sha, signer, u, unhex, unhexed


def act(shown: Shown) -> None:
    digest = act_id(shown["kind"], shown["message"], shown["chain_id"], shown["verifying_contract"])
    assert encode_data(shown["kind"], shown["message"]) == unhex(shown["encode_data"])
    assert digest == unhex(shown["act_id"])
    assert signer(digest, unhex(shown["signature"]), 27) == shown["signer"]


def agreement(shown: Shown) -> None:
    assert keccak(encode_data("AgreementTerms", shown["terms"])) == unhex(shown["agreement"])


def ratified_list(shown: Shown) -> None:
    entries = [keccak(encode_data("ContractEntry", entry)) for entry in shown["contracts"]]
    assert keccak(b"".join(entries)) == unhex(shown["list_hash"])


def batch(shown: Shown) -> None:
    root = root_of([sha(b"\x00", digest) for digest in unhexed(shown["digests"])])
    anchor = {
        "member": shown["member"],
        "ref": mac(shown["ref_secret"], f"ref:Anchor\x1f{shown['stream']}:{shown['first_index']}").hex(),
        "issuedAt": shown["issued_at"],
        "validUntil": shown["valid_until"],
        "stream": shown["stream"],
        "firstIndex": shown["first_index"],
        "count": len(shown["digests"]),
        "root": root.hex(),
        "previous": shown["previous"],
    }
    assert act_id("Anchor", anchor, shown["chain_id"], shown["record_log"]) == unhex(shown["act_id"])


def head(shown: Shown) -> None:
    at = unhex(shown["loan_ledger"]) + unhex(shown["agreement"]) + unhex(shown["loan"])
    heads = [keccak(b"tallystick-head/v1" + u(256, shown["chain_id"]) + at)]
    for linked in unhexed(shown["act_ids"]):
        heads.append(keccak(heads[-1] + linked))
    assert heads == unhexed(shown["heads"])


def shares(shown: Shown) -> None:
    products = [int(shown["principal"]) * bps for bps in shown["share_bps"]]
    parts = [product // 10_000 for product in products]
    for _ in range(int(shown["principal"]) - sum(parts)):
        largest = max(range(len(parts)), key=lambda i: (products[i] % 10_000, -i))
        parts[largest], products[largest] = parts[largest] + 1, 0
    assert list(map(str, parts)) == shown["shares"]


def qbft_header(shown: Shown) -> None:
    items = rlp.decode(unhex(shown["header"]))
    vanity, validators, vote, agreed, seals = rlp.decode(items[12])

    def hashed(of_round: bytes) -> bytes:
        extra = rlp.encode([vanity, validators, vote, of_round, []])
        return keccak(rlp.encode([*items[:12], extra, *items[13:]]))

    keys = [PrivateKey(secret) for secret in unhexed(shown["validator_keys"])]
    assert validators == sorted(key.public_key.to_canonical_address() for key in keys)
    assert hashed(b"") == unhex(shown["block_hash"])
    assert hashed(agreed) == unhex(shown["seal_hash"])
    signers = {signer(hashed(agreed), seal, 0) for seal in seals}
    assert sorted(signers) == shown["signers"]
    assert len(signers) >= shown["quorum"] == -(-2 * len(validators) // 3)


def receipt(shown: Shown) -> None:
    logs = [[unhex(log["address"]), unhexed(log["topics"]), unhex(log["data"])] for log in shown["logs"]]
    body = rlp.encode([shown["status"], shown["cumulative_gas_used"], unhex(shown["bloom"]), logs])
    assert body == unhex(shown["encoded"])
    leaf = rlp.encode([b"\x20" + rlp.encode(0), body])
    assert keccak(leaf) == unhex(shown["receipts_root_alone"])


def ordered_trie(shown: Shown) -> None:
    """The three keys 80, 01, 02 by hand: they part at the first nibble, 01 and 02 at the second."""
    zero, one, two = unhexed(shown["values"])
    leaves = [rlp.encode([b"\x30", zero]), rlp.encode([b"\x20", one]), rlp.encode([b"\x20", two])]
    inner: list[bytes] = [b""] * 17
    inner[1], inner[2] = keccak(leaves[1]), keccak(leaves[2])
    outer: list[bytes] = [b""] * 17
    outer[0], outer[8] = keccak(rlp.encode(inner)), keccak(leaves[0])
    assert [rlp.encode(outer), rlp.encode(inner), leaves[1]] == unhexed(shown["proof"])
    assert keccak(rlp.encode(outer)) == unhex(shown["root"])


CHECKS: dict[str, Callable[[Shown], None]] = {
    "act": act,
    "agreement": agreement,
    "ratified-list": ratified_list,
    "batch": batch,
    "head": head,
    "shares": shares,
    "qbft-header": qbft_header,
    "receipt": receipt,
    "ordered-trie": ordered_trie,
}


@pytest.mark.parametrize("name", CHECKS)
def test_the_formulas_of_the_page_give_its_bytes(name: str) -> None:
    CHECKS[name](SHOWN[name])


def test_type_hashes_are_those_of_the_type_strings() -> None:
    listed = dict(re.findall(r"^\| (\w+) \| `([0-9a-f]{64})` \|$", tables(TEXT)["type-hashes"], re.MULTILINE))
    assert listed == {name: keccak(text.encode()).hex() for name, text in TYPES.items()}
