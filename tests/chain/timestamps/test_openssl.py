"""Our verifier and the openssl program's authority: it makes tokens, we take or refuse them and give them back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tallystick.timestamps import (
    Authority,
    HashNotTaken,
    ImprintDiffers,
    SignatureWrong,
    TokenMalformed,
    VerifiedToken,
    granted_token,
    make_request,
    read_response,
    verify_token,
)
from tests.chain.timestamps import mint as m
from tests.chain.timestamps.openssl import OpenSsl

STAMPED = b"what openssl stamps"
NONCE = 0x0123456789ABCDEF

VERIFY = (
    *("ts", "-verify", "-in", "token", "-token_in", "-data", "data"),
    *("-CAfile", "root.pem", "-untrusted", "chain.pem"),
)

SETTINGS = """
[tsa]
default_tsa = t
[t]
serial = ./serial
crypto_device = builtin
signer_cert = signer.pem
certs = chain.pem
signer_key = key.pem
signer_digest = {signer_digest}
default_policy = 1.3.6.1.4.1.32473.2
digests = sha1, sha256, sha384, sha512
accuracy = secs:1, millisecs:500, microsecs:100
clock_precision_digits = {digits}
ordering = yes
tsa_name = yes
ess_cert_id_chain = {chain}
ess_cert_id_alg = {ess}
"""


class Tsa:
    """`openssl ts -reply` with an authority of three levels."""

    def __init__(self, folder: Path, key: m.Key | None = None) -> None:
        self.openssl = OpenSsl(folder)
        self.folder = folder
        now = datetime.now(UTC).replace(microsecond=0)
        window = {"start": now - timedelta(days=1), "end": now + timedelta(days=1)}
        root, middle, own = m.new_key(), m.new_key(), key or m.new_key()
        top = m.certificate("root", root, usage=None, **window)
        below = m.certificate("intermediate", middle, (top.subject, root), usage=None, **window)
        self.who = m.Identity(own, (m.certificate("authority", own, (below.subject, middle), **window), below, top))
        self.authority = self.who.authority("openssl", window["start"], window["end"])
        pems = [certificate.public_bytes(Encoding.PEM) for certificate in self.who.certificates]
        (folder / "signer.pem").write_bytes(pems[0])
        (folder / "chain.pem").write_bytes(b"".join(pems[1:]))
        (folder / "root.pem").write_bytes(pems[2])
        (folder / "serial").write_text("01")
        (folder / "key.pem").write_bytes(own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    def reply(
        self, request: bytes, *, digits: int = 0, chain: str = "no", ess: str = "sha256", signer_digest: str = "sha256"
    ) -> bytes:
        settings = SETTINGS.format(digits=digits, chain=chain, ess=ess, signer_digest=signer_digest)
        (self.folder / "settings").write_text(settings)
        (self.folder / "request").write_bytes(request)
        self.openssl("ts", "-reply", "-config", "settings", "-queryfile", "request", "-out", "answer")
        return (self.folder / "answer").read_bytes()


def read(answer: bytes, authority: Authority, stamped: bytes = STAMPED) -> tuple[bytes, VerifiedToken]:
    now = datetime.now(UTC)
    return read_response(answer, stamped=stamped, nonce=NONCE, authority=authority, sent_at=now, received_at=now)


@pytest.fixture
def tsa(tmp_path: Path) -> Tsa:
    return Tsa(tmp_path)


@pytest.mark.parametrize("digits", [0, 3, 6])
@pytest.mark.parametrize(("chain", "ess"), [("no", "sha256"), ("yes", "sha256"), ("yes", "sha1"), ("no", "sha512")])
def test_its_answers_are_taken_whatever_it_sends_along(tsa: Tsa, digits: int, chain: str, ess: str) -> None:
    answer = tsa.reply(make_request(STAMPED, NONCE), digits=digits, chain=chain, ess=ess)
    token, verified = read(answer, tsa.authority)

    assert verified.accuracy == timedelta(seconds=1, milliseconds=500, microseconds=100)
    assert (verified.policy, verified.serial, verified.nonce) == ("1.3.6.1.4.1.32473.2", 2, NONCE)
    assert len(token) < len(answer)
    with pytest.raises(ImprintDiffers):
        read(answer, tsa.authority, STAMPED + b".")


@pytest.mark.parametrize("signer_digest", ["sha256", "sha384", "sha512"])
def test_an_rsa_key_with_each_digest(tmp_path: Path, signer_digest: str) -> None:
    tsa = Tsa(tmp_path, rsa.generate_private_key(65537, 2048))
    _, verified = read(tsa.reply(make_request(STAMPED, NONCE), signer_digest=signer_digest), tsa.authority)
    assert verified.hash_name == "SHA-256"


def test_it_accepts_the_strict_form_of_its_own_token(tsa: Tsa) -> None:
    token, _ = read(tsa.reply(make_request(STAMPED, NONCE)), tsa.authority)
    (tsa.folder / "token").write_bytes(token)
    (tsa.folder / "data").write_bytes(STAMPED)
    assert "Verification: OK" in tsa.openssl(*VERIFY)


@pytest.mark.parametrize("made", ["P-256", "RSA"])
def test_it_accepts_what_the_mint_of_these_tests_makes(tmp_path: Path, made: str) -> None:
    openssl, who = OpenSsl(tmp_path), m.identity(made)
    (tmp_path / "token").write_bytes(m.mint(who, gen_time=m.NOON))
    (tmp_path / "data").write_bytes(m.STAMPED)
    (tmp_path / "root.pem").write_bytes(who.certificates[0].public_bytes(Encoding.PEM))
    at_noon = (*VERIFY[:-2], "-attime", str(int(m.NOON.timestamp())))
    assert "Verification: OK" in openssl(*at_noon)
    (tmp_path / "data").write_bytes(m.STAMPED + b".")
    assert openssl.try_to(*at_noon).returncode != 0


def test_its_own_requests_are_answered_alike(tsa: Tsa) -> None:
    """What is in our request is what is in one that openssl makes."""
    (tsa.folder / "data").write_bytes(STAMPED)
    tsa.openssl("ts", "-query", "-data", "data", "-sha256", "-cert", "-no_nonce", "-out", "theirs")
    theirs = (tsa.folder / "theirs").read_bytes()
    ours = make_request(STAMPED, NONCE)
    assert ours[2:].replace(b"\x02\x08" + NONCE.to_bytes(8), b"") == theirs[2:]


@pytest.mark.parametrize("digest", ["sha384", "sha512"])
def test_longer_imprints_are_taken(tsa: Tsa, digest: str) -> None:
    (tsa.folder / "data").write_bytes(STAMPED)
    tsa.openssl("ts", "-query", "-data", "data", f"-{digest}", "-cert", "-no_nonce", "-out", "asked")
    answer = tsa.reply((tsa.folder / "asked").read_bytes())
    token = granted_token(answer)
    assert verify_token(token, STAMPED, [tsa.authority]).hash_name == f"SHA-{digest[3:]}"


def test_sha1_is_refused_by_name(tsa: Tsa) -> None:
    (tsa.folder / "data").write_bytes(STAMPED)
    tsa.openssl("ts", "-query", "-data", "data", "-sha1", "-cert", "-no_nonce", "-out", "asked")
    answer = tsa.reply((tsa.folder / "asked").read_bytes())
    with pytest.raises(HashNotTaken):
        verify_token(granted_token(answer), STAMPED, [tsa.authority])


def test_a_chain_within_the_token_is_refused_until_it_is_stripped(tsa: Tsa) -> None:
    answer = tsa.reply(make_request(STAMPED, NONCE), chain="yes")
    token = answer[answer.index(b"\x30\x82", 4) :]
    with pytest.raises(TokenMalformed):
        verify_token(token, STAMPED, [tsa.authority])
    assert read(answer, tsa.authority)


def test_a_changed_signature_is_refused_by_both(tsa: Tsa) -> None:
    token, _ = read(tsa.reply(make_request(STAMPED, NONCE)), tsa.authority)
    changed = token[:-1] + bytes([token[-1] ^ 1])
    (tsa.folder / "token").write_bytes(changed)
    (tsa.folder / "data").write_bytes(STAMPED)
    assert tsa.openssl.try_to(*VERIFY).returncode != 0
    with pytest.raises(SignatureWrong):
        verify_token(changed, STAMPED, [tsa.authority])
