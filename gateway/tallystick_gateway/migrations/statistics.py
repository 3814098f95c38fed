"""What SQLite's planner is told about our tables, instead of guessing.

Every row of a gateway has the same owner, and every statement names the owner; without statistics SQLite takes
`owner = ?` for a fine filter and reads a whole table by it where a key stands beside it. The statistics written here
say what a gateway in service looks like, so plans are the same on the first day and after ten million rows.
(PostgreSQL gathers its own.)
"""

import sqlite3
from pathlib import Path

__all__ = ["write_statistics"]

_ROWS = 1_000_000
_ROWS_OF_PARTIAL = 1_000
"""Partial indexes hold only what is under way."""
_OF_EQUAL_KEY = 20
_OWNER = "owner"


def write_statistics(database: Path) -> None:
    """State row counts and selectivities for every index; they count for connections opened from now on."""
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA analysis_limit = 1")
        connection.execute("ANALYZE")
        connection.execute("DELETE FROM sqlite_stat1")
        tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        for (table,) in tables.fetchall():
            for _, index, unique, _, partial in connection.execute(f"PRAGMA index_list('{table}')").fetchall():
                columns = [row[2] for row in connection.execute(f"PRAGMA index_info('{index}')")]
                row = (table, index, _statistics(columns, bool(unique), _ROWS_OF_PARTIAL if partial else _ROWS))
                connection.execute("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)", row)
    connection.close()


def _statistics(columns: list[str], unique: bool, rows: int) -> str:
    """Rows of the index, then rows of one value of its first column, of its first two, and so on."""
    counts = [rows]
    for column in columns:
        counts.append(counts[-1] if column == _OWNER else max(_OF_EQUAL_KEY, counts[-1] // 100))
    if unique:
        counts[-1] = 1
    return " ".join(map(str, counts))
