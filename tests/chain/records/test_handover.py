"""Openings as a file: another member checks them against what the chain states, and believes nothing else."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick import merkle
from tallystick.errors import TallystickError
from tallystick.records import commit, handover
from tallystick.records.handover import (
    MAX_OPENING_BYTES,
    AnchoredBatch,
    BatchNotAnchored,
    LoggedOpening,
    OpeningMalformed,
    make_opening,
    parse_opening,
    read_openings,
    verify_opening,
    write_openings,
)
from tests.chain.records.examples import record

MEMBER = bytes(range(32))
RECORDS = [record(loan="ab" * 32, source_id=str(number), payer=None if number % 2 else "张三") for number in range(11)]
SECRETS = [bytes([number]) * 32 for number in range(11)]
TREE = merkle.Tree([commit(*each).leaf_hash for each in zip(RECORDS, [MEMBER] * 11, SECRETS, strict=True)])
BATCH = AnchoredBatch(MEMBER, RECORDS[0].stream, first_index=40, count=11, root=TREE.root)


def opening_of(place: int, fields: list[str] | None = None) -> LoggedOpening:
    return make_opening(
        RECORDS[place], SECRETS[place], BATCH, BATCH.first_index + place, TREE.inclusion_proof(place), fields=fields
    )


def test_a_file_of_openings_is_written_read_and_verified() -> None:
    openings = [opening_of(place, None if place % 3 else ["principal", "payer"]) for place in range(11)]
    file = io.BytesIO()
    assert write_openings(file, openings) == 11
    file.seek(0)

    read = list(read_openings(file))

    assert read == openings
    for place, opening in enumerate(read):
        proved = verify_opening(opening, BATCH)
        assert (proved.index, proved.digest) == (40 + place, commit(RECORDS[place], MEMBER, SECRETS[place]).digest)
        assert proved.disclosed["payer"] == RECORDS[place].values.get("payer")
        assert len(proved.disclosed) + len(proved.withheld) == len(RECORDS[place].type.fields)
        assert proved.withheld == () or place % 3 == 0


def test_a_partial_opening_does_not_give_the_record_away() -> None:
    text = opening_of(0, ["principal"]).to_json().decode()
    assert SECRETS[0].hex() not in text
    assert "张三" not in text
    assert RECORDS[0].values["loan"] not in text


@pytest.mark.parametrize("part", ["member", "stream", "first_index", "count", "root"])
def test_only_the_batch_that_the_chain_states_counts(part: str) -> None:
    value = getattr(BATCH, part)
    other = value + 1 if isinstance(value, int) else bytes(32)
    for opening, anchored in (
        (opening_of(3), replace(BATCH, **{part: other})),
        (replace(opening_of(3), batch=replace(BATCH, **{part: other})), BATCH),
    ):
        with pytest.raises(BatchNotAnchored) as refusal:
            verify_opening(opening, anchored)
        assert refusal.value.part == part


@given(st.integers(0, 100))
def test_an_opening_holds_at_its_own_index_only(index: int) -> None:
    opening = replace(opening_of(3), index=index)
    if index == 43:
        verify_opening(opening, BATCH)
    else:
        with pytest.raises(merkle.InclusionInvalid):
            verify_opening(opening, BATCH)


def test_a_record_that_was_not_logged_is_not_proved() -> None:
    other = record(source_id="never logged")
    opening = make_opening(other, SECRETS[3], BATCH, 43, TREE.inclusion_proof(3))
    with pytest.raises(merkle.InclusionInvalid):
        verify_opening(opening, BATCH)


def changed(change: Callable[[dict[str, Any]], object], fields: list[str] | None = None) -> bytes:
    document = json.loads(opening_of(2, fields).to_json())
    change(document)
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda it: it.update(note="?"), "the object"),
        (lambda it: it.pop("inclusion"), "the object"),
        (lambda it: it.update(fields=[], commits=[]), "the object"),
        (lambda it: it.update(schema="tallystick-opening/2"), "schema"),
        (lambda it: it.update(schema=["tallystick-opening/1"]), "schema"),
        (lambda it: it.update(type=1), "type"),
        (lambda it: it.update(version="1"), "version"),
        (lambda it: it.update(version=True), "version"),
        (lambda it: it.update(index=-1), "index"),
        (lambda it: it.update(index=2**53), "index"),
        (lambda it: it.update(member="0x" + "00" * 31), "member"),
        (lambda it: it.update(stream="AA" * 32), "stream"),
        (lambda it: it.update(batch=[]), "batch"),
        (lambda it: it["batch"].update(size=1), "batch"),
        (lambda it: it["batch"].pop("root"), "batch"),
        (lambda it: it["batch"].update(root="00" * 31), "root"),
        (lambda it: it["batch"].update(count=None), "count"),
        (lambda it: it.update(inclusion="00" * 32), "inclusion"),
        (lambda it: it.update(inclusion=["00" * 32] * 65), "inclusion"),
        (lambda it: it.update(inclusion=[None]), "inclusion"),
        (lambda it: it.update(whole=None), "whole"),
        (lambda it: it["whole"].update(salt="00" * 32), "whole"),
        (lambda it: it["whole"].update(record_secret="00"), "record_secret"),
        (lambda it: it["whole"].update(values=[]), "values"),
        (lambda it: it["whole"]["values"].update(principal=1), "principal"),
    ],
)
def test_what_is_not_exactly_an_opening_is_refused_by_name(change: Callable[[Any], object], where: str) -> None:
    with pytest.raises(OpeningMalformed) as refusal:
        parse_opening(changed(change), line=5)
    assert (refusal.value.where, refusal.value.line) == (where, 5)
    assert str(refusal.value).startswith("line 5: ")


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda it: it["fields"][0].update(name="principal"), "fields"),
        (lambda it: it["fields"][0].pop("value"), "fields"),
        (lambda it: it["fields"][0].update(i="9"), "i"),
        (lambda it: it["fields"][0].update(salt=""), "salt"),
        (lambda it: it["fields"][0].update(value=5), "value"),
        (lambda it: it.update(fields=it["fields"] * 16), "fields"),
        (lambda it: it.update(commits=it["commits"] * 2), "commits"),
        (lambda it: it.update(commits={}), "commits"),
    ],
)
def test_what_is_not_exactly_a_partial_opening_is_refused_by_name(change: Callable[[Any], object], where: str) -> None:
    with pytest.raises(OpeningMalformed) as refusal:
        parse_opening(changed(change, ["principal"]))
    assert refusal.value.where == where


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"\xff",
        b"{" * 100_000,
        b" " * (MAX_OPENING_BYTES + 1),
        opening_of(1).to_json().replace(b'"index":41', b'"index":41,"index":41'),
        opening_of(1).to_json().replace(b'"index":41', b'"index":41.0'),
        opening_of(1).to_json().replace(b'"index":41', b'"index":NaN'),
        opening_of(1).to_json() + b"{}",
    ],
    ids=lambda raw: str(raw)[:20],
)
def test_what_is_not_one_strict_json_object_is_refused(raw: bytes) -> None:
    with pytest.raises(OpeningMalformed):
        parse_opening(raw)


def test_a_faulty_line_in_a_file_is_named() -> None:
    file = io.BytesIO(opening_of(0).to_json() + b"\n" + b"junk\n")
    with pytest.raises(OpeningMalformed, match=r"^line 2: "):
        list(read_openings(file))


@given(st.data())
def test_no_single_changed_byte_passes_unnoticed(data: st.DataObject) -> None:
    raw = opening_of(2, ["principal", "payer"]).to_json()
    place = data.draw(st.integers(0, len(raw) - 1))
    tampered = raw[:place] + bytes([raw[place] ^ (1 << data.draw(st.integers(0, 6)))]) + raw[place + 1 :]
    with pytest.raises(TallystickError):
        verify_opening(parse_opening(tampered), BATCH)


def test_the_module_says_what_it_writes() -> None:
    assert json.loads(opening_of(0).to_json())["schema"] == handover.SCHEMA == "tallystick-opening/1"
