"""The development authority: strict about requests, plain about what it is, and understood by others."""

from __future__ import annotations

import hashlib
import http.client
import json
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import rfc3161_client
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from tallystick.timestamps import (
    REQUEST_TYPE,
    RESPONSE_TYPE,
    RequestDenied,
    VerifiedToken,
    granted_token,
    make_request,
    read_response,
    verify_token,
)
from tallystick_devnet.authority import SUBJECT, AuthorityFilesBroken, DevelopmentAuthority, load_or_make, make_identity
from tallystick_devnet.authority.answering import LARGEST_REQUEST, answer
from tallystick_devnet.errors import PortTaken
from tests.chain.timestamps.mint import hash_id, num, oid, seq, tlv
from tests.chain.timestamps.openssl import OpenSsl

NOON = datetime(2026, 6, 1, 12, 0, 0, 123_456, tzinfo=UTC)
IDENTITY = make_identity(NOON - timedelta(days=1), NOON + timedelta(days=1))
STAMPED = b"a checkpoint"
DIGEST = hashlib.sha256(STAMPED).digest()


@pytest.fixture(scope="module")
def open_authority() -> Iterator[DevelopmentAuthority]:
    with DevelopmentAuthority(IDENTITY, clock=lambda: NOON) as opened:
        yield opened


def request(*parts: bytes, version: int = 1, imprint: bytes | None = None) -> bytes:
    return seq(num(version), imprint if imprint is not None else seq(hash_id("SHA-256"), tlv(4, DIGEST)), *parts)


def ask(authority: DevelopmentAuthority, nonce: int = 5) -> VerifiedToken:
    answered = httpx.post(
        authority.url, content=make_request(STAMPED, nonce), headers={"Content-Type": REQUEST_TYPE}, timeout=30
    )
    assert (answered.status_code, answered.headers["Content-Type"]) == (200, RESPONSE_TYPE)
    _, verified = read_response(
        answered.content,
        stamped=STAMPED,
        nonce=nonce,
        authority=authority.authority,
        sent_at=NOON,
        received_at=NOON,
    )
    return verified


def test_what_it_grants_is_taken_and_marked(open_authority: DevelopmentAuthority) -> None:
    one, other = ask(open_authority, 5), ask(open_authority, 2**63)

    assert one.gen_time == NOON.replace(microsecond=123_000)
    assert one.accuracy == timedelta(seconds=1)
    assert one.authority.development
    assert one.authority.name == SUBJECT
    assert "DEVELOPMENT ONLY" in SUBJECT
    assert one.serial != other.serial
    assert one.serial > 0


def test_its_certificate_says_what_it_is() -> None:
    certificate = IDENTITY.certificate
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert SUBJECT in certificate.subject.rfc4514_string().replace("\\", "")
    assert usage.critical
    assert list(usage.value) == [x509.ExtendedKeyUsageOID.TIME_STAMPING]
    assert "BEGIN" not in repr(IDENTITY)


@pytest.mark.parametrize("name", ["SHA-256", "SHA-384", "SHA-512"])
def test_each_hash_policy_and_certificate_on_request(name: str) -> None:
    digest = hashlib.new(name.replace("-", ""), STAMPED).digest()
    imprint = seq(hash_id(name), tlv(4, digest))
    with_policy = request(oid("1.3.6.1.4.1.32473.1"), imprint=imprint)
    for asked, holds in ((with_policy, False), (request(b"\x01\x01\xff", imprint=imprint), True)):
        token = granted_token(answer(asked, IDENTITY, NOON))
        assert verify_token(token, STAMPED, [IDENTITY.authority]).hash_name == name
        assert (IDENTITY.certificate_der in token) == holds


