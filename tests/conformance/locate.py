"""Where the shared test vectors are."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


def vectors_root() -> Path | None:
    """The folder `TALLYSTICK_VECTORS` names (from the repository's root if relative), by default ../shared/vectors."""
    root = (REPOSITORY / (os.environ.get("TALLYSTICK_VECTORS") or "../shared/vectors")).resolve()
    return root if root.is_dir() else None


ABSENT = "test vectors not found: set TALLYSTICK_VECTORS or put them into ../shared/vectors"


def vector_file(*parts: str) -> Path:
    """One file of the shared vectors; skips the test that asks, with the reason, if it is not there."""
    root = vectors_root()
    if root is None or not root.joinpath(*parts).is_file():
        pytest.skip(ABSENT)
    return root.joinpath(*parts)
