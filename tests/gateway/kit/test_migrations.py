"""The schema that migrations make is the one that the models describe; a migration that fails leaves nothing."""

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from tallystick_gateway import migrations
from tallystick_gateway.kit.db import Base
from tallystick_gateway.tables import MODEL_MODULES


def test_models_and_migrations_agree(tmp_path: Path) -> None:
    assert MODEL_MODULES
    database = tmp_path / "gateway.db"
    migrations.upgrade(database)
    engine = create_engine(f"sqlite:///{database}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "render_as_batch": True})
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_upgrading_again_changes_nothing(tmp_path: Path) -> None:
    database = tmp_path / "gateway.db"
    migrations.upgrade(database)
    before = _schema(database)
    migrations.upgrade(database)
    assert _schema(database) == before


def test_a_failing_migration_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    database = tmp_path / "gateway.db"
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE event (id INTEGER)")  # stands in the way of ours
    with pytest.raises(Exception, match="event"):
        migrations.upgrade(database)
    assert [name for name, _ in _schema(database)] == ["event"]


def _schema(database: Path) -> list[tuple[str, str]]:
    with sqlite3.connect(database) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY name")
        return [row for row in rows if row[0] != "sqlite_sequence"]
