"""Brings a state database to the newest schema.

One that is empty is made of the declared tables at once; an older one is migrated by Alembic, which is loaded only
then: with what it imports it was a fifth of every start. Migrations are files `NNNN_what.py` in `migrations/versions`:
the first makes what release 0.1.0 had, and those between two releases are one.
"""

from importlib import resources
from importlib.resources.abc import Traversable

from sqlalchemy import Column, Connection, MetaData, PrimaryKeyConstraint, String, Table, insert, inspect, select

from trimtab.base.errors import SetupError
from trimtab.store.state.tables import metadata

_VERSIONS = Table(  # as Alembic makes it
    "alembic_version",
    MetaData(),
    Column("version_num", String(32)),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


def revisions() -> list[str]:
    """Every migration, the oldest first."""
    files = (_package() / "versions").iterdir()
    return sorted(file.name[:4] for file in files if file.name[:4].isdigit() and file.name.endswith(".py"))


def revision_of(connection: Connection) -> str:
    """The migration that a database is at; "" for one without tables."""
    if not inspect(connection).has_table(_VERSIONS.name):
        return ""
    return connection.execute(select(_VERSIONS.c.version_num)).scalar() or ""


def bring_up(connection: Connection) -> None:
    """Bring a database to the newest schema, whatever released version made it. Raises SetupError."""
    known, at = revisions(), revision_of(connection)
    newest = known[-1]
    if at == newest:
        return
    if not inspect(connection).get_table_names():
        metadata.create_all(connection, checkfirst=False)
        _VERSIONS.create(connection)
        connection.execute(insert(_VERSIONS).values(version_num=newest))
        return
    if at not in known:
        raise SetupError(_not_known(at, known))
    migrate(connection, newest)


def _not_known(at: str, known: list[str]) -> str:
    begin = f"cannot bring the state database up to date: its tables are of revision {at or 'none'}"
    if at > known[-1]:
        return f"{begin}; this trimtab knows {known[-1]} at most; try the newer trimtab that made it"
    return (
        f"{begin}, of a version that was never released; expected {', '.join(known[:-1])} or {known[-1]}; try: start "
        "once the last commit that knows it, or begin with a new data folder"
    )


def migrate(connection: Connection, revision: str) -> None:
    """Run the migrations that are missing up to `revision`, one after another."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_package()))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _package() -> Traversable:
    return resources.files("trimtab.store.state") / "migrations"
