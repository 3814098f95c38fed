"""Are the files those that the index lists, unchanged, and all of use? (`docs/package.md`, evidence.json)"""

import hashlib
from collections.abc import Set as AbstractSet

from tallystick.package.evidence import Evidence
from tallystick.package.paths import VERIFY_TXT, is_listed
from tallystick.package.verify_txt import verify_txt
from tallystick.verify.facts import Material
from tallystick.verify.findings import Findings

__all__ = ["check_files", "check_use"]


def check_files(material: Material, evidence: Evidence, found: Findings) -> None:
    """Compare names, sizes and digests with the index, and VERIFY.txt with the text of the format."""
    listed = {each.path: each for each in evidence.files}
    there = {path for path in material.files if is_listed(path)}
    for path in sorted(listed.keys() - there):
        found.add("files.missing", path)
    for path in sorted(there - listed.keys()):
        found.add("files.unlisted", path)
    for path in sorted(there & listed.keys()):
        content = material.files[path]
        digest = hashlib.sha256(content).digest()
        if len(content) != listed[path].size:
            found.add("files.digest", f"{path} has {len(content)} bytes, {listed[path].size} are listed")
        elif digest != listed[path].sha256:
            found.add("files.digest", f"{path} has SHA-256 {digest.hex()}, {listed[path].sha256.hex()} is listed")
    if VERIFY_TXT not in material.files:
        found.add("files.verify_txt", "it is not there")
    elif material.files[VERIFY_TXT] != verify_txt(evidence.kind, evidence.member, evidence.built_at, evidence.files):
        found.add("files.verify_txt", "it differs")


def check_use(material: Material, used: AbstractSet[str], found: Findings) -> None:
    """Name the files that no check used; closes the check of files."""
    for path in sorted(path for path in material.files if is_listed(path) and path not in used):
        found.add("files.unused", path)
    found.passed("files.listed", f"{sum(map(is_listed, material.files))} files")
