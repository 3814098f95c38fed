"""Bytes that nobody would send by accident: whatever they are, there is a verdict, and it is never VERIFIED."""

import json
import resource
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import rfc8785
import rlp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tallystick.package.container import MAX_ENTRIES, MAX_PACKAGE_BYTES, write_container
from tallystick.package.paths import is_listed
from tallystick.verify.findings import Verdict

from .cases import loan
from .forging import files_of, forged, repacked
from .stories import Packaged, judged, records_package

BUILDERS_OWN = ("custody.jsonl", "VERIFY.txt")
"""What a builder may write as it likes, or cannot but write right."""

SLOW_ENOUGH = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@cache
def small() -> Packaged:
    """One record, anchored and stamped."""
    return records_package(1)


def proofs_of(packaged: Packaged) -> list[str]:
    return [path for path in files_of(packaged.package) if is_listed(path) and path not in BUILDERS_OWN]


def test_the_small_package_is_verified() -> None:
    assert judged(small()).verdict is Verdict.VERIFIED


def test_no_byte_of_a_package_can_be_flipped() -> None:
    package = bytearray(small().package)
    for place in range(len(package)):
        package[place] ^= 1 << place % 8
        assert judged(small(), bytes(package)).verdict is not Verdict.VERIFIED, place
        package[place] ^= 1 << place % 8


@pytest.mark.parametrize("path", [path for path in files_of(small().package) if path != "mimetype"])
def test_no_byte_of_a_file_can_be_flipped_by_somebody_who_cannot_sign(path: str) -> None:
    content = files_of(small().package)[path]
    for place in range(0, len(content), 11):
        flipped = content[:place] + bytes([content[place] ^ 1 << place % 8]) + content[place + 1 :]
        assert judged(small(), repacked(small().package, {path: flipped})).verdict is not Verdict.VERIFIED, place


@pytest.mark.parametrize("path", proofs_of(small()))
def test_no_byte_of_a_proof_can_be_flipped_by_the_builder(path: str) -> None:
    content = files_of(small().package)[path]
    for place in range(len(content)):
        flipped = content[:place] + bytes([content[place] ^ 1 << place % 8]) + content[place + 1 :]
        report = judged(small(), forged(small().package, small().roots, {path: flipped}))
        assert report.verdict is not Verdict.VERIFIED, place


@pytest.mark.parametrize("path", proofs_of(small()))
def test_no_proof_can_be_left_out_by_the_builder(path: str) -> None:
    for packaged in (small(), loan()):
        for each in proofs_of(packaged):
            if each.rpartition("/")[0] == path.rpartition("/")[0]:
                report = judged(packaged, forged(packaged.package, packaged.roots, {each: None}))
                assert report.verdict is not Verdict.VERIFIED, each


@given(st.binary(max_size=400))
@SLOW_ENOUGH
def test_any_bytes_get_a_verdict(content: bytes) -> None:
    assert judged(small(), content).verdict in (Verdict.NOT_VERIFIED, Verdict.NOT_VERIFIABLE)


@given(st.data())
@SLOW_ENOUGH
def test_a_package_cut_and_spliced_gets_a_verdict(data: st.DataObject) -> None:
    package = small().package
    places = sorted(data.draw(st.lists(st.integers(0, len(package)), min_size=2, max_size=2)))
    inserted = data.draw(st.binary(max_size=64))
    spliced = package[: places[0]] + inserted + package[places[1] :]
    if spliced != package:
        assert judged(small(), spliced).verdict is not Verdict.VERIFIED


JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 2**53 - 1) | st.text(max_size=8) | st.just("00" * 32),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def replaced(value: Any, data: st.DataObject) -> Any:
    """The value with one part, chosen by chance, replaced by another value, taken out or doubled."""
    if isinstance(value, dict) and value and data.draw(st.booleans()):
        key = data.draw(st.sampled_from(sorted(value)))
        return {**value, key: replaced(value[key], data)}
    if isinstance(value, list) and value and data.draw(st.booleans()):
        place = data.draw(st.integers(0, len(value) - 1))
        return [*value[:place], replaced(value[place], data), *value[place + 1 :]]
    if isinstance(value, list) and value and data.draw(st.booleans()):
        return value[1:] if data.draw(st.booleans()) else [*value, value[0]]
    return data.draw(JSON_VALUES)


@given(st.data(), st.sampled_from([path for path in files_of(small().package) if path.endswith(("json", "jsonl"))]))
@SLOW_ENOUGH
def test_json_of_another_structure_gets_a_verdict(data: st.DataObject, path: str) -> None:
    value = replaced(json.loads(files_of(small().package)[path].splitlines()[0]), data)
    content = rfc8785.dumps(value) + (b"\n" if path.endswith("l") else b"")
    package = repacked(small().package, {path: content})
    if package != small().package:
        assert judged(small(), package).verdict is not Verdict.VERIFIED


@given(st.data())
@SLOW_ENOUGH
def test_a_claim_of_another_structure_gets_a_verdict(data: st.DataObject) -> None:
    claims = json.loads(files_of(loan().package)["evidence.json"])
    name = data.draw(
        st.sampled_from(["as_of", "blocks", "contracts", "acts", "logs", "loan", "checkpoints", "withheld"])
    )
    value = replaced(claims[name], data)
    if rfc8785.dumps(value) != rfc8785.dumps(claims[name]):
        report = judged(loan(), forged(loan().package, loan().roots, claims={name: value}))
        assert report.verdict is Verdict.NOT_VERIFIED


