"""A second implementation, from docs/formats.md alone, gets the bytes of the page: records, trees, pseudonyms."""

from collections.abc import Callable

import pytest
import rfc8785

from .page import tables
from .second import SHOWN, TEXT, Shown, mac, root_of, sha, u, unhex, unhexed


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


def check_inclusion(leaf: bytes, m: int, n: int, proof: list[bytes], root: bytes) -> None:
    inner = (m ^ (n - 1)).bit_length()
    assert len(proof) == inner + (m >> inner).bit_count()
    for j, node in enumerate(proof):
        left = j >= inner or m >> j & 1
        leaf = sha(b"\x01", node, leaf) if left else sha(b"\x01", leaf, node)
    assert leaf == root


def record(shown: Shown) -> None:
    assert rfc8785.dumps({"version": "1", **shown["record"]}).decode() == shown["jcs"]


def commitment(shown: Shown) -> None:
    digest, commits = commit(shown["record"], unhex(shown["member"]), unhex(shown["record_secret"]))
    assert commits == unhexed(shown["commits"])
    assert digest == unhex(shown["digest"])
    assert sha(b"\x00", digest) == unhex(shown["leaf_hash"])


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


def pseudonyms(shown: Shown) -> None:
    secret = shown["agreement_secret"]
    assert sha(b"member:", shown["legal_id"].encode()) == unhex(shown["member"])
    assert mac(secret, "loan:" + shown["loan_id"]) == unhex(shown["loan_key"])
    assert mac(secret, "entry:" + shown["business_key"]) == unhex(shown["entry_key"])
    assert sha(b"\x15", unhex(shown["borrower_secret"])) == unhex(shown["borrower_tag"])
    assert mac(secret, f"ref:{shown['kind']}\x1f{shown['business_id']}") == unhex(shown["ref"])


CHECKS: dict[str, Callable[[Shown], None]] = {
    "record": record,
    "commitment": commitment,
    "record-chain": record_chain,
    "opening": opening,
    "opening-fields": opening,
    "tree": tree,
    "absence": absence,
    "pseudonyms": pseudonyms,
}


@pytest.mark.parametrize("name", CHECKS)
def test_the_formulas_of_the_page_give_its_bytes(name: str) -> None:
    CHECKS[name](SHOWN[name])
