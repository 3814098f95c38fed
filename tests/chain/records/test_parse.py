"""The door for records: right ones come in unchanged, everything else is refused by name and leaves nothing behind."""

import json
from collections.abc import Callable
from functools import partial

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from tallystick.records import MAX_LINE_BYTES, Record, RecordError, RecordType, parse, record_type, validate
from tests.chain.records.examples import TYPES, record, right_values, rows_of, wire


def raw(**changed: object) -> bytes:
    return json.dumps(wire(**changed)).encode()


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.name)
def test_a_right_record_of_every_type_comes_in_and_out_unchanged(kind: RecordType) -> None:
    values = right_values(kind)
    parsed = parse(json.dumps({"type": kind.name, **values}))

    assert parsed.type is kind
    assert parsed.values == values
    assert parse(parsed.jcs()).values == values
    assert parsed.jcs() == rfc8785.dumps({"type": kind.name, "version": "1", **values})


def test_the_stream_of_a_record_is_its_agreement() -> None:
    parsed = record(agreement="ab" * 32, loan="cd" * 32)
    assert (parsed.stream, parsed.loan) == (b"\xab" * 32, b"\xcd" * 32)


def test_optional_fields_may_be_left_out_and_the_version_too() -> None:
    parsed = parse(raw(channel=None, payer=None))
    assert not {"channel", "payer"} & parsed.values.keys()
    assert parse(raw(version="1")).type is parsed.type


def test_blanks_around_the_object_and_escapes_in_it_do_not_matter() -> None:
    spaced = json.dumps(wire(payer="张\U0001f600"), indent=2).encode()
    assert b"\\u5f20" in spaced
    assert parse(b" \r\n" + spaced + b"\n").values["payer"] == "张\U0001f600"


WHOLE = [
    (b"", "record.not_json", None),
    (b"{", "record.not_json", None),
    (b"\x00\x01\x02", "record.not_json", None),
    (b"{}{}", "record.not_json", None),
    (b"{'type': 'note'}", "record.not_json", None),
    (b'{"type":"note",}', "record.not_json", None),
    (b'{"type":"no\nte"}', "record.not_json", None),
    (b"\xff\xfe{\x00}\x00", "record.not_utf8", None),
    (b'{"type":"\xed\xa0\x80"}', "record.not_utf8", None),
    (b'\xef\xbb\xbf{"type":"note"}', "record.byte_order_mark", None),
    (b"[]", "record.not_an_object", None),
    (b'"note"', "record.not_an_object", None),
    (b"NaN", "record.not_an_object", None),
    (b"null", "record.not_an_object", None),
    (b"{}", "record.type_missing", "type"),
    (b'{"type":null}', "record.value_not_text", "type"),
    (b'{"type":"loan"}', "record.type_unknown", "type"),
    (b'{"type":""}', "record.type_unknown", "type"),
    (b'{"type":"\\udc80"}', "record.type_unknown", "type"),
    (b'{"type":"note","version":1}', "record.value_not_text", "version"),
    (b'{"type":"note","version":"0"}', "record.version_unknown", "version"),
    (b'{"type":"note","version":"01"}', "record.version_unknown", "version"),
    (b'{"type":"note","version":"2"}', "record.version_unknown", "version"),
    (b'{"type":"note","version":"99999999999999999999"}', "record.version_unknown", "version"),
    (b'{"type":"note","type":"note"}', "record.field_twice", "type"),
    (b'{"type":"note","loan":"a","\\u006coan":"a"}', "record.field_twice", "loan"),
    (b'{"type":"note","x":{"a":1,"a":2}}', "record.field_twice", "a"),
    (b"[" * 100_000, "record.too_deep", None),
    (b'{"a":' * 60_000, "record.too_deep", None),
    (b" " * (MAX_LINE_BYTES + 1), "record.too_large", None),
]


@pytest.mark.parametrize(("given_bytes", "code", "field"), WHOLE, ids=lambda value: str(value)[:24])
def test_what_is_no_record_at_all_is_refused_with_its_line(given_bytes: bytes, code: str, field: str | None) -> None:
    with pytest.raises(RecordError) as refusal:
        parse(given_bytes, line=7)
    assert (refusal.value.code, refusal.value.field, refusal.value.line) == (code, field, 7)
    assert str(refusal.value).startswith("line 7: ")
    assert refusal.value.advice


