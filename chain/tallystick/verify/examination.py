"""Judging the proofs of a package against the roots: what a verifier and a builder do alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from tallystick.package.errors import PackageRefused
from tallystick.package.evidence import acts_subject
from tallystick.package.paths import CUSTODY, TERMS, VERIFY_TXT, Part, header_path, receipt_path
from tallystick.package.terms import LoanTerms, parse_terms
from tallystick.records.handover import OpenedRecord
from tallystick.roots import Roots
from tallystick.strictjson import Json

from .catalogue import Status
from .checks.acts import check_acts
from .checks.figures import Figures, check_figures
from .checks.headers import check_headers
from .checks.keys import check_act_keys, check_seal_keys
from .checks.loan import Loan, check_loan, servicers
from .checks.logs import Logs, check_logs
from .checks.receipts import Receipts, check_receipts
from .checks.records import RecordTally, check_records
from .claims import claims_of
from .facts import Block, Material, ProvedAct, Times
from .findings import Findings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tallystick.timestamps import VerifiedToken

__all__ = ["Examination", "could_not_read", "examine"]

_READ: Final = ("headers", "receipts", "acts", "records", "loan")
_HARMLESS: Final = frozenset(
    {"acts.none", "headers.epoch_closed", "headers.quorum_compromised", "loan.none", "records.none"}
)
"""What was read all the same, or was not there to be read."""


@dataclass(frozen=True, slots=True)
class Examination:
    """What the proofs prove. `used` names the files that were needed for it."""

    blocks: Mapping[int, Block]
    receipts: Receipts
    acts: "Sequence[ProvedAct]"
    logs: Logs
    tally: RecordTally
    loan: Loan | None
    figures: "Sequence[Json] | None"
    times: Times
    used: frozenset[str]
    claims: Mapping[str, Json]


def examine(
    material: Material,
    kind: str,
    subject: Mapping[str, str],
    roots: Roots,
    at: datetime,
    found: Findings,
    stamps: "Sequence[VerifiedToken]" = (),
    *listeners: "Callable[[OpenedRecord], None]",
) -> Examination:
    """Make every check that proofs and roots allow, and compute the claims that follow.

    `stamps` are the tokens over the package itself, if it has any. Each record that holds also goes to `listeners`.
    """
    blocks = check_headers(material, roots, found)
    receipts = check_receipts(material, blocks, found)
    acts = check_acts(material, blocks, receipts, roots, found)
    times = _times(material, blocks, acts, stamps, roots, at, found)
    check_seal_keys(blocks, times.attested, roots, found)
    check_act_keys(acts, blocks, times.attested, roots, found)
    logs: Logs = {}
    tally, loan, sums = RecordTally(), None, None
    terms: LoanTerms | None = None
    if kind != "acts":
        logs = check_logs(acts, found)
        figures = Figures(subject.get("loan", ""))
        tally = check_records(material, logs, found, figures.add, *listeners)
    if kind == "loan":
        terms = _terms(material, found)
        loan = check_loan(
            bytes.fromhex(subject["agreement"]), bytes.fromhex(subject["loan"]), acts, terms, roots, found
        )
        complete = _complete(logs, tally)
        _check_history(loan, figures, complete, found)
        currency, principal = (loan.currency, loan.principal) if loan else (None, None)
        sums = check_figures(figures, complete, currency, principal, found)
        found.add("book.not_compared", "reconciliation is not part of this version")
    _check_subject(kind, subject, acts, logs, loan, found)
    claims = claims_of(material, blocks, acts, logs, tally, loan, sums, times.checkpoints)
    used = _used(material, acts, tally, terms, times)
    return Examination(blocks, receipts, acts, logs, tally, loan, sums, times, used, claims)


def could_not_read(found: Findings) -> bool:
    """Whether something was not read, so that the claims about it cannot be compared."""
    return any(
        each.status in (Status.FAIL, Status.SKIP) and each.code not in _HARMLESS
        for family in _READ
        for each in found.of(family)
    )


def _times(
    material: Material,
    blocks: Mapping[int, Block],
    acts: "Sequence[ProvedAct]",
    stamps: "Sequence[VerifiedToken]",
    roots: Roots,
    at: datetime,
    found: Findings,
) -> Times:
    if not material.of(Part.CHECKPOINT):
        found.add("time.unstamped", "there is no checkpoint in the package")
        return Times()
    from .checks.time import check_time  # noqa: PLC0415 - slow to import, and not every package is stamped

    return check_time(material, blocks, acts, stamps, roots, at, found)


def _terms(material: Material, found: Findings) -> LoanTerms | None:
    if TERMS not in material.files:
        return None
    try:
        return parse_terms(material.content(TERMS))
    except PackageRefused as why:
        found.refuse(why)
        return None


def _complete(logs: Logs, tally: RecordTally) -> dict[tuple[bytes, bytes], bool]:
    """By log: whether it is opened from its first record on, and every record shows its loan."""
    return {
        key: log.first_index == 0 and opened.loans_shown and opened.is_whole(log)
        for key, log in logs.items()
        if (opened := tally.logs.get(key)) is not None
    }


def _check_history(
    loan: Loan | None, figures: Figures, complete: Mapping[tuple[bytes, bytes], bool], found: Findings
) -> None:
    if loan is None or not figures.books:
        found.add("history.none", "no record of the loan is opened")
        return
    partial = [member for member in sorted(servicers(loan)) if not complete.get((member, loan.agreement))]
    for member in partial:
        found.add("history.partial", f"the log of member {member.hex()}")
    if not servicers(loan):
        found.add("history.partial", "the originator is not known")
    found.passed("history.complete", "every record of the log up to the last anchor shown is opened")


def _check_subject(
    kind: str,
    subject: Mapping[str, str],
    acts: "Sequence[ProvedAct]",
    logs: Logs,
    loan: Loan | None,
    found: Findings,
) -> None:
    if kind == "acts":
        if not could_not_read(found) and acts_subject([act.id for act in acts]) != dict(subject):
            found.add("evidence.foreign", "the acts are not those of the subject")
        return
    agreement = bytes.fromhex(subject.get("agreement", ""))
    known = {act.id for act in loan.acts} if loan else set()
    for act in acts:
        if act.kind == "NoteTime":
            continue
        if kind == "records":
            log = {"member": act.member.hex(), "stream": _hex(act.values.get("stream"))}
            belongs = act.kind == "Anchor" and log == dict(subject)
        elif act.kind == "Anchor":
            belongs = act.values["stream"] == agreement
        elif "loan" in act.values:
            belongs = (act.values["agreement"], _hex(act.values["loan"])) == (agreement, subject["loan"])
        else:
            belongs = act.values.get("agreement") == agreement or act.values.get("cancelled") in known
        if not belongs:
            found.add("evidence.foreign", f"act {act.id.hex()} ({act.kind})")


def _used(
    material: Material, acts: "Sequence[ProvedAct]", tally: RecordTally, terms: LoanTerms | None, times: Times
) -> frozenset[str]:
    used = {CUSTODY, VERIFY_TXT} | {path for path, _ in material.of(Part.ACT)}
    for act in acts:
        used |= {header_path(act.place.height), receipt_path(act.place.height, act.place.transaction)}
    if tally.total:
        used.add("records/records.ndjson")
    if terms is not None:
        used.add(TERMS)
    for each in times.checkpoints:
        bounds = f"{each.checkpoint.first}-{each.checkpoint.last}"
        if each.heights or each.is_noted:
            used |= {f"proofs/checkpoints/{bounds}.bin", *each.tokens}
        used |= {f"proofs/checkpoints/{bounds}/{height}.path" for height in each.heights}
    return frozenset(used)


def _hex(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else ""
