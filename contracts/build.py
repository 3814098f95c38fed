"""Compile the contracts into `artifacts/`, reproducibly: the npm compiler through py-solc-x (`contracts.md`).

`python contracts/build.py` writes `src/Acts.sol` from `acts.json`, then one artifact per contract;
`python contracts/build.py --check` writes nothing and exits 1 if anything would differ.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import solcx

sys.path.insert(0, str(Path(__file__).parent))
import acts

ROOT = Path(__file__).resolve().parent
SOURCES = ROOT / "src"
ARTIFACTS = ROOT / "artifacts"
COMPILER = ROOT / "tools" / "solc"
CONTRACTS = ("AgreementBook", "Consortium", "LoanLedger", "RecordLog")

LARGEST_CODE = 24_576
"""EIP-170, in bytes."""


def settings() -> dict[str, Any]:
    """The compiler settings, read from `foundry.toml` so that forge tests the same code."""
    profile = tomllib.loads((ROOT / "foundry.toml").read_text(encoding="utf-8"))["profile"]["default"]
    return {
        "evmVersion": profile["evm_version"],
        "optimizer": {"enabled": profile["optimizer"], "runs": profile["optimizer_runs"]},
        "metadata": {"bytecodeHash": profile["bytecode_hash"]},
    }


def compile_sources() -> dict[str, Any]:
    """The compiler's standard output. Raises `solcx.exceptions.SolcError` with its messages if a source is wrong."""
    sources = {
        path.relative_to(ROOT).as_posix(): {"content": path.read_text(encoding="utf-8")}
        for path in sorted(SOURCES.rglob("*.sol"))
    }
    outputs = ["abi", "metadata", "evm.bytecode.object", "evm.deployedBytecode"]
    request = {
        "language": "Solidity",
        "sources": sources,
        "settings": settings() | {"outputSelection": {"*": {"": ["ast"], "*": outputs}}},
    }
    answer: dict[str, Any] = solcx.compile_standard(request, base_path=ROOT, solc_binary=COMPILER)
    return answer


def immutable_names(answer: dict[str, Any]) -> dict[str, str]:
    """Names of all immutable variables by the id of their declaration."""

    def walk(node: Any) -> Iterator[tuple[str, str]]:
        if isinstance(node, dict):
            if node.get("nodeType") == "VariableDeclaration" and node.get("mutability") == "immutable":
                yield str(node["id"]), node["name"]
            for child in node.values():
                yield from walk(child)
        elif isinstance(node, list):
            for child in node:
                yield from walk(child)

    return {key: name for source in answer["sources"].values() for key, name in walk(source.get("ast"))}


def artifact(name: str, compiled: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """What the library needs of one contract. Raises `ValueError` if its code is over the limit or wants linking."""
    deployed = compiled["evm"]["deployedBytecode"]
    size = len(deployed["object"]) // 2
    if size > LARGEST_CODE:
        raise ValueError(f"{name} has {size} bytes of code; {LARGEST_CODE} are allowed")
    if deployed.get("linkReferences"):
        raise ValueError(f"{name} wants a linked library: those are reached by DELEGATECALL")
    metadata = json.loads(compiled["metadata"])
    hashes = {path: source["keccak256"] for path, source in sorted(metadata["sources"].items())}
    return {
        "abi": compiled["abi"],
        "bytecode": "0x" + compiled["evm"]["bytecode"]["object"],
        "compiler": {"version": metadata["compiler"]["version"], "settings": settings()},
        "contractName": name,
        "deployedBytecode": "0x" + deployed["object"],
        "immutableReferences": {names[key]: places for key, places in deployed.get("immutableReferences", {}).items()},
        "sourcesHash": hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest(),
    }


def build() -> dict[Path, str]:
    """The text of every generated file, by its path."""
    generated = {acts.ACTS_SOL: acts.generated()}
    if acts.ACTS_SOL.read_text(encoding="utf-8") != generated[acts.ACTS_SOL]:
        return generated  # what would be compiled now is out of date anyway
    answer = compile_sources()
    names = immutable_names(answer)
    for name in CONTRACTS:
        content = artifact(name, answer["contracts"][f"src/{name}.sol"][name], names)
        generated[ARTIFACTS / f"{name}.json"] = json.dumps(content, indent=1, sort_keys=True) + "\n"
    return generated


def differing(files: dict[Path, str]) -> list[Path]:
    return [path for path, text in files.items() if not path.exists() or path.read_text(encoding="utf-8") != text]


def main() -> int:
    parser = argparse.ArgumentParser(description="Compile the contracts into contracts/artifacts.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a generated file would differ")
    check = parser.parse_args().check
    if not check:
        acts.ACTS_SOL.write_text(acts.generated(), encoding="utf-8")
    files = build()
    stale = differing(files)
    for path in stale:
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(files[path], encoding="utf-8")
        print(f"{'differs' if check else 'written'}: {path.relative_to(ROOT.parent)}")
    if check and stale:
        print("run: python contracts/build.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
