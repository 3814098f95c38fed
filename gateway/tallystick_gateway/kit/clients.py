"""API clients: one file each under `clients/`, with a role and a public key; the secret half stays with the client."""

import base64
import json
import re
from dataclasses import dataclass
from pathlib import Path

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey

from tallystick.strictjson import loads_object
from tallystick_gateway.kit.errors import GatewayError
from tallystick_gateway.kit.roles import ClientRole

__all__ = ["ALGORITHMS", "Client", "ClientRefused", "Clients", "ed25519_jwk", "register_client"]

ALGORITHMS = {"OKP": ("Ed25519", "EdDSA"), "EC": ("ES256",)}
"""JWS algorithms by key type: RFC 9864 renamed EdDSA with an Ed25519 key to Ed25519; both names are taken."""
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
_FORMAT = "tallystick-client/v1"
_MAX_BYTES = 16_384


class ClientRefused(GatewayError):
    """A client's registration cannot be used"""

    status = 500
    code = "client.refused"
    advice = "Register the client again with `tally clients add`, with an Ed25519 or P-256 public key (JWK)."


@dataclass(frozen=True)
class Client:
    """One program or person that may ask for tokens."""

    id: str
    role: ClientRole
    key: Key
    algorithms: tuple[str, ...]


def ed25519_jwk(public: bytes) -> dict[str, str]:
    """The public JWK (RFC 8037) of a raw 32-byte Ed25519 key."""
    return {"kty": "OKP", "crv": "Ed25519", "x": base64.urlsafe_b64encode(public).decode().rstrip("=")}


def register_client(folder: Path, client_id: str, role: ClientRole, jwk: dict[str, str]) -> Path:
    """Write `folder/<client_id>.json` (mode 0600, in one step); a running gateway sees it at the next token request.

    Raises `ClientRefused` for a malformed id or a key that is not a public Ed25519 or P-256 key.
    """
    if not _ID.fullmatch(client_id):
        raise ClientRefused("A client id is 1–64 of a–z, 0–9, '.', '_' and '-'.", field="client_id")
    _public_key(jwk)
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{client_id}.json"
    fresh = folder / f".{client_id}.new"
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps({"format": _FORMAT, "id": client_id, "role": role.value, "jwk": jwk}, indent=1))
    fresh.replace(path)
    return path


class Clients:
    """The clients registered now. Removing a client's file ends its access at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, tuple[int, Client]] = {}

    def find(self, client_id: str) -> Client | None:
        """The client of that id, None if it is not registered (now); raises `ClientRefused` if its file is broken."""
        if not _ID.fullmatch(client_id):
            return None
        path = self._folder / f"{client_id}.json"
        try:
            written_ns = path.stat().st_mtime_ns
        except OSError:
            self._known.pop(client_id, None)
            return None
        known = self._known.get(client_id)
        if known is None or known[0] != written_ns:
            known = (written_ns, _parse(client_id, path.read_bytes()))
            self._known[client_id] = known
        return known[1]


def _parse(client_id: str, raw: bytes) -> Client:
    entry = loads_object(raw, max_bytes=_MAX_BYTES)
    jwk = entry.get("jwk")
    if entry.get("format") != _FORMAT or entry.get("id") != client_id or not isinstance(jwk, dict):
        raise ClientRefused(f"The registration of client {client_id} is malformed.", client_id=client_id)
    try:
        role = ClientRole(str(entry.get("role")))
    except ValueError as unknown:
        raise ClientRefused(f"Client {client_id} has an unknown role.", client_id=client_id) from unknown
    key = _public_key(jwk)
    return Client(client_id, role, key, ALGORITHMS[key.key_type])


def _public_key(jwk: dict[str, str]) -> Key:
    """Raises `ClientRefused` unless `jwk` is a public Ed25519 or P-256 key."""
    kinds: dict[tuple[object, object], type[OKPKey | ECKey]] = {
        ("OKP", "Ed25519"): OKPKey,
        ("EC", "P-256"): ECKey,
    }
    kind = kinds.get((jwk.get("kty"), jwk.get("crv")))
    if kind is None or "d" in jwk:
        raise ClientRefused("The key is not a public Ed25519 or P-256 JWK.", field="jwk")
    try:
        return kind.import_key(dict(jwk))
    except (JoseError, ValueError) as refused:
        raise ClientRefused("The key cannot be read.", field="jwk") from refused
