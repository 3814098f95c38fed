"""A contract of the directory that calls what it is told: it stands for the contracts of later issues."""

import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

import solcx
from eth_abi.abi import encode

from tallystick.keccak import keccak256
from tests.contracts.decisions import Change, decide
from tests.contracts.support import Call, Deployed, Network

__all__ = ["Forwarded", "create_forwarder", "registered_forwarder"]

_BUILD = Path(__file__).resolve().parents[3] / "contracts" / "build.py"
_FORWARD = "forward(address,bytes)"
_SOURCE = """// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

contract Forwarder {
    function forward(address to, bytes calldata data) external {
        (bool done, bytes memory returned) = to.call(data);
        if (!done) {
            assembly {
                revert(add(returned, 32), mload(returned))
            }
        }
    }
}
"""


@dataclass(frozen=True)
class Forwarded(Call):
    """A call that the forwarder `to` makes: its function is `forward`, its one argument the call."""

    @property
    def calldata(self) -> bytes:
        (call,) = self.arguments
        return keccak256(_FORWARD.encode())[:4] + encode(["address", "bytes"], [call.to.address, call.calldata])

    @classmethod
    def by(cls, forwarder: Deployed, to: Deployed, function: str, *arguments: object) -> "Forwarded":
        return cls(forwarder, "forward", (Call(to, function, arguments),))


def create_forwarder(network: Network) -> Deployed:
    """A forwarder that the directory does not know."""
    return network.chain.create("Forwarder", _creation_code())


def registered_forwarder(network: Network, name: str) -> Deployed:
    """A forwarder that the members have put into the directory."""
    forwarder = create_forwarder(network)
    decide(network, Change.SET_CONTRACT, name, forwarder.address, network.chain.code_hash(forwarder))
    return forwarder


@cache
def _creation_code() -> bytes:
    """Compiled as our contracts are."""
    build = _build_script()
    request = {
        "language": "Solidity",
        "sources": {"Forwarder.sol": {"content": _SOURCE}},
        "settings": build.settings() | {"outputSelection": {"*": {"*": ["evm.bytecode.object"]}}},
    }
    answer = solcx.compile_standard(request, solc_binary=build.COMPILER)
    return bytes.fromhex(answer["contracts"]["Forwarder.sol"]["Forwarder"]["evm"]["bytecode"]["object"])


def _build_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("contracts_build", _BUILD)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
