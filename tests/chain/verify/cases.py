"""How an attack is told: what was done, which findings must come of it, and the verdict."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from tallystick.verify.findings import Verdict
from tallystick.verify.verifier import Report

from .stories import Packaged, acts_package, codes, loan_package, records_package

NO, MAYBE, LIMITED = Verdict.NOT_VERIFIED, Verdict.NOT_VERIFIABLE, Verdict.VERIFIED_WITH_LIMITS


@dataclass(frozen=True)
class Case:
    """`report` judges the attack. Every FAIL is among `codes`, and each of `codes` is found."""

    report: Callable[[], Report]
    codes: frozenset[str]
    verdict: Verdict

    def check(self) -> None:
        report = self.report()
        found = codes(report)
        assert self.codes <= found, (self.codes - found, [str(each) for each in report.findings])
        assert codes(report, "FAIL") <= self.codes, codes(report, "FAIL") - self.codes
        assert report.verdict is self.verdict


Cases = dict[str, Case]


def no(report: Callable[[], Report], *expected: str) -> Case:
    return Case(report, frozenset(expected), NO)


def maybe(report: Callable[[], Report], *expected: str) -> Case:
    return Case(report, frozenset(expected), MAYBE)


def limited(report: Callable[[], Report], *expected: str) -> Case:
    return Case(report, frozenset(expected), LIMITED)


@cache
def acts() -> Packaged:
    """A sound package of acts; always the same."""
    return acts_package()


@cache
def records() -> Packaged:
    """A sound package of records; always the same."""
    return records_package()


@cache
def loan() -> Packaged:
    """A sound package about a loan; always the same."""
    return loan_package()
