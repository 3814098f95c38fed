"""The examples about money, records, openings, trees, logs and pseudonyms, recomputed."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tallystick import acts, merkle, money, pseudonyms, strictjson
from tallystick.records import CHAIN_START, chain_next, commit, commitments, parse, record_type, validate
from tallystick.records.handover import AnchoredBatch, make_opening, parse_opening, verify_opening
from tallystick_gateway.records.calendar import booking_date

from .page import Given

Outcome = Mapping[str, Any]


def shares(given: Given) -> Outcome:
    return {"shares": list(map(str, money.apportion(money.parse_minor_units(given["principal"]), given["share_bps"])))}


def amounts(given: Given) -> Outcome:
    return {
        "minor_units": [str(money.minor_from_decimal(amount, currency)) for amount, currency in given["decimal"]],
        "refused": {
            text: _refusal(lambda text=text: money.parse_minor_units(text), money.MoneyError)
            for text in given["refused"]
        },
    }


def strict_json(given: Given) -> Outcome:
    for text in given["taken"]:
        strictjson.loads(text.encode(), max_bytes=1024)
    refused = given["refused"]
    return {
        "refused": {
            text: _refusal(lambda text=text: strictjson.loads(text.encode(), max_bytes=1024), strictjson.JsonMalformed)
            for text in refused
        }
    }


def record(given: Given) -> Outcome:
    read = parse(json.dumps(given["record"]))
    return {"jcs": read.jcs().decode(), "type": read.type.name, "version": read.type.version}


def commitment(given: Given) -> Outcome:
    read = parse(json.dumps(given["record"]))
    made = commit(read, given.hex("member"), given.hex("record_secret"))
    return {
        "stream": read.stream.hex(),
        "salt_0": commitments.field_salt(given.hex("record_secret"), 0).hex(),
        "commits": [each.hex() for each in made.commits],
        "digest": made.digest.hex(),
        "leaf_hash": made.leaf_hash.hex(),
    }


def record_chain(given: Given) -> Outcome:
    chain, chains = CHAIN_START, []
    for digest in given.hexes("digests"):
        chain = chain_next(chain, digest)
        chains.append(chain.hex())
    return {"record_count": len(chains), "chains": chains, "record_chain": chain.hex()}


def opening_whole(given: Given) -> Outcome:
    return _opening(given, None)


def opening_fields(given: Given) -> Outcome:
    return _opening(given, given["disclose"])


def _opening(given: Given, disclose: list[str] | None) -> Outcome:
    """Write the opening of the record that stands at `index` among the batch's other digests, and check it."""
    read, member, secret = parse(json.dumps(given["record"])), given.hex("member"), given.hex("record_secret")
    digests, place = given.hexes("other_digests"), given["index"] - given["first_index"]
    digests.insert(place, commit(read, member, secret).digest)
    tree = merkle.Tree([merkle.leaf_hash(digest) for digest in digests])
    batch = AnchoredBatch(member, read.stream, given["first_index"], tree.size, tree.root)
    written = make_opening(read, secret, batch, given["index"], tree.inclusion_proof(place), fields=disclose).to_json()
    opened = verify_opening(parse_opening(written), batch)
    shown = strictjson.loads_object(written, max_bytes=len(written))
    return {"opening": dict(shown), "disclosed": len(opened.disclosed), "withheld": len(opened.withheld)}


def tree(given: Given) -> Outcome:
    leaves = [merkle.leaf_hash(each) for each in given.hexes("leaf_data")]
    whole = merkle.Tree(leaves)
    index, earlier = given["index"], given["earlier_size"]
    inclusion, consistency = whole.inclusion_proof(index), whole.consistency_proof(earlier)
    earlier_root = merkle.root(leaves[:earlier])
    merkle.verify_inclusion(leaves[index], index, whole.size, inclusion, whole.root)
    merkle.verify_consistency(earlier, earlier_root, whole.size, whole.root, consistency)
    return {
        "leaf_hashes": [leaf.hex() for leaf in leaves],
        "root": whole.root.hex(),
        "inclusion": [node.hex() for node in inclusion],
        "earlier_root": earlier_root.hex(),
        "consistency": [node.hex() for node in consistency],
        "empty_root": merkle.EMPTY_ROOT.hex(),
    }


def absence(given: Given) -> Outcome:
    proof = merkle.absence_proof(given.hexes("leaf_data"), given.hex("key"))
    whole = merkle.Tree([merkle.leaf_hash(each) for each in given.hexes("leaf_data")])
    merkle.verify_absence(given.hex("key"), whole.size, proof, whole.root)

    def neighbour(shown: merkle.Neighbour | None) -> Any:
        if shown is None:
            return None
        return {"index": shown.index, "data": shown.data.hex(), "proof": [node.hex() for node in shown.proof]}

    return {"root": whole.root.hex(), "before": neighbour(proof.before), "after": neighbour(proof.after)}


def batch(given: Given) -> Outcome:
    stream, first = given.hex("stream"), given["first_index"]
    root = merkle.root([merkle.leaf_hash(digest) for digest in given.hexes("digests")])
    business_id = f"{stream.hex()}:{first}"
    anchor = acts.Anchor(
        member=given.hex("member"),
        ref=pseudonyms.act_ref(given.hex("ref_secret"), "Anchor", business_id),
        issued_at=given["issued_at"],
        valid_until=given["valid_until"],
        stream=stream,
        first_index=first,
        count=len(given["digests"]),
        root=root,
        previous=given.hex("previous"),
    )
    domain = acts.Domain(given["chain_id"], given.hex("record_log"))
    return {
        "root": root.hex(),
        "business_id": business_id,
        "ref": anchor.ref.hex(),
        "act_id": acts.act_id(anchor, domain).hex(),
    }


def pseudonym(given: Given) -> Outcome:
    secret = given.hex("agreement_secret")
    return {
        "member": pseudonyms.member_id(given["legal_id"]).hex(),
        "loan_key": pseudonyms.loan_key(secret, given["loan_id"]).hex(),
        "entry_key": pseudonyms.entry_key(secret, given["business_key"]).hex(),
        "borrower_tag": pseudonyms.borrower_tag(given.hex("borrower_secret")).hex(),
        "ref": pseudonyms.act_ref(secret, given["kind"], given["business_id"]).hex(),
    }


def upload_row(given: Given) -> Outcome:
    """A row as a client sends it, and the record that the gateway makes of it."""
    row, agreement = dict(given["row"]), given["agreement"]
    kind = record_type(row.pop("type"))
    row["loan"] = pseudonyms.loan_key(bytes.fromhex(agreement["secret"]), row.pop("loan_id")).hex()
    arrival = datetime.fromisoformat(given["arrival"])
    day = booking_date(arrival, agreement["timeZone"], agreement["cutOff"], agreement["calendar"])
    made = validate(kind, row | {"booking_date": day.isoformat()})
    return {"record": dict(strictjson.loads_object(made.jcs(), max_bytes=65536))}


def _refusal(read: Any, refused: type[Exception]) -> str:
    try:
        read()
    except refused as why:
        return str(why)
    raise AssertionError("it is taken")


EXAMPLES = {
    "shares": shares,
    "amounts": amounts,
    "strict-json": strict_json,
    "record": record,
    "commitment": commitment,
    "record-chain": record_chain,
    "opening": opening_whole,
    "opening-fields": opening_fields,
    "tree": tree,
    "absence": absence,
    "batch": batch,
    "pseudonyms": pseudonym,
    "upload-row": upload_row,
}
