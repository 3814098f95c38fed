"""`python -m tallystick_gateway.migrations MESSAGE`: write the migration from the schema to the models."""

import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.script import ScriptDirectory

from tallystick_gateway.migrations import alembic_config, upgrade

with tempfile.TemporaryDirectory() as folder:
    scratch = Path(folder) / "scratch.db"
    upgrade(scratch)
    config = alembic_config(scratch)
    number = 1 + len(list(ScriptDirectory.from_config(config).walk_revisions()))
    command.revision(config, message=" ".join(sys.argv[1:]), autogenerate=True, rev_id=f"{number:04d}")
