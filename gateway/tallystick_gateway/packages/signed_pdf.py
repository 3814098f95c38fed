"""A package's certificate.pdf, signed for those who file paper: PAdES B-B, or B-T if stamped (ETSI EN 319 142-1).

It stands beside the package and is no part of any verdict. The PDF's own bytes stay as they are: the signature follows
them, so that whoever has the package finds them again.
"""

import asyncio
import hashlib
import io
from importlib.util import find_spec
from typing import TYPE_CHECKING

import httpx

from tallystick.package import read_container
from tallystick.package.builder import NO_CERTIFICATE, parse_builder
from tallystick.package.paths import BUILDER, CERTIFICATE
from tallystick.timestamps import LARGEST_RESPONSE, REQUEST_TYPE
from tallystick_gateway.kit.errors import GatewayError

if TYPE_CHECKING:
    from asn1crypto.tsp import TimeStampReq, TimeStampResp
    from pyhanko.sign.signers import SimpleSigner
    from pyhanko.sign.timestamps import TimeStamper

__all__ = ["CertificateAbsent", "KeyFileRefused", "SigningLibraryMissing", "StampRefused", "signed_certificate"]

_FIELD = "Builder"
_TIMEOUT_S = 30.0


class SigningLibraryMissing(GatewayError):
    """The library that signs PDFs is not installed"""

    status = 409
    code = "pdf.library_missing"
    advice = "Install tallystick-gateway[pades]."


class CertificateAbsent(GatewayError):
    """The package has no readable PDF, or another than its builder signed for"""

    status = 422
    code = "pdf.certificate_absent"
    advice = "Ask for the package again, with a certificate (`tally package … --certificate`)."


class KeyFileRefused(GatewayError):
    """The key file cannot be opened"""

    status = 422
    code = "pdf.key_file_refused"
    advice = "Give a PKCS #12 file with key and certificate, and its passphrase."


class StampRefused(GatewayError):
    """The time-stamp authority gave no token"""

    status = 503
    code = "pdf.stamp_refused"
    advice = "Try again, ask another authority, or sign without a time stamp."


def signed_certificate(package: bytes, key_file: bytes, passphrase: bytes, authority_url: str | None = None) -> bytes:
    """The package's PDF with a signature by the key in a PKCS #12 file; stamped, if an authority is given.

    Raises `SigningLibraryMissing`, `CertificateAbsent`, `KeyFileRefused`, `StampRefused`, and `PackageRefused` for a
    file that is no package. Who signed the package itself is not judged.
    """
    if find_spec("pyhanko") is None:
        raise SigningLibraryMissing("Signing a PDF needs a library that is not installed.")
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter  # noqa: PLC0415 - an extra, slow to import
    from pyhanko.sign.fields import SigSeedSubFilter  # noqa: PLC0415
    from pyhanko.sign.signers import PdfSignatureMetadata, sign_pdf  # noqa: PLC0415

    plain = _certificate(package)
    signed = io.BytesIO()
    sign_pdf(
        IncrementalPdfFileWriter(io.BytesIO(plain)),
        PdfSignatureMetadata(field_name=_FIELD, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES),
        signer=_signer(key_file, passphrase),
        timestamper=_stamper(authority_url) if authority_url else None,
        output=signed,
    )
    return signed.getvalue()


def _certificate(package: bytes) -> bytes:
    files = read_container(package)
    if CERTIFICATE not in files or BUILDER not in files:
        raise CertificateAbsent(f"There is no {CERTIFICATE} in the package.")
    plain = bytes(files[CERTIFICATE])
    stated = parse_builder(bytes(files[BUILDER])).statement.certificate_digest
    if stated == NO_CERTIFICATE or stated != hashlib.sha256(plain).digest():
        raise CertificateAbsent(f"{CERTIFICATE} is not the one that the package's builder signed for.")
    return plain


def _signer(key_file: bytes, passphrase: bytes) -> "SimpleSigner":
    from pyhanko.sign.signers import SimpleSigner  # noqa: PLC0415

    try:
        signer: SimpleSigner = SimpleSigner.load_pkcs12_data(key_file, (), passphrase)
    except ValueError:
        raise KeyFileRefused("The key file or its passphrase is wrong.") from None
    return signer


def _stamper(url: str) -> "TimeStamper":
    from asn1crypto.tsp import TimeStampResp  # noqa: PLC0415
    from pyhanko.sign.timestamps import TimeStamper  # noqa: PLC0415

    class Authority(TimeStamper):
        async def async_request_tsa_response(self, req: "TimeStampReq") -> "TimeStampResp":
            answer = await asyncio.to_thread(_asked, url, req.dump())
            try:
                return TimeStampResp.load(answer, strict=True)
            except ValueError as why:
                raise StampRefused(f"The authority's answer is none: {why}.") from None

    return Authority()  # type: ignore[no-untyped-call]  # the library leaves its constructor untyped


def _asked(url: str, request: bytes) -> bytes:
    try:
        answer = httpx.post(url, content=request, headers={"Content-Type": REQUEST_TYPE}, timeout=_TIMEOUT_S)
    except (httpx.HTTPError, httpx.InvalidURL) as why:
        raise StampRefused(f"The authority does not answer: {type(why).__name__}.", url=url) from None
    if answer.is_error or len(answer.content) > LARGEST_RESPONSE:
        raise StampRefused(f"The authority answered with status {answer.status_code}.", url=url)
    return answer.content
