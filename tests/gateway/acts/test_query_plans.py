"""No statement of the daily work reads a whole table: what is quick with a thousand acts stays so with millions."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from tallystick_gateway.acts import State
from tallystick_gateway.kit.gateway import Gateway
from tallystick_gateway.loans import repository as loans
from tests.gateway.acts.stage import LOAN_LIMIT, crew, name, staged
from tests.gateway.network import put
from tests.gateway.support import client_for

pytestmark = pytest.mark.chain
GROWING = (
    "acts_submission",
    "acts_act",
    "acts_carrier",
    "acts_transition",
    "loans_loan",
    "loans_act",
    "loans_borrower",
    "watch_block",
    "watch_anchor",
)

SHORT = ("ix_acts_act_open", "ix_acts_act_unpacked", "ix_acts_carrier_open", "ix_loans_loan_on_its_way")
"""Partial indexes: they hold only what is under way."""


@contextmanager
def heard(gateway: Gateway) -> Iterator[dict[str, Any]]:
    """Every different statement that is executed, with parameters of one execution."""
    statements: dict[str, Any] = {}

    def hear(_connection: Any, _cursor: Any, sql: str, parameters: Any, _context: Any, many: bool) -> None:
        statements.setdefault(sql, parameters[0] if many else parameters)

    engine = gateway.database.engine
    event.listen(engine, "before_cursor_execute", hear)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", hear)


def scans(path: Path, statements: dict[str, Any]) -> list[str]:
    """What SQLite would read whole tables for: SCAN, or SEARCH by the owner alone, who is the same in every row."""
    found = []
    with sqlite3.connect(path) as connection:
        for sql, parameters in statements.items():
            if not re.match(r"\s*(SELECT|UPDATE|DELETE|INSERT)", sql):
                continue
            plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)]
            by_index_order = ("LIMIT" in sql and not any("TEMP B-TREE" in line for line in plan)) or "max(" in sql
            for line in plan:
                whole = re.match(rf"SCAN ({'|'.join(GROWING)})\b", line)
                of_owner = re.match(rf"SEARCH ({'|'.join(GROWING)}) USING .*INDEX (\w+) \(owner=\?\)", line)
                if whole or (of_owner and of_owner[2] not in SHORT and not by_index_order):
                    found.append(f"{line}: {sql}")
    return found


def test_no_statement_reads_a_growing_table_from_end_to_end(tmp_path: Path) -> None:
    with staged(tmp_path / "stage") as stage, crew(stage.network.home("BANK-A", tmp_path / "home")) as bank:
        with heard(bank.gateway) as statements:
            bank.ready()
            drafts = [stage.disburse(name("PLAN")) for _ in range(3)]
            assert bank.settle(put(bank.gateway, *drafts).submission_id).state == State.INCLUDED
            refused = put(bank.gateway, stage.disburse(name("PLAN"), LOAN_LIMIT + 1), stage.disburse(name("PLAN")))
            assert bank.settle(refused.submission_id).counts == {"included": 1, "rejected": 1}
            settled = [stage.settle(draft) for draft in drafts]
            assert bank.settle(put(bank.gateway, *settled).submission_id).state == State.INCLUDED
            api = client_for(bank.gateway)
            api.get("/v1/submissions").raise_for_status()
            api.get(f"/v1/submissions/{refused.submission_id}/acts").raise_for_status()
            with bank.gateway.database.read() as session:
                loans.on_their_way(session, stage.agreement)
                loans.known_keys(session, stage.agreement, [draft.values["loan"] for draft in drafts])  # type: ignore[misc]  # bytes
        assert len(statements) > 40
        assert scans(bank.gateway.config.database_path, statements) == []
