"""Packages of acts: made by one member's gateway, judged by the command with roots that others signed."""

import pytest

from tests.gateway.chain_told import BANK_A, BANK_B
from tests.gateway.packages.lending import Lending, index, verdict

pytestmark = pytest.mark.chain
_LIMITS = {"headers.unsealed", "time.unstamped"}
"""The embedded engine has no seals, and no time-stamp authority was asked."""


def test_a_disbursement_is_proved_to_whoever_holds_the_roots(lending: Lending) -> None:
    loan = lending.disburse("ACTS-1")
    file, made = lending.package("BANK-B", "acts", "--agreement", lending.agreement, "--loan", loan)
    assert made["package"]["verdict"] == "VERIFIED WITH LIMITS"
    code, report = verdict(file, lending.roots())
    assert (code, report["verdict"]) == (1, "VERIFIED WITH LIMITS"), report
    assert set(report["limits"]) == _LIMITS
    (act,) = index(file)["acts"]
    assert (act["kind"], act["member"]) == ("Disburse", BANK_A.hex())


def test_acts_of_several_members_and_contracts_go_into_one_package_by_their_ids(lending: Lending) -> None:
    loan = lending.disburse("ACTS-2")
    of_agreement = index(lending.package("BANK-A", "acts", "--agreement", lending.agreement)[0])["acts"]
    assert [(act["kind"], act["member"]) for act in of_agreement] == [
        ("ProposeAgreement", BANK_A.hex()),
        ("CoSign", BANK_B.hex()),
    ]
    (of_loan,) = index(lending.package("BANK-A", "acts", "--agreement", lending.agreement, "--loan", loan)[0])["acts"]
    ids = [act["id"] for act in (*of_agreement, of_loan)]
    file, _ = lending.package("BANK-B", "acts", *(part for each in ids for part in ("--id", each)))
    assert [act["id"] for act in index(file)["acts"]] == ids
    assert verdict(file, lending.roots())[0] == 1


def test_what_a_member_did_to_its_keys_is_proved(lending: Lending) -> None:
    file, _ = lending.package("BANK-B", "acts", "--member", BANK_A.hex())
    assert {act["kind"] for act in index(file)["acts"]} >= {"Ratify"}
    assert verdict(file, lending.roots())[0] == 1


def test_an_act_that_no_block_has_is_refused_at_once(lending: Lending) -> None:
    out = lending.folder / "never.asice"
    problem = lending.members.refused("BANK-A", "package", "acts", "--id", "ab" * 32, "--out", out)
    assert (problem["code"], out.exists()) == ("package.act_unknown", False)
    problem = lending.members.refused("BANK-A", "package", "acts", "--member", "ab" * 32, "--out", out)
    assert problem["code"] == "package.nothing_chosen"
