"""`tally-verify`: judge an evidence package offline.

Exit code: 0 VERIFIED, 1 VERIFIED WITH LIMITS, 2 NOT VERIFIED, 3 NOT VERIFIABLE, 64 wrong use of the command.
"""

import argparse
import os
import re
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import rfc8785

from tallystick.package.container import MAX_PACKAGE_BYTES
from tallystick.package.instants import parse_instant
from tallystick.roots import LARGEST_ROOTS

from .catalogue import CATALOGUE, UNPROVED
from .findings import Finding
from .original import Original
from .report import render
from .trust import Trust, read_trust
from .verifier import Report, verify
from .wire import report_json, report_value
from .wording import plain

__all__ = ["run"]

WRONG_USE = 64
MOST_ROOTS_BYTES = 16 * 1024 * 1024


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(WRONG_USE, f"{self.prog}: {message}\n")


def run(arguments: Sequence[str]) -> int:
    """Run the command; returns its exit code. Raises `SystemExit` for wrong use and for --help."""
    if list(arguments[:1]) == ["file"]:
        return _file(_file_parser().parse_args(arguments[1:]))
    options = _parser().parse_args(arguments)
    if options.explain is not None:
        return _explain(options.explain)
    if options.package is None:
        _parser().error("a PACKAGE is needed")
    report = _judge(options)
    _print(report_json(report) if options.json else render(report).encode())
    return int(report.verdict)


def _judge(options: argparse.Namespace, original: Original | None = None) -> Report:
    trust = _trust(options.roots, options.roots_digest)
    try:
        package = _read(options.package, MAX_PACKAGE_BYTES)
    except OSError as why:
        return Report((Finding("container.unreadable", _reason(why)), *trust.findings), options.at, trust)
    return verify(package, trust, options.at, *([original.hear] if original else []))


def _trust(paths: Sequence[Path], pinned: bytes | None) -> Trust:
    contents: list[bytes] = []
    try:
        for path in paths:
            contents.append(_read(path, LARGEST_ROOTS))
            if sum(map(len, contents)) > MOST_ROOTS_BYTES:
                raise OSError(f"more than {MOST_ROOTS_BYTES} bytes of roots")
    except OSError as why:
        return Trust(None, False, (Finding("roots.malformed", _reason(why)),))
    return read_trust(contents, pinned)


def _file(options: argparse.Namespace) -> int:
    try:
        content = _read(options.original, MAX_PACKAGE_BYTES)
    except OSError as why:
        _print(f"COULD NOT BE CHECKED  (exit code 3)\n{_reason(why)}\n".encode())
        return 3
    original = Original.of(options.original.name, content)
    report = _judge(options, original)
    comparison = original.judge(report)
    if options.json:
        answer = {
            "answer": comparison.answer.value,
            "exit": comparison.exit,
            "original": {"name": original.name, "sha256": original.sha256},
            "reasons": list(comparison.reasons),
            "package": report_value(report),
        }
        _print(rfc8785.dumps(answer) + b"\n")
    else:
        lines = [
            f"{comparison.answer.value}  (exit code {comparison.exit})",
            f"File     {original.name}, SHA-256 {original.sha256}",
            f"Package  {report.verdict.text}",
            *(f"  {reason}" for reason in comparison.reasons),
        ]
        _print("".join(plain(line) + "\n" for line in lines).encode())
    return comparison.exit


def _explain(code: str) -> int:
    if code in UNPROVED:
        _print(f"{code}\n  Not proved by any package: {UNPROVED[code]}\n".encode())
        return 0
    kind = CATALOGUE.get(code)
    if kind is None:
        family = code.partition(".")[0] + "."
        near = ", ".join(each for each in (*CATALOGUE, *UNPROVED) if each.startswith(family))
        there_are = f"; there are {near}" if near else ""
        sys.stderr.write(f"tally-verify: no finding has the code {code!a}{there_are}\n")
        return WRONG_USE
    lines = [f"{code} ({kind.status})", kind.says, f"Meaning: {kind.meaning}"]
    _print("\n  ".join([*lines, *([f"What to do: {kind.advice}"] if kind.advice else [])]).encode() + b"\n")
    return 0


def _parser() -> _Parser:
    parser = _Parser(
        "tally-verify",
        description="Judge an evidence package offline, by the roots of its consortium.",
        epilog="tally-verify file ORIGINAL --package PACKAGE --roots ROOTS says whether a file stands in a package. "
        "Exit code: 0 VERIFIED, 1 VERIFIED WITH LIMITS, 2 NOT VERIFIED, 3 NOT VERIFIABLE, 64 wrong use.",
    )
    parser.add_argument("package", type=Path, nargs="?", metavar="PACKAGE", help="the package, an .asice file")
    parser.add_argument("--explain", metavar="CODE", help="say what a finding means, and what to do")
    _common(parser)
    return parser


def _file_parser() -> _Parser:
    parser = _Parser("tally-verify file", description="Say whether this very file stands in a package.")
    parser.add_argument("original", type=Path, metavar="ORIGINAL", help="the file")
    parser.add_argument("--package", type=Path, required=True, help="the package, an .asice file")
    _common(parser)
    return parser


def _common(parser: _Parser) -> None:
    parser.add_argument(
        "--roots", type=Path, action="append", default=[], metavar="FILE", help="roots.json; several times for a chain"
    )
    parser.add_argument(
        "--roots-digest", type=_digest, metavar="HEX", help="the digest of one of them, from another source"
    )
    parser.add_argument(
        "--at",
        type=_instant,
        metavar="INSTANT",
        help="judge at YYYY-MM-DDThh:mm:ssZ (else: when the roots were issued)",
    )
    parser.add_argument("--json", action="store_true", help="print canonical JSON")


def _digest(text: str) -> bytes:
    if not re.fullmatch("[0-9a-f]{64}", text):
        raise argparse.ArgumentTypeError("a digest is 64 lower-case hex digits")
    return bytes.fromhex(text)


def _instant(text: str) -> datetime:
    instant = parse_instant(text)
    if instant is None:
        raise argparse.ArgumentTypeError("an instant is YYYY-MM-DDThh:mm:ssZ")
    return instant


def _read(path: Path, most: int) -> bytes:
    """At most one byte more than `most`, so that whoever is asked about it can say that it is too long."""
    with path.open("rb") as file:
        return file.read(most + 1)


def _reason(why: OSError) -> str:
    return why.strerror or str(why)


def _print(text: bytes) -> None:
    try:
        sys.stdout.buffer.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
