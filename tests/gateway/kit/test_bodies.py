"""Whatever is thrown at the door: a problem with a code and advice, never a crash, never half an effect."""

import json
import socket
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tallystick_gateway.kit import events
from tallystick_gateway.kit.gateway import Gateway
from tests.gateway.support import ServedAt, client_for, keyed, make_home, open_test_gateway

PATH = "/v1/records"
JSON = {"Content-Type": "application/json"}
MIB = 1024 * 1024


def refused(http: httpx.Client, body: bytes, headers: dict[str, str] | None = None) -> dict[str, object]:
    answer = http.post(PATH, content=body, headers={**keyed(), **(JSON if headers is None else headers)})
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, object] = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["detail"]
    assert problem["advice"]
    return problem


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff\xfe{}",
        b'{"records": [], "records": []}',
        b'{"records": NaN}',
        b'{"records": 1.5}',
        b'{"records": 1e999}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b"[" * 100_000,
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        b"[]",
        b'"text"',
        b"null",
        b"\x00\x01\x02",
        b'{"a": "\\ud800"}',
        b"\xef\xbb\xbf{}",
        b'{"a": 1} {"b": 2}',
    ],
    ids=lambda body: repr(body[:24]),
)
def test_what_is_not_one_strict_object_is_refused(admin: httpx.Client, body: bytes) -> None:
    assert refused(admin, body)["code"] == "body.malformed"


def test_a_body_over_8_mib_names_the_streaming_way(admin: httpx.Client) -> None:
    problem = refused(admin, b"{" + b" " * (8 * MIB))
    assert problem["code"] == "body.too_large"
    assert problem["status"] == 413
    assert "tally records submit FILE" in str(problem["advice"])
    assert "/v1/records:upload" in str(problem["advice"])


def test_a_body_that_does_not_say_its_length_is_counted(admin: httpx.Client) -> None:
    def parts() -> object:
        for _ in range(9):
            yield b" " * MIB

    answer = admin.post(PATH, content=parts(), headers={**keyed(), **JSON})  # type: ignore[arg-type]
    assert answer.json()["code"] == "body.too_large"


def test_exactly_8_mib_is_read(admin: httpx.Client) -> None:
    body = b'{"records": []}'
    assert refused(admin, body + b" " * (8 * MIB - len(body)))["code"] == "request.invalid"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Content-Type": "text/plain"}, "body.media_type"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, "body.media_type"),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, "body.media_type"),
        ({}, "body.media_type"),
    ],
)
def test_other_media_types_are_refused(admin: httpx.Client, headers: dict[str, str], code: str) -> None:
    problem = refused(admin, b"{}", headers)
    assert (problem["status"], problem["code"]) == (415, code)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "records"),
        ({"records": []}, "records"),
        ({"records": "x"}, "records"),
        ({"records": [{"a": 1}]}, "records.0.a"),
        ({"records": [{}], "more": 1}, "more"),
        ({"records": [{"a": "b"}] * 1001}, "records"),
        ({"records": [{}], "arrival_date": "2026-02-30"}, "arrival_date"),
    ],
)
def test_a_body_off_the_schema_names_the_field(admin: httpx.Client, body: object, field: str) -> None:
    problem = refused(admin, json.dumps(body).encode())
    assert (problem["code"], problem["field"]) == ("request.invalid", field)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200) | st.text(max_size=80).map(str.encode))
def test_no_bytes_crash_the_door(admin: httpx.Client, body: bytes) -> None:
    answer = admin.post(PATH, content=body, headers={**keyed(), **JSON})
    assert 400 <= answer.status_code < 500
    assert answer.json()["code"]


def test_unknown_paths_and_methods_are_problems_too(admin: httpx.Client) -> None:
    assert admin.get("/v1/nothing").json()["code"] == "request.no_such_path"
    assert admin.delete("/v1/status", headers=keyed()).status_code == 405
    assert admin.get("/v1/records/zz").json()["field"] == "digest"


