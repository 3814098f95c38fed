"""What a contract refuses reaches people in words, with its values."""

import string
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from tallystick.client.artifacts import CONTRACTS, canonical_type, load
from tallystick.client.errors import ContractRefused, decode_revert
from tallystick.client.refusals import REFUSALS
from tallystick.keccak import keccak256

ERRORS: dict[str, Mapping[str, Any]] = {
    entry["name"]: entry for contract in CONTRACTS for entry in load(contract).abi if entry["type"] == "error"
}
SAMPLES = {"string": "why", "bool": True, "address": f"0x{'ab' * 20}", "bytes32": b"\x11" * 32, "bytes3": b"USD"}


def types_of(entry: Mapping[str, Any]) -> list[str]:
    return [canonical_type(part) for part in entry["inputs"]]


def revert_of(name: str, *values: object) -> bytes:
    types = types_of(ERRORS[name])
    return keccak256(f"{name}({','.join(types)})".encode())[:4] + encode(types, values)


def test_every_error_of_every_contract_has_words_and_no_other() -> None:
    assert set(REFUSALS) == set(ERRORS)


@pytest.mark.parametrize("name", sorted(ERRORS))
def test_an_error_is_read_back_with_its_values_and_a_sentence(name: str) -> None:
    types = types_of(ERRORS[name])
    given_values = [SAMPLES.get(kind, 3) for kind in types]
    refused = decode_revert(revert_of(name, *given_values))
    assert refused.name == name
    assert list(refused.values) == [part["name"] for part in ERRORS[name]["inputs"]]
    assert all(isinstance(value, int | bytes) for value in refused.values.values())
    assert refused.code.startswith("contract.")
    assert refused.advice
    assert "{" not in str(refused)


@pytest.mark.parametrize("name", sorted(REFUSALS))
def test_a_sentence_names_only_values_of_its_error(name: str) -> None:
    named = {field for _, field, _, _ in string.Formatter().parse(REFUSALS[name].sentence) if field}
    assert named <= {part["name"] for part in ERRORS[name]["inputs"]}


def test_whose_limit_and_by_how_much_can_be_read() -> None:
    refused = decode_revert(revert_of("PartyLimitExceeded", b"\x01" * 32, b"\x02" * 32, b"\x03" * 32, 1000, 900, 250))
    assert refused.code == "contract.party_limit_exceeded"
    assert refused.values["member"] == b"\x03" * 32
    assert str(refused) == (
        f"With 250 for loan {'02' * 32} the exposure of 900 of {'03' * 32} would exceed its limit of 1000"
    )


def test_times_states_currencies_and_roles_are_words() -> None:
    expired = decode_revert(revert_of("ActExpired", b"\x01" * 32, 1_700_000_000, 1_700_000_060))
    assert "2023-11-14T22:13:20Z" in str(expired)
    assert "is settled and cannot become reversed" in str(
        decode_revert(revert_of("TransitionNotAllowed", b"\x01" * 32, b"\x02" * 32, 3, 5))
    )
    assert "is in EUR, the agreement in USD" in str(
        decode_revert(revert_of("CurrencyMismatch", b"\x01" * 32, b"\x02" * 32, b"USD", b"EUR"))
    )
    assert "has the roles LENDER; this needs DEPOSITORY" in str(
        decode_revert(revert_of("RoleMissing", b"\x01" * 32, 2, 1))
    )


def test_what_no_contract_of_ours_says_is_said_so() -> None:
    assert decode_revert(b"").name == "Nothing"
    assert decode_revert(bytes.fromhex("deadbeef")).name == "Unknown"
    assert decode_revert(bytes.fromhex("4e487b71") + (17).to_bytes(32)).values == {"number": 17}
    reason = decode_revert(bytes.fromhex("08c379a0") + encode(["string"], ["no\nFAKE LINE"]))
    assert str(reason) == "The contract refused: no FAKE LINE"


def selectors() -> Iterator[bytes]:
    for name, entry in ERRORS.items():
        yield keccak256(f"{name}({','.join(types_of(entry))})".encode())[:4]


@given(
    st.sampled_from([*selectors(), b"", bytes.fromhex("08c379a0"), bytes.fromhex("4e487b71")]), st.binary(max_size=200)
)
def test_no_bytes_are_beyond_words(selector: bytes, rest: bytes) -> None:
    refused = decode_revert(selector + rest)
    assert isinstance(refused, ContractRefused)
    assert str(refused).isprintable()
