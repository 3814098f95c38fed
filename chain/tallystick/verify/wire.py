"""The report for programs: JCS, by `docs/schemas/verdict.schema.json`."""

import hashlib

import rfc8785

from tallystick.package.instants import format_instant
from tallystick.strictjson import Json

from .catalogue import UNPROVED
from .verifier import Report

__all__ = ["report_json", "report_value"]


def report_value(report: Report) -> dict[str, Json]:
    """The report as JSON values."""
    roots, evidence, examination = report.trust.roots, report.evidence, report.examination
    return {
        "verdict": report.verdict.text,
        "exit": int(report.verdict),
        "at": format_instant(report.at) if report.at else None,
        "roots": {
            "digest": roots.digest.hex(),
            "pinned": report.trust.pinned,
            "issued_at": format_instant(roots.issued_at),
            "as_of_height": roots.as_of_height,
        }
        if roots
        else None,
        "evidence": {
            "digest": hashlib.sha256(report.evidence_json).hexdigest(),
            "kind": evidence.kind,
            "subject": dict(evidence.subject),
            "built": {"member": evidence.member.hex(), "at": format_instant(evidence.built_at)},
        }
        if evidence
        else None,
        "checks": [{"code": each.code, "status": each.status.value, "reason": each.reason} for each in report.findings],
        "limits": list(report.limits),
        "withheld": examination.claims["withheld"] if examination else [],
        "not_proved": list(UNPROVED),
    }


def report_json(report: Report) -> bytes:
    """The report in RFC 8785, with a line end."""
    return rfc8785.dumps(report_value(report)) + b"\n"
