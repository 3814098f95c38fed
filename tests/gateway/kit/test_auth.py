"""Who may do what: assertions, tokens, and the table of roles × actions row by row."""

import json
import secrets
import time
from typing import Any

import httpx
import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey

from tallystick.keys import Ed25519Key
from tallystick_gateway.kit.clients import ClientRefused, ed25519_jwk, register_client
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.kit.roles import ROLE_ACTIONS, Action, ClientRole
from tests.gateway.support import client_for, keyed

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def token_answer(http: httpx.Client, assertion: str, **form: str) -> httpx.Response:
    fields = {"grant_type": "client_credentials", "client_assertion_type": TYPE, "client_assertion": assertion}
    return http.post("/v1/oauth/token", data=fields | form)


def assertion(gateway: Gateway, key: Any = None, algorithm: str = "Ed25519", **claims: Any) -> str:
    now = int(time.time())
    stated = {
        "iss": "local",
        "sub": "local",
        "aud": gateway.config.issuer,
        "iat": now,
        "exp": now + 120,
        "jti": secrets.token_urlsafe(16),
    } | claims
    return jws.serialize_compact({"alg": algorithm}, json.dumps(stated), key or local(gateway), algorithms=[algorithm])


def local(gateway: Gateway) -> OKPKey:
    return okp(gateway.keystore.ed25519("client"))


def okp(key: Ed25519Key) -> OKPKey:
    import base64

    secret = base64.urlsafe_b64encode(key.secret).decode().rstrip("=")
    return OKPKey.import_key({**ed25519_jwk(key.public), "d": secret})


def test_a_good_assertion_gets_a_token_once(gateway: Gateway, stranger: httpx.Client) -> None:
    good = assertion(gateway)
    answer = token_answer(stranger, good).json()
    assert answer["token_type"] == "Bearer"
    assert 0 < answer["expires_in"] <= 600
    status = stranger.get("/v1/status", headers={"Authorization": f"Bearer {answer['access_token']}"})
    assert status.status_code == 200
    replay = token_answer(stranger, good)
    assert (replay.status_code, replay.json()["code"]) == (401, "auth.assertion_refused")
    assert "used before" in replay.json()["detail"]


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
@pytest.mark.parametrize("algorithm", ["Ed25519", "EdDSA"])
def test_both_names_of_the_algorithm_are_taken(gateway: Gateway, stranger: httpx.Client, algorithm: str) -> None:
    assert token_answer(stranger, assertion(gateway, algorithm=algorithm)).status_code == 200


def test_a_p256_client_is_taken(gateway: Gateway, stranger: httpx.Client) -> None:
    key = ECKey.generate_key("P-256")
    register_client(gateway.config.clients_path, "p256", ClientRole.MONITOR, key.as_dict(private=False))
    signed = assertion(gateway, key, "ES256", iss="p256", sub="p256")
    assert token_answer(stranger, signed).json()["scope"] == "chain:read events:read"


NOW = int(time.time())


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "https://elsewhere"},
        {"aud": ["urn:other", "urn:more"]},
        {"sub": "other"},
        {"iss": "nobody"},
        {"iss": "../local"},
        {"exp": NOW - 60},
        {"exp": NOW + 3600},
        {"exp": None},
        {"exp": True},
        {"exp": str(NOW + 60)},
        {"nbf": NOW + 3600},
        {"iat": NOW + 3600},
        {"jti": None},
        {"jti": "short"},
        {"jti": "x" * 200},
    ],
    ids="-".join,
)
def test_an_assertion_off_its_terms_is_refused(
    gateway: Gateway, stranger: httpx.Client, claims: dict[str, Any]
) -> None:
    answer = token_answer(stranger, assertion(gateway, **claims))
    assert (answer.status_code, answer.json()["code"]) == (401, "auth.assertion_refused")


def test_another_key_unsigned_and_hmac_assertions_are_refused(gateway: Gateway, stranger: httpx.Client) -> None:
    public = json.dumps(ed25519_jwk(gateway.keystore.ed25519("client").public)).encode()
    forged = [
        assertion(gateway, okp(Ed25519Key.generate())),
        assertion(gateway, OctKey.import_key(public), "HS256"),
        assertion(gateway).rsplit(".", 1)[0] + ".",
        "eyJhbGciOiJub25lIn0." + assertion(gateway).split(".")[1] + ".",
        "not.a.jwt",
        "",
        "x" * 10_000,
    ]
    for each in forged:
        assert token_answer(stranger, each).status_code == 401


def test_other_grants_are_refused(gateway: Gateway, stranger: httpx.Client) -> None:
    for form in ({"grant_type": "password"}, {"client_assertion_type": "other"}):
        answer = token_answer(stranger, assertion(gateway), **form)
        assert (answer.status_code, answer.json()["code"]) == (400, "auth.grant_refused")


