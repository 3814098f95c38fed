"""Run the tests of the four-validator network (`tests/network`), one after the other: each has the machine to itself.

Builds the chain engine first if this machine has not done so yet. Extra arguments go to pytest.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    built = subprocess.run([f"{Path(sys.executable).parent}/tally", "devnet", "build"], cwd=ROOT, check=False)
    if built.returncode != 0:
        return built.returncode
    command = [sys.executable, "-m", "pytest", "-v", "--durations=10", "tests/network", *sys.argv[1:]]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