FIELDS = [
    ({"principal": 1200}, "record.value_not_text", "principal"),
    ({"principal": 1.5}, "record.value_not_text", "principal"),
    ({"principal": float("nan")}, "record.value_not_text", "principal"),
    ({"payer": ["a"]}, "record.value_not_text", "payer"),
    ({"payer": {"name": "a"}}, "record.value_not_text", "payer"),
    ({"payer": True}, "record.value_not_text", "payer"),
    ({"payer": ""}, "record.value_empty", "payer"),
    ({"currency": ""}, "record.value_empty", "currency"),
    ({"payer": "\ud800"}, "record.value_not_unicode", "payer"),
    ({"currency": "\udfff"}, "record.value_not_unicode", "currency"),
    ({"payer": "a" * 70_000}, "record.value_too_long", "payer"),
    ({"payer": "a\tb"}, "record.control_character", "payer"),
    ({"payer": "e\u0301"}, "record.not_nfc", "payer"),
    ({"payer": "\uffff"}, "record.character_unassigned", "payer"),
    ({"principal": "-1.50"}, "record.value_off_format", "principal"),
    ({"principal": "1" * 19}, "record.value_off_format", "principal"),
    ({"currency": "yuan"}, "record.value_off_format", "currency"),
    ({"value_date": "2023-02-29"}, "record.no_such_date", "value_date"),
    ({"value_date": "29.02.2024"}, "record.value_off_format", "value_date"),
    ({"occurred_at": "2024-02-29T24:00:00Z"}, "record.no_such_date", "occurred_at"),
    ({"loan": "AB" * 32}, "record.value_off_format", "loan"),
    ({"principal": None}, "record.field_missing", "principal"),
    ({"loan": None, "principal": ""}, "record.field_missing", "loan"),
    ({"Principal": "1"}, "record.field_unknown", "Principal"),
    ({"amount\u202e\n": "1"}, "record.field_unknown", "amount\\u202e\\n"),
    ({"x" * 5000: "1"}, "record.field_unknown", "x" * 64),
]


@pytest.mark.parametrize(("changed", "code", "field"), FIELDS, ids=lambda value: ascii(value)[:40])
def test_a_faulty_field_is_named(changed: dict[str, object], code: str, field: str) -> None:
    with pytest.raises(RecordError) as refusal:
        parse(raw(**changed), line=3)
    assert (refusal.value.code, refusal.value.field, refusal.value.line) == (code, field, 3)


def test_a_huge_number_is_refused_without_being_converted() -> None:
    with pytest.raises(RecordError) as refusal:
        parse(raw(payer=0).replace(b'"payer": 0', b'"payer": ' + b"9" * 200_000))
    assert (refusal.value.code, refusal.value.field) == ("record.value_not_text", "payer")


def test_no_error_repeats_what_the_record_said() -> None:
    with pytest.raises(RecordError) as refusal:
        parse(raw(payer="Zhang San\t6222 0000"))
    shown = f"{refusal.value} {refusal.value!r} {refusal.value.values}"
    assert "Zhang" not in shown
    assert "Zhang" not in repr(record(payer="Zhang San"))


@given(st.binary(max_size=80) | st.text(max_size=80).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_no_bytes_do_anything_but_be_refused(junk: bytes) -> None:
    with pytest.raises(RecordError):
        parse(junk)


def with_pairs_joined(text: str) -> str:
    """Two surrogates that make a pair are one character in JSON, and only there."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def outcome(door: Callable[[], Record]) -> object:
    try:
        return dict(door().values)
    except RecordError as refusal:
        return refusal.code, refusal.field


@given(st.sampled_from(TYPES).flatmap(lambda kind: st.tuples(st.just(kind), rows_of(kind))))
def test_the_wire_form_and_the_values_meet_one_door(drawn: tuple[RecordType, list[dict[str, str | None]]]) -> None:
    kind, rows = drawn
    for row in rows:
        values = {name: with_pairs_joined(value) for name, value in row.items() if value is not None}
        on_the_wire = json.dumps({"type": kind.name, **values})
        assert outcome(partial(parse, on_the_wire)) == outcome(partial(validate, kind, values))


def test_a_value_of_the_wrong_type_given_to_validate_is_refused() -> None:
    with pytest.raises(RecordError) as refusal:
        validate(record_type("note"), {**right_values(record_type("note")), "text": b"bytes"})
    assert refusal.value.code == "record.value_not_text"
