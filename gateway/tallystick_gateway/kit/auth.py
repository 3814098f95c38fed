"""OAuth 2.0 client credentials by `private_key_jwt` (RFC 6749 §4.4, RFC 7523), and short access tokens bound to scopes.

A token is 32 random bytes, kept here only as its SHA-256; it ends with the process, and clients then ask for another.
"""

import hashlib
import secrets
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from joserfc import jws
from joserfc.errors import JoseError
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from tallystick.strictjson import Json, JsonMalformed, loads_object
from tallystick_gateway.kit.clients import Client, Clients
from tallystick_gateway.kit.clock import Clock, as_unix, from_unix
from tallystick_gateway.kit.db import Database
from tallystick_gateway.kit.errors import GatewayError
from tallystick_gateway.kit.models import UsedAssertion
from tallystick_gateway.kit.roles import ROLE_ACTIONS, Action

__all__ = ["ActionForbidden", "AssertionRefused", "Authority", "Grant", "Principal", "ScopeRefused", "TokenRefused"]

TOKEN_LIFE = timedelta(minutes=10)
LONGEST_ASSERTION = timedelta(minutes=5)
_LEEWAY_S = 15
_MOST_TOKENS = 10_000
_MAX_ASSERTION_BYTES = 8192


class AssertionRefused(GatewayError):
    """The client assertion does not prove who asks"""

    status = 401
    code = "auth.assertion_refused"
    advice = "Sign a fresh assertion (iss = sub = client id, aud = the issuer, exp within 5 minutes, a new jti)."


class TokenRefused(GatewayError):
    """The access token is missing, unknown or expired"""

    status = 401
    code = "auth.token_refused"
    advice = "Get a token from /v1/oauth/token and send it as `Authorization: Bearer …`."


class ScopeRefused(GatewayError):
    """The client's role does not allow the scope that it asks for"""

    status = 400
    code = "auth.scope_refused"
    advice = "Ask for fewer scopes, or have the operator give the client another role."


class ActionForbidden(GatewayError):
    """The token does not allow this action"""

    status = 403
    code = "auth.action_forbidden"
    advice = "Ask for a token with the named scope; the client's role must allow it."


@dataclass(frozen=True)
class Principal:
    """Who a request comes from, and what it may do."""

    client_id: str
    member: bytes
    scopes: frozenset[Action]
    expires_at: datetime

    def require(self, action: Action) -> None:
        """Raise `ActionForbidden` unless the token allows `action`."""
        if action not in self.scopes:
            raise ActionForbidden(f"This needs the scope {action.value}.", scope=action.value)


@dataclass(frozen=True)
class Grant:
    """A fresh access token, shown once."""

    token: str
    principal: Principal

    def __repr__(self) -> str:
        return f"Grant(token=…, principal={self.principal!r})"