@given(st.data(), st.sampled_from([path for path in proofs_of(small()) if "/acts/" in path or "records" in path]))
@SLOW_ENOUGH
def test_acts_and_records_of_another_structure_get_a_verdict(data: st.DataObject, path: str) -> None:
    content = files_of(small().package)[path]
    value = replaced(json.loads(content), data)
    changed = rfc8785.dumps(value) + (b"\n" if path.endswith("ndjson") else b"")
    if changed != content:
        report = judged(small(), forged(small().package, small().roots, {path: changed}))
        assert report.verdict is not Verdict.VERIFIED


def mutated(item: Any, data: st.DataObject) -> Any:
    """RLP with one item replaced, taken out, doubled, wrapped or emptied."""
    if isinstance(item, list) and item and data.draw(st.integers(0, 3)):
        place = data.draw(st.integers(0, len(item) - 1))
        return [*item[:place], mutated(item[place], data), *item[place + 1 :]]
    return data.draw(
        st.sampled_from([b"", [], [item], [item, item], b"\0", b"\xff" * 40])
        | st.binary(max_size=70)
        | st.lists(st.binary(max_size=4), max_size=20)
    )


@given(st.data(), st.sampled_from([path for path in proofs_of(small()) if path.endswith(".rlp")]))
@SLOW_ENOUGH
def test_rlp_of_another_structure_gets_a_verdict(data: st.DataObject, path: str) -> None:
    content = files_of(small().package)[path]
    items = rlp.decode(content)
    if "headers" in path and data.draw(st.booleans()):
        extra = mutated(rlp.decode(items[12]), data)
        changed = rlp.encode([*items[:12], rlp.encode(extra), *items[13:]])
    elif "receipts" in path and data.draw(st.booleans()):
        changed = rlp.encode([*items[:-1], rlp.encode(mutated(rlp.decode(items[-1]), data))])
    else:
        changed = rlp.encode(mutated(items, data))
    if changed != content:
        report = judged(small(), forged(small().package, small().roots, {path: changed}))
        assert report.verdict is not Verdict.VERIFIED


@given(st.data(), st.sampled_from([path for path in proofs_of(small()) if path.endswith((".tst", ".bin", ".path"))]))
@SLOW_ENOUGH
def test_tokens_and_paths_cut_and_spliced_get_a_verdict(data: st.DataObject, path: str) -> None:
    content = files_of(small().package)[path]
    places = sorted(data.draw(st.lists(st.integers(0, len(content)), min_size=2, max_size=2)))
    changed = content[: places[0]] + data.draw(st.binary(max_size=40)) + content[places[1] :]
    if changed != content:
        report = judged(small(), forged(small().package, small().roots, {path: changed}))
        assert report.verdict is not Verdict.VERIFIED


def full_of(entries: int, size: int = 0) -> bytes:
    """As many small files as a package may have, in a well-formed container."""
    files = {f"proofs/headers/{number}.rlp": b"\xc0" * (size or 1) for number in range(entries)}
    return write_container({**files_of(small().package), **files})


BOMBS: dict[str, Callable[[], bytes]] = {
    "zeros": lambda: bytes(MAX_PACKAGE_BYTES),
    "local headers": lambda: b"PK\3\4" * (MAX_PACKAGE_BYTES // 4),
    "end records": lambda: (b"PK\5\6" + bytes(18)) * (MAX_PACKAGE_BYTES // 22),
    "files": lambda: full_of(MAX_ENTRIES - 40),
    "one large file": lambda: full_of(1, MAX_PACKAGE_BYTES - 20_000),
    "brackets": lambda: repacked(small().package, {"evidence.json": b"[" * (4 << 20)}),
    "digits": lambda: repacked(small().package, {"evidence.json": b'{"a":' + b"9" * ((4 << 20) - 9) + b"}"}),
    "members": lambda: repacked(
        small().package, {"evidence.json": b"{" + b",".join(b'"%d":0' % n for n in range(131_000)) + b"}"}
    ),
    "listed files": lambda: forged_with_files(MAX_ENTRIES - 40),
    "lines": lambda: forged(small().package, small().roots, {"records/records.ndjson": b"{}\n" * (1 << 20)}),
    "one line": lambda: forged(small().package, small().roots, {"records/records.ndjson": b"[" * (30 << 20)}),
    "nodes": lambda: forged(
        small().package, small().roots, {"proofs/receipts/1-2.rlp": rlp.encode([b"x" * 40] * 500_000)}
    ),
    "nesting": lambda: forged(small().package, small().roots, {"proofs/headers/1.rlp": b"\xc1" * (10 << 20) + b"\xc0"}),
}


def forged_with_files(count: int) -> bytes:
    files = {f"proofs/headers/{number}.rlp": b"\xc0" for number in range(10, 10 + count)}
    return forged(small().package, small().roots, files)


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_gets_its_verdict_within_two_seconds_and_200_mb(name: str) -> None:
    package = BOMBS[name]()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    report = judged(small(), package)
    took = time.perf_counter() - started
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10
    assert report.verdict in (Verdict.NOT_VERIFIED, Verdict.NOT_VERIFIABLE)
    print(f"{name}: {took:.2f} s, {grown} MiB more than before")
