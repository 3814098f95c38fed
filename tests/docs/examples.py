"""Every example of docs/formats.md: from what it gives to what it states, by the library."""

from . import chain_examples, file_examples, records_examples

__all__ = ["EXAMPLES"]

EXAMPLES = records_examples.EXAMPLES | chain_examples.EXAMPLES | file_examples.EXAMPLES
