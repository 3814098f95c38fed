"""Whether the code of a contract is what this release makes of the stated arguments (`protocol.md` §8)."""

from collections.abc import Mapping, Sequence

from tallystick.client import Node
from tallystick.client.artifacts import CONTRACTS, load
from tallystick.consortium import Consortium
from tallystick.keccak import keccak256
from tallystick.roots import Contract, Roots

from .errors import CodeUnknown

__all__ = ["check_code"]

_NO_PREDECESSOR = bytes(20)


def check_code(node: Node, roots: Roots, consortium: Consortium) -> None:
    """Rebuild the code of every contract that counts or counted, and compare it with the chain.

    Arguments of `Consortium` are those in consortium.json; of the others they follow from the directory: the Consortium
    and the contract whose place it took. Raises `CodeUnknown`, or a `NodeError`.
    """
    for contract in roots.contracts:
        expected = _rebuilt(contract, roots.contracts_named(contract.name), consortium)
        found = node.code(contract.address)
        if found != expected or keccak256(found) != contract.code_hash:
            raise CodeUnknown(
                f"The code of {contract.name} at 0x{contract.address.hex()} is not what this release makes of its "
                "arguments.",
                contract=contract.name,
                expected=keccak256(expected),
                found=keccak256(found),
                stated=contract.code_hash,
            )


def _rebuilt(contract: Contract, lineage: Sequence[Contract], consortium: Consortium) -> bytes:
    if contract.name not in CONTRACTS:
        raise CodeUnknown(f"{contract.name} is no contract of this release.", contract=contract.name)
    artifact = load(contract.name)
    own = consortium.contract("Consortium")
    if contract.address == own.address:
        return artifact.deployed_code(own.constructor_arguments)
    place = lineage.index(contract)
    given: Mapping[str, bytes] = {
        "consortium_": own.address,
        "predecessor_": lineage[place - 1].address if place else _NO_PREDECESSOR,
    }
    arguments = artifact.encode_constructor(*(f"0x{given[name].hex()}" for name in artifact.constructor_names()))
    return artifact.deployed_code(arguments)
