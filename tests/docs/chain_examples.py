"""The examples about acts, heads, block headers, receipts and tries, recomputed."""

from collections.abc import Mapping
from typing import Any

from tallystick import acts, qbft, receipts, rlp, trie
from tallystick.acts import act_types, eip712
from tallystick.keccak import keccak256
from tallystick.keys import ActKey, Address
from tallystick.ledger.heads import first_head, next_head

from .page import Given

Outcome = Mapping[str, Any]


def message(kind: str, members: Mapping[str, Any]) -> Any:
    """A value of an EIP-712 type from JSON: members by their Solidity names, bytes as hex, integers as numbers."""
    values = {field.attribute: _value(field.type, members[field.name]) for field in act_types()[kind].fields}
    return getattr(acts, kind)(**values)


def _value(kind: str, value: Any) -> Any:
    if kind.endswith("[]"):
        return tuple(_value(kind.removesuffix("[]"), each) for each in value)
    if kind.startswith("bytes") or kind == "address":
        return bytes.fromhex(value.removeprefix("0x"))
    return message(kind, value) if kind in act_types() else value


def act(given: Given) -> Outcome:
    said = message(given["kind"], given["message"])
    domain = acts.Domain(given["chain_id"], given.hex("verifying_contract"))
    key = ActKey(given.hex("act_key"))
    signature = acts.sign(said, domain, key)
    assert acts.recover(said, domain, signature) == key.address
    assert keccak256(eip712.encode_data(said)) == eip712.struct_hash(said)
    return {
        "type_hash": eip712.type_hash(type(said)).hex(),
        "encode_data": _pieces(eip712.encode_data(said), 32),
        "struct_hash": eip712.struct_hash(said).hex(),
        "domain_separator": eip712.domain_separator(domain).hex(),
        "act_id": acts.act_id(said, domain).hex(),
        "signer": f"0x{key.address.hex()}",
        "signature": signature.hex(),
    }


def agreement(given: Given) -> Outcome:
    return {"agreement": acts.agreement_id(message("AgreementTerms", given["terms"])).hex()}


def ratified_list(given: Given) -> Outcome:
    entries = [message("ContractEntry", entry) for entry in given["contracts"]]
    list_hash = keccak256(b"".join(map(eip712.struct_hash, entries))).hex()
    return {"list_hash": list_hash, "business_id": f"{given['number']}:{list_hash}"}


def head(given: Given) -> Outcome:
    start = first_head(given["chain_id"], Address(given.hex("loan_ledger")), given.hex("agreement"), given.hex("loan"))
    heads = [start]
    for act_id in given.hexes("act_ids"):
        heads.append(next_head(heads[-1], act_id))
    return {"heads": [each.hex() for each in heads], "count": len(heads) - 1}


def qbft_header(given: Given) -> Outcome:
    validators = qbft.Validators.of(ActKey(secret).address for secret in given.hexes("validator_keys"))
    encoded = given.hex("header")
    verified = qbft.verify_header(encoded, validators, item_count=given["item_count"])
    digest = qbft.seal_hash(verified.header)
    seals = [ActKey(secret).sign_recoverable(digest) for secret in given.hexes("validator_keys")]
    assert set(verified.header.extra.seals) <= set(seals)
    return {
        "validators": [f"0x{each.hex()}" for each in validators.addresses],
        "quorum": validators.quorum,
        "number": verified.header.number,
        "round": verified.header.extra.round,
        "seal_hash": digest.hex(),
        "block_hash": verified.chain_hash.hex(),
        "seals": [each.hex() for each in verified.header.extra.seals],
        "signers": [f"0x{each.hex()}" for each in sorted(verified.signers)],
    }


def receipt(given: Given) -> Outcome:
    logs = tuple(
        receipts.Log(_bytes(log["address"]), tuple(map(_bytes, log["topics"])), _bytes(log["data"]))
        for log in given["logs"]
    )
    made = receipts.Receipt(given["type"], given["status"], given["cumulative_gas_used"], given.hex("bloom"), logs)
    encoded = receipts.encode_receipt(made)
    root = receipts.receipts_root([made])
    assert receipts.verify_receipt(root, 0, trie.ordered_proof([encoded], 0)) == made
    return {"encoded": _pieces(encoded, 58), "receipts_root_alone": root.hex()}


def ordered_trie(given: Given) -> Outcome:
    values, index = given.hexes("values"), given["index"]
    root, proof = trie.ordered_root(values), trie.ordered_proof(values, index)
    absent = trie.ordered_proof(values, len(values))
    assert trie.verify_ordered_proof(root, index, proof) == values[index]
    trie.verify_ordered_absence(root, len(values), absent)
    return {
        "keys": [rlp.encode(rlp.encode_integer(each)).hex() for each in range(len(values))],
        "root": root.hex(),
        "proof": [node.hex() for node in proof],
        "absence_of_index_after_the_last": [node.hex() for node in absent],
        "empty_root": trie.EMPTY_ROOT.hex(),
    }


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def _pieces(raw: bytes, size: int) -> list[str]:
    return [raw[start : start + size].hex() for start in range(0, len(raw), size)]


EXAMPLES = {
    "act": act,
    "agreement": agreement,
    "ratified-list": ratified_list,
    "head": head,
    "qbft-header": qbft_header,
    "receipt": receipt,
    "ordered-trie": ordered_trie,
}
