"""Records: one business event each, read strictly, committed to with salts, laid open in whole or in part.

`columnar` (extra `columnar`: DuckDB and Arrow) does the same for whole tables and is imported by its own name.
"""

from tallystick.records.commitments import (
    CHAIN_START,
    ChainHash,
    Commitment,
    Digest,
    chain_next,
    chain_over,
    commit,
)
from tallystick.records.errors import RecordError
from tallystick.records.openings import (
    FieldOpening,
    Opening,
    OpeningRefused,
    PartialOpening,
    WholeOpening,
    open_fields,
    open_whole,
)
from tallystick.records.record import MAX_LINE_BYTES, Record, parse, validate
from tallystick.records.registry import MAX_JCS_BYTES, Field, RecordType, record_type, record_types

__all__ = [
    "CHAIN_START",
    "MAX_JCS_BYTES",
    "MAX_LINE_BYTES",
    "ChainHash",
    "Commitment",
    "Digest",
    "Field",
    "FieldOpening",
    "Opening",
    "OpeningRefused",
    "PartialOpening",
    "Record",
    "RecordError",
    "RecordType",
    "WholeOpening",
    "chain_next",
    "chain_over",
    "commit",
    "open_fields",
    "open_whole",
    "parse",
    "record_type",
    "record_types",
    "validate",
]
