"""Did a member sign for the package, with a key that was good? (`docs/package.md`, The builder's statement)"""

from datetime import datetime

from tallystick.keys import Address, SignatureMalformed
from tallystick.package.builder import BuilderStatement, parse_builder, statement_of
from tallystick.package.errors import PackageRefused
from tallystick.package.evidence import Evidence
from tallystick.package.instants import format_instant, from_unix, unix
from tallystick.package.paths import BUILDER, CERTIFICATE, EVIDENCE
from tallystick.roots import KeyReason, Roots
from tallystick.verify.facts import Block, Material
from tallystick.verify.findings import Findings

from .keys import is_active, judge_key

__all__ = ["CLOCK_TOLERANCE_S", "check_builder", "check_built_as_of", "read_statement"]

CLOCK_TOLERANCE_S = 15


def read_statement(material: Material, evidence: Evidence, found: Findings) -> BuilderStatement | None:
    """The statement, if it is about this index and this PDF; who signed it is not judged yet."""
    if BUILDER not in material.files:
        found.add("builder.absent", f"there is no {BUILDER}")
        return None
    try:
        statement = parse_builder(material.content(BUILDER))
    except PackageRefused as why:
        found.refuse(why)
        return None
    certificate = material.content(CERTIFICATE) if CERTIFICATE in material.files else None
    due = statement_of(evidence, material.content(EVIDENCE), certificate)
    for name in ("member", "kind", "subject", "evidence_digest", "certificate_digest"):
        said, computed = getattr(statement.statement, name), getattr(due, name)
        if said != computed:
            found.add("builder.differs", f"{name}: {_shown(said)} was signed, {_shown(computed)} is there")
    return None if found.failed("builder") else statement


def check_builder(
    statement: BuilderStatement, built_at: datetime, stamped: datetime | None, roots: Roots, found: Findings
) -> None:
    """Judge who signed. `stamped` is an instant by which an authority saw the package."""
    member = statement.statement.member
    try:
        signer = statement.signer(roots.domain)
    except SignatureMalformed as why:
        found.note("builder.signature", "META-INF/builder.json", why)
        return
    answer = roots.key_answer(signer, member, "ACT", unix(built_at))
    who = _who(signer, member)
    if answer.reason is KeyReason.UNKNOWN and built_at > roots.issued_at:
        found.add("builder.key_unknown", f"{who}; built {format_instant(built_at)}")
        return
    if (code := judge_key(answer, stamped)) is not None:
        found.add("builder." + ("signature" if answer.reason is KeyReason.OTHER_PURPOSE else code), who)
    found.passed("builder.signed", f"{who}; built {format_instant(built_at)} by its own clock")


def check_built_as_of(evidence: Evidence, newest: Block, roots: Roots, found: Findings) -> None:
    """A package is not built before the newest block that it holds, and by a member that was active then."""
    if unix(evidence.built_at) + CLOCK_TOLERANCE_S < newest.time:
        shown = format_instant(from_unix(newest.time))
        found.add("builder.time", f"built {format_instant(evidence.built_at)}, with a block of {shown}")
    if evidence.member in roots.members and not is_active(evidence.member, newest.height, roots):
        found.add("builder.not_active", f"member {evidence.member.hex()} at block {newest.height}")


def _who(signer: Address, member: bytes) -> str:
    return f"key 0x{signer.hex()} of member {member.hex()}"


def _shown(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else repr(value)[:80]
