"""Walks a folder of test vectors, recognises each file by its shape, and puts every case to the product."""

import argparse
import json
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.conformance import canonical_json, evidence, later, qbft_network, time_stamps, trees, wycheproof
from tests.conformance.cases import Recognised, VectorFile
from tests.conformance.locate import ABSENT, vectors_root

SHAPES = (
    wycheproof.recognise,
    trees.recognise,
    qbft_network.recognise,
    time_stamps.recognise,
    evidence.recognise,
    later.recognise,
)
PROSE = re.compile(r"(?:LICEN[CS]E|NOTICE|README|COPYING)(?:[-._].*)?", re.IGNORECASE)
MALFORMED = "malformed files"


@dataclass
class Tally:
    """What became of one source's cases."""

    files: int = 0
    found: int = 0
    passed: int = 0
    not_yet: int = 0
    failures: list[str] = field(default_factory=list)
    notes: set[str] = field(default_factory=set)


@dataclass
class Report:
    """What became of all of them, and the files whose shape says nothing."""

    sources: dict[str, Tally] = field(default_factory=dict)
    unrecognised: list[str] = field(default_factory=list)

    @property
    def empty_sources(self) -> list[str]:
        return [name for name, tally in self.sources.items() if not tally.found]

    @property
    def failed(self) -> bool:
        return bool(not self.sources or self.empty_sources or any(tally.failures for tally in self.sources.values()))


def run(root: Path) -> Report:
    """Put every vector below `root` to the product."""
    report, used, rest = Report(), set[Path](), list[VectorFile]()
    for file in vector_files(root):
        try:
            found = recognise(file)
        except Exception as why:  # noqa: BLE001  # a malformed file is a failure to report, whatever it broke
            tally(report, MALFORMED, 1).failures.append(f"{file.name}: {describe(why)}")
            used.add(file.path)
            continue
        for recognised in found or []:
            used |= {file.path, *recognised.companions}
            put(report, file.name, recognised)
        if not found:
            rest.append(file)
    documents = canonical_json.recognise_documents([file for file in rest if file.path not in used])
    if documents:
        used |= documents[1]
        put(report, "", documents[0], files=len(documents[1]))
    for file in rest:
        if file.path in used:
            continue
        if file.path.suffix == ".json" and not canonical_json.parses(file):
            tally(report, MALFORMED, 1).failures.append(f"{file.name}: not JSON")
        else:
            report.unrecognised.append(file.name)
    if MALFORMED in report.sources:
        report.sources[MALFORMED].found = len(report.sources[MALFORMED].failures)
    return report


def vector_files(root: Path) -> Iterable[VectorFile]:
    """Every file below `root` but prose, in a fixed order."""
    for path in sorted(root.rglob("*")):
        if path.is_file() and not PROSE.fullmatch(path.name):
            yield VectorFile(root, path)


def recognise(file: VectorFile) -> list[Recognised] | None:
    if found := canonical_json.recognise_numbers(file):
        return found
    if not file.is_json:
        return None
    try:
        _ = file.document
    except ValueError:
        return None
    return next((found for shape in SHAPES if (found := shape(file)) is not None), None)


def put(report: Report, where: str, recognised: Recognised, files: int = 1) -> None:
    result = tally(report, recognised.source, files)
    result.found += len(recognised.cases) + recognised.not_yet
    result.not_yet += recognised.not_yet
    result.notes |= {recognised.note} - {""}
    for case in recognised.cases:
        try:
            case.check()
        except Exception as why:  # noqa: BLE001  # whatever the product or a malformed case raises is a failure to report
            result.failures.append(f"{where} {case.name}: {describe(why)}".strip())
        else:
            result.passed += 1


def tally(report: Report, source: str, files: int) -> Tally:
    result = report.sources.setdefault(source, Tally())
    result.files += files
    return result


def describe(why: Exception) -> str:
    return f"{type(why).__name__}: {why}"[:300]


def table(report: Report) -> str:
    """The result as text, one line a source."""
    width = max([len("source"), *map(len, report.sources)])
    lines = [f"{'source':{width}}  files  found  passed  failed  not yet"]
    for name, result in sorted(report.sources.items()):
        counts = (result.files, result.found, result.passed, len(result.failures), result.not_yet)
        lines.append(f"{name:{width}}  {counts[0]:5}  {counts[1]:5}  {counts[2]:6}  {counts[3]:6}  {counts[4]:7}")
    lines += [f"not yet {name}: {note}" for name, result in sorted(report.sources.items()) for note in result.notes]
    for name, result in sorted(report.sources.items()):
        lines += [f"FAILED {name}: {failure}" for failure in result.failures]
    lines += [f"FAILED {name}: recognised, but it holds no case" for name in report.empty_sources]
    if not report.sources:
        lines.append("FAILED: no file of a known shape")
    lines += [f"unrecognised: {name}" for name in report.unrecognised]
    return "\n".join(lines)


def as_json(report: Report) -> str:
    """The result for other programs."""
    return json.dumps(
        {
            "failed": report.failed,
            "sources": {
                name: {
                    "files": result.files,
                    "found": result.found,
                    "passed": result.passed,
                    "failed": len(result.failures),
                    "not_yet": result.not_yet,
                    "notes": sorted(result.notes),
                    "failures": result.failures,
                }
                for name, result in sorted(report.sources.items())
            },
            "unrecognised": report.unrecognised,
        },
        indent=1,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """0: all passed; 1: a failure, or a source without cases; 2: no vectors."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="default: TALLYSTICK_VECTORS, else ../shared/vectors")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result there too")
    chosen = parser.parse_args(arguments)
    root = chosen.folder or vectors_root()
    if root is None or not root.is_dir():
        print(ABSENT, file=sys.stderr)
        return 2
    report = run(root)
    print(table(report))
    if chosen.json:
        chosen.json.write_text(as_json(report) + "\n", "utf-8")
    return 1 if report.failed else 0
