"""The readable PDF: what the index says, in two languages, the same bytes every time, and nothing that misleads."""

import io
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from pypdf import PdfReader

from tallystick.package import read_container
from tallystick.roots import Roots
from tallystick_gateway.packages import certificate
from tallystick_gateway.packages.certificate import certificate_of
from tallystick_gateway.packages.certificate.sections import MOST_ROWS
from tallystick_gateway.packages.certificate.texts import ACTS
from tallystick_gateway.packages.errors import PdfLibraryMissing
from tests.chain.verify.stories import acts_package, loan_package, records_package


@pytest.fixture(scope="module")
def loan() -> tuple[bytes, Roots]:
    packaged = loan_package()
    return bytes(read_container(packaged.package)["evidence.json"]), packaged.roots


def read(pdf: bytes | None) -> str:
    """The text of every page, without the line ends that only fit it to a page."""
    assert pdf is not None
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
    return text.replace("\n", "").replace(" ", "")


def test_a_reader_finds_the_loan_its_acts_and_what_is_left_in_both_languages(loan: tuple[bytes, Roots]) -> None:
    text = read(certificate_of(*loan))
    index: dict[str, Any] = json.loads(loan[0])
    shown = [
        "Oneloan一笔贷款",
        "HarbourBank(TEST-0)",
        "10,000.00CNY",
        "6,250.00CNY",
        "loanpaidout放款",
        "未披露内容",
        index["built"]["at"],
        *(act["id"] for act in index["acts"]),
        *(each["sha256"] for each in index["files"]),
        *(entry["field"] for entry in index["withheld"]),
    ]
    assert [each for each in shown if each not in text] == []


def test_every_kind_of_package_has_one() -> None:
    for packaged in (acts_package(), records_package()):
        index = bytes(read_container(packaged.package)["evidence.json"])
        assert json.loads(index)["as_of"]["hash"] in read(certificate_of(index, packaged.roots))


def test_the_same_index_gives_the_same_bytes_in_every_process(loan: tuple[bytes, Roots], tmp_path: Path) -> None:
    (tmp_path / "index").write_bytes(loan[0])
    (tmp_path / "roots").write_bytes(loan[1].to_bytes())
    program = (
        "import sys; from pathlib import Path; from tallystick.roots import Roots;"
        "from tallystick_gateway.packages.certificate import certificate_of;"
        "index, roots = (Path(each).read_bytes() for each in sys.argv[1:]);"
        "sys.stdout.buffer.write(certificate_of(index, Roots.parse(roots)))"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "index"), str(tmp_path / "roots")]
    again = subprocess.run(command, capture_output=True, check=True, timeout=60).stdout
    assert again == certificate_of(*loan)


def test_a_name_cannot_write_markup_or_vanish(loan: tuple[bytes, Roots]) -> None:
    index, roots = loan
    builder = bytes.fromhex(json.loads(index)["built"]["member"])
    odd = replace(roots.members[builder], name="<b>鑫</b>&\u202e🏦")
    named = replace(roots, members={**roots.members, builder: odd})
    assert "<b>鑫</b>&\\u202e[U+1F3E6](TEST-0)" in read(certificate_of(index, named))


def test_a_long_list_is_cut_and_says_so(loan: tuple[bytes, Roots]) -> None:
    index: dict[str, Any] = json.loads(loan[0])
    index["files"] = [{**index["files"][0], "path": f"proofs/headers/{n}.rlp"} for n in range(MOST_ROWS + 7)]
    text = read(certificate_of(rfc8785.dumps(index), loan[1]))
    assert f"headers/{MOST_ROWS - 1}.rlp" in text
    assert f"headers/{MOST_ROWS}.rlp" not in text
    assert "and7moreintheindex" in text


def test_every_act_has_words_for_it() -> None:
    from tallystick.package.events import ACT_EVENTS

    assert ACTS.keys() == {event.kind for event in ACT_EVENTS}


def test_without_the_library_a_package_goes_without_unless_one_was_asked_for(
    loan: tuple[bytes, Roots], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certificate, "find_spec", lambda _name: None)
    assert certificate_of(*loan, wanted=None) is None
    assert certificate_of(*loan, wanted=False) is None
    with pytest.raises(PdfLibraryMissing):
        certificate_of(*loan, wanted=True)
