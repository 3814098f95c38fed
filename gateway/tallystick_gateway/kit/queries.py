"""Query parameters that a path does not take are refused: a misspelt filter would else answer with everything."""

from collections.abc import Awaitable, Callable, Iterable

from fastapi import Request
from fastapi.routing import APIRoute

from tallystick_gateway.kit.errors import GatewayError

__all__ = ["QueryUnknown", "known_queries"]

MONITORED = frozenset({"/health", "/ready"})
_SHOWN = 100


class QueryUnknown(GatewayError):
    """The path takes no query parameter of this name"""

    status = 422
    code = "request.query_unknown"
    advice = "Correct or leave out the parameter; /v1/openapi.json lists those of each path."


def known_queries(routes: Iterable[APIRoute]) -> Callable[[Request], Awaitable[None]]:
    """A dependency of all of `routes` that raises `QueryUnknown` for a parameter which its route does not declare.

    Only what monitors ask takes anything: they add parameters of their own against caches.
    """
    known = {
        route.endpoint: {param.alias for param in route.dependant.query_params}
        for route in routes
        if route.path not in MONITORED
    }

    async def check(request: Request) -> None:
        taken = known.get(request.scope["endpoint"])
        if taken is None:
            return
        for name in request.query_params:
            if name not in taken:
                offered = f"it takes {', '.join(sorted(taken))}" if taken else "it takes none"
                raise QueryUnknown(
                    f"{name[:_SHOWN]} is no query parameter of {request.url.path[:_SHOWN]}: {offered}.",
                    field=name[:_SHOWN],
                )

    return check
