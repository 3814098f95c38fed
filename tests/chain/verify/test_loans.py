"""A loan: is every act about it there, every record, and what is left when they are added up again?"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from tallystick.acts import Disburse
from tallystick.package.evidence import loan_subject
from tallystick.package.paths import TERMS, act_path
from tallystick.package.terms import LoanTerms
from tallystick.records import Record
from tallystick.records.handover import LoggedOpening
from tallystick.verify.findings import Verdict
from tallystick.verify.verifier import Report

from .cases import Cases, limited, loan, maybe, no
from .forging import careless, forged, jcs
from .sealed_chain import Recorded, act_key, address_of, hashed, keccak256
from .stories import AGREEMENT, LOAN, OTHER_LOAN, PRINCIPAL, Packaged, Story, codes, judged, record

Told = tuple[Sequence[Recorded], Sequence[LoggedOpening]]
SEALED_TERMS = LoanTerms(
    salt=hashed("salt"),
    agreement=AGREEMENT,
    loan=LOAN,
    borrower_tag=hashed("borrower"),
    currency="CNY",
    principal=PRINCIPAL,
    shares=(200_000, 800_000),
    value_date=20261101,
)


def packaged(tell: Callable[[Story], Told], *, check: bool = False, **more: Any) -> Packaged:
    story = Story()
    acts, openings = tell(story)
    subject = loan_subject(AGREEMENT, LOAN)
    if check:
        draft = story.draft("loan", acts, subject, openings=openings, **more)
    else:
        with careless():
            draft = story.draft("loan", acts, subject, openings=openings, **more)
    return Packaged(draft.seal(act_key(0)), draft.roots, story, draft.evidence.built_at)


def told(tell: Callable[[Story], Told], **more: Any) -> Callable[[], Report]:
    """A package about what happened, by a builder who checks nothing."""
    return lambda: judged(packaged(tell, **more))


def with_records(*logged: Record, fields: Sequence[str] | None = None, anchors: int = 1) -> Callable[[Story], Told]:
    """The loan is disbursed, these records are anchored, a snapshot is taken."""

    def tell(story: Story) -> Told:
        disbursed = story.disburse()
        size = -(-len(logged) // anchors)
        batches = [story.anchor(list(logged[start : start + size])) for start in range(0, len(logged), size)]
        openings = [opening for batch in batches for opening in batch.openings(fields)]
        return [disbursed, *(batch.act for batch in batches), story.snapshot()], openings

    return tell


def without_act(*left_out: int) -> Callable[[], Report]:
    """Disbursed, settled, snapshot: without some of them."""

    def tell(story: Story) -> Told:
        acts = [story.disburse(), story.settle(), story.snapshot()]
        batch = story.anchor([record(0)])
        return [*(act for place, act in enumerate(acts) if place not in left_out), batch.act], batch.openings()

    return told(tell)


def without_record(place: int) -> Callable[[], Report]:
    """Four repayments were logged; the builder shows three, and signs what follows from those."""

    def tell(story: Story) -> Told:
        acts, openings = with_records(*(record(number) for number in range(4)))(story)
        return acts, [opening for opening in openings if opening.index != place]

    return told(tell)


def unreadable_act() -> Report:
    """An act about the loan is of a kind that this version does not know."""
    story = loan().story
    path = act_path(next(act.id for act in story.acts if isinstance(act.act, Disburse)))
    changed = {path: jcs(lambda found: {**found, "kind": "Attest"})}
    return judged(loan(), forged(loan().package, loan().roots, changed))


def other_head(story: Story) -> Told:
    """The contract says another head than the acts add up to."""
    act = Disburse(
        agreement=AGREEMENT,
        loan=LOAN,
        borrower_tag=hashed("borrower"),
        currency=b"CNY",
        principal=1,
        shares=(1, 0),
        value_date=20261101,
        **story.chain.prefix(0),
    )
    values = {"borrowerTag": act.borrower_tag, "valueDate": act.value_date, "currency": b"CNY", "principal": 1}
    made = story.chain.record(
        "LoanLedger",
        act,
        "Disbursed",
        by=act_key(0),
        agreement=AGREEMENT,
        loan=LOAN,
        shares=(1, 0),
        count=1,
        head=hashed("head"),
        **values,
    )
    story.chain.seal()
    batch = story.anchor([record(0)])
    return [made, batch.act], batch.openings()


def forked(story: Story) -> Told:
    """Two acts with one number: two disbursements of the loan, as only a broken contract would take them."""
    first = story.disburse()
    story.chain.heads.clear()
    second = story.disburse()
    batch = story.anchor([record(0)])
    return [first, second, batch.act], batch.openings()


def snapshot_of_other_head(story: Story) -> Told:
    disbursed = story.disburse()
    key = (address_of("LoanLedger"), AGREEMENT, LOAN)
    story.chain.heads[key] = (1, keccak256(b"x"))
    batch = story.anchor([record(0)])
    return [disbursed, story.snapshot(), batch.act], batch.openings()


def sealed(terms: LoanTerms | None, kept: LoanTerms = SEALED_TERMS) -> Callable[[], Report]:
    """A SEALED loan, with its terms opened or not."""

    def tell(story: Story) -> Told:
        acts = story.disburse_sealed(kept)
        batch = story.anchor([record(0)])
        return [*acts, batch.act, story.snapshot()], batch.openings()

    return told(tell, terms=terms)


def foreign_loan(story: Story) -> Told:
    acts, openings = with_records(record(0))(story)
    return [*acts, story.disburse(OTHER_LOAN)], openings


def foreign_log(story: Story) -> Told:
    acts, openings = with_records(record(0))(story)
    batch = story.anchor([record(1)], stream=bytes(32))
    return [*acts, batch.act], openings


def terms_file(content: Any) -> Callable[[], Report]:
    def report() -> Report:
        made = packaged(sealed_story, check=True, terms=SEALED_TERMS)
        return judged(made, forged(made.package, made.roots, {TERMS: content}))

    return report


def sealed_story(story: Story) -> Told:
    acts = story.disburse_sealed(SEALED_TERMS)
    batch = story.anchor([record(0)])
    return [*acts, batch.act, story.snapshot()], batch.openings()


CASES: Cases = {
    "no act about the loan": maybe(
        told(lambda story: ([(batch := story.anchor([record(0)])).act], batch.openings())), "loan.none"
    ),
    "the disbursement left out": no(without_act(0), "loan.omitted"),
    "the settlement left out": no(without_act(1), "loan.omitted"),
    "no snapshot": limited(without_act(2), "loan.no_snapshot"),
    "the settlement and the snapshot left out": limited(without_act(1, 2), "loan.no_snapshot"),
    "an act of a kind that is not known": maybe(unreadable_act, "loan.not_examined", "acts.unknown"),
    "another head": no(told(other_head), "loan.head"),
    "two acts with one number": no(told(forked), "loan.head"),
    "a snapshot of another head": no(told(snapshot_of_other_head), "loan.head"),
    "an act of another loan": no(told(foreign_loan), "evidence.foreign"),
    "a log of another matter": no(told(foreign_log), "evidence.foreign"),
    "terms that were not signed": no(sealed(replace(SEALED_TERMS, principal=1)), "loan.terms"),
    "terms with another salt": no(sealed(replace(SEALED_TERMS, salt=hashed("x"))), "loan.terms"),
    "terms of another loan": no(
        sealed(replace(SEALED_TERMS, loan=OTHER_LOAN), replace(SEALED_TERMS, loan=OTHER_LOAN)), "loan.terms"
    ),
    "terms that are no JSON": no(terms_file(b"{"), "loan.terms"),
    "terms with one member more": no(terms_file(jcs(lambda found: {**found, "x": 1})), "loan.terms"),
    "terms with an amount that is none": no(
        terms_file(jcs(lambda found: {**found, "terms": {**found["terms"], "principal": "01"}})), "loan.terms"
    ),
    "terms not canonical": no(terms_file(lambda text: text + b"\n"), "loan.terms"),
    "the first repayment left out": limited(without_record(0), "history.partial"),
    "a repayment left out": limited(without_record(2), "history.partial"),
    "the last repayment left out": limited(without_record(3), "history.partial"),
    "a record that hides which loan it is of": limited(
        told(with_records(record(0), fields=["principal"])), "history.none", "figures.none"
    ),
    "no records at all": limited(
        told(lambda story: ([story.disburse(), story.snapshot()], [])), "history.none", "figures.none"
    ),
    "amounts withheld": limited(told(with_records(record(0), fields=["loan"])), "figures.withheld"),
    "another currency": limited(told(with_records(record(0, currency="EUR"))), "figures.currency"),
    "two currencies": limited(
        told(with_records(record(0), record(1, currency="EUR"))), "figures.currency"
    ),
    "a reversal of a record that is not shown": limited(
        told(with_records(record(0), record(1, kind="reversal", reverses="00" * 32, reason="error"))),
        "figures.reversal",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_loan_told_by_half_is_never_verified(name: str) -> None:
    CASES[name].check()


def figures(report: Report) -> dict[str, Any]:
    assert report.verdict is Verdict.VERIFIED, codes(report)
    assert report.examination
    assert report.examination.claims["loan"]
    (entry,) = report.examination.claims["loan"]["figures"]
    return dict(entry)


def test_what_was_repaid_is_added_up_again() -> None:
    entry = figures(told(with_records(*(record(number) for number in range(5)), anchors=2))())
    assert (entry["repayments"], entry["principal"], entry["interest"]) == (5, "625000", "1550")
    assert (entry["outstanding"], entry["currency"], entry["complete"]) == ("375000", "CNY", True)


def test_a_reversed_repayment_is_not_counted() -> None:
    def tell(story: Story) -> Told:
        disbursed = story.disburse()
        first = story.anchor([record(0), record(1)])
        second = story.anchor([record(2, kind="reversal", reverses=first.digest(0).hex(), reason="bounced")])
        return [disbursed, first.act, second.act, story.snapshot()], [*first.openings(), *second.openings()]

    assert figures(told(tell)())["principal"] == "125000"


def test_a_reversal_that_was_reversed_counts_the_repayment_again() -> None:
    def tell(story: Story) -> Told:
        disbursed = story.disburse()
        first = story.anchor([record(0)])
        second = story.anchor([record(1, kind="reversal", reverses=first.digest(0).hex(), reason="bounced")])
        third = story.anchor([record(2, kind="reversal", reverses=second.digest(0).hex(), reason="error")])
        batches = (first, second, third)
        openings = [opening for batch in batches for opening in batch.openings()]
        return [disbursed, *(batch.act for batch in batches), story.snapshot()], openings

    assert figures(told(tell)())["principal"] == "125000"


def test_another_loans_records_show_their_loan_and_are_not_counted() -> None:
    def tell(story: Story) -> Told:
        disbursed = story.disburse()
        batch = story.anchor([record(0), record(1, OTHER_LOAN)])
        openings = [batch.opening(0), batch.opening(1, ["loan"])]
        return [disbursed, batch.act, story.snapshot()], openings

    assert figures(told(tell)())["principal"] == "125000"


def test_a_settled_loan_is_settled() -> None:
    def tell(story: Story) -> Told:
        acts = [story.disburse(), story.settle()]
        batch = story.anchor([record(0)])
        return [*acts, batch.act, story.snapshot()], batch.openings()

    report = told(tell)()
    assert report.verdict is Verdict.VERIFIED
    assert report.examination
    assert report.examination.claims["loan"]["state"] == "SETTLED"


def test_a_sealed_loan_with_its_terms_shows_what_is_left() -> None:
    report = sealed(SEALED_TERMS)()
    assert figures(report)["outstanding"] == "875000"
    assert report.examination
    assert report.examination.claims["loan"]["state"] == "ACTIVE"
    assert report.examination.claims["withheld"] == []


def test_a_sealed_loan_without_its_terms_names_them_as_withheld() -> None:
    report = sealed(None)()
    assert figures(report)["outstanding"] is None
    assert report.examination
    assert [each["part"] for each in report.examination.claims["withheld"]] == ["terms"]
