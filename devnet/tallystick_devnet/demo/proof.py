"""The fourth part: a court's clerk has a package, a roots file and one program, and asks nobody."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from tallystick.package import read_container, write_container
from tallystick.roots import Roots
from tallystick.verify import Verdict
from tallystick_devnet.demo.cast import ARBITRATION, DEPOSITORY, ORIGINATOR, PARTNER
from tallystick_devnet.demo.gateways import StepFailed
from tallystick_devnet.demo.stage import Stage
from tallystick_devnet.demo.waiting import until
from tallystick_gateway.kit.api_client import ApiClient

__all__ = ["prove_an_overdue_loan"]

_STATUSES: Final = ("LATE_31_120", "LATE_16_30", "IN_GRACE", "CHARGED_OFF", "CURRENT")
"""Overdue first; of a few loans none may be."""
_SIGNERS: Final = (PARTNER, DEPOSITORY, ARBITRATION)
"""Who signs the roots: not the one whose package they judge."""
_RECORDS: Final = "records/records.ndjson"
_PRINCIPAL: Final = b'"principal":"'


def prove_an_overdue_loan(stage: Stage, agreement: str) -> None:
    """The servicer packs one overdue loan; three others sign roots; the package is judged alone, then with a digit off.

    Raises `StepFailed` if there is no loan with a repayment.
    """
    package = _pack(stage, agreement)
    roots = _sign_roots(stage)
    _judge(stage, package, roots)


def _pack(stage: Stage, agreement: str) -> Path:
    loan = _repaid_in_part(stage, agreement)
    path = stage.folder / f"{loan['loan_id']}.asice"
    title = f"Pack the evidence on {loan['loan_id']}, {loan['servicing_status']}, for whoever has to decide"
    with stage.journal.step(title) as step:
        path.unlink(missing_ok=True)
        options = ["--agreement", agreement, "--out", str(path)]
        stage.gateways.tally(ORIGINATOR, "package", "loan", str(loan["loan_id"]), *options)
        step.line.sent = f"{path.name}, {path.stat().st_size:,} bytes"
    return path


def _repaid_in_part(stage: Stage, agreement: str) -> Mapping[str, Any]:
    api = stage.gateways.api(ORIGINATOR)
    for status in _STATUSES:
        for loan in api.pages("/v1/loans", agreement=agreement, servicing_status=status, limit=100):
            if api.get("/v1/records", agreement=agreement, loan=loan["loan"], limit=1)["items"]:
                return dict(loan)
    raise StepFailed("nothing was repaid on any of these loans: ask for more of them (--loans)")


def _has_checked(api: ApiClient, height: int) -> bool:
    return int(api.get("/v1/chain")["checked"] or 0) >= height


def _sign_roots(stage: Stage) -> Path:
    """Roots as of now. (What an earlier run signed after the same nothing is given up.)"""
    path = stage.folder / "roots.json"
    given_up = ["--abandon", Roots.parse(path.read_bytes()).digest.hex()] if path.exists() else []
    path.unlink(missing_ok=True)
    with stage.journal.step("Export what a verifier trusts; three members sign it", total=len(_SIGNERS)) as step:
        stage.gateways.tally(DEPOSITORY, "roots", "export", "--out", str(path))
        height = Roots.parse(path.read_bytes()).as_of_height
        for signed, part in enumerate(_SIGNERS):
            until(stage, partial(_has_checked, stage.gateways.api(part), height), f"{part.name} is there")
            stage.gateways.tally(part, "roots", "sign", str(path), *given_up)
            step.done(signed + 1)
        step.line.sent = f"{path.name}, as of block {height}"
        step.line.held = f"digest {Roots.parse(path.read_bytes()).digest.hex()[:16]}…"
    return path


def _judge(stage: Stage, package: Path, roots: Path) -> None:
    journal, differences = stage.journal, 0
    forged = package.with_name(f"{package.stem}-forged.asice")
    with journal.step("Check 6: tally-verify judges the package alone, and one with a digit changed") as step:
        code, said = _verify(package, roots)
        differences += code not in (Verdict.VERIFIED, Verdict.VERIFIED_WITH_LIMITS)
        forged.write_bytes(_with_another_digit(package.read_bytes()))
        refused, why = _verify(forged, roots)
        differences += refused != Verdict.NOT_VERIFIED
        step.line.sent = f"{package.name} and {forged.name}"
        step.line.held = f"{said[0].partition('  ')[0]}; {why[0].partition('  ')[0]}"
        step.line.check = "6 no node, no account"
        step.line.differences = differences
    for line in (*_part(said, "WHAT IT SHOWS"), *_part(why, "WHY NOT")):
        journal.console.print(f"    {line}", highlight=False, markup=False)


def _verify(package: Path, roots: Path) -> tuple[int, list[str]]:
    """Exit code and report of the command, run as anybody would who has these two files and the roots' digest."""
    digest = Roots.parse(roots.read_bytes()).digest.hex()
    program = Path(sys.executable).with_name("tally-verify")
    command = [str(program), str(package), "--roots", str(roots), "--roots-digest", digest]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not done.stdout:
        raise StepFailed(f"tally-verify said nothing of {package.name}: {done.stderr.strip()}")
    return done.returncode, done.stdout.splitlines()


def _with_another_digit(content: bytes) -> bytes:
    """The package with the first digit of a repayment's principal changed, packed again in the format's own shape."""
    files = {path: bytes(part) for path, part in read_container(content).items()}
    records = files[_RECORDS]
    at = records.index(_PRINCIPAL) + len(_PRINCIPAL)
    digit = b"1" if records[at : at + 1] == b"9" else b"9"
    return write_container({**files, _RECORDS: records[:at] + digit + records[at + 1 :]})


def _part(report: list[str], title: str) -> list[str]:
    """A part of a report, with its title."""
    if title not in report:
        return []
    rest = report[report.index(title) :]
    return rest[: rest.index("")] if "" in rest else rest
