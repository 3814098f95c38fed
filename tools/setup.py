"""Bring a fresh clone to the point where every `make` verb works. Standard library only.

Needs Python ≥ 3.11 and Node ≥ 20 on PATH; fetches everything else (uv, Python packages, the Solidity compiler, the
embedded engine, forge) into `.venv/`, `node_modules/` and `var/tools/` of this clone. Nothing outside it is changed
but the package managers' own caches. Running it again is cheap.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / "var" / "tools"
UV_REQUIREMENT = "uv>=0.9,<1"
PYTHON_AT_LEAST = (3, 11)
NODE_AT_LEAST = 20
NPM_OPTIONS = ("--ignore-scripts", "--no-fund", "--no-audit", "--loglevel=error")


def missing_prerequisites() -> list[str]:
    """One sentence per thing the user has to install."""
    missing = []
    if sys.version_info[:2] < PYTHON_AT_LEAST:
        found = ".".join(map(str, sys.version_info[:3]))
        missing.append(f"Python ≥ 3.11 is needed, this is {found}: install it, or run `make setup PYTHON=python3.12`.")
    node = shutil.which("node")
    if node is None:
        missing.append("Node ≥ 20 is needed and `node` is not on PATH: install Node.js 20 or later (with npm).")
    else:
        version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()
        major = re.match(r"v(\d+)\.", version)
        if major is None or int(major.group(1)) < NODE_AT_LEAST:
            missing.append(f"Node ≥ 20 is needed, `node --version` says {version or 'nothing'}: install a newer one.")
        if shutil.which("npm") is None:
            missing.append("`npm` is not on PATH: it comes with Node.js; some distributions package it apart (npm).")
    return missing


def uv_command() -> str:
    """The uv on PATH, else one installed from PyPI into `var/tools`."""
    if found := shutil.which("uv"):
        return found
    uv = TOOLS / "bin" / "uv"
    if not uv.exists():
        step("uv is not on PATH: installing it from PyPI into var/tools")
        run(sys.executable, "-m", "venv", str(TOOLS))
        run(str(TOOLS / "bin" / "python"), "-m", "pip", "install", "--quiet", UV_REQUIREMENT)
    return str(uv)


def platform_packages() -> list[str]:
    """The packages of anvil and forge for this machine where package-lock.json does not hold them (it is Linux's)."""
    pinned: dict[str, str] = json.loads((ROOT / "package.json").read_text())["optionalDependencies"]
    system = {"linux": "linux", "darwin": "darwin", "win32": "win32"}.get(sys.platform, sys.platform)
    machine = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}.get(
        platform.machine().lower(), platform.machine()
    )
    wanted = {name.replace("linux-amd64", f"{system}-{machine}"): version for name, version in pinned.items()}
    return [f"{name}@{version}" for name, version in wanted.items() if name not in pinned]


def step(text: str) -> None:
    sys.stdout.write(f"setup: {text}\n")
    sys.stdout.flush()


def run(*command: str) -> None:
    """Run `command` in the root; end the set-up with its exit code and its name where it fails."""
    result = subprocess.run(command, cwd=ROOT, check=False)
    if result.returncode != 0:
        sys.exit(f"setup: `{' '.join(command)}` ended with {result.returncode}; its own message is above.")


def main() -> None:
    if missing := missing_prerequisites():
        sys.exit("\n".join(f"setup: {line}" for line in missing))
    uv = uv_command()
    step("Python packages, as uv.lock pins them (into .venv)")
    os.environ.pop("VIRTUAL_ENV", None)
    run(uv, "sync", "--locked", "--all-packages", "--all-groups", "--python", sys.executable)
    step("Solidity compiler, embedded engine and forge, as package-lock.json pins them (into node_modules)")
    run("npm", "ci", *NPM_OPTIONS)
    if elsewhere := platform_packages():
        step(f"The engine and forge for this platform: {', '.join(elsewhere)}")
        run("npm", "install", "--no-save", *NPM_OPTIONS, *elsewhere)
    step("done. Next: make demo, then make test")


if __name__ == "__main__":
    main()
