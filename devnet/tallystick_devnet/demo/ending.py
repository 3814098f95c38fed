"""The last part: how far everything came, and who proposed and sealed the blocks that it stands in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from tallystick_devnet.demo.cast import CAST
from tallystick_devnet.demo.stage import Stage
from tallystick_devnet.demo.waiting import until

__all__ = ["Sealer", "check_sealers", "check_states", "sealers_table"]


@dataclass(frozen=True, slots=True)
class Sealer:
    """One validator's blocks: how many it proposed, and how many of its seals each gateway counted, by gateway.

    Seals differ from node to node: a block needs a quorum of them, and each node keeps the first that it saw.
    """

    member: str
    address: str
    proposed: int
    sealed: Mapping[str, int]


def check_states(stage: Stage) -> dict[str, dict[str, int]]:
    """No submission in any gateway is anything else than done. How many acts are in which state, by gateway."""
    journal, goal = stage.journal, stage.chain.goal
    with journal.step(f"Check 4: no submission in any gateway is anything but `{goal}`") as step:
        found: dict[str, list[Mapping[str, Any]]] = {}

        def done() -> bool:
            for part in CAST:
                found[part.folder] = list(stage.gateways.api(part).pages("/v1/submissions", limit=500))
            return all(submission["done"] for submissions in found.values() for submission in submissions)

        until(stage, done, "every submission has ended")
        states = {name: _acts_by_state(submissions) for name, submissions in found.items()}
        failed = [(name, one) for name, every in found.items() for one in every if one["state"] != goal]
        for name, submission in failed:
            text = (
                f"  [red]{name}: submission {submission['id']} ({submission['kind']}) ended {submission['counts']}[/]"
            )
            journal.console.print(text, highlight=False)
        step.line.sent = f"{sum(map(len, found.values())):,} submissions"
        step.line.held = f"{sum(counts.get(goal, 0) for counts in states.values()):,} acts {goal}"
        step.line.check = "4 every gateway"
        step.line.differences = len(failed)
    return states


def check_sealers(stage: Stage) -> list[Sealer]:
    """All gateways found the same epochs and proposers, and believe every node. Who sealed how many blocks."""
    journal = stage.journal
    with journal.step("Check 5: each gateway counts by itself who proposed and who sealed") as step:
        views: dict[str, Mapping[str, Any]] = {}

        def same_height() -> bool:
            for part in CAST:
                views[part.folder] = stage.gateways.api(part).get("/v1/validators")
            return len({sum(row["proposed"] for row in view["sealing"]) for view in views.values()}) == 1

        until(stage, same_height, "four gateways were asked at the same height")
        differences = [*_distrusted(stage), *_differences(views)]
        for difference in differences:
            journal.console.print(f"  [red]{difference}[/]", highlight=False)
        sealers = _sealers(views, {stage.gateways.member(part): part.folder for part in CAST})
        step.line.sent = f"{sum(sealer.proposed for sealer in sealers):,} blocks"
        step.line.held = "every header sealed by a quorum"
        step.line.check = "5 seals, by every gateway"
        step.line.differences = len(differences)
    return sealers


def sealers_table(sealers: list[Sealer]) -> Table:
    """A line for each validator."""
    table = Table(title="Who proposed and who sealed how many blocks, each gateway having kept the seals it saw")
    table.add_column("validator of")
    table.add_column("address")
    table.add_column("proposed", justify="right")
    for part in CAST:
        table.add_column(f"sealed, by {part.folder}", justify="right")
    for sealer in sealers:
        seen = (f"{sealer.sealed[part.folder]:,}" for part in CAST)
        table.add_row(sealer.member, f"{sealer.address[:10]}…", f"{sealer.proposed:,}", *seen)
    return table


def _acts_by_state(submissions: list[Mapping[str, Any]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for submission in submissions:
        for state, count in submission["counts"].items():
            counts[state] = counts.get(state, 0) + int(count)
    return counts


def _distrusted(stage: Stage) -> list[str]:
    """Nodes that a gateway caught lying, in a line each."""
    return [
        f"{part.folder} distrusts {node['node']}: {node['detail']}"
        for part in CAST
        for node in stage.gateways.api(part).get("/v1/chain")["distrusted"]
    ]


def _differences(views: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Where gateways do not agree with the first of them, or seals with governance."""
    (first, expected), *others = ((name, _agreed_on(view)) for name, view in views.items())
    found = [f"{name} found other epochs or proposers than {first}" for name, view in others if view != expected]
    for name, view in views.items():
        sealing = {row["address"] for row in view["sealing"]}
        if view["pending"] or sealing != set(view["governed"]):
            found.append(f"{name}: the validators that seal are not those that governance lists")
    return found


def _agreed_on(view: Mapping[str, Any]) -> object:
    proposed = sorted((row["address"], row["member"], row["proposed"], row["last_proposed"]) for row in view["sealing"])
    return proposed, view["epochs"]


def _sealers(views: Mapping[str, Mapping[str, Any]], names: Mapping[str, str]) -> list[Sealer]:
    """In the order of the cast; `names` by member id."""
    by_gateway = {name: {row["address"]: row for row in view["sealing"]} for name, view in views.items()}
    found = [
        Sealer(
            names[row["member"]],
            row["address"],
            row["proposed"],
            {name: rows[row["address"]]["sealed"] for name, rows in by_gateway.items()},
        )
        for row in next(iter(views.values()))["sealing"]
    ]
    return sorted(found, key=lambda sealer: list(names.values()).index(sealer.member))
