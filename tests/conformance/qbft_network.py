"""Headers, receipts and forgeries of QBFT networks, of whatever run."""

from collections.abc import Callable
from typing import Any

from tallystick import qbft, receipts, trie
from tallystick.keccak import keccak256
from tallystick.qbft import HeaderRefused, Validators, Verified
from tests.chain.qbft.oracle import broken_rules
from tests.conformance.cases import (
    Case,
    Recognised,
    VectorFile,
    is_list_of,
    require,
    require_equal,
    unhex,
)

CONTEXT = {"parentHash": "parent_hash", "blockHash": "block_hash", "genesisHash": "genesis_hash"}


def recognise(file: VectorFile) -> list[Recognised] | None:
    document = file.document
    if not isinstance(document, dict):
        return None
    groups = document.get("groups")
    if isinstance(groups, dict) and all(is_list_of(group.get("headers"), "headerRlp") for group in groups.values()):
        return [Recognised("qbft headers", header_cases(document))]
    if is_list_of(document.get("cases"), "headerRlp", "context"):
        return [Recognised("qbft forgeries", forgery_cases(document))]
    if is_list_of(document.get("blocks"), "receiptsRoot"):
        return [Recognised("qbft receipts", receipt_cases(document))]
    runs = [run for run in document.values() if isinstance(run, dict) and {"config", "extraData"} <= run.keys()]
    if runs:
        return [
            Recognised("qbft genesis", [Case(str(at), lambda run=run: genesis(run)) for at, run in enumerate(runs)])
        ]
    return None


def header_cases(document: dict[str, Any]) -> list[Case]:
    found = []
    for name, group in document["groups"].items():
        genesis_hash = document.get("runs", {}).get(group.get("run"), {}).get("genesisHash")
        for position, entry in enumerate(group["headers"]):
            expect = entry.get("expect", group.get("expect"))
            check = lambda entry=entry, expect=expect, known=genesis_hash: header(entry, expect, known)  # noqa: E731  # bound now
            found.append(Case(f"{name} {position}", check))
            if "same" in entry:
                found.append(Case(f"{name} {position} elsewhere", lambda entry=entry: same_block(entry)))
    return found


def forgery_cases(document: dict[str, Any]) -> list[Case]:
    return [
        Case(str(case.get("name", position)), lambda case=case: forgery(case))
        for position, case in enumerate(document["cases"])
    ]


def header(entry: dict[str, Any], expect: str, genesis_hash: str | None) -> None:
    asked = asked_for(entry | ({"genesisHash": genesis_hash} if genesis_hash else {}))
    try:
        verified = verify(entry["headerRlp"], entry["validators"], asked | {"parent_hash": None})
    except HeaderRefused:
        if expect == "either":
            return
        raise
    require(expect != "reject", "accepted")
    expected: dict[str, tuple[Any, Callable[[Any], Any]]] = {
        "sealHash": (qbft.seal_hash(verified.header), unhex),
        "signers": (verified.signers, lambda texts: set(map(unhex, texts))),
        "round": (verified.header.extra.round, int),
        "quorum": (Validators.of(map(unhex, entry["validators"])).quorum, int),
    }
    for name, (found, parse) in expected.items():
        if name in entry:
            require_equal(found, parse(entry[name]), name)
    if "header" in entry:
        of_json = qbft.header_from_rpc(entry["header"], len(verified.header.items))
        require_equal(qbft.encode_header(of_json), unhex(entry["headerRlp"]), "bytes from JSON")


def same_block(entry: dict[str, Any]) -> None:
    one = verify(entry["headerRlp"], entry["validators"], {})
    other = verify(entry["same"], entry["validators"], {})
    require_equal(other.chain_hash, one.chain_hash, "chain hash")
    require(qbft.find_equivocation(one, other) is None, "taken for equivocation")


def forgery(case: dict[str, Any]) -> None:
    context = case["context"]
    asked = asked_for(context)
    try:
        verify(case["headerRlp"], context["validators"], asked)
    except HeaderRefused as refused:
        true = broken_rules(unhex(case["headerRlp"]), [unhex(each) for each in context["validators"]], **asked)
        require(refused.rule in true, f"refused by {refused.rule}, which holds; broken: {', '.join(sorted(true))}")
        return
    require(case.get("expect") != "reject", f"accepted: {case.get('why')}")


