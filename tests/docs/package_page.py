"""The tables of docs/package.md that are made from the code."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tallystick.package import act_files, container, custody, evidence
from tallystick.package.events import ACT_EVENTS
from tallystick.package.evidence import ListedFile
from tallystick.package.paths import EVIDENCE, act_path, checkpoint_path, token_path
from tallystick.package.stamping import manifest_of
from tallystick.package.verify_txt import verify_txt
from tallystick.records.handover import MAX_OPENING_BYTES
from tallystick.roots import LARGEST_ROOTS, LONGEST_CHAIN
from tallystick.timestamps.token import LARGEST_TOKEN
from tallystick.verify.catalogue import CATALOGUE, FAMILIES, REQUIREMENTS, UNPROVED
from tallystick.verify.checks import headers, receipts, time
from tallystick.verify.command import MOST_ROOTS_BYTES
from tallystick.verify.verifier import LARGEST_EXAMINED_IF_NOT_INTACT, MOST_FILES_EXAMINED_IF_NOT_INTACT

from .page import REPOSITORY

__all__ = ["PACKAGE_PAGE", "PACKAGE_TABLES"]

PACKAGE_PAGE: Final[Path] = REPOSITORY / "docs" / "package.md"


def _table(head: str, rows: list[tuple[object, ...]]) -> str:
    columns = head.count("|") + 1
    lines = [f"| {head} |", "| " + " | ".join(["---"] * columns) + " |"]
    return "".join(line + "\n" for line in [*lines, *(f"| {' | '.join(map(str, row))} |" for row in rows)])


def _act_events() -> str:
    rows: dict[tuple[str, str, str], list[str]] = {}
    for event in ACT_EVENTS:
        other = [f"`{name}` is `{parameter}`" for name, parameter in event.renamed]
        other += [f"`{name}` may differ" for name in event.differs]
        rows.setdefault((event.kind, event.signature, "; ".join(other)), []).append(event.contract)
    return _table(
        "act | contract | event | other values",
        [(f"`{kind}`", ", ".join(of), f"`{signature}`", other) for (kind, signature, other), of in rows.items()],
    )


def _verify_txt() -> str:
    files = [
        ListedFile(path, bytes([number]) * 32, 1)
        for number, path in enumerate((act_path(bytes(32)), checkpoint_path(0, 9), token_path(0, 9, 1, 0)), 1)
    ]
    text = verify_txt("acts", bytes([0xAB]) * 32, datetime(2026, 11, 18, 11, 7, 44, tzinfo=UTC), files).decode()
    return (
        "The text says what common tools can check. It is this one, with the package's kind, builder, files and tokens"
        "\n(a renewal is over the token before it; section 3 is left out where there are no tokens):\n\n"
        f"```text\n{text}```\n"
    )


def _manifest() -> str:
    return f"```xml\n{manifest_of({EVIDENCE: bytes([1]) * 32}).decode()}```\n"


def _required() -> str:
    kinds = list(REQUIREMENTS)
    rows = [
        (f"`{family.name}`", family.asks, *(REQUIREMENTS[kind].get(family.name, "–") for kind in kinds))
        for family in FAMILIES
    ]
    return _table(f"check | asks | {' | '.join(kinds)}", rows)


def _findings() -> str:
    return _table("code | status | says", [(f"`{k.code}`", k.status, k.says) for k in CATALOGUE.values()])


def _unproved() -> str:
    return _table("code | not proved", [(f"`{code}`", says) for code, says in UNPROVED.items()])


def _bounds() -> str:
    rows = [
        ("bytes of a package", container.MAX_PACKAGE_BYTES),
        ("files in it", container.MAX_ENTRIES),
        ("bytes of a name", container.MAX_NAME_BYTES),
        ("bytes of `evidence.json`", evidence.MAX_EVIDENCE_BYTES),
        ("commas in `evidence.json`", evidence.MAX_COMMAS),
        ("bytes of a header (above: FAIL)", headers.MAX_HEADER_BYTES),
        ("bytes of a receipt's proof", receipts.MAX_RECEIPT_BYTES),
        ("nodes of a receipt's proof (above: FAIL)", receipts.MAX_PROOF_NODES),
        ("bytes of an act's file (above: FAIL)", act_files.MAX_ACT_BYTES),
        ("bytes of a line of records (above: FAIL)", MAX_OPENING_BYTES),
        ("nodes of a path in a checkpoint (above: FAIL)", time.MAX_PATH_NODES),
        ("bytes of a token (above: FAIL)", LARGEST_TOKEN),
        ("bytes of `custody.jsonl` (above: FAIL)", custody.MAX_CUSTODY_BYTES),
        ("bytes of a package that is examined though it is not intact", LARGEST_EXAMINED_IF_NOT_INTACT),
        ("files in such a package", MOST_FILES_EXAMINED_IF_NOT_INTACT),
        ("bytes of a roots file", LARGEST_ROOTS),
        ("bytes of all roots", MOST_ROOTS_BYTES),
        ("roots files", LONGEST_CHAIN),
    ]
    return _table("bound | at most", rows)


PACKAGE_TABLES: Final[Mapping[str, Callable[[], str]]] = {
    "act-events": _act_events,
    "verify-txt": _verify_txt,
    "manifest": _manifest,
    "required": _required,
    "findings": _findings,
    "unproved": _unproved,
    "bounds": _bounds,
}
