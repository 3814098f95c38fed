"""Errors of the gateway, and how they look on the wire (RFC 9457 problem details; `gateway.md`)."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import Enum
from typing import Any, ClassVar

from tallystick.errors import TallystickError

__all__ = [
    "PROBLEM_MEDIA_TYPE",
    "GatewayError",
    "Problem",
    "all_error_classes",
    "declared",
    "problem_of",
    "status_of",
]

PROBLEM_MEDIA_TYPE = "application/problem+json"
_UNPROCESSABLE = 422

Problem = dict[str, Any]


class GatewayError(TallystickError):
    """The gateway refused something: `status` is the HTTP status, `code` the stable name.

    Keyword values `field`, `line` and `retry_after_s` have a place of their own in the problem;
    all others are shown under `values`. Values MUST NOT hold secrets.
    """

    status: ClassVar[int] = 400
    code: ClassVar[str] = "gateway.error"
    advice: ClassVar[str] = ""


def status_of(error: TallystickError) -> int:
    """HTTP status of `error`: its own if it names one, else 422 (the library refused a value)."""
    status = getattr(error, "status", _UNPROCESSABLE)
    return status if isinstance(status, int) else _UNPROCESSABLE


def problem_of(error: TallystickError, instance: str | None = None) -> Problem:
    """Problem details of `error` with `code`, `advice`, and `field` and `line` where known."""
    values = {name: _plain(value) for name, value in error.values.items()}
    problem: Problem = {
        "type": f"urn:tallystick:error:{error.code}",
        "title": _title(type(error)),
        "status": status_of(error),
        "detail": str(error),
        "code": error.code,
    }
    if error.advice:
        problem["advice"] = error.advice
    for own_place in ("field", "line", "retry_after_s"):
        if values.get(own_place) is not None:
            problem[own_place] = values[own_place]
        values.pop(own_place, None)
    if values:
        problem["values"] = values
    if instance:
        problem["instance"] = instance
    return problem


def declared(*errors: type[TallystickError]) -> dict[int | str, dict[str, Any]]:
    """`responses=` of a FastAPI route: every error it can answer with, by status, with an example each."""
    responses: dict[int | str, dict[str, Any]] = {}
    for error in errors:
        status = getattr(error, "status", _UNPROCESSABLE)
        response = responses.setdefault(
            status,
            {
                "description": "",
                "content": {
                    PROBLEM_MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}},
                },
            },
        )
        response["description"] = " or ".join(filter(None, [response["description"], f"`{error.code}`"]))
        response["content"][PROBLEM_MEDIA_TYPE]["examples"][error.code] = {
            "summary": _title(error),
            "value": {
                "type": f"urn:tallystick:error:{error.code}",
                "title": _title(error),
                "status": status,
                "detail": _title(error),
                "code": error.code,
                "advice": error.advice,
            },
        }
    return responses


def all_error_classes(root: type[TallystickError] = TallystickError) -> Iterator[type[TallystickError]]:
    """Every error class imported so far, each once, parents before children."""
    for error in root.__subclasses__():
        yield error
        yield from all_error_classes(error)


def _title(error: type[TallystickError]) -> str:
    return (error.__doc__ or error.__name__).strip().splitlines()[0].rstrip(".:")


def _plain(value: object) -> object:
    """`value` as JSON: bytes as hex, instants as RFC 3339, anything unknown as its text."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
