"""Builders for gateway tests: a home, an opened gateway, clients that speak to it over real HTTP."""

import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from tallystick.keys import Ed25519Key, Keystore
from tallystick.keys.keystore import KeyKind, ScryptCost
from tallystick_gateway.app import assemble, create_app
from tallystick_gateway.kit.api_client import ApiClient
from tallystick_gateway.kit.clients import ed25519_jwk, register_client
from tallystick_gateway.kit.clock import Clock
from tallystick_gateway.kit.config import Config, Settings
from tallystick_gateway.kit.gateway import Gateway, open_gateway
from tallystick_gateway.kit.roles import ClientRole
from tallystick_gateway.migrations import upgrade

PASSPHRASE = "correct horse battery staple"

_ENTRIES = {
    "act": KeyKind.SECP256K1,
    "recovery": KeyKind.SECP256K1,
    "sender": KeyKind.SECP256K1,
    "exchange": KeyKind.ED25519,
    "seal": KeyKind.X25519,
    "client": KeyKind.ED25519,
    "kek": KeyKind.SYMMETRIC,
    "ref_secret": KeyKind.SYMMETRIC,
}


def make_home(folder: Path, legal_id: str = "BANK-A", **sections: dict[str, Any]) -> Config:
    """A home with keys (cheap scrypt), a registered local admin client and a free port."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = Config.parse(
        {
            "member": {"legal_id": legal_id, "name": f"{legal_id} (test)", "roles": ["LENDER"]},
            "listen": {"port": 0},
            **sections,
        }
    )
    config = Config(folder.resolve(), Settings.model_validate(settings))
    config.write()
    keystore = Keystore.create(config.keystore_path, PASSPHRASE, ScryptCost(n=1 << 10))
    for name, kind in _ENTRIES.items():
        keystore.generate(name, kind, name)
    register_client(config.clients_path, "local", ClientRole.ADMIN, ed25519_jwk(keystore.public["client"].public))
    return config


@dataclass(frozen=True)
class ServedAt:
    """Where a test gateway listens."""

    url: str


@contextmanager
def open_test_gateway(config: Config, clock: Clock | None = None) -> Iterator[Gateway]:
    """The gateway of a home over its migrated database, serving real HTTP on a free port; worker not started."""
    upgrade(config.database_path)
    gateway = open_gateway(config, Keystore.open(config.keystore_path, PASSPHRASE), clock)
    try:
        assemble(gateway)
        with served(gateway) as url:
            gateway.attach(ServedAt(url))
            yield gateway
    finally:
        gateway.worker.stop()
        gateway.database.dispose()


@contextmanager
def served(gateway: Gateway) -> Iterator[str]:
    """The gateway's API on a free loopback port, from a thread; yields its URL."""
    with socket.socket(proto=socket.IPPROTO_TCP) as door:  # named, so that asyncio sets TCP_NODELAY
        door.bind(("127.0.0.1", 0))
        door.listen(128)
        server = uvicorn.Server(uvicorn.Config(create_app(gateway), log_config=None, lifespan="off", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{door.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)


def http_for(gateway: Gateway) -> httpx.Client:
    """Plain HTTP, without a token."""
    return httpx.Client(base_url=gateway.part(ServedAt).url, timeout=60)


def api_for(gateway: Gateway, role: ClientRole | None = None) -> ApiClient:
    """The product's own client: as the local admin, or as a new client of `role`."""
    key, client_id = gateway.keystore.ed25519("client"), "local"
    if role is not None:
        key, client_id = Ed25519Key.generate(), f"{role.value}-{secrets.token_hex(4)}"
        register_client(gateway.config.clients_path, client_id, role, ed25519_jwk(key.public))
    return ApiClient(gateway.part(ServedAt).url, gateway.config.issuer, client_id, key)


def client_for(gateway: Gateway, role: ClientRole | None = None) -> httpx.Client:
    """HTTP with a bearer token: of the local admin, or of a new client of `role`."""
    http = http_for(gateway)
    with api_for(gateway, role) as api:
        http.headers["Authorization"] = f"Bearer {api.token()}"
    return http


def keyed() -> dict[str, str]:
    """A header with a fresh Idempotency-Key."""
    return {"Idempotency-Key": secrets.token_hex(8)}
