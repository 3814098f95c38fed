"""The record types: what is released never changes."""

import hashlib
import json
from importlib.resources import files

import pytest

from tallystick.records import MAX_JCS_BYTES, record_type, record_types
from tallystick.records.errors import TypeUnknown, VersionUnknown

RELEASED = {
    ("accrual", 1): "e01cc60135e7cc19a1c206efc59f9e92c4bac0203525a440a2653e5547f96d45",
    ("document", 1): "e2fe320b39f36e5089c7bb5de7c80bf24d4b98767b70eab2c7d7beea616acee3",
    ("fee", 1): "b6b840e895f17e18a89ff5bbe72a548a2dd26a519e6f468f708c0f4716a658cc",
    ("note", 1): "10890022f3e86bb6fb422465d1fe00ef4daf8d215f85f06039adef11622bbb33",
    ("notice", 1): "c174c003d75849625ff80c45e3941920badac3af2cc329e5568bb905c72ef844",
    ("repayment", 1): "badbb491cc4db8afa79490f055b6055708ad2247464382a29796221be4dcadfe",
    ("reversal", 1): "800c607efa3c3d9344f850e978fc9cfdc41cbcf36aeab86a22888d52b31cd6b8",
}
COMMON = ["agreement", "loan", "occurred_at", "booking_date", "reference", "source_system", "source_id"]
NOT_FIELDS = {"type", "version", "record_secret", "row", "commits", "digest", "leaf_hash"}


def fingerprint(name: str, version: int) -> str:
    """A digest over everything that a commitment of this type depends on."""
    kind = record_type(name, version)
    laid_out = [[field.name, field.format.pattern, field.format.most_bytes, field.optional] for field in kind.fields]
    return hashlib.sha256(json.dumps([kind.name, kind.version, laid_out]).encode()).hexdigest()


def test_a_released_type_never_changes() -> None:
    assert {each: fingerprint(*each) for each in record_types()} == RELEASED


def test_every_type_begins_with_the_common_fields() -> None:
    for kind in record_types().values():
        assert [field.name for field in kind.fields][: len(COMMON)] == COMMON


def test_no_field_has_a_name_that_stands_for_something_else() -> None:
    for kind in record_types().values():
        assert kind.names.isdisjoint(NOT_FIELDS)
        assert len(kind.names) == len(kind.fields)


def test_no_right_record_can_be_larger_than_a_record_may_be() -> None:
    for kind in record_types().values():
        assert kind.most_jcs_bytes() <= MAX_JCS_BYTES


def test_the_registry_file_says_what_it_is() -> None:
    registry = json.loads(files("tallystick.records").joinpath("registry.json").read_text("utf-8"))
    assert registry["schema"] == "tallystick-record-types/1"


def test_an_unknown_type_and_an_unknown_version_are_told_apart() -> None:
    with pytest.raises(TypeUnknown):
        record_type("loan")
    with pytest.raises(VersionUnknown):
        record_type("repayment", 2)
