"""What the checks found, and the verdict that follows (`docs/package.md`, Verdict)."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from tallystick.errors import TallystickError
from tallystick.package.errors import PackageRefused

from .catalogue import CATALOGUE, FAMILIES, REQUIREMENTS, Requirement, Status

__all__ = ["Finding", "Findings", "Verdict", "limits", "verdict"]

MOST_OF_A_CODE: Final = 20
_MAX_REASON: Final = 500
_ORDER: Final = {code: place for place, code in enumerate(CATALOGUE)}
_FAMILY_ORDER: Final = {family.name: place for place, family in enumerate(FAMILIES)}


class Verdict(IntEnum):
    """The four verdicts; the number is the exit code."""

    VERIFIED = 0
    VERIFIED_WITH_LIMITS = 1
    NOT_VERIFIED = 2
    NOT_VERIFIABLE = 3

    @property
    def text(self) -> str:
        """As it is printed."""
        return self.name.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found; `reason` names the values."""

    code: str
    reason: str

    @property
    def status(self) -> Status:
        """PASS, FAIL, LIMIT or SKIP, by the catalogue."""
        return CATALOGUE[self.code].status

    @property
    def family(self) -> str:
        """The check that it belongs to."""
        return CATALOGUE[self.code].family


@dataclass(slots=True)
class Findings:
    """The findings so far. Of one code at most 20 are kept one by one; the rest are counted."""

    _found: list[Finding] = field(default_factory=list)
    _counts: Counter[str] = field(default_factory=Counter)

    def add(self, code: str, reason: str) -> None:
        """Note a finding. Raises `KeyError` for a code that the catalogue does not have."""
        CATALOGUE[code]
        self._counts[code] += 1
        if self._counts[code] <= MOST_OF_A_CODE:
            self._found.append(Finding(code, reason if len(reason) <= _MAX_REASON else reason[:_MAX_REASON] + "…"))

    def refuse(self, why: PackageRefused, where: str = "") -> None:
        """Note what stopped a part from being read."""
        self.add(why.finding, f"{where}: {why.reason}" if where else why.reason)

    def note(self, code: str, where: str, why: TallystickError) -> None:
        """Note an error of the library under a finding's code."""
        self.add(code, f"{where}: {why}")

    def of(self, family: str) -> list[Finding]:
        """The findings of one check."""
        return [each for each in self._found if each.family == family]

    def has(self, family: str, *statuses: Status) -> bool:
        """Whether a check found something of these statuses."""
        return any(each.status in statuses for each in self.of(family))

    def failed(self, family: str) -> bool:
        """Whether a check failed, or could not be made."""
        return self.has(family, Status.FAIL, Status.SKIP)

    def passed(self, code: str, reason: str) -> None:
        """Note a PASS, unless something of its check failed or could not be made."""
        if not self.failed(CATALOGUE[code].family):
            self.add(code, reason)

    def all(self) -> tuple[Finding, ...]:
        """Every finding in the order of the catalogue, with how many more there were of a code."""
        ordered = sorted(self._found, key=lambda each: (_FAMILY_ORDER[each.family], _ORDER[each.code]))
        more = [
            Finding(code, f"{count - MOST_OF_A_CODE} more like this")
            for code, count in self._counts.items()
            if count > MOST_OF_A_CODE
        ]
        return tuple(sorted([*ordered, *more], key=lambda each: (_FAMILY_ORDER[each.family], _ORDER[each.code])))


def verdict(findings: Iterable[Finding], kind: str | None) -> Verdict:
    """The verdict on a package of this kind (None: the kind is not known)."""
    found = tuple(findings)
    if any(each.status is Status.FAIL for each in found):
        return Verdict.NOT_VERIFIED
    if kind is None or _undecided(found, kind):
        return Verdict.NOT_VERIFIABLE
    return Verdict.VERIFIED_WITH_LIMITS if limits(found, kind) else Verdict.VERIFIED


def limits(findings: Iterable[Finding], kind: str | None) -> tuple[str, ...]:
    """The codes that limit a verdict of VERIFIED, each once: every LIMIT, and every SKIP of an expected check."""
    expected = {name for name, level in REQUIREMENTS.get(kind or "", {}).items() if level is Requirement.EXPECTED}
    codes = [
        each.code
        for each in findings
        if each.status is Status.LIMIT or (each.status is Status.SKIP and each.family in expected)
    ]
    return tuple(dict.fromkeys(codes))


def _undecided(found: tuple[Finding, ...], kind: str) -> bool:
    for name, level in REQUIREMENTS[kind].items():
        statuses = [each.status for each in found if each.family == name]
        if level is Requirement.REQUIRED and (not statuses or Status.SKIP in statuses):
            return True
        if level is Requirement.EXPECTED and not statuses:
            return True
    return False
