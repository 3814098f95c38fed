"""Packages of acts: made by one member's gateway, judged by the command with roots that others signed."""

import pytest

from tests.gateway.packages.lending import BANK_A, Lending, index, verdict

pytestmark = pytest.mark.chain


def test_a_disbursement_is_proved_to_whoever_holds_the_roots(lending: Lending) -> None:
    loan = lending.disburse("ACTS-1")
    file, made = lending.package("BANK-B", "acts", "--agreement", lending.agreement, "--loan", loan)
    assert made["package"]["verdict"] == "VERIFIED WITH LIMITS"
    code, report = verdict(file, lending.roots())
    assert (code, report["verdict"]) == (1, "VERIFIED WITH LIMITS"), report
    assert set(report["limits"]) == {"headers.unsealed", "time.unstamped"}
    (act,) = index(file)["acts"]
    assert (act["kind"], act["member"]) == ("Disburse", BANK_A.hex())
