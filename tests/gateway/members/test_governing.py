"""Members, keys and decisions, by four gateways on the real engine; nobody is asked to ratify."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tallystick.keys import ActKey
from tallystick_gateway.kit.clock import rfc3339
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.kit.roles import ClientRole
from tests.gateway.network import MEMBERS, Network, build, run_until, wait_done
from tests.gateway.support import client_for, keyed

Members = dict[str, tuple[Gateway, httpx.Client]]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    network = build(tmp_path_factory.mktemp("network"))
    try:
        yield network
    finally:
        network.engine.stop()


@pytest.fixture(scope="module")
def members(network: Network) -> Iterator[Members]:
    with ExitStack() as stack:
        gateways = {name: stack.enter_context(network.gateway(name)) for name in MEMBERS}
        members = {name: (gateway, stack.enter_context(client_for(gateway))) for name, gateway in gateways.items()}
        for _, api in members.values():
            run_until(lambda api=api: api.get("/v1/consortium").json()["active"] or None, "active")  # type: ignore[misc]  # bound now
        yield members


def posted(member: tuple[Gateway, httpx.Client], path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Post, and wait until it ended on the chain; the submission with its end."""
    gateway, api = member
    answer = api.post(path, json=body if body is not None else {}, headers=keyed())
    assert answer.status_code == 202, answer.text
    out: dict[str, Any] = answer.json()
    wait_done(gateway, out["submission_id"])
    return {**out, **api.get(f"/v1/submissions/{out['submission_id']}").json()}


def test_joined_founders_ratify_by_themselves_and_once(members: Members) -> None:
    for _, api in members.values():
        shown = api.get("/v1/consortium").json()
        assert (shown["active"], len(shown["ratified"]), shown["missing"]) == (True, 4, [])
        ratifications = api.get("/v1/submissions").json()["items"]
        assert [(each["kind"], each["state"]) for each in ratifications] == [("Ratify", "included")]
        digest = {"digest": shown["digest"]}
        assert api.post("/v1/consortium:ratify", json=digest, headers=keyed()).json()["code"] == (
            "consortium.already_ratified"
        )


def test_ratifying_asks_for_the_digest_that_was_compared(members: Members) -> None:
    _, api = members["BANK-A"]
    answer = api.post("/v1/consortium:ratify", json={"digest": "ab" * 32}, headers=keyed())
    assert (answer.status_code, answer.json()["code"]) == (409, "consortium.digest_differs")


def test_everybody_sees_members_with_names_roles_and_keys(members: Members, network: Network) -> None:
    _, api = members["ARBITRATION"]
    listed = api.get("/v1/members").json()["items"]
    assert [(each["legal_id"], each["roles"], each["is_self"]) for each in listed] == [
        ("BANK-A", ["LENDER"], False),
        ("BANK-B", ["LENDER"], False),
        ("DEPOSITORY", ["DEPOSITORY"], False),
        ("ARBITRATION", ["ARBITRATOR"], True),
    ]
    keys = api.get("/v1/keys", params={"member": listed[0]["member"]}).json()["items"]
    assert {key["purpose"] for key in keys} >= {"ACT", "RECOVERY", "EXCHANGE", "SEAL"}
    assert {key["state"] for key in keys} == {"VALID"}
    directory = {entry["name"]: entry["address"] for entry in api.get("/v1/directory").json()["items"]}
    assert directory == {entry.name: f"0x{entry.address.hex()}" for entry in network.consortium.contracts}


def test_a_decision_takes_approvals_and_time_and_then_takes_effect(members: Members) -> None:
    originator, others = members["BANK-A"], [members["BANK-B"], members["DEPOSITORY"]]
    made = posted(originator, "/v1/proposals", {"change": "SetThreshold", "payload": {"threshold": "4"}})
    proposal = made["act_ids"][0]

    early = originator[1].post(f"/v1/proposals/{proposal}:execute", json={}, headers=keyed())
    assert (early.status_code, early.json()["code"]) == (409, "proposal.execution_refused")
    for other in others:
        run_until(lambda api=other[1]: _shown(api, proposal), "the proposal")  # type: ignore[misc]  # bound now
        posted(other, f"/v1/proposals/{proposal}:approve")
    run_until(lambda: _executed(originator[1], proposal), "the execution")

    for _, api in members.values():
        shown = run_until(lambda api=api: _done(api, proposal), "executed everywhere")  # type: ignore[misc]  # bound now
        assert (shown["payload"], len(shown["approvals"])) == ({"threshold": "4"}, 3)
        assert api.get("/v1/consortium").json()["threshold"] == 4


def test_a_proposal_is_taken_back_by_who_made_it(members: Members) -> None:
    _, api = members["BANK-A"]
    made = posted(members["BANK-A"], "/v1/proposals", {"change": "SetDelay", "payload": {"delay": "60"}})
    proposal = made["act_ids"][0]
    posted(members["BANK-A"], f"/v1/proposals/{proposal}:cancel")
    run_until(lambda: api.get(f"/v1/proposals/{proposal}").json()["state"] == "CANCELLED" or None, "cancelled")
    late = api.post(f"/v1/proposals/{proposal}:approve", json={}, headers=keyed())
    assert (late.status_code, late.json()["code"]) == (409, "proposal.not_open")


