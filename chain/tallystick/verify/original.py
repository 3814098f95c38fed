"""Does this very file stand in the package? (`evidence.md`, Verifier)"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tallystick.package.paths import EVIDENCE, MIMETYPE
from tallystick.records.handover import OpenedRecord

from .findings import Verdict
from .verifier import Report

__all__ = ["Answer", "Comparison", "Original"]


class Answer(StrEnum):
    """What can be said of a file."""

    MATCHES = "MATCHES"
    DIFFERS = "DIFFERS"
    NOT_IN_THIS_PACKAGE = "NOT IN THIS PACKAGE"
    COULD_NOT_BE_CHECKED = "COULD NOT BE CHECKED"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The answer, why, and the exit code."""

    answer: Answer
    reasons: tuple[str, ...]
    exit: int


@dataclass(slots=True)
class Original:
    """A file that somebody has, by name and content; a listener of `verify`, to be asked once that is done."""

    name: str
    sha256: str
    matches: list[str] = field(default_factory=list)
    differs: list[str] = field(default_factory=list)
    withheld: int = 0

    @classmethod
    def of(cls, name: str, content: bytes) -> "Original":
        """The file of this name (without folders) and content."""
        return cls(name, hashlib.sha256(content).hexdigest())

    def hear(self, record: OpenedRecord) -> None:
        """Compare with a record that names the digest of a document."""
        if "content" not in record.kind.names:
            return
        shown = record.disclosed
        where = f"the {record.kind.name} at index {record.index} of the log of member {record.member.hex()}"
        if "content" not in shown:
            self.withheld += 1
        elif shown["content"] == self.sha256:
            self.matches.append(f"{where} names this digest")
        elif shown["content"] is not None and self._bears_its_name(shown):
            self.differs.append(f"{where} names another digest, {shown['content']}")

    def judge(self, report: Report) -> Comparison:
        """The answer, by the records heard and the files of the package."""
        if report.verdict not in (Verdict.VERIFIED, Verdict.VERIFIED_WITH_LIMITS):
            return Comparison(Answer.COULD_NOT_BE_CHECKED, (f"the package is {report.verdict.text}",), 3)
        for path, content in report.files.items():
            if path in (MIMETYPE, EVIDENCE):
                continue
            digest = hashlib.sha256(content).hexdigest()
            if digest == self.sha256:
                self.matches.append(f"it is the file {path}")
            elif path.rpartition("/")[2] == self.name:
                self.differs.append(f"the file {path} has another digest, {digest}")
        if self.matches:
            return Comparison(Answer.MATCHES, tuple(self.matches), int(report.verdict))
        if self.differs:
            return Comparison(Answer.DIFFERS, tuple(self.differs), 2)
        if self.withheld:
            reason = f"{self.withheld} records withhold the digest of their document"
            return Comparison(Answer.COULD_NOT_BE_CHECKED, (reason,), 3)
        return Comparison(Answer.NOT_IN_THIS_PACKAGE, ("no record names this digest, nor this name",), 3)

    def _bears_its_name(self, shown: Mapping[str, str | None]) -> bool:
        names = {self.name, self.name.rpartition(".")[0]} - {""}
        return bool(names & {shown.get("source_id"), shown.get("reference")})
