"""Acts: changed, signed for something else, signed by a key that was not good, or recorded by another contract."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tallystick.acts import Domain, Settle, sign
from tallystick.consortium import Role
from tallystick.package.act_files import Place
from tallystick.package.paths import act_path
from tallystick.roots import Compromise, Contract, Revocation, Standing
from tallystick.verify.findings import Verdict
from tallystick.verify.verifier import Report

from .cases import Cases, acts, limited, maybe, no
from .forging import careless, forged, jcs
from .sealed_chain import (
    CHAIN_ID,
    START,
    Recorded,
    act_key,
    address_of,
    hashed,
    key_entry,
    member,
    member_entry,
    validator_key,
)
from .stories import AGREEMENT, LOAN, Packaged, Story, codes, judged

SETTLED = act_path(acts().story.acts[-1].id)


def file(content: Any) -> Callable[[], Report]:
    """The settlement's file changed, under the same name, by the builder."""
    return lambda: judged(acts(), forged(acts().package, acts().roots, {SETTLED: content}))


def with_member(name: str, value: Any) -> Callable[[], Report]:
    return file(jcs(lambda found: {**found, name: value}))


def with_field(name: str, value: Any) -> Callable[[], Report]:
    return file(jcs(lambda found: {**found, "fields": {**found["fields"], name: value}}))


def told(tell: Callable[[Story], Sequence[Recorded]], *further: Any, **roots: Any) -> Callable[[], Report]:
    """A package of what was recorded on a chain where things went otherwise, by a builder who checks nothing."""

    def report() -> Report:
        story = Story()
        recorded = tell(story)
        story.chain.seal()
        with careless():
            draft = story.draft("acts", recorded, stamped=bool(recorded))
        packaged = Packaged(draft.seal(act_key(0)), draft.roots, story, draft.evidence.built_at)
        return judged(packaged, roots=story.roots(*further, **roots))

    return report


def settlement(story: Story, **changes: Any) -> Settle:
    fields = {"agreement": AGREEMENT, "loan": LOAN, "value_date": 20261120, **story.chain.prefix(0)}
    return Settle(**{**fields, **changes})


def recorded(story: Story, act: Settle, *, by: Any = None, address: Any = None, **values: Any) -> list[Recorded]:
    """A settlement in a block of its own, its event changed by `values`."""
    event = {"agreement": act.agreement, "loan": act.loan, "previous": 2, "valueDate": act.value_date}
    event |= {"count": 1, "head": hashed("head")}
    made = story.chain.record("LoanLedger", act, "Settled", by=by or act_key(0), address=address, **{**event, **values})
    story.chain.seal()
    return [made]


def event(**values: Any) -> Callable[[], Report]:
    return told(lambda story: recorded(story, settlement(story), **values))


def validity(issued_at: int, valid_until: int) -> Callable[[], Report]:
    """Signed for another time, in seconds from the block's."""

    def tell(story: Story) -> list[Recorded]:
        now = story.chain.now
        return recorded(story, settlement(story, issued_at=now + issued_at, valid_until=now + valid_until))

    return told(tell)


def by_key(number: int = 0, purpose: str = "ACT", **changes: Any) -> Callable[[], Report]:
    """Signed with a second key, of which the roots say this; not stamped before it was reported."""
    key = key_entry(number, act_key(0, 1).address, purpose, **changes)
    return told(lambda story: recorded(story, settlement(story), by=act_key(0, 1)), key)


def one_event_for_two(story: Story) -> list[Recorded]:
    """Two acts about one fact, each with its event."""
    first = settlement(story, ref=hashed("ref"))
    one = recorded(story, first)
    return [*one, *recorded(story, settlement(story, ref=hashed("ref")))]


def moved(place: Place) -> Callable[[], Report]:
    return file(
        jcs(lambda found: {**found, "height": place.height, "transaction": place.transaction, "log": place.log})
    )


def signed_for(domain: Domain) -> Callable[[], Report]:
    """The contract recorded the act; the signature in the package is over the same act, for something else."""

    def tell(story: Story) -> list[Recorded]:
        (made,) = recorded(story, settlement(story))
        made.signature = sign(made.act, domain, act_key(0))
        return [made]

    return told(tell)


def standing(from_height: int) -> Callable[[], Report]:
    """The member is suspended from that block on."""
    return suspended(from_height, lambda story: recorded(story, settlement(story)))


def suspended(from_height: int, tell: Callable[[Story], Sequence[Recorded]]) -> Callable[[], Report]:
    states = (Standing(from_height, "SUSPENDED", (Role.LENDER,)),)
    if from_height:
        states = (Standing(0, "ACTIVE", (Role.LENDER,)), *states)
    entries = [member_entry(number, **({"standing": states} if number == 0 else {})) for number in range(4)]
    return told(tell, members={each.member: each for each in sorted(entries, key=lambda each: each.member)})


