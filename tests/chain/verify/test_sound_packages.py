"""A sound package is VERIFIED; one changed digit, and it is not."""

import pytest

from tallystick.verify.findings import Verdict

from .forging import files_of, repacked
from .stories import Packaged, acts_package, codes, judged, loan_package, records_package


@pytest.fixture(scope="module", params=[acts_package, records_package, loan_package])
def packaged(request: pytest.FixtureRequest) -> Packaged:
    made: Packaged = request.param()
    return made


def test_a_sound_package_is_verified(packaged: Packaged) -> None:
    report = judged(packaged)
    assert codes(report) == set()
    assert report.verdict is Verdict.VERIFIED


def test_the_same_package_gives_the_same_findings_every_time(packaged: Packaged) -> None:
    assert judged(packaged).findings == judged(packaged).findings


def test_one_changed_digit_is_not_verified(packaged: Packaged) -> None:
    path = next(path for path in files_of(packaged.package) if path.startswith("proofs/acts/"))
    changed = repacked(packaged.package, {path: lambda act: act.replace(b'"log":0', b'"log":1')})
    report = judged(packaged, changed)
    assert report.verdict is Verdict.NOT_VERIFIED
    assert "files.digest" in codes(report, "FAIL")


def test_without_a_time_stamp_the_verdict_has_a_limit() -> None:
    report = judged(records_package(stamped=False))
    assert report.verdict is Verdict.VERIFIED_WITH_LIMITS
    assert report.limits == ("time.unstamped",)
