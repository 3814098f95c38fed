"""The `openssl` program, where this machine has it: an implementation of RFC 3161 that is not ours."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest


class OpenSsl:
    """Runs `openssl ts` in a folder."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("openssl")
        if program is None:
            pytest.skip("openssl is not on PATH: what it makes and accepts cannot be compared")
        self._program = program
        self.folder = folder

    def __call__(self, *arguments: str | Path) -> str:
        """What it prints; fails the test if it refuses."""
        done = self.try_to(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def try_to(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self._program, *map(str, arguments)],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
