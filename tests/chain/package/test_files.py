"""The container, names and small files of a package, by themselves."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.package import PackageRefused, Proofs, Step, read_container, write_container
from tallystick.package.container import MAX_PACKAGE_BYTES, MIMETYPE_CONTENT
from tallystick.package.custody import custody_file, parse_custody
from tallystick.package.instants import format_instant, from_unix, parse_instant, unix
from tallystick.package.paths import (
    BUILDER,
    EVIDENCE,
    MIMETYPE,
    Part,
    act_path,
    archive_paths,
    checkpoint_path,
    covered_path,
    header_path,
    in_order,
    is_listed,
    name_of,
    receipt_path,
    token_path,
)
from tallystick.package.terms import LoanTerms, parse_terms
from tests.chain.verify.stories import Story, record

NUMBERS = st.integers(0, 2**53 - 1)


@given(st.dictionaries(NUMBERS.map(header_path), st.binary(max_size=64), max_size=5), st.binary(max_size=64))
def test_a_container_gives_back_what_was_written(headers: dict[str, bytes], index: bytes) -> None:
    files = {MIMETYPE: MIMETYPE_CONTENT, EVIDENCE: index, **headers}
    package = write_container(files)
    assert {path: bytes(content) for path, content in read_container(package).items()} == files
    assert list(read_container(package)) == in_order(files)
    assert write_container(dict(reversed(files.items()))) == package


def test_a_container_takes_no_other_names_and_not_too_much() -> None:
    for path in ("roots.json", "../x", "", "proofs/headers/01.rlp", "PROOFS/headers/1.rlp"):
        with pytest.raises(ValueError, match="no file"):
            write_container({path: b""})
    with pytest.raises(ValueError, match="at most"):
        write_container({EVIDENCE: bytes(MAX_PACKAGE_BYTES)})


@given(NUMBERS, NUMBERS, NUMBERS, st.binary(min_size=32, max_size=32), st.integers(1, 999), st.integers(0, 999))
def test_a_name_says_what_is_in_it(one: int, two: int, three: int, digest: bytes, number: int, renewal: int) -> None:
    manifest, token = archive_paths(number)
    for path, part, numbers in (
        (header_path(one), Part.HEADER, (one,)),
        (receipt_path(one, two), Part.RECEIPT, (one, two)),
        (checkpoint_path(one, two), Part.CHECKPOINT, (one, two)),
        (covered_path(one, two, three), Part.PATH, (one, two, three)),
        (token_path(one, two, number, renewal), Part.TOKEN, (one, two, number, renewal)),
        (manifest, Part.ARCHIVE, (number,)),
        (token, Part.ARCHIVE_TOKEN, (number,)),
    ):
        name = name_of(path)
        assert name
        assert (name.part, name.numbers) == (part, numbers)
    act = name_of(act_path(digest))
    assert act
    assert act.digest == digest


@pytest.mark.parametrize(
    "path",
    [
        "proofs/headers/-1.rlp",
        "proofs/headers/9007199254740992.rlp",
        "proofs/headers/1.rlp/",
        "proofs//headers/1.rlp",
        "proofs/headers/1.rlp\0",
        "proofs/headers/\u0661.rlp",
        "META-INF/ASiCArchiveManifest000.xml",
        "META-INF/archive-timestamp1000.tst",
        "timestamps/0-1/000-000.tst",
        "proofs/acts/" + "AB" * 32 + ".json",
        "META-INF/BUILDER.json",
    ],
)
def test_a_name_in_another_form_is_none(path: str) -> None:
    assert name_of(path) is None


def test_the_order_is_that_of_the_format() -> None:
    names = ["META-INF/builder.json", "certificate.pdf", "VERIFY.txt", "evidence.json", "mimetype", "custody.jsonl"]
    assert in_order(names) == [
        *("mimetype", "evidence.json", "VERIFY.txt", "custody.jsonl", "certificate.pdf", "META-INF/builder.json")
    ]
    assert not is_listed(BUILDER)
    assert is_listed("VERIFY.txt")


NOW = datetime(2026, 11, 18, 11, 0, 0, tzinfo=UTC)


def test_custody_names_each_line_before() -> None:
    steps = (Step("collected", b"m" * 32, NOW, "from the own node"), Step("exported", b"m" * 32, NOW + timedelta(1)))
    text = custody_file(steps)
    assert parse_custody(text, b"m" * 32, NOW + timedelta(1)) == steps
    first, second, rest = text.split(b"\n")
    assert rest == b""
    assert hashlib.sha256(first).hexdigest().encode() in second
    assert b'"prev":"' + b"0" * 64 in first


@given(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001
def test_instants_are_read_as_they_are_written(instant: datetime) -> None:
    whole = instant.replace(microsecond=0)
    assert parse_instant(format_instant(instant)) == whole
    if whole.year >= 1970:
        assert from_unix(unix(whole)) == whole


@pytest.mark.parametrize(
    "text",
    [
        *("", "2026-11-18", "2026-11-18T11:00:00", "2026-11-18T11:00:00+00:00"),
        *("2026-02-30T11:00:00Z", "2026-11-18t11:00:00z", "2026-11-18T24:00:00Z", "2026-11-18T11:00:00.0Z"),
    ],
)
def test_another_form_is_no_instant(text: str) -> None:
    assert parse_instant(text) is None


def test_an_instant_beyond_the_calendar_is_its_end() -> None:
    assert format_instant(from_unix(2**48)) == "9999-12-31T23:59:59Z"


def test_terms_hash_with_their_salt() -> None:
    terms = LoanTerms(b"s" * 32, b"a" * 32, b"l" * 32, b"b" * 32, "CNY", 1000, (200, 800), 20261101)
    assert parse_terms(terms.to_json()) == terms
    jcs = (
        b'{"agreement":"' + b"61" * 32 + b'","borrower_tag":"' + b"62" * 32 + b'","currency":"CNY",'
        b'"format":"tallystick-loan-terms/1","loan":"' + b"6c" * 32 + b'","principal":"1000","shares":["200","800"],'
        b'"value_date":"2026-11-01"}'
    )
    assert terms.digest == hashlib.sha256(b"\x16" + b"s" * 32 + hashlib.sha256(jcs).digest()).digest()
    assert "1000" not in repr(terms)


def test_terms_that_are_none_are_refused() -> None:
    for content in (b"", b"[]", b'{"salt":1,"terms":2}', b'{"salt":"x"}', b'{"salt":"' + b"0" * 64 + b'","terms":{}}'):
        with pytest.raises(PackageRefused, match=r"loan\.terms"):
            parse_terms(content)


def test_openings_are_taken_one_at_a_time_and_in_order_only() -> None:
    openings = Story().anchor([record(0), record(1)]).openings()
    taken = Proofs({}, {}, [], iter(openings)).files()["records/records.ndjson"]
    assert taken == b"".join(each.to_json() + b"\n" for each in openings)
    for wrong in (openings[::-1], openings[:1] * 2):
        with pytest.raises(ValueError, match="not ascending"):
            Proofs({}, {}, [], wrong).files()
