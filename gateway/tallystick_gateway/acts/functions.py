"""Which function of which contract takes an act, by the contracts' ABI."""

from dataclasses import dataclass
from functools import cache

from tallystick.client import artifacts
from tallystick.keccak import keccak256

__all__ = ["Function", "function_of"]


@dataclass(frozen=True, slots=True)
class Function:
    """A function that records acts of one kind, one or (`takes_array`) many a transaction."""

    name: str
    selector: bytes
    takes_array: bool


@cache
def function_of(contract: str, kind: str) -> Function:
    """The function of `contract` whose first parameter is the act, or an array of it. Raises `KeyError`."""
    for entry in artifacts.load(contract).abi:
        if entry["type"] != "function" or not entry["inputs"]:
            continue
        struct = entry["inputs"][0].get("internalType", "").removeprefix("struct ")
        if struct in (kind, f"{kind}[]"):
            signature = f"{entry['name']}({','.join(map(artifacts.canonical_type, entry['inputs']))})"
            return Function(entry["name"], keccak256(signature.encode())[:4], struct.endswith("[]"))
    raise KeyError(f"{contract} has no function that takes a {kind}")
