"""Acts are hashed as EIP-712 says, and the Python classes are those of contracts/acts.json."""

import dataclasses
import json
import re
import types
import typing
from pathlib import Path

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from hypothesis import given
from hypothesis import strategies as st

from tallystick import acts
from tallystick.acts import Domain
from tallystick.keccak import keccak256
from tallystick.keys import CURVE_ORDER, ActKey, SignatureMalformed

DOMAIN = Domain(chain_id=1 << 40 | 7, verifying_contract=bytes(range(20)))
KEY = ActKey(b"\x07" * 32)
ALL_TYPES = sorted(acts.act_types())


def python_type(kind: str) -> object:
    """The Python annotation a Solidity type asks for."""
    if kind.endswith("[]"):
        return types.GenericAlias(tuple, (python_type(kind[:-2]), ...))
    if kind == "string":
        return str
    if kind.startswith("uint"):
        return int
    return bytes if kind == "address" or kind.startswith("bytes") else getattr(acts, kind)


def values_of(kind: str) -> st.SearchStrategy[object]:
    """Any value of a Solidity type."""
    unsized: dict[str, st.SearchStrategy[object]] = {
        "string": st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
        "bytes": st.binary(max_size=70),
        "address": st.binary(min_size=20, max_size=20),
    }
    if kind in unsized:
        return unsized[kind]
    if kind.endswith("[]"):
        return st.lists(values_of(kind[:-2]), max_size=4).map(tuple)
    if sized := re.fullmatch(r"(bytes|uint)(\d+)", kind):
        width = int(sized[2])
        return st.integers(0, 2**width - 1) if sized[1] == "uint" else st.binary(min_size=width, max_size=width)
    return structs(kind)


def structs(name: str) -> st.SearchStrategy[acts.Struct]:
    """Any value of a type of acts.json."""
    of_type = acts.act_types()[name]
    return st.builds(getattr(acts, name), **{field.attribute: values_of(field.type) for field in of_type.fields})


def typed_data(value: acts.Struct, domain: Domain) -> dict[str, object]:
    """The same statement in the JSON form of EIP-712, from the type strings alone."""
    found: dict[str, list[dict[str, str]]] = {}

    def message(item: object) -> object:
        if isinstance(item, acts.Struct):
            of_type = acts.act_types()[type(item).__name__]
            found[of_type.name] = [{"name": field.name, "type": field.type} for field in of_type.fields]
            return {field.name: message(getattr(item, field.attribute)) for field in of_type.fields}
        return [message(each) for each in item] if isinstance(item, tuple) else item

    content = message(value)
    for definition in re.findall(r"(\w+)\(([^)]*)\)", acts.act_types()[type(value).__name__].type_string):
        members = [member.split(" ") for member in definition[1].split(",")]
        found[definition[0]] = [{"name": name, "type": kind} for kind, name in members]
    found["EIP712Domain"] = [
        {"name": "name", "type": "string"},
        {"name": "version", "type": "string"},
        {"name": "chainId", "type": "uint256"},
        {"name": "verifyingContract", "type": "address"},
    ]
    return {
        "types": found,
        "primaryType": type(value).__name__,
        "domain": {
            "name": "Tallystick",
            "version": "1",
            "chainId": domain.chain_id,
            "verifyingContract": "0x" + domain.verifying_contract.hex(),
        },
        "message": content,
    }


@pytest.mark.parametrize("name", ALL_TYPES)
def test_each_class_has_the_fields_of_its_type_string_in_order(name: str) -> None:
    of_type = acts.act_types()[name]
    hints = typing.get_type_hints(getattr(acts, name))
    found = [(field.name, hints[field.name]) for field in dataclasses.fields(getattr(acts, name))]

    assert found == [(field.attribute, python_type(field.type)) for field in of_type.fields]


def test_every_class_stands_in_the_list_and_every_entry_has_a_class() -> None:
    classes = {name for name in acts.types.__all__ if name not in ("Act", "Struct")}

    assert classes == set(ALL_TYPES)


def test_the_packaged_list_is_the_one_the_contracts_are_made_from() -> None:
    packaged = Path(acts.__file__).parent / "acts.json"
    listed = json.loads((Path(__file__).parents[3] / "contracts" / "acts.json").read_text("utf-8"))

    assert json.loads(packaged.read_text("utf-8")) == listed
    prefix = listed["prefix"]
    assert all(entry["type"].startswith(f"{entry['name']}({prefix}") for entry in listed["acts"])