def asked_for(context: dict[str, Any]) -> dict[str, Any]:
    asked: dict[str, Any] = {name: unhex(context[key]) for key, name in CONTEXT.items() if key in context}
    if "number" in context:
        number = context["number"]
        asked["number"] = int(number, 16) if isinstance(number, str) else number
    if "itemCount" in context:
        asked["item_count"] = context["itemCount"]
    return asked


def verify(encoded: str, validators: list[str], asked: dict[str, Any]) -> Verified:
    return qbft.verify_header(unhex(encoded), Validators.of(map(unhex, validators)), **asked)


def receipt_cases(document: dict[str, Any]) -> list[Case]:
    found = []
    for position, block in enumerate(document["blocks"]):
        name = str(block.get("name", position))
        found.append(Case(f"{name} rebuilt", lambda block=block: rebuilt(block)))
        for kind, root in (("receiptProofs", "receiptsRoot"), ("transactionProofs", "transactionsRoot")):
            for proof in block.get(kind, []):
                check = lambda proof=proof, root=block[root]: included(proof, root)  # noqa: E731  # bound now
                found.append(Case(f"{name} {kind} {proof.get('index')}", check))
        if "absentProof" in block:
            found.append(Case(f"{name} absent", lambda block=block: absent(block)))
    return found


def rebuilt(block: dict[str, Any]) -> None:
    root = unhex(block["receiptsRoot"])
    rebuilt_receipts = [receipts.receipt_from_rpc(entry) for entry in block["receipts"]]
    encoded = [receipts.encode_receipt(receipt) for receipt in rebuilt_receipts]
    require_equal(receipts.receipts_root(rebuilt_receipts), root, "receiptsRoot")
    if "receiptsRlp" in block:
        require_equal(encoded, [unhex(text) for text in block["receiptsRlp"]], "receipts")
    require_equal([receipts.decode_receipt(text) for text in encoded], rebuilt_receipts, "decoded receipts")
    if "headerRlp" in block:
        verified = verify(block["headerRlp"], block["validators"], asked_for({"blockHash": block["blockHash"]}))
        require_equal(verified.header.receipts_root, root, "receiptsRoot of the header")
        require_equal(verified.header.transactions_root, unhex(block["transactionsRoot"]), "transactionsRoot")
    for proof in [*block.get("receiptProofs", []), *([block["absentProof"]] if "absentProof" in block else [])]:
        nodes = tuple(unhex(node) for node in proof["nodes"])
        require_equal(trie.ordered_proof(encoded, proof["index"]), nodes, f"own proof of {proof['index']}")


def included(proof: dict[str, Any], root: str) -> None:
    nodes = [unhex(node) for node in proof["nodes"]]
    value = trie.verify_ordered_proof(unhex(root), proof["index"], nodes)
    require_equal(value, unhex(proof["value"]), "value")
    for wrong in (nodes[:-1], [*nodes, nodes[-1]], nodes[::-1] if len(nodes) > 1 else []):
        try:
            trie.verify_ordered_proof(unhex(root), proof["index"], wrong)
        except trie.TrieProofInvalid:
            continue
        require(False, "a proof with a node less, a node more or in another order passed")


def absent(block: dict[str, Any]) -> None:
    proof = block["absentProof"]
    trie.verify_ordered_absence(unhex(block["receiptsRoot"]), proof["index"], [unhex(node) for node in proof["nodes"]])


def genesis(run: dict[str, Any]) -> None:
    """The genesis a network was made from: its first header, as far as the file alone gives it."""
    empty = "0x" + trie.EMPTY_ROOT.hex()
    block = {
        "parentHash": "0x" + "00" * 32,
        "sha3Uncles": "0x" + keccak256(b"\xc0").hex(),
        "miner": run.get("coinbase", "0x" + "00" * 20),
        **dict.fromkeys(("stateRoot", "transactionsRoot", "receiptsRoot"), empty),
        "logsBloom": "0x" + "00" * 256,
        "number": "0x0",
        "gasUsed": "0x0",
        **{name: run[name] for name in ("difficulty", "gasLimit", "timestamp", "extraData", "mixHash")},
        "nonce": "0x" + run["nonce"][2:].zfill(16),
    }
    extra = qbft.header_from_rpc(block).extra
    require_equal((extra.round, extra.seals, extra.vote), (0, (), None), "round, seals and vote")
    require_equal(Validators.of(extra.validators).addresses, extra.validators, "validators")
