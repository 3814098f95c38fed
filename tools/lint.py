"""Run every linter, even after one has failed, and say which did not pass."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

CHECKS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("ruff check", (f"{BIN}/ruff", "check", "--quiet", "."), "."),
    ("ruff format", (f"{BIN}/ruff", "format", "--check", "--quiet", "."), "."),
    ("mypy strict", (f"{BIN}/mypy", "--no-error-summary"), "."),
    ("layer rules", (f"{BIN}/lint-imports",), "."),
    ("dependencies of chain", (f"{BIN}/deptry", "."), "chain"),
    ("dependencies of gateway", (f"{BIN}/deptry", "."), "gateway"),
    ("dependencies of devnet", (f"{BIN}/deptry", "."), "devnet"),
    ("forge fmt", ("contracts/forge", "fmt", "--check"), "."),
)


def main() -> int:
    failed = []
    for name, command, folder in CHECKS:
        started = time.monotonic()
        result = subprocess.run(
            command, cwd=ROOT / folder, capture_output=True, text=True, env={**os.environ, "NO_COLOR": "1"}, check=False
        )
        verdict = "ok" if result.returncode == 0 else "FAILED"
        sys.stdout.write(f"lint: {name:<24} {verdict:<7} {time.monotonic() - started:5.1f} s\n")
        if result.returncode != 0:
            failed.append(name)
            sys.stdout.write(result.stdout + result.stderr)
        sys.stdout.flush()
    if failed:
        sys.stdout.write(f"lint: failed: {', '.join(failed)}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
