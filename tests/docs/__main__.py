"""`python -m tests.docs` writes every example's results and every made table of the pages in docs/ anew."""

from .examples import EXAMPLES
from .made_tables import TABLES
from .package_page import PACKAGE_PAGE, PACKAGE_TABLES
from .page import PAGE, rewritten

if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text("utf-8"), EXAMPLES, TABLES), "utf-8")
    PACKAGE_PAGE.write_text(rewritten(PACKAGE_PAGE.read_text("utf-8"), {}, PACKAGE_TABLES), "utf-8")
