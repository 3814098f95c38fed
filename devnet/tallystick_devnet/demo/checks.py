"""The third part: nobody believes anybody. Three checks, by those who can make them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tallystick_devnet.demo.cast import CAST, ORIGINATOR
from tallystick_devnet.demo.journal import Journal
from tallystick_devnet.demo.stage import Stage
from tallystick_devnet.demo.waiting import until
from tallystick_gateway.commands.records import CHECKED_AS

__all__ = ["SAMPLE_SIZE", "audit_chain", "audit_logs", "check_sample"]

SAMPLE_SIZE: Final = 200
_ENDED: Final = ("DONE", "FAILED")


def audit_chain(stage: Stage) -> None:
    """Every gateway recomputes agreements, shares, exposure, heads and logs from the chain alone."""
    journal, gateways = stage.journal, stage.gateways
    with journal.step("Check 1: each gateway recomputes everything from the chain alone") as step:
        started = {part: str(gateways.api(part).post("/v1/chain:audit")["id"]) for part in CAST}
        audits: dict[str, Mapping[str, Any]] = {}

        def ended() -> bool:
            for part, audit in started.items():
                audits[part.name] = gateways.api(part).get(f"/v1/audits/{audit}")
            step.total(sum(int(audit["head"]) for audit in audits.values()))
            step.done(sum(int(audit["height"]) for audit in audits.values()))
            return all(audit["state"] in _ENDED for audit in audits.values())

        until(stage, ended, "every gateway has recomputed the chain")
        reports = {name: audit["report"] for name, audit in audits.items()}
        step.line.sent = f"{len(reports)} gateways, {max(int(audit['head']) for audit in audits.values())} blocks"
        step.line.held = _found(next(iter(reports.values())))
        step.line.check = "1 chain alone"
        step.line.differences = sum(_differences(journal, name, report) for name, report in reports.items())
        step.line.differences += _disagreements(journal, reports)


def audit_logs(stage: Stage) -> None:
    """Each log's author recomputes its roots from values and secrets in its own database."""
    journal, gateways = stage.journal, stage.gateways
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


def check_sample(stage: Stage, agreement: str, seed: str) -> None:
    """The author opens a seeded sample; the three others check openings and proofs against the roots they read."""
    journal, gateways = stage.journal, stage.gateways
    path = stage.folder / "openings.ndjson"
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


def _found(report: Mapping[str, Any]) -> str:
    """What one gateway recomputed, in a line."""
    if "loans" not in report:
        return "see above"
    exposure = ", ".join(
        f"exposure {party['member'][:8]}… {int(party['exposure']) / 100:,.2f} {agreement['currency']}"
        for agreement in report["agreements"]
        for party in agreement["parties"]
    )
    return (
        f"{report['loans']:,} loans, {report['acts_linked']:,} acts in heads, {report['records_anchored']:,} records "
        f"under {report['anchors']} anchors, {exposure}"
    )


def _differences(journal: Journal, name: str, report: Mapping[str, Any]) -> int:
    """How many differences this gateway found in itself or in the contracts, each of the first ones shown."""
    found = list(report.get("tables", {}).get("first", ())) + list(report.get("contracts", {}).get("first", ()))
    found += [str(report[reason]) for reason in ("replay", "detail") if report.get(reason)]
    for difference in found:
        journal.console.print(f"  [red]{name}: {difference}[/]")
    return 0 if report["agreed"] else max(1, len(found))


def _disagreements(journal: Journal, reports: Mapping[str, Mapping[str, Any]]) -> int:
    """Gateways that recomputed something else than the first one did."""
    compared = ("agreements", "loans", "loans_by_state", "acts_linked", "logs", "anchors", "records_anchored")
    names, results = zip(*((n, [report.get(key) for key in compared]) for n, report in reports.items()), strict=True)
    others = [name for name, result in zip(names, results, strict=True) if result != results[0]]
    for name in others:
        journal.console.print(f"  [red]{name} recomputed something else than {names[0]}[/]")
    return len(others)
