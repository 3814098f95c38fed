"""A client of a gateway's API: for the command line, the demo, and anyone who writes Python.

Tokens, idempotency keys, retries and problem details are taken care of; a write is sent again under its own key, so
a broken connection never does anything twice.
"""

import base64
import json
import os
import secrets
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

import httpx
from joserfc import jws
from joserfc.jwk import OKPKey

from tallystick.keys import Ed25519Key, Keystore
from tallystick_gateway.kit.clients import ed25519_jwk
from tallystick_gateway.kit.clock import Clock, SystemClock, as_unix, clock_of
from tallystick_gateway.kit.config import Config
from tallystick_gateway.kit.errors import GatewayError

__all__ = ["ApiClient", "ApiProblem", "GatewayAway", "Progress"]

Progress = Callable[[int, int], None]
"""Called with bytes done and bytes in all."""

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_LIFE_S = 120
_CHUNK = 1 << 20
_TRIES = 6
_LONGEST_PAUSE_S = 10.0


class GatewayAway(GatewayError):
    """The gateway does not answer"""

    status = 503
    code = "gateway.away"
    advice = "Start it with `tally serve`, or look at its log."


class ApiProblem(GatewayError):
    """The gateway refused the request; code, advice, field and line are those of its answer"""

    code: ClassVar[str] = "gateway.problem"

    def __init__(self, problem: Mapping[str, Any], status: int) -> None:
        values = problem.get("values")
        own = {name: problem[name] for name in ("field", "line") if name in problem}
        super().__init__(str(problem.get("detail", f"HTTP {status}")))
        self.values = {**(values if isinstance(values, dict) else {}), **own}
        self.problem = dict(problem)
        # Instance values stand in front of the class's: each answer has its own.
        self.status = status  # type: ignore[misc]
        self.code = str(problem.get("code", "gateway.problem"))  # type: ignore[misc]
        self.advice = str(problem.get("advice", ""))  # type: ignore[misc]


