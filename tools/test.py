"""Run the whole test suite: pytest over `tests/`, then forge over the contracts.

`tests/network` is left out: it is slow, and has its own verb (`make network`). Extra arguments go to pytest. Tests that
read the shared vectors are skipped where these are not there; this says so in one
line first. `.ci/run` requires them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORKERS = "2"


def vectors_folder() -> Path:
    named = os.environ.get("TALLYSTICK_VECTORS")
    return Path(named) if named else ROOT.parent / "shared" / "vectors"


def _last_line(output: str) -> str:
    """Where forge says how many tests ran."""
    return next(iter(reversed(output.strip().splitlines())), "")


def main() -> int:
    vectors = vectors_folder()
    if not vectors.is_dir():
        sys.stdout.write(
            f"test: no shared vectors at {vectors}: the tests marked `vectors` are skipped "
            "(set TALLYSTICK_VECTORS to their folder)\n"
        )
    sys.stdout.flush()
    pytest = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-n",
            WORKERS,
            "--dist",
            "loadfile",
            "--ignore=tests/network",
            *sys.argv[1:],
        ],
        cwd=ROOT,
        check=False,
    )
    forge = subprocess.run(
        ["contracts/forge", "test"],
        cwd=ROOT,
        env={**os.environ, "FORGE_SNAPSHOT_CHECK": "true"},  # the committed gas of each act
        check=False,
        capture_output=True,
        text=True,
    )
    sys.stdout.write(f"{forge.stdout}{forge.stderr}" if forge.returncode else f"forge: {_last_line(forge.stdout)}\n")
    for name, result in (("pytest", pytest), ("forge test", forge)):
        if result.returncode != 0:
            sys.stdout.write(f"test: {name} failed (exit {result.returncode})\n")
    return 1 if pytest.returncode or forge.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
