"""Logs, records and loans: values that were not logged, acts left out, sums that hide a repayment."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from tallystick.acts import Anchor
from tallystick.package.evidence import loan_subject, records_subject
from tallystick.package.paths import RECORDS
from tallystick.records.handover import LoggedOpening
from tallystick.verify.checks.records import is_canonical
from tallystick.verify.findings import Verdict
from tallystick.verify.verifier import Report

from .cases import Cases, maybe, no, records
from .forging import careless, forged, jcs
from .sealed_chain import NOTHING, Recorded, act_key, hashed, member
from .stories import AGREEMENT, LOAN, Batch, Packaged, Story, judged, record, records_package

SUBJECT = records_subject(member(0), AGREEMENT)


def lines(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[], Report]:
    """The lines of records.ndjson changed by the builder."""

    def changed(text: bytes) -> bytes:
        return b"".join(line + b"\n" for line in change(text.splitlines()))

    return lambda: judged(records(), forged(records().package, records().roots, {RECORDS: changed}))


def line(change: Callable[[Any], Any]) -> Callable[[], Report]:
    """The first record's opening changed."""
    return lines(lambda found: [jcs(change)(found[0]), *found[1:]])


def partial(change: Callable[[Any], Any]) -> Callable[[], Report]:
    """The opening of one record of which some fields are shown, changed."""
    made = records_package(1, fields=["loan", "principal"])

    def changed(text: bytes) -> bytes:
        return jcs(change)(text) + b"\n"

    return lambda: judged(made, forged(made.package, made.roots, {RECORDS: changed}))


def packed(
    tell: Callable[[Story], tuple[Sequence[Recorded], Sequence[LoggedOpening]]], kind: str = "records", **more: Any
) -> Callable[[], Report]:
    """A package of what `tell` gives, by a builder who checks nothing."""

    def report() -> Report:
        story = Story()
        acts, openings = tell(story)
        subject = SUBJECT if kind == "records" else loan_subject(AGREEMENT, LOAN)
        with careless():
            draft = story.draft(kind, acts, subject, openings=openings, **more)
        return judged(Packaged(draft.seal(act_key(0)), draft.roots, story, draft.evidence.built_at))

    return report


def anchored(story: Story, first: int, count: int, previous: bytes) -> Recorded:
    """An anchor that no contract would take, since it does not follow the one before."""
    act = Anchor(
        stream=AGREEMENT,
        first_index=first,
        count=count,
        root=hashed("root"),
        previous=previous,
        **story.chain.prefix(0),
    )
    values = {"stream": AGREEMENT, "firstIndex": first, "count": count, "root": act.root, "previous": previous}
    made = story.keep(story.chain.record("RecordLog", act, "Anchored", by=act_key(0), **values))
    story.chain.seal()
    return made


def beside(first: int, previous: Callable[[Batch], bytes]) -> Callable[[], Report]:
    """A second anchor that does not fit the first, which is of records 0 to 1."""

    def tell(story: Story) -> tuple[Sequence[Recorded], Sequence[LoggedOpening]]:
        batch = story.anchor([record(0), record(1)])
        return [batch.act, anchored(story, first, 2, previous(batch))], batch.openings()

    return packed(tell)


def other_batch(found: Any) -> Any:
    found["batch"]["root"] = hashed("root").hex()


def value(found: Any) -> Any:
    found["whole"]["values"]["principal"] = "1"


def off_format(found: Any) -> Any:
    found["whole"]["values"]["principal"] = "1.50"


def other_stream(found: Any) -> Any:
    found["whole"]["values"]["agreement"] = "00" * 32


def other_secret(found: Any) -> Any:
    found["whole"]["record_secret"] = "00" * 32


def other_index(found: Any) -> Any:
    found["index"] = 1


def far_index(found: Any) -> Any:
    found["index"] = 99


def other_member(found: Any) -> Any:
    found["member"] = member(1).hex()


def no_path(found: Any) -> Any:
    found["inclusion"] = found["inclusion"][:-1]


def long_path(found: Any) -> Any:
    found["inclusion"] *= 20


def future_type(found: Any) -> Any:
    found["type"] = "schedule"


def swapped_fields(found: Any) -> Any:
    one, other = found["fields"]
    one["value"], other["value"] = other["value"], one["value"]


def opened_twice(found: Any) -> Any:
    found["fields"] = found["fields"][:1] * 2


def injected(found: Any) -> Any:
    found["fields"].append({"i": 40, "salt": "00" * 32, "value": "x"})


def dummy(found: Any) -> Any:
    found["fields"].append({"i": 13, "salt": "00" * 32, "value": "paid"})


def none_opened(found: Any) -> Any:
    found["fields"] = []


def commit_missing(found: Any) -> Any:
    found["commits"] = found["commits"][:-1]


