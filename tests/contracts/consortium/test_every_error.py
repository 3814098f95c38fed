"""Completeness: every typed error of the Consortium is raised by a test of this folder."""

from pathlib import Path

from tests.contracts.support import errors_of, refusals_named_in

UNREACHABLE: dict[str, str] = {}
"""Errors of the ABI that no call can raise, each with the reason."""


def test_every_error_of_the_consortium_is_raised_by_a_test() -> None:
    named = refusals_named_in(Path(__file__).parent)
    assert errors_of("Consortium") - named == UNREACHABLE.keys()
    assert named <= errors_of("Consortium"), "a test names an error that the Consortium does not have"