@pytest.mark.parametrize("name", ALL_TYPES)
@given(data=st.data())
def test_hash_and_signature_are_those_of_another_implementation(name: str, data: st.DataObject) -> None:
    act = data.draw(structs(name))

    message = encode_typed_data(full_message=typed_data(act, DOMAIN))
    theirs = Account.sign_message(message, KEY.secret)

    assert acts.struct_hash(act) == message.body
    assert acts.domain_separator(DOMAIN) == message.header
    assert acts.sign(act, DOMAIN, KEY) == theirs.signature
    assert acts.act_id(act, DOMAIN) == theirs.message_hash
    assert acts.recover(act, DOMAIN, theirs.signature) == KEY.address


def settle(**changes: object) -> acts.Settle:
    fields = {
        "member": b"m" * 32,
        "ref": b"r" * 32,
        "issued_at": 1_790_000_000,
        "valid_until": 1_790_003_600,
        "agreement": b"a" * 32,
        "loan": b"l" * 32,
        "value_date": 20261123,
    }
    return acts.Settle(**fields | changes)  # type: ignore[arg-type]  # tests put wrong values in on purpose


def test_encode_data_is_the_preimage_of_the_struct_hash() -> None:
    encoded = acts.encode_data(settle())

    assert keccak256(encoded) == acts.struct_hash(settle())
    assert len(encoded) == 32 * (1 + len(dataclasses.fields(acts.Settle)))
    assert encoded[:32] == acts.type_hash(acts.Settle)


@given(structs("AgreementTerms"))
def test_the_agreement_id_is_the_hash_of_the_whole_terms(terms: acts.AgreementTerms) -> None:
    words = acts.encode_data(terms)

    assert acts.agreement_id(terms) == keccak256(words)
    assert words[64:96] == keccak256(b"".join(acts.struct_hash(party) for party in terms.parties))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"member": b"m" * 31}, "Settle.member"),
        ({"member": "m" * 32}, "Settle.member"),
        ({"issued_at": -1}, "Settle.issuedAt"),
        ({"issued_at": 1 << 64}, "Settle.issuedAt"),
        ({"value_date": 1 << 32}, "Settle.valueDate"),
        ({"value_date": True}, "Settle.valueDate"),
        ({"value_date": 1.0}, "Settle.valueDate"),
        ({"value_date": "20261123"}, "Settle.valueDate"),
    ],
)
def test_a_value_that_does_not_fit_its_type_is_never_signed(changes: dict[str, object], field: str) -> None:
    with pytest.raises(acts.ActFieldInvalid) as refused:
        acts.sign(settle(**changes), DOMAIN, KEY)

    assert refused.value.values["field"] == field


def test_another_chain_or_contract_gives_another_id() -> None:
    elsewhere = [Domain(DOMAIN.chain_id + 1, DOMAIN.verifying_contract), Domain(DOMAIN.chain_id, b"\x99" * 20)]

    assert len({acts.act_id(settle(), domain) for domain in [DOMAIN, *elsewhere]}) == 3


def test_signing_again_gives_the_same_bytes() -> None:
    assert acts.sign(settle(), DOMAIN, KEY) == acts.sign(settle(), DOMAIN, KEY)


def test_a_signature_contracts_would_refuse_is_refused_here_too() -> None:
    good = acts.sign(settle(), DOMAIN, KEY)
    r, s, v = good[:32], int.from_bytes(good[32:64]), good[64]
    bad = {
        "64 bytes": good[:64],
        "66 bytes": good + b"\x00",
        "recovery id instead of v": good[:64] + bytes([v - 27]),
        "v of EIP-155": good[:64] + bytes([37]),
        "high s": r + (CURVE_ORDER - s).to_bytes(32) + bytes([55 - v]),
        "s zero": r + bytes(32) + bytes([v]),
        "r zero": bytes(32) + good[32:],
        "r = n": CURVE_ORDER.to_bytes(32) + good[32:],
    }

    for name, signature in bad.items():
        with pytest.raises(SignatureMalformed):
            print(name, acts.recover(settle(), DOMAIN, signature))


def test_calldata_values_are_nested_tuples_in_order() -> None:
    entry = acts.ContractEntry(name=b"n" * 32, at=b"a" * 20, code_hash=b"c" * 32)
    act = acts.Ratify(member=b"m" * 32, ref=b"r" * 32, issued_at=1, valid_until=2, contracts=(entry, entry))

    assert acts.values(act) == (b"m" * 32, b"r" * 32, 1, 2, ((b"n" * 32, b"a" * 20, b"c" * 32),) * 2)
