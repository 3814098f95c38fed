"""docs/errors.md is what the code says."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_lists_every_error_as_the_code_has_it() -> None:
    checked = subprocess.run(
        [sys.executable, "tools/errors_page.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
