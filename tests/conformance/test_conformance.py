"""The runner finds vectors by shape, cannot be fooled into silence, and every shared vector passes."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conformance import run
from tests.conformance.locate import vector_file, vectors_root


@pytest.mark.vectors
def test_every_shared_vector_passes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    root = vectors_root() or vector_file("README.md").parent
    code = run.main([str(root), "--json", str(tmp_path / "report.json")])

    print(capsys.readouterr().out)
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert code == 0
    assert not report["unrecognised"]
    assert sum(source["passed"] for source in report["sources"].values()) > 1000


PAIRS = [
    ("qbft/headers.json", "qbft headers"),
    ("qbft/must_fail.json", "qbft forgeries"),
    ("qbft/receipts.json", "qbft receipts"),
    ("qbft/genesis.json", "qbft genesis"),
    ("wycheproof/hkdf_sha256_test.json", "wycheproof HkdfTest HKDF-SHA-256"),
    ("json-canonicalization/es6-numbers.txt", "RFC 8785 numbers"),
    ("mt940/cases.json", "MT940 statements"),
]


@pytest.mark.vectors
@pytest.mark.parametrize(("name", "source"), PAIRS)
def test_a_file_is_found_under_any_name_in_any_folder(tmp_path: Path, name: str, source: str) -> None:
    moved = tmp_path / "some" / "where" / "else.dat"
    moved.parent.mkdir(parents=True)
    shutil.copy(vector_file(name), moved)
    report = run.run(tmp_path)

    assert list(report.sources) == [source]
    assert not report.failed
    assert not report.unrecognised


def change_hkdf(document: Any) -> None:
    document["testGroups"][0]["tests"][0]["okm"] = "00" * 42


def change_result(document: Any) -> None:
    document["testGroups"][0]["tests"][0]["result"] = "invalid"


def unknown_result(document: Any) -> None:
    document["testGroups"][0]["tests"][0]["result"] = "perhaps"


def drop_field(document: Any) -> None:
    del document["testGroups"][0]["tests"][0]["ikm"]


def cut_quorum(document: Any) -> None:
    entry = document["groups"]["A_consecutive"]["headers"][5]
    entry["validators"] = entry["validators"][:3]


def good_as_forgery(document: Any) -> None:
    case = document["cases"][0]
    case["headerRlp"] = json.loads(vector_file("qbft/headers.json").read_text("utf-8"))["groups"]["A_consecutive"][
        "headers"
    ][5]["headerRlp"]


def swap_proofs(document: Any) -> None:
    proofs = document["blocks"][-1]["receiptProofs"]
    proofs[0]["nodes"], proofs[1]["nodes"] = proofs[1]["nodes"], proofs[0]["nodes"]


@pytest.mark.vectors
@pytest.mark.parametrize(
    ("name", "alter"),
    [
        ("wycheproof/hkdf_sha256_test.json", change_hkdf),
        ("wycheproof/hkdf_sha256_test.json", change_result),
        ("wycheproof/hkdf_sha256_test.json", unknown_result),
        ("wycheproof/hkdf_sha256_test.json", drop_field),
        ("qbft/headers.json", cut_quorum),
        ("qbft/must_fail.json", good_as_forgery),
        ("qbft/receipts.json", swap_proofs),
    ],
)
def test_a_wrong_answer_is_a_failure(tmp_path: Path, name: str, alter: Callable[[Any], None]) -> None:
    document = json.loads(vector_file(name).read_text("utf-8"))
    alter(document)
    (tmp_path / "vectors.json").write_text(json.dumps(document), "utf-8")

    report = run.run(tmp_path)
    (tally,) = report.sources.values()
    assert tally.failures
    assert run.main([str(tmp_path)]) == 1


OPPOSITE = {
    "accept": "reject",
    "reject": "accept",
    "imprint-ok": "imprint-mismatch",
    "imprint-mismatch": "imprint-ok",
    "intact": "not-intact",
    "not-intact": "intact",
}


@pytest.mark.vectors
@pytest.mark.parametrize("folder", ["rfc3161-client", "dss"])
def test_every_answer_on_time_stamps_and_containers_is_checked(tmp_path: Path, folder: str) -> None:
    """In a folder of another name all pass; with every expectation turned round all fail."""
    shutil.copytree(vector_file(folder, "cases.json").parent, tmp_path / "moved")
    document = json.loads((tmp_path / "moved" / "cases.json").read_text("utf-8"))
    turned = [
        case for case in document["cases"] if case.get("kind") != "evidence-record" and case["expect"] in OPPOSITE
    ]
    (tmp_path / "moved" / "cases.json").write_text(json.dumps({"cases": turned}), "utf-8")
    right = run.run(tmp_path)
    for case in turned:
        case["expect"] = OPPOSITE[case["expect"]]
    (tmp_path / "moved" / "cases.json").write_text(json.dumps({"cases": turned}), "utf-8")
    wrong = run.run(tmp_path)

    assert turned
    assert sum(tally.passed for tally in right.sources.values()) == len(turned)
    assert sum(len(tally.failures) for tally in wrong.sources.values()) == len(turned)


def inclusion(**changes: object) -> dict[str, object]:
    """A tree of one leaf."""
    leaf = "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0="
    return {"leafIdx": 0, "treeSize": 1, "root": leaf, "leafHash": leaf, "proof": None, "wantErr": False} | changes


@pytest.mark.parametrize(
    ("document", "fails"),
    [
        (inclusion(), False),
        (inclusion(leafIdx=1, wantErr=True), False),
        (inclusion(wantErr=True), True),
        (inclusion(leafIdx=1), True),
        (inclusion(proof=["!"]), True),
        (inclusion(leafIdx="0"), True),
    ],
)
def test_a_case_without_the_shared_vectors(tmp_path: Path, document: dict[str, object], fails: bool) -> None:
    (tmp_path / "x.json").write_text(json.dumps(document), "utf-8")

    report = run.run(tmp_path)
    assert list(report.sources) == ["merkle inclusion"]
    assert report.failed is fails


@pytest.mark.parametrize(
    "content",
    [
        b'{"algorithm": "ECDSA", "testGroups": [',
        b"[" * 200_000,
        b'{"algorithm": "ECDSA", "testGroups": []}',
        b'{"algorithm": "ECDSA", "testGroups": {}}',
        b'{"algorithm": "ECDSA", "testGroups": [7]}',
        b'{"algorithm": "HKDF-SHA-256", "testGroups": [{"type": "HkdfTest", "tests": [7]}]}',
        b'{"algorithm": "HKDF-SHA-256", "testGroups": [{"type": "HkdfTest", "tests": 7}]}',
        b'{"algorithm": "HKDF-SHA-256", "testGroups": [{"type": "HkdfTest", "tests": []}]}',
        b'{"groups": {"a": {"headers": [{"headerRlp": 7}]}}}',
        b'{"groups": {"a": {"headers": []}}}',
        b'{"groups": {"a": 7}}',
        b'{"cases": [{"headerRlp": "0x", "context": {}}]}',
        b'{"cases": [{"headerRlp": "0x", "context": {"validators": []}}]}',
        b'{"blocks": [{"receiptsRoot": "0x"}]}',
        b'{"r": {"config": {}, "extraData": "0x"}}',
        b'{"cases": [{"response": 1, "expect": 2}], "cases": []}',
        b"\xff\xfe",
        b"",
    ],
)
def test_a_malformed_or_empty_file_is_never_passed_over(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "vectors.json").write_bytes(content)

    assert run.main([str(tmp_path)]) == 1


def test_a_file_of_no_known_shape_is_listed_and_prose_is_not(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(inclusion()), "utf-8")
    (tmp_path / "b.json").write_text('{"hello": 1}', "utf-8")
    (tmp_path / "c.bin").write_bytes(b"\x00\x01")
    (tmp_path / "README.md").write_text("words", "utf-8")

    report = run.run(tmp_path)
    assert report.unrecognised == ["b.json", "c.bin"]
    assert not report.failed


def test_canonical_documents_are_matched_by_stem_whatever_the_folders_are_called(tmp_path: Path) -> None:
    for folder, content in (("one", b'{"b":1,"a":2.0}'), ("two", b'{"a":2,"b":1}')):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.json").write_bytes(content)
    (tmp_path / "three").mkdir()
    (tmp_path / "three" / "x.txt").write_text(b'{"a":2,"b":1}'.hex(" "), "ascii")
    assert not run.run(tmp_path).failed

    (tmp_path / "three" / "x.txt").write_text(b'{"a":2,"b":2}'.hex(" "), "ascii")
    assert run.run(tmp_path).failed


def test_no_vectors_is_said_in_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run.main([str(tmp_path / "nowhere")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert run.main([str(tmp_path)]) == 1
