"""Completeness: every typed error of AgreementBook, LoanLedger and RecordLog is raised by a test."""

from pathlib import Path

import pytest

from tests.contracts.support import errors_of, refusals_named_in

HERE = Path(__file__).parent
FOLDERS = {"AgreementBook": HERE, "LoanLedger": HERE, "RecordLog": HERE.parent / "record_log"}

OF_EVERY_CONTRACT = HERE / "test_recording.py"
"""Its errors are raised in each of the three contracts."""

UNREACHABLE: dict[str, dict[str, str]] = {
    "AgreementBook": {
        "SignatureCountWrong": "comes with the base contract; the book has no function that takes an array of acts",
    },
    "LoanLedger": {},
    "RecordLog": {},
}
"""Errors of each ABI that no call can raise, with the reason."""

OF_THE_CONSORTIUM = errors_of("Consortium") - set().union(*map(errors_of, FOLDERS))
"""Errors that the Consortium raises when it is asked who may sign; they pass through."""


@pytest.mark.parametrize("contract", list(FOLDERS))
def test_every_error_of_the_contract_is_raised_by_a_test(contract: str) -> None:
    named = refusals_named_in(FOLDERS[contract]) | refusals_named_in(OF_EVERY_CONTRACT)
    unreachable = UNREACHABLE[contract].keys()
    assert errors_of(contract) - named <= unreachable <= errors_of(contract)


def test_tests_name_errors_that_there_are() -> None:
    known = set().union(*map(errors_of, FOLDERS)) | OF_THE_CONSORTIUM
    for folder in FOLDERS.values():
        assert refusals_named_in(folder) <= known
