"""What a supervisor answers to who started it or asked it for something: one line of JSON, a result or an error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from tallystick_devnet import errors
from tallystick_devnet.errors import DevnetError

__all__ = ["failure", "read_outcome", "success"]

_PATHS: Final = frozenset({"folder", "path", "log"})


def success(urls: list[str]) -> str:
    """The addresses of the nodes."""
    return json.dumps({"urls": urls})


def failure(why: DevnetError) -> str:
    """The error, by its class and its values."""
    values = {name: value if isinstance(value, int | str | None) else str(value) for name, value in why.values.items()}
    return json.dumps({"error": type(why).__name__, "values": values})


def read_outcome(line: str) -> list[str]:
    """The addresses, by node. Raises the error that is told instead, and `ValueError` for anything else."""
    outcome: dict[str, Any] = json.loads(line)
    if "error" in outcome:
        kind = getattr(errors, outcome["error"])
        values = {name: Path(value) if name in _PATHS else value for name, value in outcome["values"].items()}
        why: DevnetError = kind(**values)
        raise why
    return [str(url) for url in outcome["urls"]]
