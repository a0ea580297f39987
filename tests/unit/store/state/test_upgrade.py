"""An empty database is made at once, an older one is migrated, and both end alike."""

import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from trimtab.base.errors import SetupError
from trimtab.store.state.database import State
from trimtab.store.state.tables import metadata
from trimtab.store.state.upgrade import revision_of, revisions
from unit.store.state.schema_of import schema_of

_RELEASE = Path(__file__).parents[3] / "crash" / "releases" / "0.1.0.tar.xz"
_MODULES = (
    "import sys, pathlib; from trimtab.store.state.database import State; State.open('', pathlib.Path(sys.argv[1])); "
)


def _from_release(folder: Path) -> State:
    """A copy of the database that release 0.1.0 left behind."""
    with tarfile.open(_RELEASE) as archive:
        members = [member for member in archive if member.name.startswith("data/state.sqlite")]
        archive.extractall(folder, members, filter="data")
    return State(f"sqlite:///{folder / 'data' / 'state.sqlite'}")


def test_the_migrations_make_the_declared_tables_and_so_does_the_start(state: State, tmp_path: Path) -> None:
    migrated = State(f"sqlite:///{tmp_path / 'migrated.sqlite'}")
    migrated.migrate(revisions()[-1])
    with migrated.engine.connect() as old, state.engine.connect() as new:
        assert [] == compare_metadata(MigrationContext.configure(old), metadata)
        assert [] == compare_metadata(MigrationContext.configure(new), metadata)
        assert schema_of(old) == schema_of(new)
        assert revisions()[-1] == revision_of(new) == MigrationContext.configure(new).get_current_revision()
    migrated.close()


def test_the_first_migration_makes_what_release_0_1_0_had(tmp_path: Path) -> None:
    release, first = _from_release(tmp_path), State(f"sqlite:///{tmp_path / 'first.sqlite'}")
    first.migrate("0042")
    with release.engine.connect() as theirs, first.engine.connect() as ours:
        assert "0042" == revision_of(theirs) == revision_of(ours)
        assert schema_of(theirs) == schema_of(ours)
    release.close()
    first.close()


def test_a_database_of_release_0_1_0_becomes_what_is_declared_and_keeps_its_rows(state: State, tmp_path: Path) -> None:
    release = _from_release(tmp_path)
    with release.engine.connect() as connection:
        before = _counts(connection)
    release.migrate()
    with release.engine.connect() as old, state.engine.connect() as new:
        assert revisions()[-1] == revision_of(old)
        assert schema_of(old) == schema_of(new)
        assert before == {table: count for table, count in _counts(old).items() if table in before}
    release.close()
    assert sum(before.values()) > 20


def _counts(connection: Connection) -> dict[str, int]:
    tables = inspect(connection).get_table_names()
    return {table: connection.execute(text(f'SELECT count(*) FROM "{table}"')).scalar_one() for table in tables}


def test_what_was_said_of_purchases_is_of_the_whole_installation(tmp_path: Path) -> None:
    state = State(f"sqlite:///{tmp_path / 'state.sqlite'}")
    state.migrate("0042")
    state.change_sync(lambda connection: connection.execute(text("INSERT INTO purchase_facts VALUES ('a','b','{}',7)")))
    state.migrate()
    rows = state.read_sync(lambda connection: connection.execute(text("SELECT * FROM purchase_facts")).all())
    assert [("", "a", "b", "{}", 7)] == [tuple(row) for row in rows]
    state.close()


@pytest.mark.parametrize(
    ("revision", "message"),
    [
        ("0050", r"of revision 0050, of a version that was never released; expected 0042.* or \d+; try: start once"),
        ("9999", r"of revision 9999; this trimtab knows \d+ at most; try the newer trimtab"),
    ],
)
def test_a_database_of_no_known_revision_is_refused_and_left_alone(tmp_path: Path, revision: str, message: str) -> None:
    state = State(f"sqlite:///{tmp_path / 'state.sqlite'}")
    state.migrate()
    state.change_sync(
        lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = :at"), {"at": revision})
    )
    with pytest.raises(SetupError, match=message):
        state.migrate()
    assert revision == state.read_sync(revision_of)
    state.close()


def test_revisions_are_those_of_the_migrations_in_their_order() -> None:
    migrations = Path(sys.modules[State.__module__].__file__ or "").parent / "migrations"
    assert [one.revision for one in ScriptDirectory(migrations).walk_revisions()][::-1] == revisions()


def test_a_start_loads_alembic_only_for_an_older_database(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path):  # a new one, and the same again
        subprocess.run([sys.executable, "-c", _MODULES + "assert 'alembic' not in sys.modules", folder], check=True)
