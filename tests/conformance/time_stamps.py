"""RFC 3161: responses with the chain they should lead to (trailofbits/rfc3161-client), and bare tokens (esig/dss)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tallystick.errors import TallystickError
from tallystick.timestamps import Authority, VerifiedToken, granted_token, read_response, verify_token
from tallystick.timestamps.algorithms import digest_of, sound
from tallystick.timestamps.der import INTEGER, SEQUENCE, Fields, decode
from tallystick.timestamps.stripping import issuer_and_serial, only_piece, strict_form
from tallystick.timestamps.token import Token, read_token
from tests.conformance.cases import Case, Recognised, VectorFile, all_texts, companions, is_list_of, require

FIRST, LAST = datetime(1990, 1, 1, tzinfo=UTC), datetime(9990, 1, 1, tzinfo=UTC)
CERTIFICATES = 0xA0


def recognise(file: VectorFile) -> list[Recognised] | None:
    document = file.document
    entries = document.get("cases") if isinstance(document, dict) else None
    if not entries or not is_list_of(entries, "response", "expect"):
        return None
    folder = file.path.parent
    cases = [Case(str(entry.get("id")), lambda entry=entry: response(folder, entry)) for entry in entries]
    return [Recognised("RFC 3161 time-stamp responses", cases, companions=companions(file, all_texts(entries)))]


def response(folder: Path, entry: dict[str, Any]) -> None:
    """The product's whole way: strip the answer, pin the signer, verify."""
    expect = {"accept": True, "reject": False, "accept-or-strict-reject": None}[entry["expect"]]
    try:
        verified = accept(folder, entry)
    except TallystickError as refused:
        require(expect is not True, f"refused: {refused}")
        return
    require(expect is not False, f"accepted, of {verified.gen_time}: {entry.get('why')}")


def accept(folder: Path, entry: dict[str, Any]) -> VerifiedToken:
    answer = (folder / entry["response"]).read_bytes()
    given = x509.load_pem_x509_certificates((folder / entry["chain"]).read_bytes())
    message = content_of(folder, entry["message"])
    authority = pinned(answer, given[-1:] if entry.get("giveOnlyRoot") else given, entry.get("chainForm", ""))
    if name := entry.get("pinnedSigner"):
        require_named(authority, name)
    if "request" not in entry:
        return verify_token(granted_token(answer), message, [authority])
    nonce, imprint = read_request((folder / entry["request"]).read_bytes())
    _, verified = read_response(
        answer,
        stamped=message,
        nonce=nonce,
        authority=authority,
        sent_at=FIRST,
        received_at=LAST,
        tolerance=timedelta(),
    )
    if imprint != digest_of(message, verified.hash_name):
        raise NotPinned("the request has another imprint")
    return verified


class NotPinned(TallystickError):
    """What the case asks for beside the product's own checks does not hold."""

    code = "conformance.not_pinned"


def pinned(answer: bytes, given: Sequence[x509.Certificate], form: str) -> Authority:
    """The authority to pin: the certificate that the chain calls the authority's, else the one in the token."""
    token = read_token(granted_token(answer))
    own = re.search(r"\[(\d+)\] TSA", form)
    if own and int(own[1]) < len(given) - 1:
        signer = given[int(own[1])]
    elif token.certificate is not None:
        signer = x509.load_der_x509_certificate(token.certificate)
    else:
        raise NotPinned("no certificate of the signer, neither in the token nor given")
    chain = path(signer, given, sent_along(answer))
    encoded = [certificate.public_bytes(Encoding.DER) for certificate in chain]
    return Authority("vector", encoded[0], FIRST, LAST, issuers=tuple(encoded[1:]))


def path(
    signer: x509.Certificate, given: Sequence[x509.Certificate], sent: Sequence[x509.Certificate]
) -> list[x509.Certificate]:
    """From the signer up to a self-signed certificate that was given; what was sent along helps, but is no root."""
    chain = [signer]
    while chain[-1].issuer != chain[-1].subject and len(chain) < 8:
        above = next((each for each in (*given, *sent) if each.subject == chain[-1].issuer), None)
        if above is None:
            break
        chain.append(above)
    if chain[-1] not in given:
        raise NotPinned("the signer does not chain to a root that was given")
    return chain


def sent_along(answer: bytes) -> list[x509.Certificate]:
    """Every certificate in the answer."""
    signed_data = only_piece(answer).parts()[1].inner(CERTIFICATES, SEQUENCE)
    sets = [piece for piece in signed_data.parts() if piece.tag == CERTIFICATES]
    certificates = [piece for each in sets for piece in each.parts() if piece.tag == SEQUENCE]
    return [x509.load_der_x509_certificate(piece.encoded) for piece in certificates]


def require_named(authority: Authority, name: str) -> None:
    subject = authority.chain[0].subject
    common_names = [str(each.value) for each in subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)]
    if name not in (subject.rfc4514_string(), *common_names):
        raise NotPinned(f"the signer is {subject.rfc4514_string()}")


def read_request(request: bytes) -> tuple[int, bytes]:
    """Nonce and imprint."""
    fields = Fields(decode(request, 10_000), "the request")
    fields.take(INTEGER, "version")
    imprint = fields.take(SEQUENCE, "imprint").children[1].content
    nonce = next((child for child in decode(request, 10_000).children[2:] if child.tag == INTEGER), None)
    return nonce.integer() if nonce else -1, imprint


def token(folder: Path, entry: dict[str, Any]) -> None:
    """A bare token: its form, its imprint, its signature; whom to trust is not given."""
    parts = read_token(strict_form((folder / entry["file"]).read_bytes()))
    expect = entry["expect"]
    if expect == "parse":
        return
    require(is_signed(parts), "the signature does not verify")
    if expect != "signature-ok":
        wanted = {"imprint-ok": True, "imprint-mismatch": False}[expect]
        fits = all(stamps(parts, folder, given) for given in entry["data"])
        require(fits == wanted, f"imprint {'fits' if fits else 'differs'}")


def is_signed(parts: Token, certificates: Iterable[bytes] = ()) -> bool:
    """Whether the certificate in the token, or one of those given, made its signature and is named in it."""
    for encoded in [*([parts.certificate] if parts.certificate else []), *certificates]:
        named = issuer_and_serial(only_piece(encoded)) == (parts.issuer, parts.serial)
        if named and all(digest.fits(encoded) for digest in parts.certificate_digests):
            key = x509.load_der_x509_certificate(encoded).public_key()
            return sound(key, parts.scheme, parts.signature, parts.signed)
    return False


def stamps(parts: Token, folder: Path, given: dict[str, str]) -> bool:
    by_name = {"SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512", "SHA-1": "sha1"}
    if digest := given.get(by_name[parts.stamp.hash_name]):
        return parts.stamp.imprint == bytes.fromhex(digest)
    return parts.stamp.imprint == digest_of(content_of(folder, given), parts.stamp.hash_name)


def content_of(folder: Path, given: dict[str, str]) -> bytes:
    return given["utf8"].encode() if "utf8" in given else (folder / given["file"]).read_bytes()
