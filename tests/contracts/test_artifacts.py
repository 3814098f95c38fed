"""The committed artifacts: what the sources compile to, small enough, and without what the design forbids."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tallystick.client.artifacts import CONTRACTS, load
from tests.contracts.support import Network

ROOT = Path(__file__).resolve().parents[2]
LARGEST_CODE = 24_576
"""EIP-170, in bytes."""
FORBIDDEN = {
    0x32: "ORIGIN",
    0xF0: "CREATE",
    0xF2: "CALLCODE",
    0xF4: "DELEGATECALL",
    0xF5: "CREATE2",
    0xFF: "SELFDESTRUCT",
}
LATER_THAN_BERLIN = {0x48: "BASEFEE", 0x49: "BLOBHASH", 0x4A: "BLOBBASEFEE", 0x5C: "TLOAD", 0x5D: "TSTORE"} | {
    0x5E: "MCOPY",
    0x5F: "PUSH0",
}
PUSH1, PUSH32 = 0x60, 0x7F


def opcodes(code: bytes) -> Iterator[int]:
    """The instructions of `code` in order, without what PUSH carries."""
    position = 0
    while position < len(code):
        opcode = code[position]
        yield opcode
        position += 1 + (opcode - PUSH1 + 1 if PUSH1 <= opcode <= PUSH32 else 0)


def without_metadata(code: bytes) -> bytes:
    """`code` without the CBOR that the compiler puts behind it: its last two bytes are the CBOR's length."""
    return code[: -2 - int.from_bytes(code[-2:])]


def test_a_rebuild_from_the_sources_is_identical() -> None:
    command = [sys.executable, str(ROOT / "contracts" / "build.py"), "--check"]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr


@pytest.mark.parametrize("name", CONTRACTS)
def test_deployed_code_is_below_the_limit_of_a_contract(name: str) -> None:
    assert 0 < len(load(name).runtime_code) < LARGEST_CODE


@pytest.mark.parametrize("name", CONTRACTS)
def test_no_contract_can_be_proxied_destroyed_or_ask_for_the_origin(name: str) -> None:
    artifact = load(name)
    creation, runtime = artifact.creation_code, without_metadata(artifact.runtime_code)
    constructor = creation[: creation.index(artifact.runtime_code)]
    for code in (constructor, runtime):
        found = set(opcodes(code))
        assert {FORBIDDEN[opcode] for opcode in found & FORBIDDEN.keys()} == set()
        assert {LATER_THAN_BERLIN[opcode] for opcode in found & LATER_THAN_BERLIN.keys()} == set()


def test_the_walk_over_opcodes_finds_what_it_looks_for_and_skips_what_is_pushed() -> None:
    assert list(opcodes(bytes.fromhex("60ff6132f4f4"))) == [0x60, 0x61, 0xF4]


@pytest.mark.parametrize("name", CONTRACTS)
def test_no_contract_takes_ether(name: str) -> None:
    for entry in load(name).abi:
        assert entry.get("stateMutability") != "payable"
        assert entry["type"] not in {"receive", "fallback"}


def test_what_stands_on_the_chain_is_the_artifact_with_its_immutables_filled_in(founded: Network) -> None:
    consortium = founded.contracts["Consortium"]
    assert founded.chain.node.code(consortium.address) == load("Consortium").runtime_code
    for name in CONTRACTS[1:]:
        artifact = load(name)
        given = {"consortium_": f"0x{consortium.address.hex()}", "predecessor_": f"0x{bytes(20).hex()}"}
        arguments = artifact.encode_constructor(*(given[argument] for argument in artifact.constructor_names()))
        assert founded.chain.node.code(founded.contracts[name].address) == artifact.deployed_code(arguments)
