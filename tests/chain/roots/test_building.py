"""Roots made from a chain's events: of random histories that the contracts would allow, told at any height."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tallystick.consortium import Consortium, HeaderItems, MemberCard, role_mask
from tallystick.keys import Address
from tallystick.ledger import Event
from tallystick.pseudonyms import member_id
from tallystick.roots import AuthorityEntry, KeyVerdict, Roots, RootsMalformed, check_continues
from tallystick.roots.building import EVENTS, EpochSpan, NothingToExport, build_roots
from tests.chain.ledger.histories import histories, started
from tests.chain.ledger.lending import LendingWorld
from tests.chain.ledger.world import CHAIN_ID

STATES = {1: "ACTIVE", 2: "SUSPENDED", 3: "EXPELLED"}
PURPOSES = {1: "ACT", 2: "RECOVERY", 3: "VALIDATOR", 4: "EXCHANGE", 5: "SEAL", 6: "DOCUMENT"}
_UNHURRIED = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


def consortium(**changes: Any) -> Consortium:
    """What is asked of a consortium document; contracts and cards are not, events tell them."""
    fields = {
        "chain_id": CHAIN_ID,
        "genesis_hash": b"\7" * 32,
        "engine": "embedded",
        "header_items": (HeaderItems(0, 15), HeaderItems(12, 16)),
        "validator_epochs": (),
        "contracts": (),
        "members": (),
    }
    return Consortium(**{**fields, **changes})


class Told:
    """The events of a world whose members have legal ids, and cards with them."""

    def __init__(self, world: LendingWorld) -> None:
        self.ids = {member: member_id(f"TEST-{number}") for number, member in enumerate(world.members)}
        self.events = [self._renamed(event) for event in world.events if event.name in EVENTS]
        self.cards: dict[bytes, MemberCard] = {
            member_id(f"TEST-{n}"): cast("MemberCard", SimpleNamespace(legal_id=f"TEST-{n}", name=f"Member {n}"))
            for n in range(len(self.ids))
        }

    def _renamed(self, event: Event) -> Event:
        def name(value: object) -> object:
            return self.ids.get(value, value) if isinstance(value, bytes) else value

        return replace(event, values={key: name(value) for key, value in event.values.items()})

    def at(self, height: int, **changes: Any) -> Roots:
        time = max(event.block_time for event in self.events if event.height <= height)
        given: dict[str, Any] = {"as_of_height": height, "issued_at": datetime.fromtimestamp(time, UTC), **changes}
        return build_roots(given.pop("consortium", consortium()), self.cards, self.events, (), **given)


@_UNHURRIED
@given(histories())
def test_roots_say_of_members_keys_and_contracts_what_the_plain_model_says(world: LendingWorld) -> None:
    told = Told(world)
    roots = told.at(world.height)
    assert Roots.parse(roots.to_bytes()) == roots

    found_keys = {key.key: key for member in roots.members.values() for key in member.keys}
    assert found_keys.keys() == world.keys.keys()
    for key, known in world.keys.items():
        found = found_keys[key]
        assert (found.member, found.purpose) == (told.ids[known["member"]], PURPOSES[known["purpose"]])
        assert (found.not_before, found.not_after) == (known["not_before"], known["not_after"])
        assert (found.revoked_at or 0, found.compromised_since or 0) == (
            known["revoked_at"],
            known["compromised_since"],
        )
        verdict = roots.key_answer(key, found.member, found.purpose, world.now).verdict
        assert (verdict is KeyVerdict.VALID) == world.counts(key) or world.now in {
            known["revoked_at"],
            known["compromise_reported_at"],
        }
    for member, known in world.members.items():
        standing = roots.members[told.ids[member]].standing_at(world.height)
        assert standing is not None
        assert (standing.state, role_mask(standing.roles)) == (STATES[known["state"]], known["roles"])
    for name, address in world.directory.items():
        contract = roots.contract_at(name, world.height)
        assert contract is not None
        assert (contract.address, contract.code_hash) == (address, world.code_hashes[name])


@_UNHURRIED
@given(histories(least=5), st.data())
def test_one_history_never_contradicts_itself_at_whatever_heights_it_is_told(
    world: LendingWorld, data: st.DataObject
) -> None:
    told = Told(world)
    active = max(event.height for event in told.events if event.name == "ContractRegistered" and event.height < 17)
    earlier, later = sorted(data.draw(st.tuples(*[st.integers(active, world.height)] * 2)))
    first = told.at(earlier)
    assert told.at(earlier).to_bytes() == first.to_bytes()
    check_continues(first, told.at(later, previous=first.digest))


def test_nothing_is_exported_before_every_founder_ratified_or_without_a_card() -> None:
    told = Told(started())
    active = told.events[-1].height
    assert told.at(active).as_of_height == active
    with pytest.raises(NothingToExport, match="ratified"):
        told.at(active - 1)
    told.cards.popitem()
    with pytest.raises(NothingToExport, match="card"):
        told.at(active)


def test_the_consortium_contract_counts_from_its_deployment_the_others_from_ratification() -> None:
    told = Told(started())
    roots = told.at(100)
    deployed, ratified = told.events[0].height, told.events[-1].height
    assert [(each.name, each.from_height) for each in roots.contracts] == [
        ("AgreementBook", ratified),
        ("Consortium", deployed),
        ("LoanLedger", ratified),
        ("RecordLog", ratified),
    ]


LAST = datetime(2026, 11, 23, 8, tzinfo=UTC)


def _spans(world: LendingWorld, told: Told, *bounds: tuple[int, int | None]) -> list[EpochSpan]:
    validators = {Address(key[12:]): told.ids[world.keys[key]["member"]] for key in world.validators}
    return [EpochSpan(first, last, None if last is None else LAST, validators) for first, last in bounds]


def test_an_epoch_is_open_until_the_block_after_its_last_and_tokens_count_a_day_longer() -> None:
    world = started()
    told, sealed = Told(world), consortium(engine="qbft")
    spans = _spans(world, told, (0, 19), (20, 39), (40, None))

    def epochs_at(height: int) -> list[tuple[int, int | None, datetime | None]]:
        issued_at = datetime.fromtimestamp(world.now, UTC)
        roots = build_roots(sealed, told.cards, told.events, spans, as_of_height=height, issued_at=issued_at)
        assert Roots.parse(roots.to_bytes()) == roots
        return [(each.first, each.last, each.stamp_by) for each in roots.validator_epochs]

    day_later = LAST + timedelta(days=1)
    assert epochs_at(19) == [(0, None, None)]
    assert epochs_at(20) == [(0, 19, day_later), (20, None, None)]
    assert epochs_at(39) == [(0, 19, day_later), (20, None, None)]
    assert epochs_at(40) == [(0, 19, day_later), (20, 39, day_later), (40, None, None)]


def test_authorities_and_what_went_before_are_taken_as_given() -> None:
    told = Told(started())
    authorities = [
        AuthorityEntry(name, name.encode(), (), None, LAST, LAST + timedelta(days=1), development=False)
        for name in "ba"
    ]
    roots = told.at(100, authorities=authorities, previous=b"\1" * 32)
    assert [each.name for each in roots.authorities] == ["a", "b"]
    assert roots.previous == b"\1" * 32
    with pytest.raises(RootsMalformed, match="twice"):
        told.at(100, authorities=[authorities[0], authorities[0]])


def test_an_event_that_no_contract_emits_is_refused() -> None:
    told = Told(started())
    broken: Mapping[str, object] = {**told.events[0].values, "roles": "LENDER"}
    told.events[0] = replace(told.events[0], values=broken)
    with pytest.raises(ValueError, match="roles"):
        told.at(100)


def test_no_epoch_is_closed_without_the_time_of_its_last_block() -> None:
    world = started()
    told = Told(world)
    spans = [replace(span, last_time=None) for span in _spans(world, told, (0, 19), (20, None))]
    issued_at = datetime.fromtimestamp(world.now, UTC)
    with pytest.raises(ValueError, match="block 19"):
        build_roots(consortium(engine="qbft"), told.cards, told.events, spans, as_of_height=20, issued_at=issued_at)
