"""One gateway process: lease, migrations, worker and HTTP, from start to a clean stop."""

import ctypes
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
import uvicorn

from tallystick.keys import Keystore
from tallystick_gateway.kit import log
from tallystick_gateway.kit.clock import clock_of
from tallystick_gateway.kit.config import Config
from tallystick_gateway.kit.db import storage_errors
from tallystick_gateway.kit.errors import GatewayError
from tallystick_gateway.kit.gateway import Gateway, open_gateway
from tallystick_gateway.kit.lease import Lease

__all__ = ["AddressInUse", "running", "serve"]

_PR_SET_PDEATHSIG = 1
_M_ARENA_MAX = -8
_ARENAS = 2
_STOP_REQUESTS_S = 10
_BACKLOG = 512
_log = structlog.get_logger("server")


class AddressInUse(GatewayError):
    """The gateway cannot listen where its configuration says"""

    status = 503
    code = "listen.refused"
    advice = "Free the port, or set another in gateway.toml under [listen] (0 takes a free one)."


def serve(
    config: Config,
    passphrase: str,
    *,
    die_with_parent: bool = False,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Run the gateway until SIGTERM or SIGINT, then stop cleanly: requests end, tasks finish their step.

    `ready` is called with the URL once the socket listens. With `die_with_parent` the kernel sends SIGTERM when the
    starting process ends (Linux). Raises `LeaseHeld`, `AddressInUse`, `PassphraseWrong`, `StorageFull`.
    """
    _spare_memory()
    if die_with_parent:
        _die_with_parent()
    keystore = Keystore.open(config.keystore_path, passphrase)
    from tallystick_gateway import app  # noqa: PLC0415  # after scrypt, whose 128 MiB then do not add to the peak

    with running(config, keystore) as gateway, _listening(config) as door:
        host, port = door.getsockname()[:2]
        url = f"http://{host}:{port}"
        address = config.address_path
        address.write_text(url + "\n", encoding="utf-8")
        server = _Server(
            uvicorn.Config(
                app.create_app(gateway),
                log_config=None,
                access_log=False,
                server_header=False,
                lifespan="off",
                ws="none",
                timeout_graceful_shutdown=_STOP_REQUESTS_S,
                backlog=_BACKLOG,
            )
        )
        gateway.worker.start()
        _log.info("gateway serves", url=url, member=gateway.config.member_id.hex())
        if ready:
            ready(url)
        try:
            server.run(sockets=[door])
        finally:
            address.unlink(missing_ok=True)


@contextmanager
def running(config: Config, keystore: Keystore) -> Iterator[Gateway]:
    """A gateway with lease, migrated database and all domains; its worker is stopped on leaving."""
    from tallystick_gateway import app  # noqa: PLC0415  # as in `serve`
    from tallystick_gateway.migrations import upgrade  # noqa: PLC0415

    log.configure()
    with Lease(config.database_path, clock_of(config)):
        with storage_errors():
            upgrade(config.database_path)
        gateway = open_gateway(config, keystore)
        try:
            app.assemble(gateway)
            yield gateway
        finally:
            if not gateway.worker.stop():
                _log.error("a task did not stop in time")
            gateway.database.dispose()
            _log.info("gateway stopped")


@contextmanager
def _listening(config: Config) -> Iterator[socket.socket]:
    listen = config.settings.listen
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    # The protocol is named so that asyncio sets TCP_NODELAY: without it each answer waits 40 ms for an ACK.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((listen.host, listen.port))
        except OSError as refused:
            reason = refused.strerror or "refused"
            raise AddressInUse(f"Cannot listen on {listen.host}:{listen.port}: {reason}.", field="listen") from refused
        door.listen(_BACKLOG)
        yield door


class _Server(uvicorn.Server):
    """Stops at SIGTERM and SIGINT and returns, so that what runs beside it is stopped cleanly too.

    (uvicorn's own handler sends itself the signal again afterwards, which would end the process at once.)
    """

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _spare_memory() -> None:
    """A gateway is meant to stay below 300 MB; two habits of its libraries cost much of that and give it nothing.

    pyarrow imports pandas, where that is installed, on its first use of Python values (50 MB); glibc keeps an arena
    of freed memory for each of many threads.
    """
    sys.modules.setdefault("pandas", None)  # type: ignore[arg-type]  # None is how "not installed" is spelt
    if sys.platform == "linux":
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
