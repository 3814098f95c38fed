"""The names a file in a package may have, and their order (`docs/package.md`, Names and order)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

__all__ = [
    "BUILDER",
    "CERTIFICATE",
    "CUSTODY",
    "EVIDENCE",
    "MANIFEST",
    "MANIFEST_TOKEN",
    "META_INF",
    "MIMETYPE",
    "RECORDS",
    "TERMS",
    "VERIFY_TXT",
    "Name",
    "Part",
    "act_path",
    "archive_paths",
    "checkpoint_path",
    "covered_path",
    "header_path",
    "in_order",
    "is_listed",
    "name_of",
    "receipt_path",
    "token_path",
]

MIMETYPE: Final = "mimetype"
EVIDENCE: Final = "evidence.json"
CERTIFICATE: Final = "certificate.pdf"
CUSTODY: Final = "custody.jsonl"
VERIFY_TXT: Final = "VERIFY.txt"
RECORDS: Final = "records/records.ndjson"
TERMS: Final = "proofs/terms.json"
META_INF: Final = "META-INF/"
BUILDER: Final = "META-INF/builder.json"
MANIFEST: Final = "META-INF/ASiCManifest001.xml"
MANIFEST_TOKEN: Final = "META-INF/timestamp001.tst"  # noqa: S105 - a name

_MAX_NUMBER: Final = 2**53 - 1


class Part(Enum):
    """What a file of a package is."""

    MIMETYPE = auto()
    EVIDENCE = auto()
    CERTIFICATE = auto()
    CUSTODY = auto()
    VERIFY_TXT = auto()
    RECORDS = auto()
    TERMS = auto()
    ACT = auto()
    CHECKPOINT = auto()
    PATH = auto()
    HEADER = auto()
    RECEIPT = auto()
    TOKEN = auto()
    BUILDER = auto()
    MANIFEST = auto()
    MANIFEST_TOKEN = auto()
    ARCHIVE = auto()
    ARCHIVE_TOKEN = auto()


@dataclass(frozen=True, slots=True)
class Name:
    """A name of the format taken apart: the numbers in it, and the hash."""

    part: Part
    numbers: tuple[int, ...] = ()
    digest: bytes = b""


_FIXED: Final = {
    MIMETYPE: Part.MIMETYPE,
    EVIDENCE: Part.EVIDENCE,
    CERTIFICATE: Part.CERTIFICATE,
    CUSTODY: Part.CUSTODY,
    VERIFY_TXT: Part.VERIFY_TXT,
    RECORDS: Part.RECORDS,
    TERMS: Part.TERMS,
    BUILDER: Part.BUILDER,
    MANIFEST: Part.MANIFEST,
    MANIFEST_TOKEN: Part.MANIFEST_TOKEN,
}

_N: Final = "(0|[1-9][0-9]{0,15})"
_NNN: Final = "([0-9]{3})"
_PATTERNS: Final = tuple(
    (part, re.compile(pattern, re.ASCII))
    for part, pattern in (
        (Part.RECEIPT, rf"proofs/receipts/{_N}-{_N}\.rlp"),
        (Part.HEADER, rf"proofs/headers/{_N}\.rlp"),
        (Part.PATH, rf"proofs/checkpoints/{_N}-{_N}/{_N}\.path"),
        (Part.CHECKPOINT, rf"proofs/checkpoints/{_N}-{_N}\.bin"),
        (Part.TOKEN, rf"timestamps/{_N}-{_N}/{_NNN}-{_NNN}\.tst"),
        (Part.ARCHIVE, rf"META-INF/ASiCArchiveManifest{_NNN}\.xml"),
        (Part.ARCHIVE_TOKEN, rf"META-INF/archive-timestamp{_NNN}\.tst"),
    )
)
_ACT: Final = re.compile(r"proofs/acts/([0-9a-f]{64})\.json", re.ASCII)
_FROM_ONE: Final = frozenset({Part.ARCHIVE, Part.ARCHIVE_TOKEN, Part.TOKEN})


def name_of(path: str) -> Name | None:
    """Take a name apart; None if the format has no such name."""
    if part := _FIXED.get(path):
        return Name(part)
    if act := _ACT.fullmatch(path):
        return Name(Part.ACT, digest=bytes.fromhex(act[1]))
    for part, pattern in _PATTERNS:
        if found := pattern.fullmatch(path):
            numbers = tuple(map(int, found.groups()))
            if max(numbers) > _MAX_NUMBER or (part in _FROM_ONE and not numbers[2 if part is Part.TOKEN else 0]):
                return None
            return Name(part, numbers)
    return None


def is_listed(path: str) -> bool:
    """Whether `evidence.json` lists a file of this name."""
    return path not in (MIMETYPE, EVIDENCE, CERTIFICATE) and not path.startswith(META_INF)


def in_order(paths: Iterable[str]) -> list[str]:
    """The names in the order in which a package has them."""
    return sorted(paths, key=lambda path: (_rank(path), path))


def _rank(path: str) -> int:
    first = (MIMETYPE, EVIDENCE)
    if path in first:
        return first.index(path)
    if path == CERTIFICATE:
        return 3
    return 4 if path.startswith(META_INF) else 2


def act_path(act_id: bytes) -> str:
    """Where an act is."""
    return f"proofs/acts/{act_id.hex()}.json"


def header_path(height: int) -> str:
    """Where a header is."""
    return f"proofs/headers/{height}.rlp"


def receipt_path(height: int, transaction: int) -> str:
    """Where a receipt with its proof is."""
    return f"proofs/receipts/{height}-{transaction}.rlp"


def checkpoint_path(first: int, last: int) -> str:
    """Where the stamped bytes of a checkpoint are."""
    return f"proofs/checkpoints/{first}-{last}.bin"


def covered_path(first: int, last: int, height: int) -> str:
    """Where the path of a header in a checkpoint is."""
    return f"proofs/checkpoints/{first}-{last}/{height}.path"


def token_path(first: int, last: int, authority: int, renewal: int) -> str:
    """Where a token over a checkpoint is: the number of the authority from 1, of the renewal from 0."""
    return f"timestamps/{first}-{last}/{authority:03}-{renewal:03}.tst"


def archive_paths(number: int) -> tuple[str, str]:
    """Where the archive manifest of this number and its token are."""
    return f"META-INF/ASiCArchiveManifest{number:03}.xml", f"META-INF/archive-timestamp{number:03}.tst"
