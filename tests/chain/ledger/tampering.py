"""Histories that no honest contract tells, by the rule that each breaks. The model checks nothing, so it can lie."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tallystick.acts import Party
from tallystick.keys import Address
from tallystick.ledger import Event, Rule

from . import world as w
from .histories import started
from .lending import OPEN, REVERSED, SEALED, SERVICING, SETTLED, SHARE, LendingWorld
from .world import ascii32, hashed, padded, word

__all__ = ["CASES", "Case", "edit", "index_of", "omit"]

Case = Callable[[], list[Event]]
CASES: list[tuple[Rule, Case]] = []


def breaks(rule: Rule) -> Callable[[Case], Case]:
    def keep(case: Case) -> Case:
        CASES.append((rule, case))
        return case

    return keep


def index_of(events: list[Event], name: str, nth: int = 0) -> int:
    """Where the event of this name is; `nth` counts from 0, or from the end if negative."""
    return [index for index, event in enumerate(events) if event.name == name][nth]


def edit(events: list[Event], name: str, nth: int = 0, **values: object) -> list[Event]:
    index = index_of(events, name, nth)
    named = {key.rstrip("_"): value for key, value in values.items()}
    edited = replace(events[index], values={**events[index].values, **named})
    return [*events[:index], edited, *events[index + 1 :]]


def omit(events: list[Event], name: str, nth: int = 0) -> list[Event]:
    index = index_of(events, name, nth)
    return [*events[:index], *events[index + 1 :]]


def lending(visibility: int = OPEN, **changed: object) -> tuple[LendingWorld, bytes]:
    """An agreement that is active, in a block of its own."""
    world = started()
    agreement = world.agree(visibility, **changed)  # type: ignore[arg-type]  # terms of the agreement
    world.block()
    return world, agreement


def with_loan(principal: int = 1000) -> tuple[LendingWorld, tuple[bytes, bytes]]:
    world, agreement = lending()
    key = world.disburse(agreement, principal)
    world.block()
    return world, key


def founded(world: LendingWorld | None = None, **changed: object) -> LendingWorld:
    world = world or LendingWorld()
    world.found(**changed)  # type: ignore[arg-type]  # roles, delay, threshold
    return world


# The chain


@breaks(Rule.ORDER)
def two_events_swapped() -> list[Event]:
    world, agreement = lending()
    world.disburse(agreement, 5)
    world.disburse(agreement, 5)
    *rest, one, two = world.events
    return [*rest, two, one]


@breaks(Rule.ORDER)
def an_event_twice() -> list[Event]:
    world, _ = with_loan()
    return [*world.events, world.events[-1]]


@breaks(Rule.ORDER)
def time_that_runs_back() -> list[Event]:
    world, _ = with_loan()
    return [*world.events[:-1], replace(world.events[-1], block_time=1)]


@breaks(Rule.ORDER)
def two_times_in_one_block() -> list[Event]:
    world, agreement = lending()
    world.disburse(agreement, 5)
    world.now += 1
    world.disburse(agreement, 5)
    return world.events


@breaks(Rule.ORDER)
def one_transaction_under_two_hashes() -> list[Event]:
    world, agreement = lending()
    world.disburse(agreement, 5)
    world.disburse(agreement, 5)
    return [*world.events[:-1], replace(world.events[-1], transaction_hash=hashed("other"))]


@breaks(Rule.EVENT_UNKNOWN)
def an_event_that_the_contract_has_not() -> list[Event]:
    world, _ = with_loan()
    return [*world.events[:-1], replace(world.events[-1], name="Doubled")]


@breaks(Rule.EVENT_UNKNOWN)
def an_event_of_another_contract() -> list[Event]:
    world, _ = with_loan()
    return [*world.events[:-1], replace(world.events[-1], contract="RecordLog")]


def _malformed(values: dict[str, Any]) -> Case:
    def case() -> list[Event]:
        world, _ = with_loan()
        return edit(world.events, "Disbursed", **values)

    return case


for values in (
    {"head": bytes(31)},
    {"principal": -1},
    {"principal": 1 << 64},
    {"principal": True},
    {"principal": "1000"},
    {"signer": "0x" + "00" * 20},
    {"shares": 5},
    {"shares": b"\x01\x02"},
    {"shares": (200, None)},
    {"surprise": 1},
):
    breaks(Rule.EVENT_MALFORMED)(_malformed(values))


@breaks(Rule.EVENT_MALFORMED)
def an_event_without_a_parameter() -> list[Event]:
    world, _ = with_loan()
    last = world.events[-1]
    return [*world.events[:-1], replace(last, values={k: v for k, v in last.values.items() if k != "head"})]


@breaks(Rule.EVENT_MALFORMED)
def terms_that_are_no_struct() -> list[Event]:
    world, _ = lending()
    return edit(world.events, "AgreementProposed", terms=(1, 2, 3))


@breaks(Rule.EVENT_MALFORMED)
def a_state_that_does_not_exist() -> list[Event]:
    world, key = with_loan()
    world.move(key, SETTLED)
    return edit(world.events, "Settled", previous=9)


@breaks(Rule.CHAIN_ID)
def an_event_of_another_chain() -> list[Event]:
    world, _ = with_loan()
    return edit(world.events, "Disbursed", chainId=w.CHAIN_ID + 1)


@breaks(Rule.CONTRACT)
def a_contract_that_the_directory_does_not_name() -> list[Event]:
    world, _ = with_loan()
    return [*world.events[:-1], replace(world.events[-1], address=w.address_of("stranger"))]


@breaks(Rule.CONTRACT)
def a_ledger_that_was_replaced() -> list[Event]:
    world, agreement = lending()
    old = world.directory["LoanLedger"]
    world.upgrade("LoanLedger")
    world.block()
    world.disburse(agreement, 100)
    return [*world.events[:-1], replace(world.events[-1], address=Address(old))]


@breaks(Rule.CONTRACT)
def a_ledger_before_the_ratification() -> list[Event]:
    world = founded()
    world.directory["LoanLedger"] = w.address_of("LoanLedger")
    world.block()
    world.cancel_unrecorded("LoanLedger", world.member(0))
    return world.events


@breaks(Rule.CONTRACT)
def a_link_from_a_contract_that_is_not_in_the_directory() -> list[Event]:
    world, key = with_loan()
    world.directory["Stranger"] = w.address_of("Stranger")
    world.link_from("Stranger", key, world.member(0))
    return world.events


# Causes and consequences


@breaks(Rule.CAUSE)
def an_agreement_active_by_itself() -> list[Event]:
    world = started()
    world.block()
    matter = world.propose_agreement(world.terms(world.with_role(1)[:2], [2000, 8000], OPEN), world.member(0))
    world.transaction()
    agreement = next(iter(world.agreements))
    world.emit("AgreementBook", "AgreementActivated", actId=matter, agreement=agreement)
    return world.events


@breaks(Rule.CAUSE)
def a_member_suspended_by_nobody() -> list[Event]:
    world = started()
    world.block()
    world.emit(
        "Consortium",
        "MemberStateChanged",
        actId=hashed("no proposal"),
        member=world.member(0),
        previous=1,
        state=2,
        reason=bytes(32),
        epoch=world.epoch + 1,
    )
    return world.events


@breaks(Rule.CAUSE)
def a_validator_added_by_its_member_alone() -> list[Event]:
    world = started()
    world.block()
    member = world.member(0)
    key = padded(w.address_of("mine"))
    world.add_key(world.act_id(), member, world.signer(member) or b"", w.VALIDATOR, key, world.now + 99, w.FOREVER)
    return world.events


@breaks(Rule.CONSEQUENCE)
def an_activation_left_out() -> list[Event]:
    world, _ = with_loan()
    return omit(world.events, "AgreementActivated")


@breaks(Rule.CONSEQUENCE)
def the_last_consequence_left_out() -> list[Event]:
    world, _ = lending()
    return world.events[:-1]


@breaks(Rule.CONSEQUENCE)
def a_share_transferred_to_another_amount() -> list[Event]:
    world, key = with_loan()
    offer = world.offer(key, SHARE, 0, 1, 50)
    world.block()
    world.co_sign(offer, world.member(1))
    return edit(world.events, "ShareTransferred", amount=51)


@breaks(Rule.CONSEQUENCE)
def a_proposal_carried_out_otherwise() -> list[Event]:
    world = started()
    world.decide(w.SET_DELAY, word(100))
    return edit(world.events, "DelayChanged", -1, delay=1)


@breaks(Rule.CONSEQUENCE)
def an_effect_of_a_proposal_left_out() -> list[Event]:
    world = started()
    new = padded(w.address_of("new"))
    old = padded(w.address_of(0, w.RECOVERY))
    world.decide(w.REPLACE_RECOVERY, world.member(0), old, new, word(0), word(w.FOREVER), ascii32("lost"))
    return omit(world.events, "KeyAdded", -1)


@breaks(Rule.CONSEQUENCE)
def an_activation_in_another_transaction() -> list[Event]:
    world, _ = lending()
    *rest, last = world.events
    later = replace(last, transaction_index=last.transaction_index + 1, transaction_hash=hashed("later"))
    return [*rest, later]


# Acts, members, signers


@breaks(Rule.ACT_ID)
def one_act_for_two_loans() -> list[Event]:
    world, agreement = lending()
    world.disburse(agreement, 100)
    world.acts -= 1
    world.disburse(agreement, 100)
    return world.events


@breaks(Rule.ACT_ID)
def an_act_that_was_burnt() -> list[Event]:
    world, _ = with_loan()
    world.cancel_unrecorded("LoanLedger", world.member(0))
    world.block()
    world.anchor(world.member(0), bytes(32), 1)
    burnt = world.events[-2].values["cancelled"]
    return edit(world.events, "Anchored", actId=burnt)


@breaks(Rule.ACT_ID)
def an_act_of_zeros() -> list[Event]:
    world = started()
    world.block()
    world.note_time(world.member(0))
    return edit(world.events, "TimeNoted", actId=bytes(32))


@breaks(Rule.ACT_ID)
def a_recorded_act_burnt() -> list[Event]:
    world, _ = with_loan()
    world.cancel_unrecorded("LoanLedger", world.member(0))
    disbursement = world.events[-2].values["actId"]
    return edit(world.events, "ActCancelled", cancelled=disbursement)


@breaks(Rule.ACT_ID)
def an_act_linked_twice() -> list[Event]:
    world, key = with_loan()
    world.decide(w.SET_CONTRACT, ascii32("Evidence"), padded(w.address_of("Evidence")), hashed("code", "Evidence"))
    world.block()
    world.link_from("Evidence", key, world.member(0))
    world.acts -= 1
    world.link_from("Evidence", key, world.member(0))
    return world.events


@breaks(Rule.MEMBER)
def a_suspended_member_that_disburses() -> list[Event]:
    world, agreement = lending()
    world.decide(w.SUSPEND, world.member(0), ascii32("reason"))
    world.block()
    world.disburse(agreement, 100)
    return world.events


@breaks(Rule.MEMBER)
def a_stranger_that_notes_the_time() -> list[Event]:
    world = started()
    world.block()
    world.note_time(world.member(0))
    return edit(world.events, "TimeNoted", member=hashed("stranger"))


@breaks(Rule.SIGNER)
def another_member_s_key() -> list[Event]:
    world, _ = with_loan()
    return edit(world.events, "Disbursed", signer=world.signer(world.member(1)))


@breaks(Rule.SIGNER)
def a_key_for_another_purpose() -> list[Event]:
    world, _ = with_loan()
    return edit(world.events, "Disbursed", signer=world.signer(world.member(0), w.RECOVERY))


@breaks(Rule.SIGNER)
def a_revoked_key() -> list[Event]:
    world, _ = lending()
    member, key = world.member(0), padded(w.address_of(0, w.ACT))
    world.revoke_key(world.act_id(), key[12:], key, ascii32("stolen"))
    world.block()
    world.note_time(member)
    return edit(world.events, "TimeNoted", signer=key[12:])


@breaks(Rule.SIGNER)
def a_compromised_key() -> list[Event]:
    world, _ = lending()
    member, key = world.member(0), padded(w.address_of(0, w.ACT))
    world.report_compromise(world.act_id(), world.signer(member, w.RECOVERY) or b"", key, world.now - 5)
    world.block()
    world.note_time(member)
    return edit(world.events, "TimeNoted", signer=key[12:])


@breaks(Rule.SIGNER)
def an_expired_key() -> list[Event]:
    world, _ = lending()
    world.block(w.FOREVER - world.now + 1)
    world.keys[padded(w.address_of(0, w.ACT))]["not_after"] = 2 * w.FOREVER
    world.note_time(world.member(0))
    return world.events


@breaks(Rule.SIGNER)
def a_key_before_its_time() -> list[Event]:
    world = started()
    world.block()
    member, key = world.member(0), padded(w.address_of("next"))
    world.add_key(world.act_id(), member, world.signer(member) or b"", w.ACT, key, world.now + 60, w.FOREVER)
    world.block()
    world.note_time(member)
    return edit(world.events, "TimeNoted", signer=key[12:])


@breaks(Rule.SIGNER)
def a_recovery_key_replaced_by_an_act_key() -> list[Event]:
    world = started()
    world.block()
    member = world.member(0)
    key = padded(w.address_of(0, w.RECOVERY))
    world.revoke_key(world.act_id(), world.signer(member) or b"", key, ascii32("reason"))
    return world.events


# Founding and governance


@breaks(Rule.OLD_VALUE)
def a_delay_that_was_another() -> list[Event]:
    return edit(founded().events, "DelayChanged", previousDelay=5)


@breaks(Rule.OLD_VALUE)
def a_settled_loan_that_was_in_another_state() -> list[Event]:
    world, key = with_loan()
    world.move(key, SETTLED)
    return edit(world.events, "Settled", previous=4)


@breaks(Rule.FOUNDING)
def a_founder_without_a_recovery_key() -> list[Event]:
    return omit(founded().events, "KeyAdded", 1)


@breaks(Rule.FOUNDING)
def three_founders() -> list[Event]:
    return founded(roles=(1, 1, 2)).events


@breaks(Rule.FOUNDING)
def a_founding_in_two_transactions() -> list[Event]:
    world = LendingWorld()
    world.admit(w.NOTHING, hashed("one"), 1, hashed("certificate"))
    world.transaction()
    world.admit(w.NOTHING, hashed("two"), 1, hashed("certificate"))
    return world.events


@breaks(Rule.FOUNDING)
def an_act_before_the_founding() -> list[Event]:
    world = started()
    return world.events[index_of(world.events, "Ratified") :]


@breaks(Rule.FOUNDING)
def keys_out_of_turn() -> list[Event]:
    world = LendingWorld()
    world.admit(w.NOTHING, hashed("one"), 1, hashed("certificate"))
    for purpose in (w.RECOVERY, w.ACT):
        key = padded(w.address_of(purpose))
        world.add_key(w.NOTHING, hashed("one"), w.NO_ADDRESS, purpose, key, 0, w.FOREVER)
    return world.events


@breaks(Rule.RATIFICATION)
def a_list_under_another_hash() -> list[Event]:
    return edit(started().events, "Ratified", listHash=hashed("other"))


@breaks(Rule.RATIFICATION)
def a_list_without_the_consortium() -> list[Event]:
    world = founded()
    world.ratify(world.member(0), ("AgreementBook", "LoanLedger"))
    return world.events


@breaks(Rule.RATIFICATION)
def a_ratification_of_what_is_active() -> list[Event]:
    world = started()
    world.ratify(world.member(0))
    return world.events


@breaks(Rule.RATIFICATION)
def an_act_before_the_ratification() -> list[Event]:
    world = founded()
    world.block()
    world.note_time(world.member(0))
    return world.events


@breaks(Rule.MEMBERSHIP)
def a_member_index_skipped() -> list[Event]:
    return edit(founded().events, "MemberAdmitted", 1, index=2)


@breaks(Rule.MEMBERSHIP)
def a_founder_twice() -> list[Event]:
    events = founded().events
    first = events[0].values["member"]
    return edit(events, "MemberAdmitted", 1, member=first)


@breaks(Rule.MEMBERSHIP)
def fewer_than_four_active_members() -> list[Event]:
    world = started()
    for number in (5, 0, 1):
        world.decide(w.SUSPEND, world.member(number), ascii32("reason"))
    return world.events


@breaks(Rule.ROLE)
def a_founder_without_a_role() -> list[Event]:
    return founded(roles=(1, 1, 0, 2, 4)).events


@breaks(Rule.ROLE)
def a_depository_that_lends() -> list[Event]:
    world = started()
    world.block()
    members = [world.member(0), world.member(3)]
    world.propose_agreement(world.terms(members, [2000, 8000], OPEN), members[0])
    return world.events


@breaks(Rule.KEY)
def a_key_with_two_owners() -> list[Event]:
    world = started()
    world.block()
    taken = padded(w.address_of(1, w.ACT))
    member = world.member(0)
    world.add_key(world.act_id(), member, world.signer(member) or b"", w.ACT, taken, world.now + 60, w.FOREVER)
    return world.events


@breaks(Rule.KEY)
def a_key_that_ends_before_it_begins() -> list[Event]:
    return edit(founded().events, "KeyAdded", notAfter=5)


@breaks(Rule.KEY)
def an_act_key_that_is_no_address() -> list[Event]:
    return edit(founded().events, "KeyAdded", key=hashed("32 bytes"))


@breaks(Rule.KEY)
def a_key_revoked_twice() -> list[Event]:
    world = started()
    for _ in range(2):
        world.block()
        key = padded(w.address_of(0, w.ACT))
        world.revoke_key(world.act_id(), w.address_of(0, w.RECOVERY), key, ascii32("reason"))
    return world.events


@breaks(Rule.COMPROMISE)
def a_compromise_in_the_future() -> list[Event]:
    world = started()
    world.block()
    key = padded(w.address_of(0, w.ACT))
    world.report_compromise(world.act_id(), w.address_of(0, w.RECOVERY), key, world.now + 1)
    return world.events


@breaks(Rule.COMPROMISE)
def a_compromise_dated_back_by_its_member_alone() -> list[Event]:
    world = started()
    world.block()
    key = padded(w.address_of(0, w.ACT))
    world.report_compromise(world.act_id(), w.address_of(0, w.RECOVERY), key, world.now - 72 * 3600 - 1)
    return world.events


@breaks(Rule.VALIDATORS)
def three_validators() -> list[Event]:
    world = started()
    for number in range(3):
        key = padded(w.address_of(number, w.VALIDATOR))
        world.decide(w.REMOVE_VALIDATOR, world.member(number), key, ascii32("reason"))
    return world.events


@breaks(Rule.DIRECTORY)
def one_address_under_two_names() -> list[Event]:
    world = started()
    world.decide(w.SET_CONTRACT, ascii32("Other"), padded(w.address_of("LoanLedger")), hashed("code", "Other"))
    return world.events


@breaks(Rule.DIRECTORY)
def another_consortium() -> list[Event]:
    world = started()
    other = padded(w.address_of("another"))
    world.decide(w.SET_CONTRACT, ascii32("Consortium"), other, hashed("code", "Consortium"))
    return world.events


@breaks(Rule.SETTINGS)
def no_delay_at_all() -> list[Event]:
    return founded(delay=0).events


@breaks(Rule.SETTINGS)
def a_threshold_above_all_members() -> list[Event]:
    return founded(threshold=7).events


@breaks(Rule.PROPOSAL)
def a_proposal_of_the_wrong_length() -> list[Event]:
    world = started()
    world.block()
    world.propose(world.member(0), w.SET_DELAY, bytes(31))
    return world.events


@breaks(Rule.PROPOSAL)
def a_proposal_without_its_timelock() -> list[Event]:
    world = started()
    world.block()
    world.propose(world.member(0), w.SET_DELAY, word(5))
    return edit(world.events, "ProposalMade", executableFrom=world.now)


@breaks(Rule.PROPOSAL)
def a_withdrawn_proposal_carried_out() -> list[Event]:
    world = started()
    world.block()
    proposal = world.propose(world.member(0), w.SET_DELAY, word(5))
    world.block(100)
    world.withdraw_proposal(proposal)
    world.block()
    world.execute(proposal)
    return world.events


@breaks(Rule.PROPOSAL)
def a_proposal_from_before_a_change_of_membership() -> list[Event]:
    world = started()
    world.block()
    proposal = world.propose(world.member(0), w.SET_DELAY, word(5))
    world.decide(w.SUSPEND, world.member(5), ascii32("reason"))
    world.block()
    world.approve(world.member(1), proposal)
    return world.events


@breaks(Rule.PROPOSAL)
def a_proposal_withdrawn_by_another() -> list[Event]:
    world = started()
    world.block()
    proposal = world.propose(world.member(0), w.SET_DELAY, word(5))
    world.block()
    world.withdraw_proposal(proposal)
    return edit(world.events, "ProposalWithdrawn", member=world.member(1), signer=world.signer(world.member(1)))


@breaks(Rule.TIMELOCK)
def a_proposal_carried_out_too_early() -> list[Event]:
    world = started()
    world.block()
    proposal = world.propose(world.member(0), w.SET_DELAY, word(5))
    for number in range(1, 6):
        world.approve(world.member(number), proposal)
    world.block(59)
    world.execute(proposal)
    return world.events


@breaks(Rule.TIMELOCK)
def an_act_key_that_adds_a_key_at_once() -> list[Event]:
    world = started()
    world.block()
    member = world.member(0)
    key = padded(w.address_of("next"))
    world.add_key(world.act_id(), member, world.signer(member) or b"", w.ACT, key, world.now, w.FOREVER)
    return world.events


@breaks(Rule.APPROVALS)
def a_proposal_carried_out_by_three_of_six() -> list[Event]:
    world = started()
    world.block()
    proposal = world.propose(world.member(0), w.SET_DELAY, word(5))
    for number in (1, 2):
        world.approve(world.member(number), proposal)
    world.block(60)
    world.execute(proposal)
    return world.events


@breaks(Rule.APPROVALS)
def a_member_that_approves_twice() -> list[Event]:
    world = started()
    world.block()
    proposal = world.propose(world.member(0), w.SET_DELAY, word(5))
    world.approve(world.member(0), proposal)
    return world.events


@breaks(Rule.APPROVALS)
def an_approval_left_out() -> list[Event]:
    world = started()
    world.decide(w.SET_DELAY, word(5))
    return omit(world.events, "ProposalApproved", 1)


# Agreements


@breaks(Rule.AGREEMENT_ID)
def terms_that_nobody_signed() -> list[Event]:
    world, _ = lending()
    event = world.events[index_of(world.events, "AgreementProposed")]
    terms = {**event.values["terms"], "totalLimit": 99_000_000}  # type: ignore[dict-item]  # the struct is a mapping
    return edit(world.events, "AgreementProposed", terms=terms)


def _terms(**changed: object) -> Case:
    def case() -> list[Event]:
        world = started()
        world.block()
        members = world.with_role(1)[:2]
        values: dict[str, Any] = {"bps": [2000, 8000], "visibility": OPEN, **changed}
        world.propose_agreement(world.terms(members, **values), members[0])
        return world.events

    return case


for terms in (
    {"bps": [2000, 8001]},
    {"bps": [0, 10_000]},
    {"currency": b"eUR"},
    {"visibility": 2},
    {"loan_limit": 0},
    {"total_limit": 999_999},
    {"calendar": ""},
    {"time_zone": "x" * 65},
    {"cut_off": 86_400},
    {"attesting_roles": 16},
    {"penalty_surcharge_bps": 10_001},
    {"cure_period": 3651 * 86_400},
    {"originator": hashed("stranger")},
):
    breaks(Rule.TERMS)(_terms(**terms))


@breaks(Rule.TERMS)
def a_party_twice() -> list[Event]:
    world = started()
    world.block()
    member = world.member(0)
    world.propose_agreement(world.terms([member, member], [2000, 8000], OPEN), member)
    return world.events


@breaks(Rule.AGREEMENT)
def an_agreement_that_is_not_co_signed_yet() -> list[Event]:
    world = started()
    world.block()
    world.propose_agreement(world.terms(world.with_role(1)[:2], [2000, 8000], OPEN), world.member(0))
    world.block()
    world.disburse(next(iter(world.agreements)), 100)
    return world.events


@breaks(Rule.AGREEMENT)
def an_agreement_proposed_twice() -> list[Event]:
    world, agreement = lending()
    world.propose_agreement(world.agreements[agreement]["terms"], world.member(0))
    return world.events


@breaks(Rule.AGREEMENT)
def an_agreement_that_nobody_knows() -> list[Event]:
    world, _ = with_loan()
    return edit(world.events, "Disbursed", agreement=hashed("nowhere"))


@breaks(Rule.AGREEMENT)
def an_agreement_that_the_new_book_has_not_adopted() -> list[Event]:
    world, agreement = lending()
    world.upgrade("AgreementBook")
    world.block()
    world.agreements[agreement] = world.agreements_before[agreement]
    world.disburse(agreement, 100)
    return world.events


@breaks(Rule.VISIBILITY)
def an_open_loan_of_a_sealed_agreement() -> list[Event]:
    world, agreement = lending(SEALED)
    world.disburse(agreement, 100)
    return world.events


@breaks(Rule.VISIBILITY)
def a_sealed_loan_of_an_open_agreement() -> list[Event]:
    world, agreement = lending(OPEN)
    world.disburse_sealed(agreement)
    return world.events


@breaks(Rule.PARTY)
def a_share_for_a_stranger() -> list[Event]:
    world, key = with_loan()
    world.offer(key, SHARE, 0, 1, 50)
    return edit(world.events, "ShareTransferProposed", to=world.member(5))


@breaks(Rule.NAMED)
def a_snapshot_for_a_stranger() -> list[Event]:
    world, key = with_loan()
    world.snapshot(key, world.member(5))
    return world.events


@breaks(Rule.MATTER)
def a_signature_after_thirty_days() -> list[Event]:
    world = started()
    world.block()
    matter = world.propose_agreement(world.terms(world.with_role(1)[:2], [2000, 8000], OPEN), world.member(0))
    world.block(30 * 86_400 + 1)
    world.co_sign(matter, world.member(1))
    return world.events


@breaks(Rule.MATTER)
def a_signature_of_what_was_withdrawn() -> list[Event]:
    world = started()
    world.block()
    matter = world.propose_agreement(world.terms(world.with_role(1)[:2], [2000, 8000], OPEN), world.member(0))
    world.block()
    world.withdraw(matter)
    world.block()
    world.co_sign(matter, world.member(1))
    return world.events


@breaks(Rule.MATTER)
def a_sealed_loan_withdrawn() -> list[Event]:
    world, agreement = lending(SEALED)
    _, matter = world.disburse_sealed(agreement)
    world.block()
    world.withdraw(matter)
    return world.events


@breaks(Rule.MATTER)
def a_matter_that_stays_open_longer() -> list[Event]:
    world, key = with_loan()
    world.offer(key, SERVICING, 0, 1, 0)
    return edit(world.events, "ServicingTransferProposed", openUntil=w.FOREVER)


@breaks(Rule.AWAITING)
def a_party_that_signs_twice() -> list[Event]:
    world = started()
    world.block()
    terms = world.terms(world.with_role(1)[:3], [2000, 3000, 5000], OPEN)
    matter = world.propose_agreement(terms, world.member(0))
    for _ in range(2):
        world.block()
        world.co_sign(matter, world.member(1))
    return world.events


@breaks(Rule.AWAITING)
def nobody_awaited_though_one_is() -> list[Event]:
    world = started()
    world.agree(OPEN, (2000, 3000, 5000))
    return edit(world.events, "AgreementCoSigned", awaiting=0)


@breaks(Rule.AWAITING)
def a_co_signature_left_out() -> list[Event]:
    world = started()
    world.agree(OPEN, (2000, 3000, 5000))
    return omit(world.events, "AgreementCoSigned")


# Loans


@breaks(Rule.LOAN)
def a_loan_disbursed_twice() -> list[Event]:
    world, agreement = lending()
    _, loan = world.disburse(agreement, 100)
    world.disburse(agreement, 100)
    return edit(world.events, "Disbursed", 1, loan=loan)


@breaks(Rule.LOAN)
def a_disbursement_left_out() -> list[Event]:
    world, key = with_loan()
    world.move(key, SETTLED)
    return omit(world.events, "Disbursed")


@breaks(Rule.LOAN)
def a_loan_that_the_new_ledger_has_not_adopted() -> list[Event]:
    world, key = with_loan()
    world.upgrade("LoanLedger")
    world.block()
    world.loans[key] = world.loans_before[key]
    world.move(key, SETTLED)
    return world.events


@breaks(Rule.ORIGINATOR)
def a_disbursement_by_the_partner() -> list[Event]:
    world, _ = with_loan()
    partner = world.member(1)
    return edit(world.events, "Disbursed", member=partner, signer=world.signer(partner))


@breaks(Rule.SERVICER)
def a_settlement_by_the_partner() -> list[Event]:
    world, key = with_loan()
    world.move(key, SETTLED)
    partner = world.member(1)
    return edit(world.events, "Settled", member=partner, signer=world.signer(partner))


@breaks(Rule.SERVICER)
def servicing_given_by_who_has_it_not() -> list[Event]:
    world, key = with_loan()
    world.offer(key, SERVICING, 1, 0, 0)
    return world.events


@breaks(Rule.TRANSITION)
def a_settled_loan_reversed() -> list[Event]:
    world, key = with_loan()
    world.move(key, SETTLED)
    world.block()
    world.move(key, REVERSED)
    return world.events


@breaks(Rule.TRANSITION)
def a_pending_loan_settled() -> list[Event]:
    world, agreement = lending(SEALED)
    key, _ = world.disburse_sealed(agreement)
    world.block()
    world.move(key, SETTLED)
    return world.events


@breaks(Rule.TRANSITION)
def a_reversed_sealed_loan_signed() -> list[Event]:
    world, agreement = lending(SEALED)
    key, matter = world.disburse_sealed(agreement)
    world.block()
    world.move(key, REVERSED)
    world.block()
    world.co_sign(matter, world.member(1))
    return world.events


@breaks(Rule.CURRENCY)
def a_loan_in_another_currency() -> list[Event]:
    world, _ = with_loan()
    return edit(world.events, "Disbursed", currency=b"USD")


@breaks(Rule.PRINCIPAL)
def a_loan_of_nothing() -> list[Event]:
    world, agreement = lending()
    world.disburse(agreement, 0)
    return world.events


@breaks(Rule.SHARES)
def a_unit_moved_from_party_to_party() -> list[Event]:
    world, _ = with_loan()
    return edit(world.events, "Disbursed", shares=(201, 799))


@breaks(Rule.SHARES)
def a_larger_principal_with_the_same_shares() -> list[Event]:
    world, _ = with_loan()
    return edit(world.events, "Disbursed", principal=1001)


@breaks(Rule.SHARES)
def the_remainder_to_the_wrong_party() -> list[Event]:
    world, agreement = lending(OPEN, bps=(3333, 3333, 3334))
    world.disburse(agreement, 1)
    return edit(world.events, "Disbursed", shares=(1, 0, 0))


@breaks(Rule.SHARES)
def a_reduction_that_does_not_add_up() -> list[Event]:
    world, key = with_loan()
    name = "Reconciliation"
    world.decide(w.SET_CONTRACT, ascii32(name), padded(w.address_of(name)), hashed("code", name))
    world.block()
    world.reduce(key, (10, 40))
    return edit(world.events, "ExposureReduced", shareOfFirst=191)


@breaks(Rule.LOAN_LIMIT)
def a_loan_above_its_limit() -> list[Event]:
    world, agreement = lending()
    world.disburse(agreement, 1_000_001)
    return world.events


@breaks(Rule.TOTAL_LIMIT)
def loans_above_the_limit_of_all() -> list[Event]:
    world, agreement = lending(OPEN, total_limit=1_500_000)
    world.disburse(agreement, 1_000_000)
    world.disburse(agreement, 500_001)
    return world.events


@breaks(Rule.PARTY_LIMIT)
def loans_above_the_limit_of_a_party() -> list[Event]:
    world = started()
    members = world.with_role(1)[:2]
    parties = (
        Party(member=members[0], share_bps=2000, limit=199),
        Party(member=members[1], share_bps=8000, limit=10**9),
    )
    agreement = world.agree(OPEN, parties=parties)
    world.block()
    world.disburse(agreement, 1000)
    return world.events


@breaks(Rule.PARTY_LIMIT)
def a_share_taken_above_the_limit() -> list[Event]:
    world = started()
    members = world.with_role(1)[:2]
    parties = (
        Party(member=members[0], share_bps=2000, limit=200),
        Party(member=members[1], share_bps=8000, limit=10**9),
    )
    key = world.disburse(world.agree(OPEN, parties=parties), 1000)
    world.block()
    matter = world.offer(key, SHARE, 1, 0, 1)
    world.block()
    world.co_sign(matter, members[0])
    return world.events


@breaks(Rule.DATE)
def a_day_that_does_not_exist() -> list[Event]:
    world, _ = with_loan()
    return edit(world.events, "Disbursed", valueDate=20_270_229)


@breaks(Rule.TRANSFER)
def more_than_the_giver_has() -> list[Event]:
    world, key = with_loan()
    world.offer(key, SHARE, 0, 1, 201)
    return world.events


@breaks(Rule.TRANSFER)
def a_share_of_a_settled_loan() -> list[Event]:
    world, key = with_loan()
    world.move(key, SETTLED)
    world.block()
    world.offer(key, SHARE, 0, 1, 5)
    return world.events


@breaks(Rule.TRANSFER)
def a_sealed_share_given_twice() -> list[Event]:
    world, agreement = lending(SEALED)
    key, matter = world.disburse_sealed(agreement)
    world.block()
    world.co_sign(matter, world.member(1))
    for _ in range(2):
        world.block()
        matter = world.offer(key, SHARE, 0, 1, 0)
        world.transaction()
        world.co_sign(matter, world.member(1))
    return world.events


@breaks(Rule.REDUCTION)
def a_reduction_of_a_settled_loan() -> list[Event]:
    world, key = with_loan()
    name = "Reconciliation"
    world.decide(w.SET_CONTRACT, ascii32(name), padded(w.address_of(name)), hashed("code", name))
    world.block()
    world.move(key, SETTLED)
    world.block()
    world.reduce(key, (10, 40))
    return world.events


@breaks(Rule.COUNT)
def a_count_skipped() -> list[Event]:
    world, key = with_loan()
    world.move(key, SETTLED)
    return edit(world.events, "Settled", count=3)


@breaks(Rule.COUNT)
def a_linked_act_left_out() -> list[Event]:
    world, key = with_loan()
    world.offer(key, SHARE, 0, 1, 5)
    world.block()
    world.move(key, SETTLED)
    return omit(world.events, "ShareTransferProposed")


@breaks(Rule.COUNT)
def a_snapshot_of_an_earlier_count() -> list[Event]:
    world, key = with_loan()
    world.snapshot(key, world.member(3))
    return edit(world.events, "HeadAsOf", count=0)


@breaks(Rule.HEAD)
def a_head_of_other_acts() -> list[Event]:
    world, key = with_loan()
    world.move(key, SETTLED)
    return edit(world.events, "Settled", head=hashed("other"))


@breaks(Rule.HEAD)
def an_act_id_exchanged() -> list[Event]:
    world, _ = with_loan()
    return edit(world.events, "Disbursed", actId=hashed("other"))


@breaks(Rule.HEAD)
def a_head_that_forgets_the_ledger() -> list[Event]:
    world, agreement = lending()
    event = world.events[-1]
    world.disburse(agreement, 100)
    act_id = world.events[-1].values["actId"]
    assert isinstance(act_id, bytes)
    assert event is not world.events[-1]
    return edit(world.events, "Disbursed", head=w.keccak256(bytes(32) + act_id))


# Upgrades and logs


@breaks(Rule.FROZEN)
def a_ledger_frozen_before_it_is_replaced() -> list[Event]:
    world, _ = with_loan()
    world.emit("LoanLedger", "ContractFrozen", successor=w.address_of("none"))
    return world.events


@breaks(Rule.FROZEN)
def a_ledger_frozen_twice() -> list[Event]:
    world, _ = with_loan()
    old = world.directory["LoanLedger"]
    world.upgrade("LoanLedger")
    world.emit_from("LoanLedger", old, "ContractFrozen", successor=world.directory["LoanLedger"])
    return world.events


@breaks(Rule.FROZEN)
def a_successor_that_is_another() -> list[Event]:
    world, _ = with_loan()
    world.upgrade("AgreementBook")
    return edit(world.events, "ContractFrozen", successor=w.address_of("another"))


@breaks(Rule.PREDECESSOR)
def a_loan_adopted_from_nowhere() -> list[Event]:
    world, key = with_loan()
    world.upgrade("LoanLedger")
    world.block()
    world.adopt(key, world.member(0))
    return edit(world.events, "LoanAdopted", predecessor=w.address_of("nowhere"))


@breaks(Rule.PREDECESSOR)
def an_agreement_adopted_from_a_book_that_is_not_frozen() -> list[Event]:
    world, agreement = lending()
    world.upgrade("AgreementBook")
    world.block()
    world.adopt_agreement(agreement, world.member(0))
    return omit(world.events, "ContractFrozen")


@breaks(Rule.CARRIED)
def an_exposure_lost_on_the_way() -> list[Event]:
    world, key = with_loan()
    world.upgrade("AgreementBook")
    world.block()
    world.adopt_agreement(key[0], world.member(0))
    return edit(world.events, "AgreementAdopted", exposures=(0, 0))


@breaks(Rule.CARRIED)
def a_loan_settled_on_the_way() -> list[Event]:
    world, key = with_loan()
    world.upgrade("LoanLedger")
    world.block()
    world.adopt(key, world.member(0))
    carried = world.events[-1].values["carried"]
    assert isinstance(carried, dict)
    return edit(world.events, "LoanAdopted", carried={**carried, "state": SETTLED})


@breaks(Rule.STREAM)
def a_log_of_another_s_agreement() -> list[Event]:
    world, agreement = lending()
    world.anchor(world.member(5), agreement, 1)
    return world.events


def _two_anchors() -> LendingWorld:
    world, agreement = lending()
    for _ in range(2):
        world.block()
        world.anchor(world.member(0), agreement, 10)
    return world


@breaks(Rule.ANCHOR_INDEX)
def an_anchor_left_out() -> list[Event]:
    return omit(_two_anchors().events, "Anchored")


@breaks(Rule.ANCHOR_INDEX)
def an_index_skipped() -> list[Event]:
    return edit(_two_anchors().events, "Anchored", -1, firstIndex=11)


@breaks(Rule.ANCHOR_INDEX)
def a_first_anchor_of_fewer_records() -> list[Event]:
    return edit(_two_anchors().events, "Anchored", count=9)


@breaks(Rule.ANCHOR_COUNT)
def an_anchor_over_nothing() -> list[Event]:
    return edit(_two_anchors().events, "Anchored", count=0)


@breaks(Rule.ANCHOR_PREVIOUS)
def an_anchor_that_forgets_the_one_before() -> list[Event]:
    return edit(_two_anchors().events, "Anchored", -1, previous=bytes(32))


@breaks(Rule.ANCHOR_PREVIOUS)
def an_anchor_s_act_exchanged() -> list[Event]:
    return edit(_two_anchors().events, "Anchored", actId=hashed("other"))