@pytest.mark.parametrize(
    ("path", "field"),
    [("/v1/events?cursor=zzz", "cursor"), ("/v1/status?x=", "x"), ("/v1/records?Loan=1&limit=5", "Loan")],
)
def test_an_unknown_query_parameter_is_refused_by_name(admin: httpx.Client, path: str, field: str) -> None:
    problem = admin.get(path).json()
    assert (problem["status"], problem["code"], problem["field"]) == (422, "request.query_unknown", field)


def test_declared_query_parameters_are_taken(admin: httpx.Client) -> None:
    assert admin.get("/v1/events?after=0&kind=&limit=5&wait_s=0").status_code == 200
    upload = admin.post("/v1/records:upload?format=none&type=repayment", content=b"x", headers=keyed())
    assert upload.json()["code"] != "request.query_unknown"


def test_a_client_that_hangs_up_leaves_the_gateway_well(gateway: Gateway, admin: httpx.Client) -> None:
    host, port = gateway.part(ServedAt).url.removeprefix("http://").split(":")
    for _ in range(3):
        with socket.create_connection((host, int(port))) as line:
            line.sendall(b"POST /v1/records HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    assert admin.get("/v1/status").status_code == 200


def test_the_openapi_document_declares_problems(stranger: httpx.Client) -> None:
    document = stranger.get("/v1/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert "Problem" in document["components"]["schemas"]
    assert "HTTPValidationError" not in json.dumps(document)
    submit = document["paths"]["/v1/records"]["post"]
    assert "idempotency.key_missing" in json.dumps(submit["responses"])


def test_every_operation_says_how_it_refuses(stranger: httpx.Client) -> None:
    document = stranger.get("/v1/openapi.json").json()
    operations = {
        f"{method} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    without = {name for name, operation in operations.items() if "application/problem+json" not in str(operation)}
    assert without <= {"get /health", "get /ready", "get /.well-known/oauth-authorization-server"}
    for name, operation in operations.items():
        if "security" in operation:
            assert {"401", "403", "429", "503"} <= operation["responses"].keys(), name
        if "application/json" in operation.get("requestBody", {}).get("content", {}):
            assert {"413", "415", "422"} <= operation["responses"].keys(), name
    upload = operations["post /v1/records:upload"]
    assert "Idempotency-Key" in [parameter["name"] for parameter in upload["parameters"]]
    assert {"upload.unknown", "request.invalid"} <= _codes(operations["get /v1/uploads/{upload_id}"])


def test_what_is_used_most_has_examples(stranger: httpx.Client) -> None:
    schemas = stranger.get("/v1/openapi.json").json()["components"]["schemas"]
    for name in ("TokenOut", "StatusOut", "EventOut", "UploadOut"):
        example, properties = schemas[name]["examples"][0], schemas[name]["properties"]
        left_out = properties.keys() - example.keys()
        assert example.keys() <= properties.keys()
        assert all({"type": "null"} in properties[field]["anyOf"] for field in left_out)


def _codes(operation: dict[str, dict[str, Any]]) -> set[str]:
    return {
        code
        for response in operation["responses"].values()
        for code in response.get("content", {}).get("application/problem+json", {}).get("examples", {})
    }


def test_a_monitor_may_add_a_parameter_against_caches(stranger: httpx.Client) -> None:
    assert stranger.get("/health", params={"_": "1"}).status_code == 200
    assert stranger.get("/ready", params={"_": "1"}).json().get("code") != "request.query_unknown"


def test_more_requests_than_it_takes_are_told_to_come_back(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", limits={"requests_at_once": 1})
    with open_test_gateway(home) as small, client_for(small) as http:
        held = _holding(http)
        for _ in range(1000):
            answer = http.get("/v1/openapi.json")
            if answer.status_code != 200:
                break
            if not held.is_alive():  # it came second and was itself told to come back
                held = _holding(http)
        assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "gateway.busy", "1")
        assert http.get("/health").status_code == 200
        with small.database.write() as session:
            for number in range(10):
                events.emit(session, small.clock.now(), "test.end", str(number), {})
        held.join()
        assert http.get("/v1/openapi.json").status_code == 200


def _holding(http: httpx.Client) -> threading.Thread:
    """A request under way that waits for an event."""
    request = threading.Thread(target=http.get, args=("/v1/events",), kwargs={"params": {"wait_s": 30, "after": "9"}})
    request.start()
    return request
