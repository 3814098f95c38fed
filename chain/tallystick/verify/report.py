"""The report for people: verdict, who, when and whose clock, what is shown, withheld and not proved."""

import hashlib
from collections.abc import Iterator, Sequence

from .catalogue import CATALOGUE, REQUIREMENTS, UNPROVED, Requirement, Status
from .findings import Finding, Verdict
from .shown import shown_lines, when_lines
from .verifier import Report
from .wording import moment, name_of_member, plain

__all__ = ["render"]

MOST_REASONS = 5

_MEANING = {
    Verdict.VERIFIED: "Every required check passed, on the roots that were given.",
    Verdict.VERIFIED_WITH_LIMITS: "The package is sound. Weigh the limits below.",
    Verdict.NOT_VERIFIED: "A check failed: do not rely on this package.",
    Verdict.NOT_VERIFIABLE: "It cannot be decided. That is no sign that anybody changed the package.",
}
_INTACT = ("container", "files", "custody")
_TOUCHED = frozenset(
    {"evidence.malformed", "evidence.absent", "builder.malformed", "builder.differs", "builder.absent"}
)
"""Findings of other checks that say the same."""
_ENTITLED = ("builder", "acts")


def render(report: Report) -> str:
    """The report, with a line end after the last line; the same for the same package, roots and instant."""
    lines = [*_head(report), *_answers(report)]
    for title, body in _sections(report):
        if body:
            lines += ["", title, *(f"  {line}" for line in body)]
    return "".join(plain(line) + "\n" for line in lines)


def _head(report: Report) -> Iterator[str]:
    yield f"{report.verdict.text}  (exit code {int(report.verdict)})"
    yield _MEANING[report.verdict]
    if report.evidence or report.trust.roots:
        yield ""
    if report.evidence:
        evidence, roots = report.evidence, report.trust.roots
        yield f"Package    {evidence.kind}, built by {name_of_member(evidence.member, roots)}"
        yield f"           on {moment(evidence.built_at)}, by its own clock"
        yield f"Index      SHA-256 {hashlib.sha256(report.evidence_json).hexdigest()}"
    if report.trust.roots:
        roots = report.trust.roots
        pinned = "pinned" if report.trust.pinned else "NOT pinned: compare this digest with one from another source"
        yield f"Roots      {roots.digest.hex()}"
        yield f"           as of block {roots.as_of_height}, issued {moment(roots.issued_at)}, {pinned}"
    if report.at:
        yield f"Judged at  {moment(report.at)}"


def _answers(report: Report) -> Iterator[str]:
    touched = [each for each in report.findings if each.family in _INTACT or each.code in _TOUCHED]
    signed = [each for each in report.findings if each.family in _ENTITLED and each.code != "builder.differs"]
    yield ""
    yield f"Intact, as its builder signed it: {_answer(touched, _INTACT)}"
    yield f"By recognised signers, entitled on that day: {_answer(signed, _ENTITLED)}"


def _answer(findings: Sequence[Finding], families: tuple[str, ...]) -> str:
    statuses = {each.status for each in findings}
    passed = {each.family for each in findings if each.status is Status.PASS}
    if Status.FAIL in statuses:
        return "NO"
    if Status.SKIP in statuses or not passed.issuperset(families):
        return "could not be checked"
    return "yes, with limits" if Status.LIMIT in statuses else "yes"


def _sections(report: Report) -> Iterator[tuple[str, list[str]]]:
    yield "WHY NOT", _troubles(report, Status.FAIL)
    if report.verdict is Verdict.NOT_VERIFIABLE:
        yield "WHAT IS MISSING", _troubles(report, Status.SKIP)
    elif report.verdict is not Verdict.NOT_VERIFIED:
        yield "LIMITS", _limits(report)
    examination = report.examination
    if examination and report.verdict in (Verdict.VERIFIED, Verdict.VERIFIED_WITH_LIMITS):
        yield "WHO", _who(report)
        yield "WHEN", when_lines(examination)
        yield "WHAT IT SHOWS", shown_lines(examination, report.trust.roots)
    yield "WITHHELD", _withheld(report)
    yield "NOT PROVED BY ANY PACKAGE", [f"- {says}" for says in UNPROVED.values()]
    yield "CHECKS", [f"{each.status:<5} {each.code}  {each.reason}" for each in report.findings]


def _troubles(report: Report, status: Status) -> list[str]:
    levels = REQUIREMENTS.get(report.kind or "", {})
    told = [
        each
        for each in report.findings
        if each.status is status
        and not (status is Status.SKIP and levels.get(each.family) is not Requirement.REQUIRED and levels)
    ]
    return _explained(told)


def _limits(report: Report) -> list[str]:
    return _explained([each for each in report.findings if each.code in report.limits])


def _explained(findings: Sequence[Finding]) -> list[str]:
    """Each code once, with what was found, what it means and what to do."""
    lines = []
    for code in dict.fromkeys(each.code for each in findings):
        kind = CATALOGUE[code]
        reasons = [each.reason for each in findings if each.code == code]
        lines.append(f"{code}: {kind.says}")
        lines += [f"    {reason}" for reason in reasons[:MOST_REASONS]]
        if len(reasons) > MOST_REASONS:
            lines.append(f"    … and {len(reasons) - MOST_REASONS} more, see below")
        lines.append(f"    Meaning: {kind.meaning}")
        if kind.advice:
            lines.append(f"    What to do: {kind.advice}")
    return lines


def _who(report: Report) -> list[str]:
    roots, examination = report.trust.roots, report.examination
    members: dict[bytes, list[str]] = {}
    if report.evidence:
        members.setdefault(report.evidence.member, []).append("built and signed this package")
    for act in examination.acts if examination else ():
        members.setdefault(act.member, [])
    for member, roles in members.items():
        count = sum(act.member == member for act in (examination.acts if examination else ()))
        if count:
            roles.append(f"signed {_counted(count, 'act')}")
    return [f"{name_of_member(member, roots)}: {', '.join(roles)}" for member, roles in members.items()]


def _withheld(report: Report) -> list[str]:
    examination = report.examination
    if examination is None:
        return []
    groups: dict[tuple[str, int], list[str]] = {}
    for (kind, _, name), count in sorted(examination.tally.withheld.items()):
        groups.setdefault((kind, count), []).append(name)
    lines = [
        f"in {_counted(count, 'record')} of type {kind}: {', '.join(names)}" for (kind, count), names in groups.items()
    ]
    if examination.loan and examination.loan.visibility == "SEALED" and examination.loan.principal is None:
        lines.append("the terms of the loan (SEALED)")
    return lines or ["nothing of what the package covers"]


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
