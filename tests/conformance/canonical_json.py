"""RFC 8785 (cyberphone/json-canonicalization): the library the product canonicalises with gives these very bytes.

Two shapes: lines `hex of an IEEE 754 double,its text`; and the same file stem in sibling folders, holding the input,
the canonical output and its hexadecimal digits (at least two of them, the canonical form among them).
"""

import json
import re
import struct
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import rfc8785

from tests.conformance.cases import Case, Recognised, VectorFile, require, require_equal

NUMBER_LINES = re.compile(rb"(?:[0-9a-f]{1,16},-?[0-9.e+-]+\r?\n?)+")
HEX_DIGITS = re.compile(rb"\s*(?:[0-9a-fA-F]{2}\s*)+")


def recognise_numbers(file: VectorFile) -> list[Recognised] | None:
    if not NUMBER_LINES.fullmatch(file.content):
        return None
    lines = file.content.decode("ascii").split()
    return [Recognised("RFC 8785 numbers", [Case(line, lambda line=line: judge_number(line)) for line in lines])]


def judge_number(line: str) -> None:
    bits, expected = line.split(",")
    (number,) = struct.unpack(">d", bytes.fromhex(bits.zfill(16)))
    require_equal(rfc8785.dumps(number), expected.encode(), "number")


def recognise_documents(files: Sequence[VectorFile]) -> tuple[Recognised, set[Path]] | None:
    """The cases among files that are no other shape, and the files they use."""
    by_stem: dict[tuple[Path, str], list[VectorFile]] = defaultdict(list)
    for file in files:
        by_stem[file.path.parent.parent, file.path.stem].append(file)
    source, used = Recognised("RFC 8785 documents"), set()
    for (_, stem), group in sorted(by_stem.items()):
        expected = [content for file in group if (content := canonical_from_hex(file.content)) is not None]
        documents = [file for file in group if canonical_from_hex(file.content) is None and parses(file)]
        expected = expected or [file.content for file in documents if is_canonical(file)]
        if len(group) < 2 or not expected or not documents:
            continue
        used |= {file.path for file in group}
        source.cases.append(Case(stem, lambda documents=documents, expected=expected: judge(documents, expected[0])))
    return (source, used) if source.cases else None


def judge(documents: Sequence[VectorFile], expected: bytes) -> None:
    for file in documents:
        require_equal(rfc8785.dumps(file.document), expected, file.name)
    others = [file.content for file in documents if file.content != expected]
    require(len(documents) == 1 or len(others) < len(documents), "no file holds the canonical bytes")


def canonical_from_hex(content: bytes) -> bytes | None:
    if len(content) > 1 << 20 or not HEX_DIGITS.fullmatch(content):
        return None
    decoded = bytes.fromhex(content.decode("ascii"))
    try:
        json.loads(decoded)
    except ValueError:
        return None
    return decoded


def parses(file: VectorFile) -> bool:
    try:
        return isinstance(file.document, dict | list)
    except ValueError:
        return False


def is_canonical(file: VectorFile) -> bool:
    try:
        return rfc8785.dumps(file.document) == file.content
    except (rfc8785.CanonicalizationError, RecursionError):
        return False
