"""`tally serve` and `tally status`: run one gateway; see what it does and what keeps it from doing more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from tallystick_gateway.kit.cli import Tally, pass_tally

__all__ = ["serve", "status"]


@click.command()
@click.option("--die-with-parent", is_flag=True, hidden=True, help="End when the starting process ends (Linux).")
@pass_tally
def serve(tally: Tally, die_with_parent: bool) -> None:
    """Run this member's gateway: API and worker, until SIGTERM or ctrl-C."""
    from tallystick_gateway.kit import server  # noqa: PLC0415  # a second of imports that other commands do not need

    def ready(url: str) -> None:
        tally.say(f"{tally.config.settings.member.name} serves at {url} (OpenAPI: {url}/v1/openapi.json)")
        if not tally.config.consortium_path.exists():
            joining = tally.line("join consortium.json --expect DIGEST")
            tally.say(f"It has joined no consortium yet. Next: stop it, then {joining}")

    server.serve(tally.config, tally.passphrase(), die_with_parent=die_with_parent, ready=ready)


@click.command()
@pass_tally
def status(tally: Tally) -> None:
    """What the gateway does, what waits, and what keeps it from being ready. Exit 1 if it is not ready."""
    with tally.api() as api:
        answer: Mapping[str, Any] = api.get("/v1/status")
    tally.emit(answer)
    tally.say(f"{answer['name']}  member {answer['member']}")
    tally.say(f"engine {answer['engine']}: a submission is done when it is `{answer['goal']}`")
    for name, fact in answer["facts"].items():
        tally.say(f"{name}: {_line(fact)}")
    for name, task in answer["tasks"].items():
        if isinstance(task, Mapping) and task["consecutive_failures"]:
            tally.say(f"task {name} fails: {_line(task['last_error'])}")
    for reason in answer["reasons"]:
        kind = "not ready" if reason["blocking"] else "look into"
        tally.say(f"{kind}: {reason['detail']} ({reason['code']})\n  → {reason['advice']}")
    if not answer["ready"]:
        raise SystemExit(1)
    tally.say("ready")


def _line(fact: object) -> str:
    if isinstance(fact, Mapping):
        return ", ".join(f"{name} {_line(value)}" for name, value in fact.items() if value not in (None, []))
    if isinstance(fact, list):
        return "; ".join(_line(item) for item in fact)
    return str(fact)
