"""Refusals in words: a contract's typed error, kept with the act that caused it."""

import json

__all__ = ["error_text", "read_error"]

_LONGEST = 2000


def error_text(code: str, detail: str, **values: object) -> str:
    """How a refusal is kept: JSON with a stable code, one sentence, and the values."""
    text = json.dumps({"code": code, "detail": detail, **({"values": values} if values else {})}, default=_plain)
    return text if len(text) <= _LONGEST else json.dumps({"code": code, "detail": detail[: _LONGEST - 200]})


def read_error(text: str | None) -> dict[str, object] | None:
    """What `error_text` made, as the API shows it."""
    return json.loads(text) if text else None


def _plain(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