CASES: Cases = {
    "no acts": maybe(told(lambda _: []), "acts.none"),
    "no JSON": no(file(b"{"), "acts.malformed"),
    "not canonical": no(file(lambda text: text + b"\n"), "acts.malformed"),
    "one member more": no(with_member("x", 1), "acts.malformed"),
    "a kind that is no text": no(with_member("kind", 1), "acts.malformed"),
    "a signature that is none": no(with_member("signature", "00"), "acts.malformed"),
    "a place that is none": no(with_member("log", -1), "acts.malformed"),
    "a field that is missing": no(file(jcs(lambda found: {**found, "fields": {}})), "acts.malformed"),
    "a field too many": no(with_field("x", "1"), "acts.malformed"),
    "a number in capitals": no(with_field("loan", LOAN.hex().upper()), "acts.malformed"),
    "a number with zeros before it": no(with_field("valueDate", "020261120"), "acts.malformed"),
    "a number too large": no(with_field("valueDate", str(2**32)), "acts.malformed"),
    "a number as a number": no(with_field("valueDate", 20261120), "acts.malformed"),
    "a kind of act from the future": maybe(with_member("kind", "Attest"), "acts.unknown"),
    "a statement that is no act": maybe(with_member("kind", "RecordReceipt"), "acts.unknown"),
    "a contract from the future": maybe(with_member("contract", "Arbitration"), "acts.unknown"),
    "a changed field": no(with_field("valueDate", "20261121"), "acts.id"),
    "another member": no(with_field("member", member(1).hex()), "acts.id"),
    "another signature": no(
        file(jcs(lambda found: {**found, "signature": found["signature"][2:] + "1b"})), "acts.signature"
    ),
    "another recovery": no(
        file(
            jcs(
                lambda found: {
                    **found,
                    "signature": found["signature"][:-2] + ("1c" if found["signature"][-2:] == "1b" else "1b"),
                }
            )
        ),
        "acts.signature",
    ),
    "the event of another act": no(moved(Place(1, 2, 0)), "acts.event"),
    "a log that is not there": no(moved(Place(2, 2, 1)), "acts.event"),
    "a receipt that is not there": maybe(moved(Place(2, 3, 0)), "receipts.missing"),
    "an event of another act id": no(event(actId=hashed("x")), "acts.event"),
    "an event with another loan": no(event(loan=hashed("x")), "acts.event_differs"),
    "an event with another date": no(event(valueDate=20261121), "acts.event_differs"),
    "an event with another member": no(event(member=member(1)), "acts.event_differs"),
    "an event with another signer": no(event(signer=act_key(1).address), "acts.signature"),
    "an event of another chain": no(event(chainId=1), "acts.other_chain"),
    "an event of a contract that is not the consortium's": no(
        told(lambda story: recorded(story, settlement(story), address=address_of("LoanLedger", 1))), "acts.contract"
    ),
    "an event of another of the consortium's contracts": no(
        told(lambda story: recorded(story, settlement(story), address=address_of("RecordLog"))), "acts.contract"
    ),
    "a contract that was registered later": no(
        told(
            lambda story: recorded(story, settlement(story)),
            contracts=tuple(
                Contract(name, address_of(name), hashed("code", name), 2 if name == "LoanLedger" else 0, None)
                for name in ("AgreementBook", "Consortium", "LoanLedger", "RecordLog")
            ),
        ),
        "acts.contract",
    ),
    "signed by another member": no(
        told(lambda story: recorded(story, settlement(story), by=act_key(1))), "acts.signature"
    ),
    "signed by a stranger": no(told(lambda story: recorded(story, settlement(story), by=act_key(9))), "acts.signature"),
    "signed by a validator key": no(
        told(lambda story: recorded(story, settlement(story), by=validator_key(0))), "acts.key_invalid"
    ),
    "signed by a recovery key": no(by_key(purpose="RECOVERY"), "acts.key_invalid"),
    "signed by a key of another member": no(by_key(number=1), "acts.signature"),
    "a key that was not good yet": no(by_key(not_before=START + 3600), "acts.key_invalid"),
    "a key that was no longer good": no(by_key(not_after=START - 1), "acts.key_invalid"),
    "a revoked key": no(by_key(revoked=Revocation(START, 0)), "acts.key_invalid"),
    "a key reported before": no(by_key(compromises=(Compromise(START - 9, START, 0),)), "acts.key_compromised"),
    "a key reported after, as compromised since before": limited(
        by_key(compromises=(Compromise(START, START + 3000, 1),)), "acts.key_compromised_later"
    ),
    "signed for an earlier time": no(validity(-3600, -1), "acts.validity"),
    "signed for a later time": no(validity(16, 3600), "acts.validity"),
    "signed for too long": no(validity(0, 86_401), "acts.validity"),
    "signed for no time": no(validity(1, 0), "acts.validity"),
    "signed for another chain": no(signed_for(Domain(1, address_of("LoanLedger"))), "acts.signature"),
    "signed for another contract": no(signed_for(Domain(CHAIN_ID, address_of("RecordLog"))), "acts.signature"),
    "a member that was suspended": no(standing(0), "acts.not_active"),
    "one fact stated twice": no(told(one_event_for_two), "acts.twice"),
}


@pytest.mark.parametrize("name", CASES)
def test_an_act_that_nobody_made_is_never_verified(name: str) -> None:
    CASES[name].check()


def test_an_act_of_the_block_that_suspends_its_member_counts_and_so_does_the_package_with_a_limit() -> None:
    assert codes(standing(1)()) == set()
    assert codes(suspended(1, lambda story: [*recorded(story, settlement(story)), story.note_time(b"x")])()) == {
        "builder.not_active"
    }


def test_a_time_stamp_from_before_the_compromise_keeps_an_act_provable() -> None:
    report = by_key(compromises=(Compromise(START + 3000, START + 3001, 1),))()
    assert report.verdict is Verdict.VERIFIED
