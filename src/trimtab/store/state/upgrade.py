"""Brings a state database to the newest schema.

One that is empty is made of the declared tables at once; an older one is migrated by Alembic, which is loaded only
then: with what it imports it was a fifth of every start. Migrations are files `NNNN_what.py` in `migrations/versions`.
"""

from importlib import resources
from importlib.resources.abc import Traversable

from sqlalchemy import Column, Connection, MetaData, PrimaryKeyConstraint, String, Table, insert, inspect, select

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
    return sorted(file.name.partition("_")[0] for file in files if file.name[:4].isdigit())


def revision_of(connection: Connection) -> str:
    """The migration that a database is at; "" for one without tables."""
    if not inspect(connection).has_table(_VERSIONS.name):
        return ""
    return connection.execute(select(_VERSIONS.c.version_num)).scalar() or ""


def bring_up(connection: Connection) -> None:
    """Bring a database to the newest schema, whatever it is at."""
    newest, at = revisions()[-1], revision_of(connection)
    if at == newest:
        return
    if not inspect(connection).get_table_names():
        metadata.create_all(connection, checkfirst=False)
        _VERSIONS.create(connection)
        connection.execute(insert(_VERSIONS).values(version_num=newest))
        return
    migrate(connection, newest)


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