@pytest.mark.parametrize(
    ("change", "payload", "code", "field"),
    [
        ("Abolish", {}, "proposal.change_unknown", "change"),
        ("SetThreshold", {}, "proposal.payload_malformed", "payload.threshold"),
        ("SetThreshold", {"threshold": "300"}, "proposal.payload_malformed", "payload.threshold"),
        ("SetThreshold", {"threshold": "-1"}, "proposal.payload_malformed", "payload.threshold"),
        ("SetThreshold", {"threshold": "1", "more": "1"}, "proposal.payload_malformed", "payload.more"),
        ("Suspend", {"member": "0xab", "reason": "00" * 32}, "proposal.payload_malformed", "payload.member"),
    ],
)
def test_a_proposal_that_is_not_in_order_is_refused_with_its_field(
    members: Members, change: str, payload: dict[str, str], code: str, field: str
) -> None:
    _, api = members["BANK-A"]
    answer = api.post("/v1/proposals", json={"change": change, "payload": payload}, headers=keyed())
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, code, field)


def test_another_members_key_is_not_ours_to_revoke(members: Members) -> None:
    _, api = members["BANK-A"]
    theirs = api.get("/v1/keys", params={"member": _member(members["BANK-B"]), "purpose": "SEAL"}).json()["items"][0]
    revoke = f"/v1/keys/{theirs['key']}:revoke"
    assert api.post(revoke, json={"reason": "KEY_ROTATION"}, headers=keyed()).json()["code"] == "key.not_own"
    unknown = api.post(f"/v1/keys/{'ab' * 32}:revoke", json={"reason": "KEY_ROTATION"}, headers=keyed())
    assert (unknown.status_code, unknown.json()["code"]) == (404, "key.unknown")


def test_only_who_may_govern_governs(members: Members) -> None:
    gateway, _ = members["BANK-A"]
    with client_for(gateway, ClientRole.SUBMITTER) as submitter:
        body = {"change": "SetThreshold", "payload": {"threshold": "4"}}
        assert submitter.post("/v1/proposals", json=body, headers=keyed()).status_code == 403
        assert submitter.get("/v1/members").status_code == 200


def test_a_revoked_act_key_signs_nothing_more_and_recovery_adds_another(members: Members) -> None:
    """Last: BANK-B's gateway can sign nothing with its ACT key afterwards."""
    gateway, api = members["BANK-B"]
    own = api.get("/v1/keys", params={"member": _member(members["BANK-B"]), "purpose": "ACT"}).json()["items"][0]
    new = ActKey.generate().address.rjust(32, b"\0").hex()
    now = gateway.clock.now()
    window = {"not_before": rfc3339(now), "not_after": rfc3339(now + timedelta(days=30))}

    posted(members["BANK-B"], f"/v1/keys/{own['key']}:revoke", {"reason": "KEY_LOST"})
    refused = run_until(lambda: _refused(api), "the revocation seen")
    assert (refused["status"], refused["code"], refused["values"]["why"]) == (409, "acts.key_not_valid", "revoked")
    added = {"purpose": "ACT", "key": new, **window, "sign_with": "RECOVERY"}
    assert posted(members["BANK-B"], "/v1/keys", added)["state"] == "included"

    _, other = members["BANK-A"]
    keys = run_until(lambda: _act_keys(other, _member(members["BANK-B"]), 2), "the new key")
    assert {key["key"]: key["state"] for key in keys} == {own["key"]: "REVOKED", new: "VALID"}


def _member(member: tuple[Gateway, httpx.Client]) -> str:
    return member[0].config.member_id.hex()


def _shown(api: httpx.Client, proposal: str) -> dict[str, Any] | None:
    answer = api.get(f"/v1/proposals/{proposal}")
    return answer.json() if answer.status_code == 200 else None


def _executed(api: httpx.Client, proposal: str) -> bool | None:
    """Whether the node took the execution; until approvals and timelock are there, it is refused."""
    return api.post(f"/v1/proposals/{proposal}:execute", json={}, headers=keyed()).status_code == 202 or None


def _done(api: httpx.Client, proposal: str) -> dict[str, Any] | None:
    shown = _shown(api, proposal)
    return shown if shown and shown["state"] == "EXECUTED" else None


def _refused(api: httpx.Client) -> dict[str, Any] | None:
    body = {"change": "SetThreshold", "payload": {"threshold": "3"}}
    answer = api.post("/v1/proposals", json=body, headers=keyed())
    found: dict[str, Any] = answer.json()
    return found if answer.status_code == 409 and found["code"] != "acts.already_requested" else None


def _act_keys(api: httpx.Client, member: str, count: int) -> list[dict[str, Any]] | None:
    keys: list[dict[str, Any]] = api.get("/v1/keys", params={"member": member, "purpose": "ACT"}).json()["items"]
    return keys if len(keys) == count else None
