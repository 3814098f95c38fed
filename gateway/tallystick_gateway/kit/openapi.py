"""The OpenAPI document: what FastAPI derives from the routes, completed by what the doors do with every request."""

from collections.abc import Iterable, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from tallystick.errors import TallystickError
from tallystick_gateway.kit.auth import ActionForbidden, TokenRefused
from tallystick_gateway.kit.body import BodyMalformed, BodyTooLarge, GatewayBusy, MediaTypeRefused
from tallystick_gateway.kit.db import DatabaseAway
from tallystick_gateway.kit.doors import is_write
from tallystick_gateway.kit.errors import PROBLEM_MEDIA_TYPE, declared
from tallystick_gateway.kit.idempotency import KeyInProgress, KeyMissing, KeyReused
from tallystick_gateway.kit.problems import PROBLEM_SCHEMA, RequestInvalid
from tallystick_gateway.kit.queries import QueryUnknown
from tallystick_gateway.kit.ratelimit import TooManyRequests

__all__ = ["api_routes", "describe"]

_AUTHENTICATED = (QueryUnknown, TokenRefused, ActionForbidden, TooManyRequests, GatewayBusy, DatabaseAway)
_WRITES = (KeyMissing, KeyInProgress, KeyReused)
_JSON_BODY = (BodyMalformed, BodyTooLarge, MediaTypeRefused)
_KEY_HEADER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "A new one for each new intent; the same one to repeat the same request.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": 255,
        "examples": ["3f6c1a52-9d0e-4b7c-8a55-0c1d2e3f4a5b"],
    },
}


def api_routes(routers: Iterable[APIRouter]) -> list[APIRoute]:
    """Every route of the API that takes parameters, bodies or tokens."""
    return [route for router in routers for route in router.routes if isinstance(route, APIRoute)]


def describe(app: FastAPI, routers: Sequence[APIRouter]) -> None:
    """Have `app` serve the document with the errors that every operation can answer with, and their schema."""
    writes = {route.unique_id for route in api_routes(routers) if is_write(route)}

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            schemas["Problem"] = PROBLEM_SCHEMA
            schemas.pop("HTTPValidationError", None)
            schemas.pop("ValidationError", None)
            for operation in (each for path in document["paths"].values() for each in path.values()):
                _complete(operation, writes=operation["operationId"] in writes)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to change the document


def _complete(operation: dict[str, Any], *, writes: bool) -> None:
    responses: dict[str, Any] = operation["responses"]
    if "HTTPValidationError" in str(responses.get("422")):
        del responses["422"]
    errors: list[type[TallystickError]] = []
    body = operation.get("requestBody", {}).get("content", {})
    if "parameters" in operation or "application/json" in body:
        errors.append(RequestInvalid)
    if "application/json" in body:
        errors += _JSON_BODY
    if writes:
        errors += _WRITES
        operation.setdefault("parameters", []).append(_KEY_HEADER)
    if "security" in operation:
        errors += _AUTHENTICATED
    for status, added in declared(*errors).items():
        _add(responses.setdefault(str(status), {"description": ""}), added)
    operation["responses"] = dict(sorted(responses.items()))


def _add(response: dict[str, Any], added: dict[str, Any]) -> None:
    """Let `response` have the problems of `added` that it does not have yet."""
    ours = response.setdefault("content", {}).setdefault(
        PROBLEM_MEDIA_TYPE, {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}
    )
    ours["examples"] = added["content"][PROBLEM_MEDIA_TYPE]["examples"] | ours["examples"]
    response["description"] = " or ".join(f"`{code}`" for code in ours["examples"])
