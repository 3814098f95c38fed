"""Commitments are computed as `protocol.md` §1 writes them, by anyone, to the same bytes."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick import merkle
from tallystick.records import CHAIN_START, RecordType, chain_next, chain_over, commit, validate
from tallystick.records.errors import MemberMalformed, SecretMalformed
from tests.chain.records.examples import TYPES, record, right_values

MEMBER = bytes(range(32))
SECRET = bytes(range(100, 132))


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def u16(number: int) -> bytes:
    return bytes(divmod(number, 256))


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.name)
@pytest.mark.parametrize("with_optional", [True, False])
def test_a_commitment_is_that_of_the_protocol(kind: RecordType, with_optional: bool) -> None:
    optional = {field.name for field in kind.fields if field.optional and not with_optional}
    values = {name: value for name, value in right_values(kind).items() if name not in optional}
    commits = []
    for position, field in enumerate(kind.fields):
        salt = sha256(b"\x12", SECRET, u16(position))
        value = values.get(field.name)
        shown = b"\x00" if value is None else b"\x01" + value.encode()
        commits.append(sha256(b"\x10", salt, u16(len(field.name)), field.name.encode(), shown))
    head = [b"\x11", MEMBER, bytes.fromhex(values["agreement"]), u16(len(kind.name)), kind.name.encode()]
    digest = sha256(*head, u16(kind.version), u16(len(commits)), *commits)

    found = commit(validate(kind, values), MEMBER, SECRET)

    assert (found.digest, list(found.commits), found.leaf_hash) == (digest, commits, sha256(b"\x00", digest))


def test_a_released_commitment_never_changes() -> None:
    found = commit(record("note", text="Zahlung – 还款"), MEMBER, SECRET)
    assert found.digest.hex() == "e854d6cc15f25bd03f37ac13ad8cdd03036359c18ebaaf29334a69ede7523046"
    assert chain_over([found.digest, found.digest]).hex() == (
        "31bffd2b51c73a934b460621af75f845491ba9ededd6b72a46072b1df2a6a302"
    )


def test_an_absent_field_is_not_committed_to_as_any_value_is() -> None:
    absent, present = record(payer=None), record(payer="\u2400")
    last = -1
    assert commit(absent, MEMBER, SECRET).commits[last] != commit(present, MEMBER, SECRET).commits[last]


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_equal_records_under_other_secrets_or_of_other_members_share_nothing(one: bytes, other: bytes) -> None:
    first, second = commit(record(), MEMBER, one), commit(record(), MEMBER, other)
    if one != other:
        assert not set(first.commits) & set(second.commits)
        assert commit(record(), one, SECRET).digest != commit(record(), other, SECRET).digest


def test_a_record_chain_is_that_of_the_protocol_and_can_be_carried_on() -> None:
    digests = [sha256(bytes([number])) for number in range(5)]
    chain = bytes(32)
    for digest in digests:
        chain = sha256(b"\x13", chain, digest)

    assert chain_over(digests) == chain == chain_over(digests[2:], chain_over(digests[:2]))
    assert chain_over([]) == CHAIN_START == bytes(32)
    assert chain_next(chain_over(digests[:4]), digests[4]) == chain


@pytest.mark.parametrize("size", [0, 31, 33])
def test_ids_and_secrets_have_32_bytes(size: int) -> None:
    with pytest.raises(SecretMalformed):
        commit(record(), MEMBER, bytes(size))
    with pytest.raises(MemberMalformed):
        commit(record(), bytes(size), SECRET)


def test_the_digest_is_the_leaf_data_of_the_batch_tree() -> None:
    found = commit(record(), MEMBER, SECRET)
    assert found.leaf_hash == merkle.leaf_hash(found.digest)
