"""The manifest has one form of bytes, and readers of ASiC-E read in it what was put in."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import defusedxml.ElementTree as SafeTree
import pytest

from tallystick.timestamps import ManifestEntry, manifest

ASIC = "{http://uri.etsi.org/02918/v1.2.1#}"
DSIG = "{http://www.w3.org/2000/09/xmldsig#}"
ENTRIES = [
    ManifestEntry("mimetype", hashlib.sha256(b"a").digest()),
    ManifestEntry("evidence.json", hashlib.sha256(b"b").digest(), "application/vnd.tallystick.evidence.v1+json"),
    ManifestEntry("proofs/headers/12.rlp", hashlib.sha256(b"c").digest()),
]
TOKEN = "META-INF/timestamp001.tst"


def test_a_reader_of_the_standard_s_form_finds_every_file_and_the_token() -> None:
    root = SafeTree.fromstring(manifest(TOKEN, ENTRIES))

    assert root.tag == f"{ASIC}ASiCManifest"
    assert [child.tag for child in root] == [f"{ASIC}SigReference"] + [f"{ASIC}DataObjectReference"] * 3
    assert root[0].attrib == {"URI": TOKEN, "MimeType": "application/vnd.etsi.timestamp-token"}
    for entry, element in zip(ENTRIES, root[1:], strict=True):
        assert element.get("URI") == entry.path
        assert element.get("MimeType") == entry.media_type
        assert [child.tag for child in element] == [f"{DSIG}DigestMethod", f"{DSIG}DigestValue"]
        assert element[0].get("Algorithm") == "http://www.w3.org/2001/04/xmlenc#sha256"
        assert base64.b64decode(element[1].text or "") == entry.sha256


def test_its_bytes_are_fixed() -> None:
    assert hashlib.sha256(manifest(TOKEN, ENTRIES)).hexdigest() == FIXED
    assert manifest(TOKEN, ENTRIES[::-1]) != manifest(TOKEN, ENTRIES)


FIXED = "c87f967f4287fa5e53d8d2d90907113771cd143d58ecb3f46d024ae5856f0e8c"


def test_the_page_that_specifies_it_shows_it() -> None:
    page = (Path(__file__).parents[3] / "docs" / "time.md").read_text("utf-8")
    shown = page.split("```\n")[1].replace("base64 of the SHA-256", base64.b64encode(ENTRIES[1].sha256).decode())
    assert manifest(TOKEN, ENTRIES[1:2]) == shown.encode("ascii")


@pytest.mark.parametrize(
    "path",
    ["", "/etc/passwd", "a/../b", "..", "./a", "a//b", "a/", ".hidden", "a b", "a&b", 'a"', "a<b", "ä", "a\nb", "a\\b"],
)
def test_names_that_are_not_plain_are_refused(path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        ManifestEntry(path, bytes(32))
    with pytest.raises(ValueError, match="path"):
        manifest(path, ENTRIES)


def test_what_is_no_manifest_is_refused() -> None:
    for entries in ([], [ENTRIES[0], ENTRIES[0]], [*ENTRIES, ManifestEntry(TOKEN, bytes(32))]):
        with pytest.raises(ValueError, match="manifest"):
            manifest(TOKEN, entries)
    with pytest.raises(ValueError, match="media type"):
        ManifestEntry("a", bytes(32), 'x/y" evil="1')
    with pytest.raises(ValueError, match="32"):
        ManifestEntry("a", bytes(31))
