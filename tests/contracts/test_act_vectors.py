"""`contracts/vectors/acts.json`: one vector a type, made by eth_account; Python must agree, as Solidity does."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tallystick import acts
from tallystick.acts import (
    Domain,
    Struct,
    act_id,
    act_types,
    domain_separator,
    encode_data,
    recover,
    sign,
    struct_hash,
    type_hash,
)
from tallystick.client.abi import encode_parameters
from tallystick.keccak import keccak256
from tallystick.keys import ActKey

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"
FILE = json.loads((CONTRACTS / "vectors" / "acts.json").read_text(encoding="utf-8"))
VECTORS = {vector["name"]: vector for vector in FILE["vectors"]}
KEY = ActKey(bytes.fromhex(FILE["key"][2:]))
DOMAIN = Domain(int(FILE["domain"]["chainId"]), bytes.fromhex(FILE["domain"]["verifyingContract"][2:]))


def unhex(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def value_of(kind: str, value: Any) -> Any:
    """A value of the vector file as `tallystick.acts` takes it."""
    if kind.endswith("[]"):
        return tuple(value_of(kind.removesuffix("[]"), item) for item in value)
    if isinstance(value, dict):
        return message_of(kind, value)
    if kind.startswith("uint"):
        return int(value)
    return value if kind == "string" else unhex(value)


def message_of(name: str, message: dict[str, Any]) -> Struct:
    fields = act_types()[name].fields
    assert [field.name for field in fields] == list(message)
    made: Struct = getattr(acts, name)(**{f.attribute: value_of(f.type, message[f.name]) for f in fields})
    return made


def abi_of(name: str) -> dict[str, Any]:
    """The ABI entry of the struct, as an argument of a function."""
    components = []
    for field in act_types()[name].fields:
        base = field.type.removesuffix("[]")
        inner = abi_of(base) if base in act_types() else {"type": base}
        components.append(inner | {"name": field.name, "type": inner["type"] + field.type.removeprefix(base)})
    return {"name": "act", "type": "tuple", "components": components}


def test_every_type_has_its_vector() -> None:
    assert VECTORS.keys() == act_types().keys()


def test_the_vectors_are_those_of_the_types_in_acts_json() -> None:
    command = [sys.executable, str(CONTRACTS / "vectors.py"), "--check"]
    assert subprocess.run(command, check=False).returncode == 0


def test_the_domain_is_ours() -> None:
    assert domain_separator(DOMAIN) == unhex(FILE["domain_separator"])
    assert KEY.address == unhex(FILE["signer"])


@pytest.mark.parametrize("name", VECTORS)
def test_python_hashes_signs_and_recovers_as_the_vector_says(name: str) -> None:
    vector = VECTORS[name]
    message = message_of(name, vector["message"])
    assert act_types()[name].type_string == vector["type"]
    assert type_hash(type(message)) == unhex(vector["typehash"])
    assert struct_hash(message) == keccak256(encode_data(message)) == unhex(vector["struct_hash"])
    assert act_id(message, DOMAIN) == unhex(vector["act_id"])
    assert sign(message, DOMAIN, KEY) == unhex(vector["signature"])
    assert recover(message, DOMAIN, unhex(vector["signature"])) == KEY.address


@pytest.mark.parametrize("name", VECTORS)
def test_python_puts_the_message_into_calldata_as_the_vector_says(name: str) -> None:
    vector = VECTORS[name]
    assert encode_parameters([abi_of(name)], [message_of(name, vector["message"])]) == unhex(vector["abi_encoded"])
