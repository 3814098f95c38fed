"""Why an act failed, as it is kept with it and shown to people: JSON with a code, a sentence and the values."""

import json

__all__ = ["error_text", "read_error"]

_LONGEST = 2000


def error_text(code: str, detail: str, **values: object) -> str:
    """How a refusal is kept: a stable code, one sentence, and the values that matter."""
    text = json.dumps({"code": code, "detail": detail, **({"values": values} if values else {})}, default=_plain)
    return text if len(text) <= _LONGEST else json.dumps({"code": code, "detail": detail[: _LONGEST - 200]})


def read_error(text: str | None) -> dict[str, object] | None:
    """What `error_text` made, as the API shows it."""
    found: dict[str, object] | None = json.loads(text) if text else None
    return found


def _plain(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
