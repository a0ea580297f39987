"""An empty database is made at once, an older one is migrated, and both end alike."""

import subprocess
import sys
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from trimtab.store.state.database import State
from trimtab.store.state.tables import metadata
from trimtab.store.state.upgrade import revision_of, revisions

_MODULES = (
    "import sys, pathlib; from trimtab.store.state.database import State; State.open('', pathlib.Path(sys.argv[1])); "
)


def _columns(connection: Connection) -> dict[str, list[tuple[str, str, bool]]]:
    look = inspect(connection)
    return {
        table: [(column["name"], str(column["type"]), column["nullable"]) for column in look.get_columns(table)]
        for table in look.get_table_names()
    }


def test_the_migrations_make_the_declared_tables_and_so_does_the_start(state: State, tmp_path: Path) -> None:
    migrated = State(f"sqlite:///{tmp_path / 'migrated.sqlite'}")
    migrated.migrate(revisions()[-1])
    with migrated.engine.connect() as old, state.engine.connect() as new:
        assert [] == compare_metadata(MigrationContext.configure(old), metadata)
        assert [] == compare_metadata(MigrationContext.configure(new), metadata)
        assert _columns(old) == _columns(new)
        assert revisions()[-1] == revision_of(new) == MigrationContext.configure(new).get_current_revision()
    migrated.close()


def test_revisions_are_those_of_the_migrations_in_their_order() -> None:
    migrations = Path(sys.modules[State.__module__].__file__ or "").parent / "migrations"
    assert [one.revision for one in ScriptDirectory(migrations).walk_revisions()][::-1] == revisions()


def test_a_database_of_an_older_revision_is_migrated(tmp_path: Path) -> None:
    state = State(f"sqlite:///{tmp_path / 'state.sqlite'}")
    state.migrate("0049")
    with state.engine.connect() as connection:
        assert "0049" == revision_of(connection)
        assert "run_progress" not in _columns(connection)
    state.migrate()
    with state.engine.connect() as connection:
        assert revisions()[-1] == revision_of(connection)
        assert [] == compare_metadata(MigrationContext.configure(connection), metadata)
    state.close()


def test_a_start_loads_alembic_only_for_an_older_database(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path):  # a new one, and the same again
        subprocess.run([sys.executable, "-c", _MODULES + "assert 'alembic' not in sys.modules", folder], check=True)
