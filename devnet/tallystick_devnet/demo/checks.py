"""The third part: nobody believes anybody. Three checks, by those who can make them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tallystick_devnet.demo.cast import CAST, ORIGINATOR
from tallystick_devnet.demo.gateways import Gateways
from tallystick_devnet.demo.journal import Journal
from tallystick_devnet.demo.waiting import until
from tallystick_gateway.commands.records import CHECKED_AS

__all__ = ["SAMPLE_SIZE", "audit_chain", "audit_logs", "check_sample"]

SAMPLE_SIZE: Final = 200


def audit_chain(journal: Journal, gateways: Gateways) -> None:
    """Every gateway recomputes agreements, shares, exposure, heads and logs from the chain alone."""
    with journal.step("Check 1: each gateway recomputes everything from the chain alone") as step:
        started = {part: str(gateways.api(part).post("/v1/chain:audit")["id"]) for part in CAST}
        reports: dict[str, Mapping[str, Any]] = {}

        def ended() -> bool:
            for part, audit in started.items():
                report = gateways.api(part).get(f"/v1/chain/audits/{audit}")
                reports[part.name] = report
            step.total(sum(int(report["height"] or 0) for report in reports.values()))
            step.done(sum(int(report["checked_height"] or 0) for report in reports.values()))
            return all(report["done"] for report in reports.values())

        until(gateways, ended, "every gateway has recomputed the chain")
        _show_differences(journal, reports)
        counts = {name: dict(report["counts"]) for name, report in reports.items()}
        first = next(iter(counts.values()))
        step.line.sent = f"{len(reports)} gateways"
        step.line.held = ", ".join(f"{count:,} {what}" for what, count in first.items())
        step.line.check = "1 chain alone"
        step.line.differences = sum(len(report["differences"]) for report in reports.values())
        step.line.differences += sum(1 for other in counts.values() if other != first)


def audit_logs(journal: Journal, gateways: Gateways) -> None:
    """Each log's author recomputes its roots from values and secrets in its own database."""
    with journal.step("Check 2: each log's author recomputes its roots from its own database") as step:
        records = anchors = differences = 0
        for part in CAST:
            report = gateways.api(part).post("/v1/records:audit")
            for log in report["logs"]:
                records += log["anchored"]
                anchors += log["anchors"]
                differences += len(log["differences"]) + (log["records"] - log["anchored"])
                for difference in log["differences"]:
                    journal.console.print(f"  [red]{part.name}: {difference['detail']}[/]")
        step.line.sent = f"{records:,} records"
        step.line.held = f"{anchors} anchored roots"
        step.line.check = "2 author's database"
        step.line.differences = differences


def check_sample(journal: Journal, folder: Path, gateways: Gateways, agreement: str, seed: str) -> None:
    """The author opens a seeded sample; the three others check openings and proofs against the roots they read."""
    path = folder / "openings.ndjson"
    with journal.step(f"Check 3: three others check {SAMPLE_SIZE} openings and proofs from a file") as step:
        options = ["--sample", str(SAMPLE_SIZE), "--seed", seed, "--stream", agreement, "--out", str(path)]
        gateways.tally(ORIGINATOR, "records", "open", *options)
        handed = sum(1 for _ in path.open("rb"))
        others = [part for part in CAST if part is not ORIGINATOR]
        failed = 0
        for part in others:
            report = gateways.api(part).upload("/v1/records:check", path, content_type=CHECKED_AS)
            failed += int(report["failed"]) + abs(handed - int(report["checked"]))
            for failure in report["failures"]:
                journal.console.print(f"  [red]{part.name}: line {failure['line']}: {failure['detail']}[/]")
        step.line.sent = f"{handed} openings, seed {seed}"
        step.line.held = f"{len(others)} gateways agree" if not failed else "see above"
        step.line.check = "3 openings under roots"
        step.line.differences = failed


def _show_differences(journal: Journal, reports: Mapping[str, Mapping[str, Any]]) -> None:
    for name, report in reports.items():
        for difference in report["differences"][:10]:
            journal.console.print(f"  [red]{name}: {difference}[/]")
        if report.get("error"):
            journal.console.print(f"  [red]{name}: {report['error']}[/]")
