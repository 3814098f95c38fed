"""What terms a member may propose and co-sign, and what it is told where they do not hold together."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tallystick_gateway.acts import desk_of
from tallystick_gateway.acts.ends import tell_ended
from tallystick_gateway.acts.models import ActRow
from tallystick_gateway.agreements.schemas import TermsIn
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.kit.roles import ClientRole
from tests.gateway.chain_told import ARBITRATION, BANK_A, BANK_B, DEPOSITORY, Told, found, terms_json
from tests.gateway.support import client_for, keyed, open_test_gateway

STRANGER = "ab" * 32


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    with open_test_gateway(found(tmp_path)["BANK-A"]) as gateway:
        yield gateway


@pytest.fixture
def told(gateway: Gateway) -> Told:
    told = Told(gateway)
    told.founded(desk_of(gateway).consortium.members)
    return told


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """One gateway for everything that is refused, and so leaves nothing behind."""
    with (
        open_test_gateway(found(tmp_path_factory.mktemp("steady"))["BANK-A"]) as gateway,
        client_for(gateway) as api,
    ):
        Told(gateway).founded(desk_of(gateway).consortium.members)
        yield api


@pytest.fixture
def api(gateway: Gateway, told: Told) -> Iterator[httpx.Client]:
    with client_for(gateway) as api:
        yield api


def propose(api: httpx.Client, terms: dict[str, Any]) -> httpx.Response:
    return api.post("/v1/agreements", json=terms, headers=keyed())


def party(member: bytes | str, share_bps: int, limit: str = "1000000") -> dict[str, Any]:
    name = member if isinstance(member, str) else member.hex()
    return {"member": name, "share_bps": share_bps, "limit": limit}


def test_a_proposal_is_accepted_with_its_id_and_all_its_terms(api: httpx.Client) -> None:
    answer = propose(api, terms_json())

    assert answer.status_code == 202
    out = answer.json()
    assert answer.headers["Location"] == f"/v1/agreements/{out['agreement']}"
    assert (out["state"], len(out["act_ids"])) == ("REQUESTED", 1)
    shown = api.get(f"/v1/agreements/{out['agreement']}").json()
    assert shown["terms"] == out["terms"]
    assert shown["secret_held"]
    assert [(each["name"], each["headroom"]) for each in shown["parties"]] == [
        ("BANK-A (test)", "2000000"),
        ("BANK-B (test)", "8000000"),
    ]


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        (
            {"parties": [party(BANK_A, 2000), party(BANK_B, 7999)]},
            "agreement.shares_do_not_add_up",
            "parties.share_bps",
        ),
        ({"parties": [party(BANK_A, 5000), party(BANK_A, 5000)]}, "agreement.party_repeated", "parties.1.member"),
        ({"parties": [party(BANK_A, 5000), party(STRANGER, 5000)]}, "agreement.member_unknown", "parties.1.member"),
        (
            {"parties": [party(BANK_A, 5000), party(DEPOSITORY, 5000)]},
            "agreement.member_lacks_role",
            "parties.1.member",
        ),
        (
            {"parties": [party(BANK_A, 2000), party(BANK_B, 8000, "0")]},
            "agreement.party_limit_missing",
            "parties.1.limit",
        ),
        ({"originator": BANK_B.hex()}, "agreement.originator_not_us", "originator"),
        ({"loan_limit": "0"}, "agreement.limits_contradict", "loan_limit"),
        ({"total_limit": "1"}, "agreement.limits_contradict", "total_limit"),
        ({"calendar": "MOON"}, "agreement.calendar_unknown", "calendar"),
        ({"depository": ARBITRATION.hex()}, "agreement.member_lacks_role", "depository"),
        ({"arbitrator": STRANGER}, "agreement.member_unknown", "arbitrator"),
        ({"currency": "XXX"}, "request.invalid", "currency"),
        ({"currency": "usd"}, "request.invalid", "currency"),
        ({"time_zone": "Europe/Atlantis"}, "request.invalid", "time_zone"),
        ({"cut_off_s": 86_400}, "request.invalid", "cut_off_s"),
        ({"cut_off_s": "61200"}, "request.invalid", "cut_off_s"),
        ({"loan_limit": "-5"}, "request.invalid", "loan_limit"),
        ({"loan_limit": "10.50"}, "request.invalid", "loan_limit"),
        ({"loan_limit": 4_000_000}, "request.invalid", "loan_limit"),
        ({"parties": [party(BANK_A, 10_000)]}, "request.invalid", "parties"),
        ({"parties": [party(BANK_A, 0), party(BANK_B, 10_000)]}, "request.invalid", "parties.0.share_bps"),
        ({"objection_period_s": -1}, "request.invalid", "objection_period_s"),
        ({"interest": "5 %"}, "request.invalid", "interest"),
        ({"nonce": "AB" * 32}, "request.invalid", "nonce"),
    ],
)
def test_terms_that_do_not_hold_together_are_refused_with_their_field(
    steady: httpx.Client, changes: dict[str, Any], code: str, field: str
) -> None:
    answer = propose(steady, terms_json(**changes))

    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["field"]) == (422, code, field)
    assert problem["advice"]
    assert steady.get("/v1/agreements").json()["items"] == []
    assert steady.get("/v1/submissions").json()["items"] == []


def test_a_missing_term_is_named(steady: httpx.Client) -> None:
    terms = terms_json()
    del terms["time_zone"]

    assert propose(steady, terms).json()["field"] == "time_zone"


def test_a_suspended_member_takes_part_in_no_new_agreement(api: httpx.Client, told: Told) -> None:
    told.events(("MemberStateChanged", {"member": BANK_B, "state": 2, "epoch": 1}))

    problem = propose(api, terms_json()).json()

    assert (problem["code"], problem["values"]["state"]) == ("agreement.member_inactive", "SUSPENDED")


def test_only_who_may_propose_proposes(gateway: Gateway, told: Told) -> None:
    with client_for(gateway, ClientRole.SUBMITTER) as submitter:
        assert propose(submitter, terms_json()).status_code == 403


def test_the_same_key_gives_the_same_agreement(api: httpx.Client) -> None:
    key = keyed()
    first = api.post("/v1/agreements", json=terms_json(), headers=key)
    second = api.post("/v1/agreements", json=terms_json(), headers=key)
    assert first.content == second.content
    assert len(api.get("/v1/agreements").json()["items"]) == 1


def test_a_proposal_that_the_chain_refuses_is_shown_as_refused(gateway: Gateway, api: httpx.Client) -> None:
    out = propose(api, terms_json()).json()
    with gateway.database.write() as session:
        row = session.get(ActRow, 1)
        assert row is not None
        assert row.id is not None
        tell_ended(session, [row.id])

    assert api.get(f"/v1/agreements/{out['agreement']}").json()["state"] == "REFUSED"


# ── co-signing ──


def terms_of_b(**changes: Any) -> TermsIn:
    plain = terms_json(originator=BANK_B.hex(), nonce="07" * 32, **changes)
    return TermsIn.model_validate(plain)


def cosign(api: httpx.Client, agreement: bytes, stated: bytes | None = None) -> httpx.Response:
    body = {"agreement": (stated or agreement).hex()}
    return api.post(f"/v1/agreements/{agreement.hex()}/cosign", json=body, headers=keyed())


def test_a_partner_signs_what_it_read(api: httpx.Client, told: Told) -> None:
    agreement = told.proposed(terms_of_b().struct(b"", b""), BANK_B)

    answer = cosign(api, agreement)

    assert answer.status_code == 202, answer.text
    assert cosign(api, agreement).json()["code"] == "acts.already_requested"
    assert api.get(f"/v1/agreements/{agreement.hex()}").json()["terms"]["nonce"] == "07" * 32


def test_signing_another_agreement_than_was_read_is_refused(api: httpx.Client, told: Told) -> None:
    agreement = told.proposed(terms_of_b().struct(b"", b""), BANK_B)

    answer = cosign(api, agreement, stated=bytes(32))

    assert (answer.status_code, answer.json()["code"]) == (409, "agreement.id_differs")


def test_terms_with_an_unknown_currency_are_not_signed(api: httpx.Client, told: Told) -> None:
    terms = terms_of_b().struct(b"", b"")
    odd = type(terms)(**{name: getattr(terms, name) for name in terms.__slots__} | {"currency": b"QQQ"})
    agreement = told.proposed(odd, BANK_B)

    problem = cosign(api, agreement).json()

    assert (problem["code"], problem["field"]) == ("agreement.terms_not_understood", "currency")


def test_only_an_open_proposal_is_signed_and_once(api: httpx.Client, told: Told) -> None:
    unknown = bytes.fromhex(STRANGER)
    assert cosign(api, unknown).json()["code"] == "agreement.unknown"

    ours = told.proposed(TermsIn.model_validate(terms_json(nonce="01" * 32)).struct(BANK_A, b""), BANK_A)
    assert cosign(api, ours).json()["code"] == "agreement.already_signed"

    signed = told.proposed(terms_of_b().struct(b"", b""), BANK_B)
    told.activated(signed, BANK_A)
    assert cosign(api, signed).json()["code"] == "agreement.not_open"


def test_a_member_outside_the_agreement_signs_nothing(tmp_path: Path) -> None:
    with open_test_gateway(found(tmp_path)["DEPOSITORY"]) as gateway, client_for(gateway) as api:
        told = Told(gateway)
        told.founded(desk_of(gateway).consortium.members)
        agreement = told.proposed(terms_of_b().struct(b"", b""), BANK_B)

        answer = cosign(api, agreement)

    assert (answer.status_code, answer.json()["code"]) == (403, "agreement.not_party")


def test_agreements_come_in_pages_and_by_state(api: httpx.Client, told: Told) -> None:
    ids = [propose(api, terms_json()).json()["agreement"] for _ in range(3)]
    told.proposed(terms_of_b().struct(b"", b""), BANK_B)

    first = api.get("/v1/agreements", params={"limit": 2}).json()
    second = api.get("/v1/agreements", params={"limit": 2, "cursor": first["next"]}).json()

    assert [each["agreement"] for each in first["items"] + second["items"]][:3] == ids
    assert second["next"] is None
    proposed = api.get("/v1/agreements", params={"state": "PROPOSED"}).json()["items"]
    assert [each["originator"] for each in proposed] == [BANK_B.hex()]