DENIED = {
    "empty": (b"", "badDataFormat"),
    "text": (b"hello", "badDataFormat"),
    "BER": (b"\x30\x80" + request()[2:] + b"\0\0", "badDataFormat"),
    "appended": (request() + b"\0", "badDataFormat"),
    "another version": (request(version=2), "badRequest"),
    "a set": (b"\x31" + request()[1:], "badRequest"),
    "SHA-1": (request(imprint=seq(hash_id("SHA-1"), tlv(4, bytes(20)))), "badAlg"),
    "MD5": (request(imprint=seq(seq(oid("1.2.840.113549.2.5")), tlv(4, bytes(16)))), "badAlg"),
    "a short digest": (request(imprint=seq(hash_id("SHA-256"), tlv(4, DIGEST[:31]))), "badDataFormat"),
    "no imprint": (request(imprint=b""), "badDataFormat"),
    "another policy": (request(oid("1.2.3.4")), "unacceptedPolicy"),
    "an extension": (request(tlv(0xA0, seq(oid("1.2.3.4"), tlv(4, b"")))), "unacceptedExtension"),
    "a huge nonce": (request(num(2**300)), "badDataFormat"),
    "a padded nonce": (request(b"\x02\x02\x00\x01"), "badDataFormat"),
    "a default written out": (request(b"\x01\x01\x00"), "badDataFormat"),
    "parts out of order": (request(b"\x01\x01\xff", num(5)), "badDataFormat"),
}


@pytest.mark.parametrize("case", DENIED)
def test_requests_that_are_denied(case: str) -> None:
    asked, failure = DENIED[case]
    with pytest.raises(RequestDenied) as denied:
        granted_token(answer(asked, IDENTITY, NOON))
    assert denied.value.status == "rejection"
    assert denied.value.detail.endswith(failure)


@given(st.binary(max_size=80), st.integers(0, 60), st.integers(0, 8))
def test_whatever_is_asked_is_answered(noise: bytes, at: int, cut: int) -> None:
    asked = make_request(STAMPED, 7)
    for candidate in (noise, asked[:at] + noise[:8] + asked[at + cut :]):
        answered = answer(candidate, IDENTITY, NOON)
        assert rfc3161_client.decode_timestamp_response(answered).status in (0, 2)


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status"),
    [
        ("GET", "/", {}, b"", 501),
        ("PUT", "/", {"Content-Type": REQUEST_TYPE}, b"x", 501),
        ("POST", "/other", {"Content-Type": REQUEST_TYPE}, b"x", 404),
        ("POST", "/?x", {"Content-Type": REQUEST_TYPE}, b"x", 404),
        ("POST", "/", {"Content-Type": "application/json"}, b"{}", 415),
        ("POST", "/", {}, b"x", 415),
        ("POST", "/", {"Content-Type": REQUEST_TYPE, "Content-Length": "-1"}, None, 411),
        ("POST", "/", {"Content-Type": REQUEST_TYPE, "Content-Length": "x"}, None, 411),
        ("POST", "/", {"Content-Type": REQUEST_TYPE, "Content-Length": "9" * 400}, None, 413),
        ("POST", "/", {"Content-Type": REQUEST_TYPE, "Content-Length": str(LARGEST_REQUEST + 1)}, None, 413),
        ("POST", "/", {"Content-Type": REQUEST_TYPE}, b"", 200),
        ("POST", "/", {"Content-Type": REQUEST_TYPE}, bytes(LARGEST_REQUEST), 200),
    ],
)
def test_http_is_taken_as_strictly(
    open_authority: DevelopmentAuthority,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes | None,
    status: int,
) -> None:
    host = open_authority.url.removeprefix("http://").removesuffix("/")
    connection = http.client.HTTPConnection(host, timeout=30)
    try:
        connection.request(method, path, body, headers)
        assert connection.getresponse().status == status
    finally:
        connection.close()
    assert ask(open_authority)


def test_another_implementation_asks_and_verifies(open_authority: DevelopmentAuthority) -> None:
    asked = rfc3161_client.TimestampRequestBuilder().data(STAMPED).build()
    answered = httpx.post(open_authority.url, content=asked.as_bytes(), headers={"Content-Type": REQUEST_TYPE})
    verifier = (
        rfc3161_client.VerifierBuilder.from_request(asked)
        .tsa_certificate(IDENTITY.certificate)
        .add_root_certificate(IDENTITY.certificate)
        .build()
    )
    assert verifier.verify_message(rfc3161_client.decode_timestamp_response(answered.content), STAMPED)


