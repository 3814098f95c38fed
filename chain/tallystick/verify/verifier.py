"""The whole judgement of a package: bytes and roots in, findings and a verdict out. No clock, no network, no files."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from tallystick.package.container import read_container
from tallystick.package.custody import Custody
from tallystick.package.errors import PackageRefused
from tallystick.package.evidence import Evidence, parse_evidence
from tallystick.package.paths import EVIDENCE
from tallystick.records.handover import OpenedRecord
from tallystick.roots import Roots

from .catalogue import Status
from .checks.builder import check_builder, check_built_as_of, read_statement
from .checks.custody import check_custody
from .checks.files import check_files, check_use
from .checks.stamp import check_stamp
from .claims import first_difference
from .examination import Examination, could_not_read, examine
from .facts import Content, Material
from .findings import Finding, Findings, Verdict, limits, verdict
from .trust import Trust

__all__ = ["Report", "verify"]

LARGEST_EXAMINED_IF_NOT_INTACT: Final = 2 * 1024 * 1024
MOST_FILES_EXAMINED_IF_NOT_INTACT: Final = 512
_INTACT: Final = ("container", "files", "builder")


@dataclass(frozen=True, slots=True)
class Report:
    """A verdict and what it rests on. What could not be read is None or empty."""

    findings: tuple[Finding, ...]
    at: datetime | None
    trust: Trust
    evidence: Evidence | None = None
    evidence_json: bytes = b""
    examination: Examination | None = None
    custody: Custody = ()
    files: Mapping[str, Content] = field(default_factory=dict)

    @property
    def kind(self) -> str | None:
        """The kind of the package."""
        return self.evidence.kind if self.evidence else None

    @property
    def verdict(self) -> Verdict:
        """The verdict."""
        return verdict(self.findings, self.kind)

    @property
    def limits(self) -> tuple[str, ...]:
        """The codes that limit it, each once."""
        return limits(self.findings, self.kind)


def verify(
    package: bytes, trust: Trust, at: datetime | None = None, *listeners: Callable[[OpenedRecord], None]
) -> Report:
    """Judge a package. `at` is the instant to judge at, the roots' `issued_at` if None.

    Never raises for anything that is in `package`. Each record that holds also goes to `listeners`.
    """
    found = Findings()
    at = at or (trust.roots.issued_at if trust.roots else None)
    try:
        material = Material(read_container(package))
        found.add("container.intact", f"{len(material.files)} files, {len(package)} bytes")
        evidence_json = material.content(EVIDENCE) if EVIDENCE in material.files else None
        if evidence_json is None:
            raise PackageRefused("evidence.absent", f"there is no {EVIDENCE}")
        evidence = parse_evidence(evidence_json)
    except PackageRefused as why:
        found.refuse(why)
        return Report((*found.all(), *trust.findings), at, trust)
    check_files(material, evidence, found)
    statement = read_statement(material, evidence, found)
    custody = check_custody(material, evidence, found)
    examination = None
    roots = _roots(trust, evidence, found)
    if roots is None or at is None:
        found.add("files.not_examined", "without roots nobody can tell which files are of use")
        if statement:
            found.add("builder.not_examined", "without roots nobody can tell whose key signed")
    else:
        stamps = check_stamp(material, roots, at, found)
        if statement:
            check_builder(statement, evidence.built_at, stamps[0].latest if stamps else None, roots, found)
        if _is_worth_examining(package, material, found):
            examination = examine(material, evidence.kind, evidence.subject, roots, at, found, stamps, *listeners)
            _close(material, evidence, examination, roots, found)
        else:
            found.add("evidence.not_examined", f"{len(material.files)} files, {len(package)} bytes")
    return Report(found.all(), at, trust, evidence, evidence_json, examination, custody, material.files)


def _roots(trust: Trust, evidence: Evidence, found: Findings) -> Roots | None:
    for finding in trust.findings:
        found.add(finding.code, finding.reason)
    roots = trust.roots
    if roots is None:
        return None
    if (roots.chain_id, roots.genesis_hash) != (evidence.chain_id, evidence.genesis_hash):
        found.add("roots.other_chain", f"chain {roots.chain_id} in the roots, {evidence.chain_id} in the package")
        return None
    return roots


def _is_worth_examining(package: bytes, material: Material, found: Findings) -> bool:
    small = len(package) <= LARGEST_EXAMINED_IF_NOT_INTACT and len(material.files) <= MOST_FILES_EXAMINED_IF_NOT_INTACT
    return small or not any(found.has(family, Status.FAIL) for family in _INTACT)


def _close(material: Material, evidence: Evidence, examination: Examination, roots: Roots, found: Findings) -> None:
    """What is left once everything is read: the claims, the files' use, and the builder's clock."""
    if could_not_read(found):
        found.add("evidence.not_compared", "some of the proofs could not be read")
        check_use(material, frozenset(material.files), found)
        return
    for name, computed in examination.claims.items():
        if why := first_difference(evidence.claims[name], computed, name):
            found.add("evidence.claim", why)
    check_use(material, examination.used, found)
    if examination.blocks:
        check_built_as_of(evidence, examination.blocks[max(examination.blocks)], roots, found)
    found.passed("evidence.sound", f"{evidence.kind}, as of block {max(examination.blocks, default=0)}")
