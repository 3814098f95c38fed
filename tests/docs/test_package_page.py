"""docs/package.md says what the code does: its tables are made from it."""

from .package_page import PACKAGE_PAGE, PACKAGE_TABLES
from .page import rewritten, tables


def test_every_table_is_made_from_the_code() -> None:
    page = PACKAGE_PAGE.read_text("utf-8")
    assert tables(page).keys() == PACKAGE_TABLES.keys()
    assert rewritten(page, {}, PACKAGE_TABLES) == page, "python -m tests.docs writes the page anew"
