"""A second implementation, written from docs/formats.md alone, gets the bytes that the page shows.

Nothing of `tallystick` is used here: hashes and ciphers of other libraries, and the formulas of the page. So a page
that leaves something out, or says it otherwise than the code does it, fails.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import rfc8785
import rlp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from eth_keys.datatypes import PrivateKey, Signature
from eth_utils.crypto import keccak

from .page import PAGE, examples, tables

TEXT = PAGE.read_text("utf-8")
SHOWN = {example.name: example.members for example in examples(TEXT)}
Shown = Mapping[str, Any]


def sha(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def unhex(text: str | list[str]) -> bytes:
    return bytes.fromhex((text if isinstance(text, str) else "".join(text)).removeprefix("0x"))


def unhexed(texts: list[str]) -> list[bytes]:
    return [unhex(text) for text in texts]


def u(bits: int, number: int) -> bytes:
    return number.to_bytes(bits // 8)


def record_fields(kind: str) -> list[tuple[str, bool]]:
    """Names of a type's fields in order, and whether each is optional, from the page's table."""
    rows = [row.strip("| ").split(" | ") for row in tables(TEXT)["record-fields"].splitlines()[2:]]
    own = [row for row in rows if row[0] in ("every type", f"`{kind}` 1")]
    assert [int(row[1]) for row in own] == list(range(len(own)))
    return [(row[2].strip("`"), row[4] == "optional") for row in own]


def named_commit(salt: bytes, name: str, value: str | None) -> bytes:
    head = b"\x10" + salt + u(16, len(name.encode())) + name.encode()
    return sha(head, b"\x00") if value is None else sha(head, b"\x01", value.encode())


def commit(record: Shown, member: bytes, secret: bytes) -> tuple[bytes, list[bytes]]:
    commits = [
        named_commit(sha(b"\x12", secret, u(16, i)), name, record.get(name))
        for i, (name, _) in enumerate(record_fields(record["type"]))
    ]
    return digest_of(record["type"], member, unhex(record["agreement"]), commits), commits


def digest_of(kind: str, member: bytes, stream: bytes, commits: list[bytes]) -> bytes:
    raw = kind.encode()
    return sha(b"\x11", member, stream, u(16, len(raw)), raw, u(16, 1), u(16, len(commits)), *commits)


def root_of(leaves: list[bytes]) -> bytes:
    if len(leaves) < 2:
        return leaves[0] if leaves else sha()
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return sha(b"\x01", root_of(leaves[:k]), root_of(leaves[k:]))


def check_inclusion(leaf: bytes, m: int, n: int, proof: list[bytes], root: bytes) -> None:
    inner = (m ^ (n - 1)).bit_length()
    assert len(proof) == inner + (m >> inner).bit_count()
    for j, node in enumerate(proof):
        left = j >= inner or m >> j & 1
        leaf = sha(b"\x01", node, leaf) if left else sha(b"\x01", leaf, node)
    assert leaf == root


def commitment(shown: Shown) -> None:
    digest, commits = commit(shown["record"], unhex(shown["member"]), unhex(shown["record_secret"]))
    assert commits == unhexed(shown["commits"])
    assert digest == unhex(shown["digest"])
    assert sha(b"\x00", digest) == unhex(shown["leaf_hash"])


def record(shown: Shown) -> None:
    assert rfc8785.dumps({"version": "1", **shown["record"]}).decode() == shown["jcs"]


def record_chain(shown: Shown) -> None:
    chain = bytes(32)
    for digest in unhexed(shown["digests"]):
        chain = sha(b"\x13", chain, digest)
    assert chain == unhex(shown["record_chain"])


def opening(shown: Shown) -> None:
    opened = shown["opening"]
    member, stream, batch = unhex(opened["member"]), unhex(opened["stream"]), opened["batch"]
    if "whole" in opened:
        values = {"type": opened["type"], **opened["whole"]["values"]}
        digest, _ = commit(values, member, unhex(opened["whole"]["record_secret"]))
    else:
        fields, commits = record_fields(opened["type"]), unhexed(opened["commits"])
        assert len(commits) == len(fields)
        for each in opened["fields"]:
            name, optional = fields[each["i"]]
            assert optional or each["value"] is not None
            assert named_commit(unhex(each["salt"]), name, each["value"]) == commits[each["i"]]
        digest = digest_of(opened["type"], member, stream, commits)
    place = opened["index"] - batch["first_index"]
    check_inclusion(sha(b"\x00", digest), place, batch["count"], unhexed(opened["inclusion"]), unhex(batch["root"]))


def tree(shown: Shown) -> None:
    leaves = [sha(b"\x00", leaf) for leaf in unhexed(shown["leaf_data"])]
    m, n = shown["earlier_size"], len(leaves)
    root, earlier = root_of(leaves), root_of(leaves[:m])
    assert (root, earlier) == (unhex(shown["root"]), unhex(shown["earlier_root"]))
    check_inclusion(leaves[shown["index"]], shown["index"], n, unhexed(shown["inclusion"]), root)
    check_consistency(m, earlier, n, root, unhexed(shown["consistency"]))


def check_consistency(m: int, earlier: bytes, n: int, root: bytes, proof: list[bytes]) -> None:
    shift = (m & -m).bit_length() - 1
    inner = ((m - 1) ^ (n - 1)).bit_length() - shift
    border = ((m - 1) >> (inner + shift)).bit_count()
    seed, nodes = (earlier, proof) if m == 1 << shift else (proof[0], proof[1:])
    assert len(nodes) == inner + border
    then = now = seed
    for j, node in enumerate(nodes):
        if j >= inner or (m - 1) >> shift >> j & 1:
            then, now = sha(b"\x01", node, then), sha(b"\x01", node, now)
        else:
            now = sha(b"\x01", now, node)
    assert (then, now) == (earlier, root)


def absence(shown: Shown) -> None:
    before, after, key = shown["before"], shown["after"], unhex(shown["key"])
    assert before["index"] + 1 == after["index"]
    assert unhex(before["data"])[:32] < key < unhex(after["data"])[:32]
    for each in (before, after):
        leaf = sha(b"\x00", unhex(each["data"]))
        check_inclusion(leaf, each["index"], len(shown["leaf_data"]), unhexed(each["proof"]), unhex(shown["root"]))


def mac(secret: str, text: str) -> bytes:
    return hmac.digest(unhex(secret), text.encode(), "sha256")


def pseudonyms(shown: Shown) -> None:
    secret = shown["agreement_secret"]
    assert sha(b"member:", shown["legal_id"].encode()) == unhex(shown["member"])
    assert mac(secret, "loan:" + shown["loan_id"]) == unhex(shown["loan_key"])
    assert mac(secret, "entry:" + shown["business_key"]) == unhex(shown["entry_key"])
    assert sha(b"\x15", unhex(shown["borrower_secret"])) == unhex(shown["borrower_tag"])
    assert mac(secret, f"ref:{shown['kind']}\x1f{shown['business_id']}") == unhex(shown["ref"])


TYPES = {line.partition("(")[0]: line for line in tables(TEXT)["type-strings"].splitlines() if "(" in line}


def encode_data(kind: str, message: Shown) -> bytes:
    inside = TYPES[kind].partition("(")[2].partition(")")[0]
    members = (member.split(" ") for member in inside.split(","))
    return keccak(TYPES[kind].encode()) + b"".join(word(of, message[name]) for of, name in members)


def word(of: str, value: Any) -> bytes:
    if of.endswith("[]"):
        return keccak(b"".join(word(of[:-2], each) for each in value))
    if of in TYPES:
        return keccak(encode_data(of, value))
    if of == "string":
        return keccak(value.encode())
    if of == "bytes":
        return keccak(unhex(value))
    if of.startswith("uint"):
        return u(256, value)
    return unhex(value).rjust(32, b"\0") if of == "address" else unhex(value).ljust(32, b"\0")


def act_id(kind: str, message: Shown, chain_id: int, contract: str) -> bytes:
    domain_type = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    domain = keccak(
        b"".join(
            [keccak(domain_type), keccak(b"Tallystick"), keccak(b"1"), u(256, chain_id), word("address", contract)]
        )
    )
    return keccak(b"\x19\x01" + domain + keccak(encode_data(kind, message)))


def act(shown: Shown) -> None:
    digest = act_id(shown["kind"], shown["message"], shown["chain_id"], shown["verifying_contract"])
    assert encode_data(shown["kind"], shown["message"]) == unhex(shown["encode_data"])
    assert digest == unhex(shown["act_id"])
    assert signer(digest, unhex(shown["signature"]), 27) == shown["signer"]


def signer(digest: bytes, signature: bytes, offset: int) -> str:
    made = Signature(signature[:64] + bytes([signature[64] - offset]))
    return made.recover_public_key_from_msg_hash(digest).to_address()


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


def sealed_file(shown: Shown) -> None:
    file = shown["file"]
    statement = {name: value for name, value in file.items() if name not in ("ciphertext", "signature")}
    public = Ed25519PublicKey.from_public_bytes(unhex(shown["sender_exchange_public"]))
    public.verify(unhex(file["signature"]), b"tallystick-sealed/1\x00" + rfc8785.dumps(statement))
    readers = [unhex(each["member"]) for each in file["readers"]]
    wrapped = next(unhex(each["key"]) for each in file["readers"] if each["member"] == shown["reader"])
    info = b"tallystick/v1" + unhex(file["id"]) + unhex(shown["reader"]) + sha(*sorted(readers))
    data_key = hpke_open(wrapped, unhex(shown["reader_seal_key"]), info)
    raw = base64.b64decode(file["ciphertext"])
    assert sha(raw) == unhex(file["ciphertext_digest"])
    bound = unhex(file["id"]) + u(16, file["version"]) + unhex(file["digest"])
    secret = AESGCM(data_key).decrypt(raw[:12], raw[12:], bound)
    assert secret == unhex(shown["agreement_secret"])
    assert sha(b"tallystick-agreement-secret/v1", unhex(file["id"]), secret) == unhex(file["digest"])


def hpke_open(wrapped: bytes, secret: bytes, info: bytes) -> bytes:
    """RFC 9180, base mode, single shot, by its sections 4.1 and 5.1; HKDF by RFC 5869."""
    key = X25519PrivateKey.from_private_bytes(secret)
    shared = key.exchange(X25519PublicKey.from_public_bytes(wrapped[:32]))
    kem, suite = b"KEM\x00\x20", b"HPKE\x00\x20\x00\x01\x00\x02"

    def extract(salt: bytes, ids: bytes, label: bytes, ikm: bytes) -> bytes:
        return hmac.digest(salt, b"HPKE-v1" + ids + label + ikm, "sha256")

    def expand(prk: bytes, ids: bytes, label: bytes, text: bytes, size: int) -> bytes:
        return hmac.digest(prk, u(16, size) + b"HPKE-v1" + ids + label + text + b"\x01", "sha256")[:size]

    context = wrapped[:32] + key.public_key().public_bytes_raw()
    agreed = expand(extract(b"", kem, b"eae_prk", shared), kem, b"shared_secret", context, 32)
    schedule = b"\x00" + extract(b"", suite, b"psk_id_hash", b"") + extract(b"", suite, b"info_hash", info)
    prk = extract(agreed, suite, b"secret", b"")
    cipher = AESGCM(expand(prk, suite, b"key", schedule, 32))
    return cipher.decrypt(expand(prk, suite, b"base_nonce", schedule, 12), wrapped[32:], b"")


def keystore(shown: Shown) -> None:
    file, cost = shown["file"], shown["file"]["scrypt"]
    unlock = hashlib.scrypt(
        shown["passphrase"].encode(), salt=unhex(cost["salt"]), n=cost["n"], r=cost["r"], p=cost["p"], dklen=32
    )
    cipher, form = AESGCM(unlock), file["format"]

    def unsealed(sealed: bytes, *bound: str) -> bytes:
        return cipher.decrypt(sealed[:12], sealed[12:], rfc8785.dumps([form, *bound]))

    assert unsealed(unhex(file["check"]), "", "passphrase check", "symmetric", "") == b""
    for name, entry in file["entries"].items():
        opened = unsealed(unhex(entry["sealed"]), name, entry["purpose"], entry["kind"], entry["public"])
        assert opened == unhex(shown["secrets"][name])


def card(shown: Shown) -> None:
    digest = sha(b"tallystick-card/1\n", rfc8785.dumps(shown["body"]))
    for name, signature in shown["signatures"].items():
        assert signer(digest, unhex(signature), 27) == shown["body"]["keys"][name]


def consortium(shown: Shown) -> None:
    assert sha(rfc8785.dumps(shown["file"]["body"])) == unhex(shown["digest"])
    for each in shown["file"]["body"]["members"]:
        card({"body": each["body"], "signatures": each["signatures"]})


def token(shown: Shown) -> None:
    head, claims, signature = shown["client_assertion"].split(".")
    raw = [base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in (head, claims, signature)]
    assert [json.loads(part) for part in raw[:2]] == [shown["header"], shown["claims"]]
    key = Ed25519PrivateKey.from_private_bytes(unhex(shown["client_key"]))
    assert raw[2] == key.sign(f"{head}.{claims}".encode())


CHECKS: dict[str, Callable[[Shown], None]] = {
    "shares": shares,
    "record": record,
    "commitment": commitment,
    "record-chain": record_chain,
    "opening": opening,
    "opening-fields": opening,
    "tree": tree,
    "absence": absence,
    "batch": batch,
    "pseudonyms": pseudonyms,
    "act": act,
    "agreement": agreement,
    "ratified-list": ratified_list,
    "head": head,
    "qbft-header": qbft_header,
    "receipt": receipt,
    "ordered-trie": ordered_trie,
    "sealed-file": sealed_file,
    "keystore": keystore,
    "card": card,
    "consortium": consortium,
    "token": token,
}


@pytest.mark.parametrize("name", CHECKS)
def test_the_formulas_of_the_page_give_its_bytes(name: str) -> None:
    CHECKS[name](SHOWN[name])


def test_type_hashes_are_those_of_the_type_strings() -> None:
    listed = dict(re.findall(r"^\| (\w+) \| `([0-9a-f]{64})` \|$", tables(TEXT)["type-hashes"], re.MULTILINE))
    assert listed == {name: keccak(text.encode()).hex() for name, text in TYPES.items()}
