"""INSERT … ON CONFLICT DO UPDATE, the same on SQLite and PostgreSQL: how projections write what the chain says."""

from collections.abc import Mapping, Sequence

from sqlalchemy.dialects import postgresql, sqlite

from tallystick_gateway.kit.db import Owned, Session
from tallystick_gateway.kit.scoping import table_of

__all__ = ["upsert"]


def upsert(
    session: Session,
    model: type[Owned],
    rows: Sequence[Mapping[str, object]],
    *,
    key: Sequence[str],
    overwrite: Sequence[str],
) -> None:
    """Insert `rows`, all with the same columns; where (owner, `key`) exists, set its columns `overwrite` instead."""
    if not rows:
        return
    connection = session.connection()
    table = table_of(model)
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table)
    statement = statement.on_conflict_do_update(
        index_elements=["owner", *key], set_={column: statement.excluded[column] for column in overwrite}
    )
    connection.execute(statement, [{**row, "owner": session.owner} for row in rows])
