"""One EIP-712 vector for every type of `acts.json`, made by eth_account alone: all our encoders are held to it.

`python contracts/vectors.py` writes `vectors/acts.json`; `--check` exits 1 if it would differ. The messages are made
from the names of their fields and say nothing; what counts is that every byte differs from its neighbours.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from eth_abi.abi import encode
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak

sys.path.insert(0, str(Path(__file__).parent))
import acts

VECTORS = Path(__file__).with_name("vectors") / "acts.json"
PUBLISHED_KEY = hashlib.sha256(b"tallystick: a published test key, worth nothing").digest()
CHAIN_ID = 4_242_424_242_424
CONTRACT = "0x" + hashlib.sha256(b"tallystick: a contract that is nowhere").hexdigest()[:40]


def sample(owner: str, field: acts.Field, types: dict[str, acts.Struct], position: int = 0) -> Any:
    """A value of the field's type that depends on its name and place alone."""
    seed = hashlib.sha256(f"{owner}.{field.name}.{position}".encode()).digest()
    if field.is_array:
        inner = acts.Field(field.base, field.name)
        return [sample(owner, inner, types, place) for place in range(1, 4)]
    if field.type in types:
        return {f.name: sample(f"{owner}.{field.type}", f, types, position) for f in types[field.type].fields}
    if field.type == "string":
        return f"{field.name} – 記錄"
    if field.type.startswith("uint"):
        return int.from_bytes(seed, "big") % 2 ** int(field.type[4:])
    size = {"bytes": len(seed), "address": 20}.get(field.type) or int(field.type.removeprefix("bytes"))
    return "0x" + seed[:size].hex()


def _abi_type(field: acts.Field, types: dict[str, acts.Struct]) -> str:
    if field.base not in types:
        return field.type
    inner = ",".join(_abi_type(f, types) for f in types[field.base].fields)
    return f"({inner})" + ("[]" if field.is_array else "")


def _abi_value(value: Any) -> Any:
    if isinstance(value, dict):
        return tuple(_abi_value(inner) for inner in value.values())
    if isinstance(value, list):
        return [_abi_value(inner) for inner in value]
    if isinstance(value, str) and value.startswith("0x") and len(value) != len("0x") + 40:
        return bytes.fromhex(value[2:])
    return value


def _wire(value: Any) -> Any:
    """Integers as digits: 64 bits are more than a JSON number holds."""
    if isinstance(value, dict):
        return {name: _wire(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_wire(inner) for inner in value]
    return str(value) if isinstance(value, int) else value


def _domain() -> dict[str, Any]:
    return {"name": "Tallystick", "version": "1", "chainId": CHAIN_ID, "verifyingContract": CONTRACT}


def vector(struct: acts.Struct, types: dict[str, acts.Struct]) -> dict[str, Any]:
    """Message, hashes and signature of one type. Every hash is eth_account's."""
    message = {field.name: sample(struct.name, field, types) for field in struct.fields}
    named = {struct.name} | {name for name in types if f"){name}(" in struct.encoded_type}
    typed = {name: [{"name": f.name, "type": f.type} for f in types[name].fields] for name in named}
    signable = encode_typed_data(domain_data=_domain(), message_types=typed, message_data=message)
    signed = Account.sign_message(signable, PUBLISHED_KEY)
    abi_type = "(" + ",".join(_abi_type(field, types) for field in struct.fields) + ")"
    return {
        "name": struct.name,
        "type": struct.encoded_type,
        "typehash": "0x" + keccak(text=struct.encoded_type).hex(),
        "message": _wire(message),
        "abi_encoded": "0x" + encode([abi_type], [_abi_value(message)]).hex(),
        "struct_hash": "0x" + signable.body.hex(),
        "act_id": "0x" + signed.message_hash.hex(),
        "signature": "0x" + signed.signature.hex(),
    }


def generated() -> str:
    types = {struct.name: struct for struct in acts.structs(json.loads(acts.ACTS_JSON.read_text(encoding="utf-8")))}
    vectors = [vector(struct, types) for struct in types.values()]
    domain = _domain() | {"chainId": str(CHAIN_ID)}
    separator = encode_typed_data(
        domain_data=_domain(),
        message_types={"Nothing": [{"name": "nothing", "type": "uint8"}]},
        message_data={"nothing": 0},
    ).header
    content = {
        "format": "tallystick-act-vectors/1",
        "key": "0x" + PUBLISHED_KEY.hex(),
        "signer": Account.from_key(PUBLISHED_KEY).address.lower(),
        "domain": domain,
        "domain_separator": "0x" + separator.hex(),
        "vectors": vectors,
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description="Write a vector for every act type.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if the file would differ")
    text = generated()
    if not parser.parse_args().check:
        VECTORS.write_text(text, encoding="utf-8")
        return 0
    return int(not VECTORS.exists() or VECTORS.read_text(encoding="utf-8") != text)


if __name__ == "__main__":
    sys.exit(main())
