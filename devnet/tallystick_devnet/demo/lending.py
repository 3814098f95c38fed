"""The second part: an agreement, 10 000 loans, settlements, repayments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from tallystick_devnet.demo.cast import ARBITRATION, DEPOSITORY, ORIGINATOR, PARTNER
from tallystick_devnet.demo.gateways import Gateways
from tallystick_devnet.demo.stage import Stage
from tallystick_devnet.demo.waiting import follow, until
from tallystick_devnet.sample import ARRIVAL_DATES, CURRENCY, SampleLoan, write_disbursements, write_repayments
from tallystick_gateway.commands.following import read_lines
from tallystick_gateway.commands.loans import disburse_file, settle_loans

__all__ = ["ORIGINATOR_SHARE_BPS", "agree", "disburse", "list_by_status", "record_repayments", "settle"]

ORIGINATOR_SHARE_BPS: Final = 2000
_SETTLED_ON: Final = "2018-06-14"
_DAY_S: Final = 86_400
_LISTED: Final = ("IN_GRACE", "LATE_16_30", "LATE_31_120", "CHARGED_OFF")


def agree(stage: Stage, loans: Sequence[SampleLoan]) -> str:
    """A 20/80 agreement, proposed and co-signed; its secret handed over as a sealed file. Returns its id."""
    journal, gateways = stage.journal, stage.gateways
    originator, partner = gateways.api(ORIGINATOR), gateways.api(PARTNER)
    with journal.step("Propose the 20/80 agreement; the partner co-signs") as step:
        known = originator.get("/v1/agreements")["items"]
        if known:
            agreement = str(known[0]["agreement"])
            follow(stage, originator, [known[0]["submission_id"]], step.done)
        else:
            answer = originator.post("/v1/agreements", _terms(gateways, loans), key="demo-agreement")
            agreement = str(answer["agreement"])
            follow(stage, originator, [answer["submission_id"]], step.done)
        until(stage, lambda: _state(gateways, agreement) is not None, "the partner sees the proposal")
        if _state(gateways, agreement) == "PROPOSED":
            path = f"/v1/agreements/{agreement}/cosign"
            answer = partner.post(path, {"agreement": agreement}, key=f"demo-cosign-{agreement}")
            follow(stage, partner, [answer["submission_id"]], step.done)
        until(stage, lambda: _active(gateways, agreement), "both banks see the agreement as active")
        step.line.sent = "1 proposal, 1 co-signature"
        step.line.held = f"agreement {agreement[:16]}… active"

    with journal.step("Hand the agreement's secret over, sealed to the partner's key (HPKE)") as step:
        sealed = stage.folder / "agreement-secret.sealed.json"
        if not partner.get(f"/v1/agreements/{agreement}")["secret_held"]:
            gateways.tally(ORIGINATOR, "agreements", "seal-secret", agreement, "--out", str(sealed))
            gateways.tally(PARTNER, "agreements", "open-secret", str(sealed), "--agreement", agreement)
        step.line.sent = sealed.name
    return agreement


def disburse(stage: Stage, agreement: str, loans: Sequence[SampleLoan]) -> None:
    """Every loan as one individually signed act, a hundred to a transaction."""
    api = stage.gateways.api(ORIGINATOR)
    path = stage.folder / "disbursements.ndjson"
    write_disbursements(path, loans)
    with stage.journal.step(f"Disburse {len(loans):,} loans on chain", total=len(loans)) as step:
        submissions = disburse_file(api, agreement, read_lines(path))
        reached = follow(stage, api, submissions, step.done)
        step.line.sent = f"{len(loans):,} signed acts"
        step.line.held = ", ".join(f"{count:,} {state}" for state, count in reached.items())


def settle(stage: Stage, agreement: str, loans: Sequence[SampleLoan]) -> None:
    """The fully paid ones."""
    api = stage.gateways.api(ORIGINATOR)
    paid = [loan.loan_id for loan in loans if loan.status == "FULLY_PAID"]
    with stage.journal.step(f"Settle {len(paid)} fully paid loans", total=len(paid)) as step:
        submissions = settle_loans(api, agreement, _SETTLED_ON, paid) if paid else []
        reached = follow(stage, api, submissions, step.done)
        step.line.sent = f"{len(paid)} signed acts"
        step.line.held = ", ".join(f"{count:,} {state}" for state, count in reached.items())


def record_repayments(stage: Stage, agreement: str, loans: Sequence[SampleLoan]) -> None:
    """Three files of cumulative repayments, one a business day, become anchored records.

    Where blocks are sealed nobody may say when a file arrived: there all three arrive now.
    """
    api = stage.gateways.api(ORIGINATOR)
    total = sum(1 for loan in loans if loan.paid_anything)
    with stage.journal.step(f"Record {total:,} repayments and anchor them", total=total) as step:
        for day in ARRIVAL_DATES:
            path = stage.folder / f"repayments-{day}.ndjson"
            if not write_repayments(path, loans, agreement=agreement, arrives_on=day):
                continue
            arrival = [] if stage.chain.sealed else ["--arrival-date", day.isoformat()]
            stage.gateways.tally(ORIGINATOR, "records", "submit", str(path), *arrival, "--no-wait")

        def anchored() -> bool:
            logs = {log["stream"]: log for log in api.get("/v1/logs")["items"]}
            log = logs.get(agreement, {"records": 0, "anchored": 0})
            step.done(int(log["anchored"]))
            return int(log["anchored"]) == int(log["records"]) == total

        until(stage, anchored, "every repayment is anchored")
        step.line.sent = f"{total:,} records in {len(ARRIVAL_DATES)} files"
        step.line.held = f"{total:,} anchored"


def list_by_status(stage: Stage, agreement: str) -> None:
    """Loans in grace, late and charged off, as the servicer states them."""
    api = stage.gateways.api(ORIGINATOR)
    with stage.journal.step("List loans in grace, late and charged off") as step:
        found = {status: list(_with_status(api, agreement, status)) for status in _LISTED}
        step.line.sent = ", ".join(f"{len(rows)} {status}" for status, rows in found.items())
    for status, rows in found.items():
        names = ", ".join(str(row["loan_id"]) for row in rows[:8])
        stage.journal.console.print(f"    {status}: {names}{' …' if len(rows) > 8 else ''}", highlight=False)


def _with_status(api: Any, agreement: str, status: str) -> Any:
    return api.pages("/v1/loans", agreement=agreement, servicing_status=status, limit=500)


def _state(gateways: Gateways, agreement: str) -> str | None:
    """The agreement's state as the partner's gateway has it from the chain."""
    rows = gateways.api(PARTNER).get("/v1/agreements")["items"]
    return next((str(row["state"]) for row in rows if row["agreement"] == agreement), None)


def _active(gateways: Gateways, agreement: str) -> bool:
    apis = (gateways.api(ORIGINATOR), gateways.api(PARTNER))
    return all(api.get(f"/v1/agreements/{agreement}")["state"] == "ACTIVE" for api in apis)


def _terms(gateways: Gateways, loans: Sequence[SampleLoan]) -> dict[str, object]:
    """What the two banks agree on. Limits leave a tenth of headroom."""
    member = {part: gateways.member(part) for part in (ORIGINATOR, PARTNER, DEPOSITORY, ARBITRATION)}
    total = sum(loan.principal for loan in loans) * 11 // 10
    shares = {ORIGINATOR: ORIGINATOR_SHARE_BPS, PARTNER: 10_000 - ORIGINATOR_SHARE_BPS}
    return {
        "parties": [
            {"member": member[part], "share_bps": bps, "limit": str(total * bps // 10_000)}
            for part, bps in shares.items()
        ],
        "currency": CURRENCY,
        "visibility": "OPEN",
        "loan_limit": str(max(loan.principal for loan in loans)),
        "total_limit": str(total),
        "calendar": "WEEKDAYS",
        "time_zone": "America/New_York",
        "cut_off_s": 18 * 3600,
        "attesting_roles": ["DEPOSITORY"],
        "penalty_surcharge_bps": 5000,
        "objection_period_s": 7 * _DAY_S,
        "cure_period_s": 7 * _DAY_S,
        "response_period_s": 7 * _DAY_S,
        "call_deadline_blocks": 600,
        "depository": member[DEPOSITORY],
        "arbitrator": member[ARBITRATION],
    }
