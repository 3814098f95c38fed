"""The stand-alone signed PDF: signed and stamped as other programs check it, over the very bytes in the package."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus
from pyhanko_certvalidator import ValidationContext

from tallystick.package import PackageRefused, read_container
from tallystick_devnet.authority import DevelopmentAuthority, make_identity
from tallystick_gateway.packages.certificate import certificate_of
from tallystick_gateway.packages.signed_pdf import (
    CertificateAbsent,
    KeyFileRefused,
    StampRefused,
    signed_certificate,
)
from tests.chain.verify.stories import Story, act_key, acts_package
from tests.gateway.commands.support import run
from tests.gateway.packages.test_certificate import read

PASSPHRASE = b"paper"
NOW = datetime.now(UTC).replace(microsecond=0)
SPAN = (NOW - timedelta(days=1), NOW + timedelta(days=1))


@pytest.fixture(scope="module")
def package() -> bytes:
    story = Story()
    draft = story.draft("acts", [story.disburse()])
    return draft.seal(act_key(0), certificate_of(draft.evidence_json, draft.roots))


@pytest.fixture(scope="module")
def identity() -> tuple[bytes, bytes]:
    """A key file, and the certificate in it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Harbour Bank, documents")])
    usage = x509.KeyUsage(True, True, False, False, False, False, False, False, False)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(SPAN[0])
        .not_valid_after(SPAN[1])
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    stored = serialize_key_and_certificates(b"doc", key, certificate, None, BestAvailableEncryption(PASSPHRASE))
    return stored, certificate.public_bytes(Encoding.DER)


@pytest.fixture(scope="module")
def authority() -> Iterator[DevelopmentAuthority]:
    with DevelopmentAuthority(make_identity(*SPAN)) as opened:
        yield opened


def judged(pdf: bytes, *trusted: bytes) -> PdfSignatureStatus:
    context = ValidationContext(trust_roots=[asn1_x509.Certificate.load(each) for each in trusted])
    (signature,) = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    return validate_pdf_signature(signature, context)


def test_another_program_finds_it_signed_over_the_bytes_in_the_package(
    package: bytes, identity: tuple[bytes, bytes]
) -> None:
    signed = signed_certificate(package, identity[0], PASSPHRASE)
    assert signed.startswith(bytes(read_container(package)["certificate.pdf"]))
    status = judged(signed, identity[1])
    assert (status.intact, status.valid, status.trusted) == (True, True, True)
    assert "Evidencepackage" in read(signed)


def test_a_stamp_of_an_authority_goes_into_it(
    package: bytes, identity: tuple[bytes, bytes], authority: DevelopmentAuthority
) -> None:
    signed = signed_certificate(package, identity[0], PASSPHRASE, authority.url)
    status = judged(signed, identity[1], authority.authority.certificate)
    assert status.timestamp_validity is not None
    assert status.timestamp_validity.intact
    assert abs(status.timestamp_validity.timestamp - datetime.now(UTC)) < timedelta(minutes=5)


def test_a_changed_page_breaks_the_signature(package: bytes, identity: tuple[bytes, bytes]) -> None:
    signed = bytearray(signed_certificate(package, identity[0], PASSPHRASE))
    signed[len(signed) // 4] ^= 1
    assert not judged(bytes(signed), identity[1]).intact


def test_the_command_signs_without_a_gateway(
    package: bytes, identity: tuple[bytes, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, key, out = tmp_path / "a.asice", tmp_path / "key.p12", tmp_path / "a.pdf"
    file.write_bytes(package)
    key.write_bytes(identity[0])
    monkeypatch.setenv("TALLY_PKCS12_PASSPHRASE", PASSPHRASE.decode())
    assert run("package", "sign-pdf", file, "--pkcs12", key, "--out", out) == 0
    assert judged(out.read_bytes(), identity[1]).trusted
    assert run("package", "sign-pdf", file, "--pkcs12", key, "--out", out) == 1


def test_what_cannot_be_signed_is_refused(package: bytes, identity: tuple[bytes, bytes], tmp_path: Path) -> None:
    with pytest.raises(KeyFileRefused):
        signed_certificate(package, identity[0], b"wrong")
    with pytest.raises(KeyFileRefused):
        signed_certificate(package, b"no key file", PASSPHRASE)
    with pytest.raises(CertificateAbsent):
        signed_certificate(acts_package().package, identity[0], PASSPHRASE)
    with pytest.raises(PackageRefused):
        signed_certificate(b"no package", identity[0], PASSPHRASE)
    with pytest.raises(StampRefused):
        signed_certificate(package, identity[0], PASSPHRASE, "http://127.0.0.1:9/")
