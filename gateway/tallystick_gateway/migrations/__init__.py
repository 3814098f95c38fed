"""The database's schema, step by step (Alembic); brought up to date when a gateway starts, under its lease."""

from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig

from tallystick_gateway.migrations.statistics import write_statistics

__all__ = ["alembic_config", "upgrade"]


def alembic_config(database: Path) -> AlembicConfig:
    """Alembic's configuration for one database file."""
    config = AlembicConfig()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    config.attributes["database"] = database
    return config


def upgrade(database: Path) -> None:
    """Bring `database` to the newest schema, making it if it is not there. The caller holds the lease."""
    command.upgrade(alembic_config(database), "head")
    write_statistics(database)
