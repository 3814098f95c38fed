"""From what is asked for to a finished package: chosen, collected, judged, signed, and judged again as a whole."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from tallystick.client import Node
from tallystick.package import Proofs, Step
from tallystick.package.custody import MAX_NOTE_BYTES
from tallystick.package.paths import CERTIFICATE
from tallystick.package.writer import draft_package
from tallystick.records import WholeOpening
from tallystick.records.handover import LoggedOpening
from tallystick.roots import Roots
from tallystick.verify import Finding, Report, Trust, Verdict, verify
from tallystick.verify.catalogue import Status
from tallystick_gateway.acts.desk import desk_of
from tallystick_gateway.kit.db import Session
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.members import repository as members
from tallystick_gateway.roots import service as roots_service
from tallystick_gateway.roots.service import Asked
from tallystick_gateway.watch.watcher import Watcher

from .certificate import certificate_of
from .choosing import Choice, ChosenRecords, choose
from .collecting import ChainProofs, collect
from .disclosing import Disclosure, openings
from .errors import PackageJudged, PackageTooLarge
from .schemas import ActsIn, PackageIn, PackageSummary

__all__ = ["Built", "build"]

_GOOD = (Verdict.VERIFIED, Verdict.VERIFIED_WITH_LIMITS)
_LONGEST_DETAIL = 2000


@dataclass(frozen=True, slots=True)
class Built:
    """A finished package, and which of our records it lays open: (stream, index, whole)."""

    content: bytes
    summary: PackageSummary
    opened: list[tuple[bytes, int, bool]]


def build(session: Session, gateway: Gateway, node: Node, asked: PackageIn) -> Built:
    """The package, as of the last block taken.

    Raises `PackageJudged` or `ProofsRefused` if it would not convince our own verifier; a `NodeLied`, `NodeError` or
    `BlockMissing` from the node; and as `choose`, `collect`, `openings` and `roots.service.export` do.
    """
    return _Builder(session, gateway, node, asked).build()


class _Builder:
    def __init__(self, session: Session, gateway: Gateway, node: Node, asked: PackageIn) -> None:
        self._session = session
        self._gateway = gateway
        self._node = node
        self._asked = asked
        self._desk = desk_of(gateway)
        self._member = gateway.config.member_id
        self._steps: list[Step] = []
        self._opened: list[tuple[bytes, int, bool]] = []

    def build(self) -> Built:
        choice = choose(self._session, self._gateway, self._asked)
        proofs = self._collected(choice).proofs()
        if choice.records is not None:
            proofs = replace(proofs, openings=self._openings(choice.records, choice.loan))
        # After everything was chosen, so that the roots reach as far as the highest block in the package.
        roots = roots_service.export(self._gateway, Asked(cards=[card.encode() for card in self._asked.cards]))
        content = self._sealed(proofs, choice, roots)
        return Built(content, _summary(content, _judged(content, roots), roots), self._opened)

    def _sealed(self, proofs: Proofs, choice: Choice, roots: Roots) -> bytes:
        draft = draft_package(
            proofs,
            self._asked.kind,
            choice.subject,
            member=self._member,
            built_at=self._now(),
            custody=self._steps,
            roots=roots,
        )
        certificate = certificate_of(draft.evidence_json, roots, self._asked.certificate)
        try:
            return draft.seal(self._desk.act_key, certificate)
        except ValueError as why:
            raise PackageTooLarge(f"{why}.") from None

    def _collected(self, choice: Choice) -> ChainProofs:
        contracts = {bytes(entry.address): entry.name for entry in self._desk.consortium.contracts}
        contracts |= {row.address: row.name for row in members.directory(self._session)}
        witnesses = self._gateway.part(Watcher).witnesses
        found = collect(self._session, self._node, witnesses, contracts, choice.places)
        self._step("collected", f"{len(found.acts)} acts in {len(found.headers)} blocks, from the member's own node")
        self._step("checked", "each block against the one that this gateway had proved before")
        return found

    def _openings(self, chosen: ChosenRecords, loan: bytes | None) -> Iterator[LoggedOpening]:
        """The records, opened one at a time while the package is written."""
        if isinstance(self._asked, ActsIn):
            raise TypeError("a package of acts has no records")
        disclosure = Disclosure(self._asked.disclose, self._asked.withhold, loan)
        self._step("disclosed", f"{len(chosen.indices)} records of the member's own log: {disclosure.note}")
        return self._noted(openings(self._session, self._gateway, chosen, disclosure))

    def _noted(self, opened: Iterator[LoggedOpening]) -> Iterator[LoggedOpening]:
        for each in opened:
            self._opened.append((each.batch.stream, each.index, isinstance(each.opening, WholeOpening)))
            yield each

    def _step(self, step: str, note: str) -> None:
        self._steps.append(Step(step, self._member, self._now(), note[:MAX_NOTE_BYTES]))

    def _now(self) -> datetime:
        """The format knows whole seconds."""
        return self._gateway.clock.now().replace(microsecond=0)


def _judged(content: bytes, roots: Roots) -> Report:
    """What our own verifier says of the finished file. Raises `PackageJudged` unless it stands."""
    trust = Trust(roots, True, (Finding("roots.pinned", "as this gateway finds them on the chain itself"),))
    report = verify(content, trust)
    if report.verdict not in _GOOD:
        findings = [each for each in report.findings if each.status in (Status.FAIL, Status.SKIP)]
        reasons = "; ".join(f"{each.code}: {each.reason}" for each in findings)
        raise PackageJudged(f"{report.verdict.text}: {reasons}"[:_LONGEST_DETAIL], verdict=report.verdict.text)
    return report


def _summary(content: bytes, report: Report, roots: Roots) -> PackageSummary:
    if report.evidence is None or report.examination is None:
        raise TypeError("a package that stands was read")
    examination = report.examination
    return PackageSummary(
        verdict=report.verdict.text,
        limits=list(report.limits),
        subject=dict(report.evidence.subject),
        evidence_digest=hashlib.sha256(report.evidence_json).digest(),
        sha256=hashlib.sha256(content).digest(),
        size_bytes=len(content),
        files=len(report.files),
        acts=len(examination.acts),
        records=examination.tally.total,
        as_of_height=max(examination.blocks),
        roots_height=roots.as_of_height,
        certificate=CERTIFICATE in report.files,
    )