class Authority:
    """Gives tokens to clients and recognises them."""

    def __init__(self, clients: Clients, database: Database, clock: Clock, issuer: str) -> None:
        self._clients = clients
        self._database = database
        self._clock = clock
        self._issuer = issuer
        self._lock = threading.Lock()
        self._tokens: dict[bytes, Principal] = {}

    def grant(self, assertion: str, scope: str | None) -> Grant:
        """A token for the client that signed `assertion`, with the scopes asked for (all its role allows if None).

        Raises `AssertionRefused` (unknown client, bad signature, wrong audience, expired or too long, used before)
        or `ScopeRefused`.
        """
        client = self._verify(assertion)
        principal = Principal(
            client_id=client.id,
            member=self._database.owner,
            scopes=_scopes(client, scope),
            expires_at=self._clock.now() + TOKEN_LIFE,
        )
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._forget_expired()
            self._tokens[_digest(token)] = principal
        return Grant(token, principal)

    def recognise(self, authorization: str | None) -> Principal:
        """Who sends this `Authorization` header; raises `TokenRefused`."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise TokenRefused("The request carries no bearer token.")
        principal = self._tokens.get(_digest(token.strip()))
        if principal is None or principal.expires_at <= self._clock.now():
            raise TokenRefused("The bearer token is unknown or expired.")
        if self._clients.find(principal.client_id) is None:
            raise TokenRefused("The client is not registered any more.")
        return principal

    def _verify(self, assertion: str) -> Client:
        claims = _unverified_claims(assertion)
        client = self._clients.find(str(claims.get("iss")))
        if client is None:
            raise AssertionRefused("The assertion names no registered client.")
        try:
            jws.deserialize_compact(assertion, client.key, algorithms=list(client.algorithms))
        except (JoseError, ValueError) as refused:
            raise AssertionRefused("The assertion's signature does not verify.") from refused
        self._check_claims(client, claims)
        return client

    def _check_claims(self, client: Client, claims: Mapping[str, Json]) -> None:
        if claims.get("sub") != client.id or claims.get("aud") not in (self._issuer, [self._issuer]):
            raise AssertionRefused(f"The assertion's sub or aud is not right; aud must be {self._issuer}.", field="aud")
        expires, jti = claims.get("exp"), claims.get("jti")
        now = as_unix(self._clock.now())
        if isinstance(expires, bool) or not isinstance(expires, int) or expires <= now - _LEEWAY_S:
            raise AssertionRefused("The assertion has expired, or has no exp.", field="exp")
        if expires > now + LONGEST_ASSERTION.total_seconds() + _LEEWAY_S:
            raise AssertionRefused("The assertion lives longer than 5 minutes.", field="exp")
        for claim in ("iat", "nbf"):
            begins = claims.get(claim, now)
            if isinstance(begins, bool) or not isinstance(begins, int) or begins > now + _LEEWAY_S:
                raise AssertionRefused(f"The assertion's {claim} is in the future: compare the clocks.", field=claim)
        if not isinstance(jti, str) or not 8 <= len(jti) <= 128:
            raise AssertionRefused("The assertion needs a jti of 8 to 128 characters.", field="jti")
        self._use_once(client.id, jti, from_unix(expires + _LEEWAY_S))

    def _use_once(self, client_id: str, jti: str, expires_at: datetime) -> None:
        """Refuse a replay, also after a restart: the table holds every assertion until it has expired."""
        try:
            with self._database.write() as session:
                session.exec(delete(UsedAssertion).where(col(UsedAssertion.expires_at) < self._clock.now()))
                session.add(UsedAssertion(client_id=client_id, jti=jti, expires_at=expires_at))
        except IntegrityError as replayed:
            raise AssertionRefused("The assertion was used before.", field="jti") from replayed

    def _forget_expired(self) -> None:
        now = self._clock.now()
        if len(self._tokens) >= _MOST_TOKENS or secrets.randbelow(64) == 0:
            self._tokens = {digest: who for digest, who in self._tokens.items() if who.expires_at > now}
        if len(self._tokens) >= _MOST_TOKENS:
            self._tokens.pop(next(iter(self._tokens)))


def _unverified_claims(assertion: str) -> Mapping[str, Json]:
    """What the assertion says, before its signature was checked: whose key must verify it, to begin with."""
    if len(assertion) > _MAX_ASSERTION_BYTES:
        raise AssertionRefused("The assertion is too long.")
    try:
        payload = jws.extract_compact(assertion.encode("ascii")).payload
        return loads_object(payload or b"", max_bytes=_MAX_ASSERTION_BYTES)
    except (JoseError, JsonMalformed, ValueError) as refused:
        raise AssertionRefused("The assertion is not a JWT.") from refused


def _scopes(client: Client, scope: str | None) -> frozenset[Action]:
    allowed = ROLE_ACTIONS[client.role]
    if scope is None:
        return allowed
    asked = set(scope.split())
    if not asked or (beyond := asked - {action.value for action in allowed}):
        raise ScopeRefused(f"The role {client.role.value} does not allow: {' '.join(sorted(beyond))}.", field="scope")
    return frozenset(Action(name) for name in asked)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def granted(actions: Iterable[Action]) -> str:
    """Scopes as OAuth writes them."""
    return " ".join(sorted(action.value for action in actions))