def test_openssl_accepts_its_answers(open_authority: DevelopmentAuthority, tmp_path: Path) -> None:
    openssl = OpenSsl(tmp_path)
    (tmp_path / "data").write_bytes(STAMPED)
    (tmp_path / "certificate.pem").write_bytes(IDENTITY.certificate.public_bytes(Encoding.PEM))
    for options in (["-sha256", "-cert"], ["-sha512", "-cert", "-no_nonce"]):
        openssl("ts", "-query", "-data", "data", *options, "-out", "asked")
        answered = httpx.post(
            open_authority.url, content=(tmp_path / "asked").read_bytes(), headers={"Content-Type": REQUEST_TYPE}
        )
        (tmp_path / "answer").write_bytes(answered.content)
        for over in (["-data", "data"], ["-queryfile", "asked"]):
            at = ["-attime", str(int(NOON.timestamp()))]
            said = openssl("ts", "-verify", "-in", "answer", *over, "-CAfile", "certificate.pem", *at)
            assert "Verification: OK" in said


def test_key_and_certificate_are_made_once_and_kept(tmp_path: Path) -> None:
    folder = tmp_path / "authority"
    first = load_or_make(folder)
    assert load_or_make(folder).certificate == first.certificate
    assert stat.S_IMODE((folder / "key.pem").stat().st_mode) == 0o600
    assert (folder / "certificate.pem").read_bytes() == first.certificate.public_bytes(Encoding.PEM)


def test_broken_files_are_told_and_left(tmp_path: Path) -> None:
    load_or_make(tmp_path / "a")
    load_or_make(tmp_path / "b")
    certificate = (tmp_path / "a" / "certificate.pem").read_bytes()
    (tmp_path / "b" / "certificate.pem").write_bytes(certificate)
    with pytest.raises(AuthorityFilesBroken, match="not this key's"):
        load_or_make(tmp_path / "b")
    (tmp_path / "b" / "certificate.pem").unlink()
    with pytest.raises(AuthorityFilesBroken):
        load_or_make(tmp_path / "b")
    (tmp_path / "a" / "key.pem").write_bytes(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    with pytest.raises(AuthorityFilesBroken) as broken:
        load_or_make(tmp_path / "a")
    assert "AAAA" not in str(broken.value)
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["certificate.pem", "key.pem"]


def test_a_port_that_is_taken(open_authority: DevelopmentAuthority) -> None:
    with pytest.raises(PortTaken):
        DevelopmentAuthority(IDENTITY, int(open_authority.url.rsplit(":", 1)[1].rstrip("/")))


@contextmanager
def running(folder: Path) -> Iterator[dict[str, Any]]:
    start = "import sys; from tallystick_gateway.kit.cli import main; main(sys.argv[1:])"
    line = [sys.executable, "-c", start, "--json", "devnet", "authority", "--folder", str(folder), "--port", "0"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield json.loads("".join(iter(process.stdout.readline, "}\n")) + "}")
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=30) == 0


def test_the_command_answers_until_it_is_stopped(tmp_path: Path) -> None:
    with running(tmp_path / "authority") as said:
        assert said["development"] is True
        certificate = x509.load_pem_x509_certificate(Path(said["certificate"]).read_bytes())
        assert hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest() == said["sha256"]
        sent_at = datetime.now(UTC)
        answered = httpx.post(
            said["url"], content=make_request(STAMPED, 9), headers={"Content-Type": REQUEST_TYPE}, timeout=30
        )
        authority = load_or_make(tmp_path / "authority").authority
        read_response(
            answered.content,
            stamped=STAMPED,
            nonce=9,
            authority=authority,
            sent_at=sent_at,
            received_at=datetime.now(UTC),
        )
    with pytest.raises(httpx.ConnectError):
        httpx.post(said["url"], content=b"")
