"""What is signed and what is not, by what the chain said of keys; and when an act is final."""

import secrets
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tallystick.acts import Anchor, Domain, recover
from tallystick_gateway.acts import AlreadyRequested, Draft, KeyNotValid, NotJoined, desk_of, repository
from tallystick_gateway.acts import projections as acts
from tallystick_gateway.acts.abi import decode_act
from tallystick_gateway.acts.errors import ValidityTooLong
from tallystick_gateway.acts.service import enqueue
from tallystick_gateway.acts.signers import key_on_chain
from tallystick_gateway.acts.views import show
from tallystick_gateway.kit import events
from tallystick_gateway.kit.clock import as_unix
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.watch.blocks import CheckedBlock
from tallystick_gateway.watch.chain_event import ChainEvent
from tallystick_gateway.watch.errors import WrongChain
from tallystick_gateway.watch.headers import CheckedHeader
from tests.gateway.chain_told import BANK_A, BANK_B, Told, found
from tests.gateway.network import put
from tests.gateway.support import make_home, open_test_gateway


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    """BANK-A's gateway, told of the founding; no node stands behind it."""
    with open_test_gateway(found(tmp_path)["BANK-A"]) as gateway:
        yield gateway


def founded(gateway: Gateway) -> Told:
    told = Told(gateway)
    told.founded(desk_of(gateway).consortium.members)
    return told


def anchor(first_index: int = 0) -> Draft:
    values = {
        "stream": bytes(32),
        "first_index": first_index,
        "count": 1,
        "root": secrets.token_bytes(32),
        "previous": bytes(32),
    }
    return Draft("Anchor", values, f"{bytes(32).hex()}:{first_index}", "log")


def key_event(gateway: Gateway, name: str, **values: object) -> tuple[str, dict[str, object]]:
    key = key_on_chain(desk_of(gateway).act_key.address)
    return name, {"key": key, "member": BANK_A, "reason": bytes(32), **values}


def test_what_is_stored_is_the_members_own_signature_over_what_it_asked_for(gateway: Gateway) -> None:
    founded(gateway)
    draft = anchor()
    accepted = put(gateway, draft)
    with gateway.database.read() as session:
        (row,) = repository.acts_of_submission(session, accepted.submission_id, 0, 10)
        act = decode_act(row.kind, row.encoded)
        assert isinstance(act, Anchor)
        assert (act.member, act.root) == (BANK_A, draft.values["root"])
        assert act.valid_until - act.issued_at == 24 * 3600
        desk = desk_of(gateway)
        domain = Domain(desk.consortium.chain_id, desk.consortium.contract("RecordLog").address)
        assert row.signature is not None
        assert recover(act, domain, row.signature) == desk.act_key.address


def test_the_same_fact_has_the_same_ref_whatever_its_content(gateway: Gateway) -> None:
    founded(gateway)
    first = put(gateway, anchor())
    with pytest.raises(AlreadyRequested) as refused:
        put(gateway, anchor())
    assert refused.value.values["submission_id"] == first.submission_id


def test_nothing_of_a_refused_request_is_stored(gateway: Gateway) -> None:
    founded(gateway)
    first = anchor(7)
    put(gateway, first)
    with pytest.raises(AlreadyRequested):
        put(gateway, anchor(8), anchor(7))
    with gateway.database.read() as session:
        assert len(repository.list_submissions(session, None, 10)) == 1


@pytest.mark.parametrize(
    ("event", "values", "why"),
    [
        ("KeyRevocationRecorded", {"purpose": 1, "revokedAt": 1_700_000_000}, "revoked"),
        ("CompromiseReported", {"purpose": 1, "since": 1_700_000_000}, "compromised"),
        ("KeyAdded", {"purpose": 1, "notBefore": 0, "notAfter": 1_700_000_000}, "expired"),
        ("KeyAdded", {"purpose": 1, "notBefore": 4_000_000_000, "notAfter": 4_100_000_000}, "not_yet_valid"),
    ],
)
def test_a_key_that_has_ended_signs_nothing(gateway: Gateway, event: str, values: dict[str, int], why: str) -> None:
    told = founded(gateway)
    told.events(key_event(gateway, event, **values))
    with pytest.raises(KeyNotValid) as refused:
        put(gateway, anchor())
    assert refused.value.values["why"] == why
    assert f"0x{desk_of(gateway).act_key.address.hex()}" in str(refused.value)


def test_a_key_of_another_member_signs_nothing(gateway: Gateway) -> None:
    told = Told(gateway)
    told.events(key_event(gateway, "KeyAdded", purpose=1, notBefore=0, notAfter=4_000_000_000, member=BANK_B))
    desk_of(gateway).node_checked()
    with pytest.raises(KeyNotValid) as refused:
        put(gateway, anchor())
    assert refused.value.values["why"] == "not_ours"


def test_nothing_is_signed_after_the_watcher_met_another_chain(gateway: Gateway) -> None:
    founded(gateway)
    desk_of(gateway).halt(WrongChain("The node serves chain 1.", found=1))
    with pytest.raises(WrongChain):
        put(gateway, anchor())


def test_nothing_is_accepted_before_a_consortium_is_joined(tmp_path: Path) -> None:
    with open_test_gateway(make_home(tmp_path / "home")) as gateway, pytest.raises(NotJoined):
        put(gateway, anchor())


@pytest.mark.parametrize("seconds", [0, -1, 24 * 3600 + 1])
def test_no_act_is_valid_longer_than_its_contract_allows(gateway: Gateway, seconds: int) -> None:
    founded(gateway)
    with pytest.raises(ValidityTooLong), gateway.database.write() as session:
        enqueue(session, gateway, [anchor()], subject="log", valid_for=timedelta(seconds=seconds))


def block(gateway: Gateway, *, final: bool) -> CheckedBlock:
    now = as_unix(gateway.clock.now())
    header = CheckedHeader(9, secrets.token_bytes(32), bytes(32), now, bytes(32), bytes(32), 10**8, final)
    return CheckedBlock(header, (), ())


@pytest.mark.parametrize(
    ("final", "states"), [(True, ["signed", "included", "final"]), (False, ["signed", "included"])]
)
def test_an_act_is_final_only_in_a_block_whose_seals_were_checked(
    gateway: Gateway, final: bool, states: list[str]
) -> None:
    founded(gateway)
    accepted = put(gateway, anchor())
    where = block(gateway, final=final)
    values = {"actId": accepted.act_ids[0], "member": BANK_A}
    event = ChainEvent("Anchored", "RecordLog", bytes(20), values, 9, where.time, bytes(32), 0, 0)
    with gateway.database.write() as session:
        acts.apply(session, where, [event])
    with gateway.database.read() as session:
        out = show(session, gateway, accepted.submission_id)
        told = [row.kind for row in events.after(session, 0, 100, "submission.")]
    assert out.acts is not None
    assert out.acts[0].history is not None
    assert [step.state for step in out.acts[0].history] == states
    assert told == [f"submission.{state}" for state in states[1:]]


def test_an_event_of_another_member_moves_nothing_of_ours(gateway: Gateway) -> None:
    founded(gateway)
    accepted = put(gateway, anchor())
    where = block(gateway, final=False)
    values = {"actId": accepted.act_ids[0], "member": BANK_B}
    event = ChainEvent("Anchored", "RecordLog", bytes(20), values, 9, where.time, bytes(32), 0, 0)
    with gateway.database.write() as session:
        acts.apply(session, where, [event])
    with gateway.database.read() as session:
        assert show(session, gateway, accepted.submission_id).state == "signed"
