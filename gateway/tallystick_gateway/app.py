"""The HTTP application: every domain's endpoints behind one door."""

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from tallystick.errors import TallystickError
from tallystick_gateway.acts import endpoints as acts_endpoints
from tallystick_gateway.agreements import endpoints as agreements_endpoints
from tallystick_gateway.exchange import document_endpoints
from tallystick_gateway.exchange import endpoints as exchange_endpoints
from tallystick_gateway.exchange import tasks as exchange_tasks
from tallystick_gateway.kit import endpoints as kit_endpoints
from tallystick_gateway.kit.body import BodyDoor, problem_response
from tallystick_gateway.kit.doors import TOKEN_PATH
from tallystick_gateway.kit.errors import GatewayError
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.kit.openapi import api_routes, describe
from tallystick_gateway.kit.problems import PathRefused, Unexpected, invalid
from tallystick_gateway.kit.queries import known_queries
from tallystick_gateway.loans import endpoints as loans_endpoints
from tallystick_gateway.members import endpoints as members_endpoints
from tallystick_gateway.members import introducing, ratifying, voting
from tallystick_gateway.packages import endpoints as packages_endpoints
from tallystick_gateway.packages import tasks as packages_tasks
from tallystick_gateway.records import endpoints as records_endpoints
from tallystick_gateway.records import tasks as records_tasks
from tallystick_gateway.roots import endpoints as roots_endpoints
from tallystick_gateway.watch import endpoints as watch_endpoints
from tallystick_gateway.watch.assembly import assemble_chain

__all__ = ["ROUTERS", "STREAMED_PATHS", "assemble", "create_app"]

ROUTERS = (
    kit_endpoints.router,
    acts_endpoints.router,
    watch_endpoints.router,
    agreements_endpoints.router,
    loans_endpoints.router,
    members_endpoints.router,
    records_endpoints.router,
    roots_endpoints.router,
    packages_endpoints.router,
    exchange_endpoints.router,
    document_endpoints.router,
)
STREAMED_PATHS = ("/v1/records:upload", "/v1/records:check")


def assemble(gateway: Gateway) -> None:
    """Give the gateway its domains' parts, tasks, checks and facts; nothing runs yet."""
    assemble_chain(gateway)
    ratifying.attach(gateway)
    introducing.attach(gateway)
    voting.attach(gateway)
    records_tasks.attach(gateway)
    packages_tasks.attach(gateway)
    exchange_tasks.attach(gateway)


def create_app(gateway: Gateway) -> FastAPI:
    """The API of one gateway. It neither opens nor closes anything: `kit.server` does."""
    app = FastAPI(
        title="Tallystick gateway",
        version="1",
        description="The door of one institution to a Tallystick network. Errors are RFC 9457 problem details.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
        dependencies=[Depends(known_queries(api_routes(ROUTERS)))],
    )
    app.state.gateway = gateway
    for router in ROUTERS:
        app.include_router(router)
    limits = gateway.config.settings.limits
    app.add_middleware(
        BodyDoor,
        limit_bytes=limits.body_bytes,
        most_at_once=limits.requests_at_once,
        streamed=STREAMED_PATHS,
        forms=(TOKEN_PATH,),
    )
    app.add_exception_handler(TallystickError, _known)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _no_such_path)
    app.add_exception_handler(Exception, _unexpected)
    describe(app, ROUTERS)
    return app


async def _known(request: Request, error: Exception) -> Response:
    if not isinstance(error, TallystickError):
        raise error
    return problem_response(error, request.url.path)


async def _invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    return problem_response(invalid(error), request.url.path)


async def _no_such_path(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    refused: GatewayError = PathRefused.of(error.status_code, request.method, request.url.path)
    return problem_response(refused, request.url.path)


async def _unexpected(request: Request, error: Exception) -> Response:
    """Starlette logs the traceback; the client learns no more than that it was our fault."""
    return problem_response(Unexpected("Something unforeseen went wrong here."), request.url.path)
