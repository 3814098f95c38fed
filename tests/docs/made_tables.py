"""The tables of docs/formats.md that are made from the code, so that nobody keeps them by hand."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tallystick import acts, blocks, merkle, money, rlp, strictjson
from tallystick.acts import act_types
from tallystick.acts.eip712 import type_hash
from tallystick.client.artifacts import load
from tallystick.consortium import card, document
from tallystick.ledger.codes import LOAN_TRANSITIONS, MatterKind
from tallystick.qbft import RULES, header
from tallystick.records import MAX_JCS_BYTES, MAX_LINE_BYTES, record_types
from tallystick.records.formats import FORMATS, MAX_TEXT_BYTES
from tallystick.records.handover import MAX_OPENING_BYTES
from tallystick.sealing import LARGEST_SEALED_FILE
from tallystick.sealing.document import MAX_READERS
from tallystick_gateway.kit import auth, clients, paging
from tallystick_gateway.kit.config import Batching, Limits
from tallystick_gateway.kit.roles import ROLE_ACTIONS
from tallystick_gateway.loans.schemas import MOST_ROWS
from tallystick_gateway.records import schemas, uploads

from .page import REPOSITORY

CONTRACTS = ("Consortium", "AgreementBook", "LoanLedger", "RecordLog")


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def _acts_json() -> Any:
    return json.loads((REPOSITORY / "contracts" / "acts.json").read_text("utf-8"))


def currencies() -> str:
    by_exponent: dict[int, list[str]] = {}
    for code in sorted(money._EXPONENTS):
        by_exponent.setdefault(money.exponent(code), []).append(code)
    return _table(
        ["decimals", "currencies"], [(digits, " ".join(codes)) for digits, codes in sorted(by_exponent.items())]
    )


def formats() -> str:
    rows = []
    for name, each in FORMATS.items():
        pattern = f"`{each.pattern}`" if each.pattern and len(each.pattern) < 60 else "see below"
        rows.append((f"`{name}`", pattern, each.most_bytes))
    return _table(["format", "whole value matches", "most bytes"], rows)


def record_fields() -> str:
    rows: list[Sequence[object]] = []
    common = len(next(kind for kind in record_types().values() if kind.name == "note").fields) - 1
    for kind in record_types().values():
        first = not rows
        for position, field in enumerate(kind.fields):
            if position < common and not first:
                continue
            named = "every type" if position < common else f"`{kind.name}` {kind.version}"
            written = field.format.form if field.format not in FORMATS.values() else _format_name(field.format)
            rows.append((named, position, f"`{field.name}`", written, "optional" if field.optional else "required"))
    return _table(["type, version", "i", "field", "format", ""], rows)


def _format_name(wanted: object) -> str:
    return next(f"`{name}`" for name, each in FORMATS.items() if each == wanted)


def type_strings() -> str:
    return "```text\n" + "".join(f"{kind.type_string}\n" for kind in act_types().values()) + "```\n"


def type_hashes() -> str:
    return _table(
        ["type", "keccak256 of its type string"],
        [(name, f"`{type_hash(getattr(acts, name)).hex()}`") for name in act_types()],
    )


def business_ids() -> str:
    linked = {True: "yes", False: "no", None: "if the matter is about a loan"}
    rows = [
        (
            f"`{act['name']}`",
            "every contract" if act["contract"] == "*" else act["contract"],
            act["key"],
            act["longest_validity_s"],
            linked[act["linked_to_loan"]],
            f"`{act['business_id']}`",
        )
        for act in _acts_json()["acts"]
    ]
    return _table(
        ["act", "contract", "signed by key", "longest validity, s", "in the loan's head", "business id"], rows
    )


def codes() -> str:
    rows = [
        (name, ", ".join(f"{word} {code}" for word, code in values.items()))
        for name, values in _acts_json()["enums"].items()
    ]
    rows.append(("matters", ", ".join(f"{kind.name} {kind.value}" for kind in MatterKind)))
    return _table(["what", "codes"], rows)


def changes() -> str:
    rows = [(change["code"], change["name"], f"`{change['payload']}`") for change in _acts_json()["changes"]]
    return _table(["code", "change", "payload, ABI-encoded"], rows)


def loan_states() -> str:
    rows = [
        (state.name, ", ".join(to.name for to in sorted(after)) or "–") for state, after in LOAN_TRANSITIONS.items()
    ]
    return _table(["state", "may be followed by"], rows)


def events() -> str:
    rows = []
    for contract in CONTRACTS:
        names = sorted(entry["name"] for entry in load(contract).abi if entry["type"] == "event")
        rows.append((contract, f"`contracts/artifacts/{contract}.json`", ", ".join(names)))
    return _table(["contract", "ABI", "events"], rows)


def header_items() -> str:
    rows = []
    for position, (name, _) in enumerate(blocks._ITEMS):
        width = header._WIDTHS.get(position)
        integer = header._INTEGERS.get(position)
        form = f"{width} bytes" if width else f"integer, at most {integer} bytes" if integer else "see extraData"
        rows.append((position, f"`{name}`", form))
    return _table(["item", "name in JSON-RPC", "form"], rows)


def header_rules() -> str:
    return _table(["rule", "holds if"], [(rule.value, text) for rule, text in RULES.items()])


def scopes() -> str:
    rows = [
        (f"`{role.value}`", " ".join(sorted(f"`{action.value}`" for action in allowed)))
        for role, allowed in ROLE_ACTIONS.items()
    ]
    return _table(["role", "scopes"], rows)


def limits() -> str:
    configured, batching = Limits(), Batching()
    rows = [
        ("strict JSON: nesting", strictjson.MAX_DEPTH),
        ("strict JSON: characters of an integer", strictjson._MAX_INTEGER_DIGITS),
        ("record: bytes of its RFC 8785 form", MAX_JCS_BYTES),
        ("record: bytes of a line", MAX_LINE_BYTES),
        ("record: bytes of a text value", MAX_TEXT_BYTES),
        ("opening: bytes of a line", MAX_OPENING_BYTES),
        ("book leaf: bytes", merkle.BOOK_LEAF_BYTES),
        ("RLP of receipts and trie nodes: nesting", rlp.MAX_DEPTH),
        ("sealed file: bytes", LARGEST_SEALED_FILE),
        ("sealed file: readers", MAX_READERS),
        ("member card: bytes", card._MAX_CARD_BYTES),
        ("consortium.json: bytes", document._MAX_BYTES),
        ("consortium.json: members at least", document.MIN_MEMBERS),
        ("client registration: bytes", clients._MAX_BYTES),
        ("client assertion: bytes", auth._MAX_ASSERTION_BYTES),
        ("client assertion: life, s", int(auth.LONGEST_ASSERTION.total_seconds())),
        ("client assertion: difference of clocks, s", auth._LEEWAY_S),
        ("access token: life, s", int(auth.TOKEN_LIFE.total_seconds())),
        ("API: bytes of a JSON body", configured.body_bytes),
        ("API: items of a page", paging.LARGEST_PAGE),
        ("API: records in one request", schemas.MOST_RECORDS),
        ("API: records in one request for openings", schemas.MOST_OPENED),
        ("API: loans in one request", MOST_ROWS),
        ("API: requests a second of one client", int(configured.requests_per_s)),
        ("upload: bytes as it arrives, and unpacked", configured.upload_bytes),
        ("upload: refused rows that are kept", uploads.MOST_REJECTED_KEPT),
        ("batch: records", batching.max_records),
        ("batch: age of its oldest record, s", batching.max_age_s),
    ]
    return _table(["what", "bound"], rows)


TABLES: dict[str, Callable[[], str]] = {
    "currencies": currencies,
    "formats": formats,
    "record-fields": record_fields,
    "type-strings": type_strings,
    "type-hashes": type_hashes,
    "business-ids": business_ids,
    "codes": codes,
    "changes": changes,
    "loan-states": loan_states,
    "events": events,
    "header-items": header_items,
    "header-rules": header_rules,
    "scopes": scopes,
    "limits": limits,
}
