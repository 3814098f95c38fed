"""ASiC-E containers: every file that a manifest or a signature names is there, with that digest.

XML is read here with defusedxml, in tests alone: the product writes its one manifest and compares bytes. Signatures of
CAdES and XAdES are other products' matter; of a CAdES signature and of a time-stamp it is checked that it is over the
manifest that names it, of a time-stamp also that it is signed.
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote
from xml.etree.ElementTree import Element

import defusedxml.ElementTree as SafeTree
from defusedxml.common import DefusedXmlException

from tallystick.errors import TallystickError
from tallystick.timestamps import ManifestEntry, manifest
from tallystick.timestamps.algorithms import digest_of, hash_of
from tallystick.timestamps.der import OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, SET, context, decode
from tallystick.timestamps.stripping import only_piece, strict_form
from tallystick.timestamps.token import MESSAGE_DIGEST, read_token
from tests.conformance.cases import require
from tests.conformance.time_stamps import is_signed

ASIC = "{http://uri.etsi.org/02918/v1.2.1#}"
DSIG = "{http://www.w3.org/2000/09/xmldsig#}"
DIGESTS = {
    "http://www.w3.org/2001/04/xmlenc#sha256": hashlib.sha256,
    "http://www.w3.org/2001/04/xmldsig-more#sha384": hashlib.sha384,
    "http://www.w3.org/2001/04/xmlenc#sha512": hashlib.sha512,
    "http://www.w3.org/2000/09/xmldsig#sha1": lambda content: hashlib.sha1(content, usedforsecurity=False),
}
LARGEST = 64 << 20


class Broken(Exception):
    """The container does not hold together."""


@dataclass(frozen=True)
class Reference:
    path: str
    algorithm: str
    digest: bytes


def container(folder: Path, entry: dict[str, Any]) -> None:
    content = (folder / entry["file"]).read_bytes()
    wanted = {"intact": True, "not-intact": False}[entry["expect"]]
    try:
        require_intact(content)
    except (Broken, TallystickError) as why:
        require(not wanted, f"refused: {why}")
        return
    require(wanted, f"accepted: {entry.get('why')}")


def require_intact(content: bytes) -> None:
    files = unzip(content)
    if not any(name != "mimetype" and not name.startswith("META-INF/") for name in files):
        raise Broken("no file beside those about files")
    manifests = [name for name in files if is_meta(name, ".xml") and "ASiC" in name and "Manifest" in name]
    signatures = [name for name in files if is_meta(name, ".xml") and "signatures" in name]
    if not manifests and not signatures:
        raise Broken("neither a manifest nor a signature")
    for name in manifests:
        check_manifest(name, files)
    for name in signatures:
        references = filter(is_file, parsed(files[name]).iter(f"{DSIG}Reference"))
        check_references([reference(each) for each in references], files)
    covered = {each.get("URI") for name in manifests for each in parsed(files[name]).iter(f"{ASIC}SigReference")}
    for name in files:
        if is_meta(name, ".p7s") and name not in covered:
            raise Broken(f"no manifest of {name}")


def unzip(content: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as opened:
            entries = [entry for entry in opened.infolist() if not entry.is_dir()]
            if len({entry.filename for entry in entries}) != len(entries):
                raise Broken("two files of one name")
            if sum(entry.file_size for entry in entries) > LARGEST:
                raise Broken("too large")
            return {entry.filename: opened.read(entry) for entry in entries}
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as why:
        raise Broken(f"not a ZIP file: {why}") from None


def is_meta(name: str, suffix: str) -> bool:
    return name.startswith("META-INF/") and PurePosixPath(name).suffix == suffix


def check_manifest(name: str, files: dict[str, bytes]) -> None:
    root = parsed(files[name])
    signature = root.find(f"{ASIC}SigReference")
    references = [reference(each) for each in root.iter(f"{ASIC}DataObjectReference")]
    if root.tag != f"{ASIC}ASiCManifest" or signature is None or not references:
        raise Broken(f"{name} is no manifest")
    check_references(references, files)
    check_written_again(references)
    over = unquote(signature.get("URI", ""))
    if over not in files:
        raise Broken(f"{over} is missing")
    if over.endswith(".tst"):
        check_time_stamp(files[over], files[name])
    elif over.endswith(".p7s") and not any(found == wanted for found, wanted in signed(files, over, name)):
        raise Broken(f"{over} is not over {name}")


def is_file(element: Element) -> bool:
    """Whether a signature's reference is to a file as it is, not to a part of the signature or a transformed one."""
    uri = element.get("URI", "")
    return bool(uri) and not uri.startswith("#") and element.find(f"{DSIG}Transforms") is None


def reference(element: Element) -> Reference:
    uri = element.get("URI", "")
    method, value = element.find(f"{DSIG}DigestMethod"), element.findtext(f"{DSIG}DigestValue")
    if method is None or value is None:
        raise Broken(f"no digest of {uri}")
    return Reference(unquote(uri), method.get("Algorithm", ""), base64.b64decode(value))


def check_references(references: Sequence[Reference], files: dict[str, bytes]) -> None:
    for each in references:
        if each.path not in files:
            raise Broken(f"{each.path} is missing")
        if each.algorithm not in DIGESTS:
            raise Broken(f"{each.path} by {each.algorithm}")
        if DIGESTS[each.algorithm](files[each.path]).digest() != each.digest:
            raise Broken(f"{each.path} is another file")


def check_written_again(references: Sequence[Reference]) -> None:
    """What our writer makes of the same list says the same to this reader."""
    try:
        entries = [ManifestEntry(each.path, each.digest) for each in references]
        ours = parsed(manifest("META-INF/timestamp.tst", entries))
    except ValueError:
        return  # a name or a digest that our packages do not have
    found = [reference(each) for each in ours.iter(f"{ASIC}DataObjectReference")]
    wanted = [(each.path, each.digest) for each in references]
    require([(each.path, each.digest) for each in found] == wanted, "our manifest of these files says something else")


def check_time_stamp(token: bytes, stamped: bytes) -> None:
    parts = read_token(strict_form(token))
    if parts.stamp.imprint != digest_of(stamped, parts.stamp.hash_name):
        raise Broken("the time-stamp is over another manifest")
    if parts.certificate and not is_signed(parts):
        raise Broken("the time-stamp is not signed")


def signed(files: dict[str, bytes], signature: str, name: str) -> Iterator[tuple[bytes, bytes]]:
    """Digests in a CMS signature's signed attributes, each with the manifest's by the same hash."""
    signed_data = only_piece(files[signature], LARGEST).inner(context(0), SEQUENCE)
    signers = [piece for piece in signed_data.parts() if piece.tag == SET][-1]
    for signer in signers.parts():
        parts = signer.parts()
        algorithm = decode([part for part in parts if part.tag == SEQUENCE][-2].encoded, 1000)
        attributes = next(part for part in parts if part.tag == context(0))
        for attribute in attributes.parts():
            kind = decode(attribute.inner(OBJECT_IDENTIFIER).encoded, 100).object_identifier()
            if kind == MESSAGE_DIGEST:
                yield attribute.inner(SET, OCTET_STRING).content, digest_of(files[name], hash_of(algorithm))


def parsed(content: bytes) -> Element:
    try:
        return SafeTree.fromstring(content)
    except (SafeTree.ParseError, DefusedXmlException, ValueError) as why:
        raise Broken(f"not XML: {why}") from None
