"""Problems that no domain raises: requests off the schema, paths that are not there, our own defects."""

from collections.abc import Mapping
from typing import Any, Self

from fastapi.exceptions import RequestValidationError

from tallystick_gateway.kit.errors import GatewayError

__all__ = ["PROBLEM_SCHEMA", "PathRefused", "RequestInvalid", "Unexpected", "invalid"]

_MOST_SHOWN = 20

PROBLEM_SCHEMA: dict[str, Any] = {
    "title": "Problem",
    "description": "RFC 9457 problem details.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "description": "urn:tallystick:error:<code>"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What happened, in one sentence."},
        "code": {"type": "string", "description": "Stable name of the error."},
        "advice": {"type": "string", "description": "What to do about it."},
        "field": {"type": "string", "description": "Which field of the request is meant."},
        "line": {"type": "integer", "description": "Which line of a file is meant, from 1."},
        "retry_after_s": {"type": "integer"},
        "values": {"type": "object", "description": "The values that matter."},
        "instance": {"type": "string"},
    },
}


class RequestInvalid(GatewayError):
    """The request does not have the form that this path takes"""

    status = 422
    code = "request.invalid"
    advice = "Correct the named field; /v1/openapi.json describes the request."


class PathRefused(GatewayError):
    """There is nothing at this path, or not for this method"""

    status = 404
    code = "request.no_such_path"
    advice = "See /v1/openapi.json for the paths and their methods."

    @classmethod
    def of(cls, status: int, method: str, path: str) -> Self:
        error = cls(f"{method} {path[:200]} is not offered.")
        error.status = status  # type: ignore[misc]  # 405 keeps its own status
        return error


class Unexpected(GatewayError):
    """Something unforeseen went wrong inside the gateway"""

    status = 500
    code = "gateway.unexpected"
    advice = "Look at the gateway's log; the same request can be sent again with the same Idempotency-Key."


def _reason(error: Mapping[str, Any]) -> str:
    """What our own types say stands alone, without pydantic's prefix."""
    return str(error["ctx"]["error"] if error["type"] == "value_error" else error["msg"])


def invalid(refused: RequestValidationError) -> RequestInvalid:
    """What pydantic found, without the input (it may be confidential)."""
    found = [
        {"field": ".".join(str(part) for part in error["loc"][1:]) or str(error["loc"][0]), "problem": _reason(error)}
        for error in refused.errors()[:_MOST_SHOWN]
    ]
    first = found[0]
    return RequestInvalid(f"{first['field']}: {first['problem']}.", field=first["field"], problems=found)
