"""Events as the verifier reads them: the signatures are the contracts', the values are what eth_abi encodes."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.acts import act_types
from tallystick.package.abi import decode, parse_type
from tallystick.package.events import ACT_EVENTS, STRUCTS, EventUnreadable, act_event, read_event
from tallystick.receipts import Log

ARTIFACTS = Path(__file__).resolve().parents[3] / "contracts" / "artifacts"
ALL_STRUCTS = dict(STRUCTS) | {
    name: [(field.name, field.type) for field in kind.fields] for name, kind in act_types().items()
}


def events_of(contract: str) -> dict[str, Any]:
    abi = json.loads((ARTIFACTS / f"{contract}.json").read_text("utf-8"))["abi"]
    return {entry["name"]: entry for entry in abi if entry["type"] == "event"}


def solidity(part: Any) -> str:
    if not part["type"].startswith("tuple"):
        return str(part["type"])
    return f"({','.join(map(solidity, part['components']))}){part['type'].removeprefix('tuple')}"


def values_of(kind: str) -> st.SearchStrategy[Any]:
    """A value for eth_abi of a type as Solidity writes it."""
    if kind.endswith("[]"):
        return st.lists(values_of(kind.removesuffix("[]")), max_size=3)
    if kind in ALL_STRUCTS:
        return st.tuples(*(values_of(inner) for _, inner in ALL_STRUCTS[kind]))
    if kind.startswith("uint"):
        return st.integers(0, 2 ** int(kind.removeprefix("uint")) - 1)
    if kind == "string":
        return st.text(max_size=40)
    if kind == "bytes":
        return st.binary(max_size=70)
    return st.binary(min_size=(size := 20 if kind == "address" else int(kind.removeprefix("bytes"))), max_size=size)


def canonical(kind: str) -> str:
    if kind.endswith("[]"):
        return canonical(kind.removesuffix("[]")) + "[]"
    if kind in ALL_STRUCTS:
        return f"({','.join(canonical(inner) for _, inner in ALL_STRUCTS[kind])})"
    return kind


def plain(kind: str, value: Any) -> Any:
    """What the product makes of the value."""
    if kind.endswith("[]"):
        return tuple(plain(kind.removesuffix("[]"), item) for item in value)
    if kind in ALL_STRUCTS:
        pairs = zip(ALL_STRUCTS[kind], value, strict=True)
        return {name: plain(inner, item) for (name, inner), item in pairs}
    return value


def parameters(signature: str) -> list[tuple[str, str, bool]]:
    inside = signature.removesuffix(")").partition("(")[2]
    return [(words[-1], words[0], "indexed" in words) for words in (part.split(" ") for part in inside.split(", "))]


@pytest.mark.parametrize("event", ACT_EVENTS, ids=lambda event: f"{event.contract}.{event.kind}")
def test_a_signature_is_the_contracts(event: Any) -> None:
    entry = events_of(event.contract)[event.name]
    shown = [(part["name"], solidity(part), part["indexed"]) for part in entry["inputs"]]
    assert [(name, canonical(kind), indexed) for name, kind, indexed in parameters(event.signature)] == shown


@pytest.mark.parametrize("event", ACT_EVENTS, ids=lambda event: f"{event.contract}.{event.kind}")
def test_an_event_repeats_its_act(event: Any) -> None:
    """Every parameter that bears a field's name has that field's type; names to be renamed exist."""
    fields = {field.name: field.type for field in act_types()[event.kind].fields}
    kinds = {name: kind for name, kind, _ in parameters(event.signature)}
    renamed = dict(event.renamed)
    assert renamed.keys() <= fields.keys()
    for name, kind in fields.items():
        parameter = renamed.get(name, name)
        assert kinds.get(parameter, kind) == kind, name
    assert {"actId", "chainId", "member", "signer"} <= kinds.keys()


def test_every_act_has_its_event() -> None:
    acts = json.loads((ARTIFACTS.parent / "acts.json").read_text("utf-8"))["acts"]
    for act in acts:
        names = ("AgreementBook", "LoanLedger") if act["name"] == "CoSign" else (act["contract"],)
        names = ("Consortium", "AgreementBook", "LoanLedger", "RecordLog") if act["name"] == "Cancel" else names
        assert all(act_event(name, act["name"]) for name in names), act["name"]
    assert act_event("RecordLog", "Disburse") is None


@pytest.mark.parametrize("event", ACT_EVENTS, ids=lambda event: f"{event.contract}.{event.kind}")
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_a_log_is_read_as_it_was_encoded_and_in_no_other_form(event: Any, data: st.DataObject) -> None:
    given_values = {name: data.draw(values_of(kind)) for name, kind, _ in parameters(event.signature)}
    topic = keccak(text=f"{event.name}({','.join(canonical(kind) for _, kind, _ in parameters(event.signature))})")
    indexed = [(n, k) for n, k, is_indexed in parameters(event.signature) if is_indexed]
    others = [(n, k) for n, k, is_indexed in parameters(event.signature) if not is_indexed]
    topics = (topic, *(encode([canonical(kind)], [given_values[name]]) for name, kind in indexed))
    content = encode([canonical(kind) for _, kind in others], [given_values[name] for name, _ in others])
    read = read_event(event, Log(b"a" * 20, topics, content))
    assert read == {name: plain(kind, given_values[name]) for name, kind, _ in parameters(event.signature)}
    place = data.draw(st.integers(0, len(content) - 1))
    changed = content[:place] + bytes([content[place] ^ 1 << data.draw(st.integers(0, 7))]) + content[place + 1 :]
    for spoilt in (content + bytes(32), content[:-32], content[:-1], changed):
        try:
            other = read_event(event, Log(b"a" * 20, topics, spoilt))
        except EventUnreadable:
            continue
        assert other != read, "two encodings of one value"
    with pytest.raises(EventUnreadable):
        read_event(event, Log(b"a" * 20, topics[:-1], content))
    with pytest.raises(EventUnreadable):
        read_event(event, Log(b"a" * 20, (keccak(b"x"), *topics[1:]), content))


@given(st.binary(max_size=400))
def test_any_bytes_are_refused_or_read(content: bytes) -> None:
    kind = parse_type("AgreementTerms", {name: list(fields) for name, fields in ALL_STRUCTS.items()})
    with suppress(ValueError):
        decode([("terms", kind)], content)