def test_scopes_are_the_role_s_at_most(gateway: Gateway, stranger: httpx.Client) -> None:
    key = Ed25519Key.generate()
    register_client(gateway.config.clients_path, "monitor", ClientRole.MONITOR, ed25519_jwk(key.public))
    claims = {"iss": "monitor", "sub": "monitor"}
    narrow = token_answer(stranger, assertion(gateway, okp(key), **claims), scope="chain:read")
    assert narrow.json()["scope"] == "chain:read"
    beyond = token_answer(stranger, assertion(gateway, okp(key), **claims), scope="chain:read records:submit")
    assert (beyond.status_code, beyond.json()["code"]) == (400, "auth.scope_refused")
    token = {"Authorization": f"Bearer {narrow.json()['access_token']}"}
    assert stranger.get("/v1/status", headers=token).status_code == 200
    assert stranger.get("/v1/events", headers=token).json()["code"] == "auth.action_forbidden"


def test_without_a_good_token_nothing_opens(stranger: httpx.Client) -> None:
    for header in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic eDp4"}):
        answer = stranger.get("/v1/status", headers=header)
        assert (answer.status_code, answer.json()["code"]) == (401, "auth.token_refused")
        assert answer.headers["www-authenticate"] == "Bearer"


def test_a_removed_client_is_out_at_once(gateway: Gateway) -> None:
    with client_for(gateway, ClientRole.AUDITOR) as auditor:
        assert auditor.get("/v1/records").status_code == 200
        for file in gateway.config.clients_path.glob("auditor-*.json"):
            file.unlink()
        assert auditor.get("/v1/records").status_code == 401


@pytest.mark.parametrize("role", list(ClientRole))
def test_each_role_may_do_what_the_table_says_and_no_more(gateway: Gateway, role: ClientRole) -> None:
    calls = {
        Action.RECORDS_READ: ("GET", "/v1/records"),
        Action.EVENTS_READ: ("GET", "/v1/events"),
        Action.CHAIN_READ: ("GET", "/v1/status"),
        Action.RECORDS_SUBMIT: ("POST", "/v1/records"),
        Action.RECORDS_OPEN: ("POST", "/v1/records:open"),
        Action.RECORDS_CHECK: ("POST", "/v1/records:audit"),
        Action.PACKAGES_READ: ("GET", "/v1/packages"),
        Action.PACKAGES_BUILD: ("POST", "/v1/packages"),
    }
    with client_for(gateway, role) as http:
        for action, (method, path) in calls.items():
            body = {"json": {}} if method == "POST" and not path.endswith("audit") else {}
            answer = http.request(method, path, headers=keyed(), **body)  # type: ignore[arg-type]
            assert (answer.status_code != 403) is (action in ROLE_ACTIONS[role]), (role, action)


def test_an_admin_may_do_everything_and_a_monitor_almost_nothing() -> None:
    assert ROLE_ACTIONS[ClientRole.ADMIN] == set(Action)
    assert ROLE_ACTIONS[ClientRole.MONITOR] == {Action.CHAIN_READ, Action.EVENTS_READ}
    assert not ROLE_ACTIONS[ClientRole.AUDITOR] & {Action.RECORDS_SUBMIT, Action.LOANS_DISBURSE, Action.LOANS_CHANGE}
    assert Action.AGREEMENTS_COSIGN not in ROLE_ACTIONS[ClientRole.SUBMITTER]


@pytest.mark.parametrize(
    ("client_id", "jwk"),
    [
        ("../x", ed25519_jwk(b"\1" * 32)),
        ("UPPER", ed25519_jwk(b"\1" * 32)),
        ("ok", {"kty": "oct", "k": "AAAA"}),
        ("ok", {"kty": "OKP", "crv": "X25519", "x": "AAAA"}),
        ("ok", {**ed25519_jwk(b"\1" * 32), "d": "AAAA"}),
        ("ok", {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}),
    ],
)
def test_only_public_signing_keys_are_registered(gateway: Gateway, client_id: str, jwk: dict[str, str]) -> None:
    with pytest.raises(ClientRefused):
        register_client(gateway.config.clients_path, client_id, ClientRole.MONITOR, jwk)


def test_too_many_requests_are_told_when_to_come_back(gateway: Gateway, admin: httpx.Client) -> None:
    from tallystick_gateway.kit.ratelimit import RateLimit

    usual, gateway.rate_limit = gateway.rate_limit, RateLimit(per_s=0.1, burst=2)
    try:
        answers = [admin.get("/v1/status") for _ in range(3)]
    finally:
        gateway.rate_limit = usual
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[-1].headers["retry-after"]) > 0
