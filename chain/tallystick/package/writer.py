"""Writing a package: proofs are judged as a verifier would before anything is packed (`docs/package.md`).

draft = draft_package(proofs, "loan", loan_subject(agreement, loan), …)
package = draft.seal(key, certificate=render(draft))
stamped = with_stamp(package, token_over(manifest_to_stamp(package)))
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from tallystick.acts import DigestSigner
from tallystick.errors import TallystickError
from tallystick.package.builder import sign_package, statement_of
from tallystick.package.container import MIMETYPE_CONTENT, read_container, write_container
from tallystick.package.custody import Step, custody_file
from tallystick.package.evidence import Evidence, ListedFile, acts_subject
from tallystick.package.paths import (
    BUILDER,
    CERTIFICATE,
    CUSTODY,
    EVIDENCE,
    MANIFEST,
    MANIFEST_TOKEN,
    MIMETYPE,
    VERIFY_TXT,
    Part,
    archive_paths,
    name_of,
)
from tallystick.package.proofs import Proofs
from tallystick.package.stamping import manifest_of
from tallystick.package.verify_txt import verify_txt
from tallystick.roots import Roots
from tallystick.verify.catalogue import REQUIREMENTS, Requirement, Status
from tallystick.verify.examination import Examination, examine
from tallystick.verify.facts import Material
from tallystick.verify.findings import Finding, Findings

__all__ = ["Draft", "ProofsRefused", "draft_package", "manifest_to_stamp", "with_stamp"]


class ProofsRefused(TallystickError):
    """The proofs do not prove what a package of this kind must prove."""

    code: ClassVar[str] = "package.proofs_refused"
    sentence: ClassVar[str] = "The proofs do not hold: {reasons}"
    advice: ClassVar[str] = "Collect them again from a node that is up to date; newer roots may be needed."

    reasons: str
    findings: tuple[Finding, ...]

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        """Name what was found."""
        reasons = "; ".join(f"{each.code}: {each.reason}" for each in findings)
        super().__init__(reasons=reasons, findings=findings)


@dataclass(frozen=True, slots=True)
class Draft:
    """A package but for the PDF and the builder's signature; `files` are those that the index lists."""

    evidence: Evidence
    evidence_json: bytes
    files: Mapping[str, bytes]
    roots: Roots
    examination: Examination
    findings: tuple[Finding, ...]

    def seal(self, key: DigestSigner, certificate: bytes | None = None) -> bytes:
        """The package, signed by the member's ACT key; `certificate` is a PDF that renders the index."""
        statement = sign_package(statement_of(self.evidence, self.evidence_json, certificate), self.roots.domain, key)
        files = {MIMETYPE: MIMETYPE_CONTENT, EVIDENCE: self.evidence_json, **self.files, BUILDER: statement.to_json()}
        if certificate is not None:
            files[CERTIFICATE] = certificate
        return write_container(files)


def draft_package(
    proofs: Proofs,
    kind: str,
    subject: Mapping[str, str] | None,
    *,
    member: bytes,
    built_at: datetime,
    custody: Sequence[Step],
    roots: Roots,
) -> Draft:
    """Judge the proofs by `roots`, and make the index that follows from them.

    `subject` may be None for acts: it is those in `proofs`. `custody` are the steps before the export. Raises
    `ProofsRefused` if a proof fails, cannot be read, or is not needed.
    """
    files = proofs.files()
    subject = acts_subject([act.id for act in proofs.acts]) if subject is None else subject
    found = Findings()
    examination = examine(Material(files), kind, subject, roots, roots.issued_at, found)
    _require_proved(kind, files, examination, found)
    files[CUSTODY] = custody_file([*custody, Step("exported", member, built_at)])
    listed = [ListedFile(path, hashlib.sha256(files[path]).digest(), len(files[path])) for path in sorted(files)]
    files[VERIFY_TXT] = verify_txt(kind, member, built_at, listed)
    text = files[VERIFY_TXT]
    listed.append(ListedFile(VERIFY_TXT, hashlib.sha256(text).digest(), len(text)))
    evidence = Evidence(
        kind=kind,
        subject=subject,
        chain_id=roots.chain_id,
        genesis_hash=roots.genesis_hash,
        member=member,
        built_at=built_at,
        files=tuple(sorted(listed, key=lambda each: each.path)),
        claims=examination.claims,
    )
    return Draft(evidence, evidence.to_json(), files, roots, examination, found.all())


def manifest_to_stamp(package: bytes) -> bytes:
    """The bytes of the package's next manifest, for an authority to stamp: the first, or a renewal."""
    return _manifest({path: bytes(content) for path, content in read_container(package).items()})[1]


def with_stamp(package: bytes, token: bytes) -> bytes:
    """The package with the token over `manifest_to_stamp(package)`."""
    files = {path: bytes(content) for path, content in read_container(package).items()}
    number, manifest = _manifest(files)
    manifest_path, path = archive_paths(number) if number else (MANIFEST, MANIFEST_TOKEN)
    return write_container({**files, manifest_path: manifest, path: token})


def _manifest(files: Mapping[str, bytes]) -> tuple[int, bytes]:
    archives = sum((name := name_of(path)) is not None and name.part is Part.ARCHIVE for path in files)
    number = archives + 1 if MANIFEST in files else 0
    return number, manifest_of({path: hashlib.sha256(content).digest() for path, content in files.items()}, number)


def _require_proved(kind: str, files: Mapping[str, bytes], examination: Examination, found: Findings) -> None:
    """Raise `ProofsRefused` for what would keep the package from being verified."""
    required = {name for name, level in REQUIREMENTS[kind].items() if level is Requirement.REQUIRED}
    against = [
        each
        for each in found.all()
        if each.status is Status.FAIL or (each.status is Status.SKIP and each.family in required)
    ]
    against += [Finding("files.unused", path) for path in sorted(files.keys() - examination.used)[:20]]
    if against:
        raise ProofsRefused(tuple(against))
