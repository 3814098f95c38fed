"""Structured logs: one JSON object a line on standard error, never with a secret in it."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

__all__ = ["configure", "redact"]

_SECRET_WORDS = ("secret", "passphrase", "password", "authorization", "token", "assertion", "private", "kek")


def redact(_logger: object, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blank every value whose name sounds secret, and all raw bytes (they may be keys)."""
    for name, value in entry.items():
        if any(word in name.lower() for word in _SECRET_WORDS) or isinstance(value, bytes | bytearray):
            entry[name] = "…"
    return entry


def configure(level: str = "INFO") -> None:
    """Send structlog and the standard library's loggers through the same door."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("httpx", "httpcore", "uvicorn.access", "uvicorn.error", "sse_starlette", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
