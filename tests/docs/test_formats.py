"""docs/formats.md says what the library computes: every example, every table, every file that it names."""

import re
import unicodedata
from typing import Any

import pytest

from tallystick.records.formats import text_fault

from .examples import EXAMPLES
from .made_tables import TABLES
from .page import PAGE, REPOSITORY, Example, Given, examples, rewritten, tables

TEXT = PAGE.read_text("utf-8")
ON_THE_PAGE = list(examples(TEXT))


def differences(example: Example) -> dict[str, Any]:
    """What the library computes otherwise, and what it neither reads nor computes."""
    given = Given(example.members)
    computed = EXAMPLES[example.name](given)
    wrong = {name: value for name, value in computed.items() if example.members.get(name) != value}
    idle = example.members.keys() - given.read - computed.keys()
    return wrong | dict.fromkeys(idle, "has no use")


@pytest.mark.parametrize("example", ON_THE_PAGE, ids=lambda example: example.name)
def test_the_library_computes_what_the_example_shows(example: Example) -> None:
    assert differences(example) == {}, f"{PAGE.name}, line {example.line}; python -m tests.docs writes it anew"


@pytest.mark.parametrize("example", ON_THE_PAGE, ids=lambda example: example.name)
def test_a_result_that_is_altered_is_noticed(example: Example) -> None:
    given = Given(example.members)
    results = EXAMPLES[example.name](given).keys() - given.read
    assert results or example.name == "strict-json"
    for name in results:
        altered = Example(example.name, example.line, {**example.members, name: "altered"})
        assert name in differences(altered)


def test_every_format_has_its_example_once() -> None:
    assert sorted(example.name for example in ON_THE_PAGE) == sorted(EXAMPLES)


@pytest.mark.parametrize("name", TABLES)
def test_the_table_is_what_the_code_says(name: str) -> None:
    assert tables(TEXT).get(name) == TABLES[name](), "python -m tests.docs writes it anew"


def test_every_table_on_the_page_is_made_by_something() -> None:
    assert tables(TEXT).keys() == TABLES.keys()


def test_writing_the_page_anew_changes_nothing() -> None:
    assert rewritten(TEXT, EXAMPLES, TABLES) == TEXT


def test_files_and_sections_that_the_page_names_are_there() -> None:
    files = set(re.findall(r"`((?:contracts|chain|gateway|tests|docs)/[\w./-]+)`", TEXT))
    assert files
    assert {path for path in files if not (REPOSITORY / path).exists()} == set()
    linked = set(re.findall(r"\]\(([\w./-]+)\)", TEXT))
    assert {path for path in linked if not (PAGE.parent / path).exists()} == set()
    headings = {_anchor(title) for title in re.findall(r"^#{2,3} (.+)$", TEXT, re.MULTILINE)}
    assert set(re.findall(r"\]\(#([\w-]+)\)", TEXT)) <= headings


@pytest.mark.skipif(unicodedata.unidata_version != "14.0.0", reason="the rule is about Unicode 14.0")
def test_characters_are_taken_as_the_page_says() -> None:
    taken_though_unassigned = (range(0x20000, 0x2FA1E), range(0x2FA20, 0x2FFFE), range(0x30000, 0x3FFFE))

    def is_taken(code: int) -> bool:
        category = unicodedata.category(chr(code))
        if category in ("Cc", "Cs"):
            return False
        if category == "Cn" and not any(code in each for each in taken_though_unassigned):
            return False
        return unicodedata.is_normalized("NFC", chr(code))

    wrong = [hex(code) for code in range(0x110000) if is_taken(code) != (text_fault(chr(code)) is None)]
    assert wrong == []


def _anchor(title: str) -> str:
    """The fragment under which a heading is found (as GitHub makes it)."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