class ApiClient:
    """Speaks for one registered client: `with ApiClient(url, issuer, "local", key) as api: api.get("/v1/status")`."""

    def __init__(
        self,
        url: str,
        issuer: str,
        client_id: str,
        key: Ed25519Key | Callable[[], Ed25519Key],
        *,
        timeout_s: float = 60.0,
        token_file: Path | None = None,
        clock: Clock | None = None,
    ) -> None:
        """`key` is asked for only when a token is needed and `token_file` (0600), if given, holds none that works.

        `clock`, the machine's unless given, dates the assertions; it must agree with the gateway's.
        """
        self._issuer = issuer
        self._client_id = client_id
        self._key = key
        self._token_file = token_file
        self._clock = clock or SystemClock()
        self._http = httpx.Client(base_url=url, timeout=timeout_s)
        self._token = _kept_token(token_file)

    @classmethod
    def from_home(cls, config: Config, passphrase: str | Callable[[], str], client_id: str = "local") -> Self:
        """The local client of a gateway on this machine, by its home folder; raises `GatewayAway` if none runs.

        The last access token is kept in the home (0600), so the passphrase is needed every few minutes only.
        """
        try:
            url = config.address_path.read_text(encoding="utf-8").strip()
        except OSError as absent:
            raise GatewayAway(f"No gateway runs for {config.home.name}.") from absent

        def key() -> Ed25519Key:
            given = passphrase if isinstance(passphrase, str) else passphrase()
            return Keystore.open(config.keystore_path, given).ed25519("client")

        return cls(url, config.issuer, client_id, key, token_file=config.home / ".token", clock=clock_of(config))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close connections."""
        self._http.close()

    def get(self, path: str, **params: str | float | None) -> Any:
        """The JSON at `path`; raises `ApiProblem` or `GatewayAway`."""
        return self._send("GET", path, params=_given(params)).json()

    def post(self, path: str, body: Mapping[str, Any] | None = None, *, key: str | None = None) -> Any:
        """Write under Idempotency-Key `key` (a fresh one if None) and return the answer's JSON."""
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        if body is None:
            return self._send("POST", path, headers=headers).json()
        headers["Content-Type"] = "application/json"
        return self._send("POST", path, headers=headers, content=json.dumps(body).encode()).json()

    def pages(self, path: str, **params: str | float | None) -> Iterator[Any]:
        """Every item of a paged list."""
        cursor: str | None = None
        while True:
            page = self.get(path, **params, cursor=cursor)
            yield from page["items"]
            cursor = page["next"]
            if cursor is None:
                return

    def ndjson(self, path: str, most: int) -> list[Any]:
        """The first `most` objects of a streamed list, one a line."""
        found: list[Any] = []
        with self._http.stream("GET", path, headers=self._headers({})) as answer:
            if answer.is_error:
                answer.read()
                raise _problem(answer)
            for line in answer.iter_lines():
                if len(found) == most:
                    break
                found.append(json.loads(line))
        return found

    def wait(
        self,
        path: str,
        done: Callable[[Any], bool],
        *,
        timeout_s: float,
        each: Callable[[Any], None] | None = None,
        every_s: float = 0.5,
    ) -> Any:
        """Ask `path` until `done(answer)`; `each` sees every answer. Raises `TimeoutError` with the last answer."""
        deadline_s = time.monotonic() + timeout_s
        while True:
            answer = self.get(path)
            if each:
                each(answer)
            if done(answer):
                return answer
            if time.monotonic() >= deadline_s:
                raise TimeoutError(f"{path} was not done within {timeout_s:.0f} s")
            time.sleep(every_s)

    def upload(
        self,
        path: str,
        file: Path,
        *,
        content_type: str,
        content_encoding: str | None = None,
        key: str | None = None,
        progress: Progress | None = None,
        **params: str | None,
    ) -> Any:
        """Stream `file` to `path`; sent again from the start under the same key if the connection breaks."""
        headers = {
            "Idempotency-Key": key or str(uuid.uuid4()),
            "Content-Type": content_type,
            "Content-Length": str(file.stat().st_size),
        }
        if content_encoding:
            headers["Content-Encoding"] = content_encoding
        return self._send(
            "POST", path, headers=headers, params=_given(params), stream=lambda: _chunks(file, progress)
        ).json()

    def download(
        self, method: str, path: str, to: Path, body: Mapping[str, Any] | None = None, **params: str | float | None
    ) -> int:
        """Stream an answer into the file `to` (in one step at the end); returns its size in bytes."""
        fresh = to.with_name(to.name + ".part")
        content = None if body is None else json.dumps(body).encode()
        headers = self._headers({"Content-Type": "application/json"} if body is not None else {})
        try:
            with (
                self._http.stream(method, path, params=_given(params), headers=headers, content=content) as answer,
                fresh.open("wb") as sink,
            ):
                if answer.is_error:
                    answer.read()
                    raise _problem(answer)
                for chunk in answer.iter_bytes():
                    sink.write(chunk)
                size = sink.tell()
            fresh.replace(to)
        except httpx.TransportError as broken:
            raise GatewayAway(f"The gateway's answer broke off: {type(broken).__name__}.") from broken
        finally:
            fresh.unlink(missing_ok=True)
        return size

    def _send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
        stream: Callable[[], Iterator[bytes]] | None = None,
    ) -> httpx.Response:
        """Send, with a token, again on a broken connection, 429 or 503 (the key makes that safe)."""
        for left in reversed(range(_TRIES)):
            pause_s = min(_LONGEST_PAUSE_S, 0.2 * 2 ** (_TRIES - 1 - left))
            try:
                answer = self._http.request(
                    method,
                    path,
                    headers=self._headers(headers or {}),
                    params=params,
                    content=stream() if stream else content,
                )
            except httpx.TransportError as broken:
                if not left:
                    raise GatewayAway(f"The gateway does not answer: {type(broken).__name__}.") from broken
                time.sleep(pause_s)
                continue
            if not answer.is_error:
                return answer
            if answer.status_code == 401 and self._token and left:
                self._token = None
                continue
            if answer.status_code not in (429, 503) or not left:
                raise _problem(answer)
            time.sleep(min(_LONGEST_PAUSE_S, float(answer.headers.get("retry-after", pause_s))))
        raise AssertionError("unreachable")

    def token(self) -> str:
        """A valid access token, fetched if there is none."""
        if self._token is None:
            self._token = self._fetch_token()
            _keep_token(self._token_file, self._token)
        return self._token

    def _headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        return {**headers, "Authorization": f"Bearer {self.token()}"}

    def _fetch_token(self) -> str:
        now = as_unix(self._clock.now())
        claims = {
            "iss": self._client_id,
            "sub": self._client_id,
            "aud": self._issuer,
            "iat": now,
            "exp": now + _ASSERTION_LIFE_S,
            "jti": secrets.token_urlsafe(16),
        }
        key = self._key if isinstance(self._key, Ed25519Key) else self._key()
        jwk = OKPKey.import_key({**ed25519_jwk(key.public), "d": _b64(key.secret)})
        assertion = jws.serialize_compact({"alg": "Ed25519"}, json.dumps(claims), jwk, algorithms=["Ed25519"])
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": _ASSERTION_TYPE,
            "client_assertion": assertion,
        }
        answer = self._http.post("/v1/oauth/token", data=form)
        if answer.is_error:
            raise _problem(answer)
        return str(answer.json()["access_token"])


def _problem(answer: httpx.Response) -> ApiProblem:
    try:
        problem = answer.json()
    except ValueError:
        problem = {"detail": f"HTTP {answer.status_code} {answer.reason_phrase}"}
    return ApiProblem(problem if isinstance(problem, dict) else {}, answer.status_code)


def _kept_token(file: Path | None) -> str | None:
    try:
        return file.read_text(encoding="ascii") if file else None
    except (OSError, UnicodeDecodeError):
        return None


def _keep_token(file: Path | None, token: str) -> None:
    """Best effort: without it the next command asks for another token."""
    if file is None:
        return
    fresh = file.with_name(f"{file.name}.{os.getpid()}")
    with suppress(OSError):
        fresh.touch(mode=0o600)
        fresh.write_text(token, encoding="ascii")
        fresh.replace(file)


def _given(params: Mapping[str, str | float | None]) -> dict[str, str]:
    return {name: str(value) for name, value in params.items() if value is not None}


def _chunks(file: Path, progress: Progress | None) -> Iterator[bytes]:
    total = file.stat().st_size
    done = 0
    with file.open("rb") as source:
        while chunk := source.read(_CHUNK):
            yield chunk
            done += len(chunk)
            if progress:
                progress(done, total)


def _b64(secret: bytes) -> str:
    return base64.urlsafe_b64encode(secret).decode().rstrip("=")