LOGS: Cases = {
    "no anchor": maybe(packed(lambda story: ([story.note_time(b"x")], []), stamped=False), "logs.none", "records.none"),
    "two anchors that overlap": no(beside(1, lambda batch: batch.act.id), "logs.broken", "records.batch"),
    "two anchors of one index": no(beside(0, lambda _: NOTHING), "logs.broken", "records.batch"),
    "an anchor that follows another than the one before": no(beside(2, lambda _: hashed("x")), "logs.broken"),
    "an anchor that follows nothing, but is not the first": no(beside(2, lambda _: NOTHING), "logs.broken"),
    "an anchor far on that names the first as the one before": no(beside(9, lambda batch: batch.act.id), "logs.broken"),
}

RECORDS_CASES: Cases = {
    "no records": maybe(packed(lambda story: ([story.anchor([record(0)]).act], [])), "records.none"),
    "an empty file": no(lines(lambda _: []), "records.malformed"),
    "no JSON": no(lines(lambda found: [b"x", *found[1:]]), "records.malformed"),
    "a blank line": no(lines(lambda found: [*found, b""]), "records.malformed"),
    "not canonical": no(lines(lambda found: [found[0] + b" ", *found[1:]]), "records.malformed"),
    "a thousand lines of rubbish": no(lines(lambda _: [b"{}"] * 1000), "records.malformed", "records.not_examined"),
    "a line without end": no(lines(lambda found: [b"x" * 5_000_000]), "records.malformed"),
    "no line end at the end": no(
        lambda: judged(records(), forged(records().package, records().roots, {RECORDS: lambda text: text[:-1]})),
        "records.malformed",
    ),
    "a proof of a thousand nodes": no(
        line(lambda found: {**found, "inclusion": ["00" * 32] * 1000}), "records.malformed"
    ),
    "another order": no(lines(lambda found: found[::-1]), "records.order"),
    "a record twice": no(lines(lambda found: [found[0], *found]), "records.order"),
    "a record left out": no(lines(lambda found: found[1:]), "evidence.claim"),
    "a type from the future": maybe(line(future_type), "records.unknown"),
    "another member's": maybe(line(other_member), "records.no_anchor"),
    "an index that is not anchored": maybe(line(far_index), "records.no_anchor"),
    "another batch": no(line(other_batch), "records.batch"),
    "another index": no(line(other_index), "records.batch"),
    "a node fewer": no(line(no_path), "records.batch"),
    "nodes too many": no(line(long_path), "records.batch"),
    "another value": no(line(value), "records.batch"),
    "another secret": no(line(other_secret), "records.batch"),
    "a value off its format": no(line(off_format), "records.opening"),
    "another agreement": no(line(other_stream), "records.opening"),
    "two fields' values swapped": no(partial(swapped_fields), "records.opening"),
    "a field opened twice": no(partial(opened_twice), "records.opening"),
    "a field that the type does not have": no(partial(injected), "records.opening"),
    "a field opened to what was not committed": no(partial(dummy), "records.opening"),
    "no field opened": no(partial(none_opened), "records.opening"),
    "a commitment missing": no(partial(commit_missing), "records.opening"),
}

CASES = LOGS | RECORDS_CASES


@pytest.mark.parametrize("name", CASES)
def test_a_record_that_nobody_logged_is_never_verified(name: str) -> None:
    CASES[name].check()


def test_what_is_withheld_is_named() -> None:
    report = judged(records_package(3, fields=["loan", "principal"]))
    assert report.verdict is Verdict.VERIFIED
    assert report.examination
    withheld = {each["field"]: each["count"] for each in report.examination.claims["withheld"]}
    assert withheld.keys() == {
        "agreement", "booking_date", "channel", "currency", "fees", "interest", "occurred_at", "payer", "penalty",
        "reference", "source_id", "source_system", "value_date",
    }  # fmt: skip
    assert set(withheld.values()) == {3}


def test_a_gap_between_anchors_is_told_and_is_no_fault() -> None:
    def tell(story: Story) -> tuple[Sequence[Recorded], Sequence[LoggedOpening]]:
        first, _, third = story.anchor([record(0)]), story.anchor([record(1)]), story.anchor([record(2)])
        return [first.act, third.act], [*first.openings(), *third.openings()]

    report = packed(tell)()
    assert report.verdict is Verdict.VERIFIED
    assert report.examination
    assert [each["complete"] for each in report.examination.claims["logs"]] == [None]


def test_a_log_from_its_first_record_on_is_shown_whole() -> None:
    report = judged(records())
    assert report.examination
    assert [each["complete"] for each in report.examination.claims["logs"]] == [{"first_index": 0, "next_index": 3}]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(max_codepoint=127)), inner),
    )
)
def test_the_fast_canonical_form_is_that_of_rfc_8785(value: Any) -> None:
    assert is_canonical(rfc8785.dumps(value))


@pytest.mark.parametrize("line", [b'{"b":1,"a":2}', b'{"a": 1}', b'"\\u00e9"', b'"\\/"', b"-0", b'{"a":1} '])
def test_another_form_is_not_canonical(line: bytes) -> None:
    assert not is_canonical(line)
