"""`python -m tests.docs` writes every example's results and every made table of docs/formats.md anew."""

from .examples import EXAMPLES
from .made_tables import TABLES
from .page import PAGE, rewritten

if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text("utf-8"), EXAMPLES, TABLES), "utf-8")
