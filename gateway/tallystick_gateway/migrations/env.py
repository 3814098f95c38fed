"""Alembic's environment: SQLite in batch mode, models of all domains, one transaction for all steps."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import create_engine, pool
from sqlmodel.sql.sqltypes import AutoString

from tallystick_gateway.kit.db import Base, Bytes20, Bytes32, UtcDateTime, begin_by_event
from tallystick_gateway.tables import MODEL_MODULES

assert MODEL_MODULES  # noqa: S101  # importing them is what registers their tables


def _rendered(kind: str, item: object, _context: AutogenContext) -> str | Literal[False]:
    """Our types by their own names; SQLModel's text as plain text."""
    if kind != "type":
        return False
    if isinstance(item, Bytes20 | Bytes32 | UtcDateTime):
        return f"db.{type(item).__name__}()"
    if isinstance(item, AutoString):
        return f"sa.String(length={item.length})" if item.length else "sa.String()"
    return False


engine = create_engine(f"sqlite:///{context.config.attributes['database']}", poolclass=pool.NullPool)
begin_by_event(engine)

with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        compare_type=True,
        transactional_ddl=True,
        render_item=_rendered,
    )
    with context.begin_transaction():
        context.run_migrations()
