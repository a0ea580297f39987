"""Data sources that lie elsewhere: whether they can be read, and their rows."""

import asyncio
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from trimtab.base.errors import TrimtabError
from trimtab.reports.datasets.source import MOST_ROWS
from trimtab.reports.datasets.spec import OutsideTable
from trimtab.reports.quicksight.allowed import POSTGRES_PORT
from trimtab.reports.quicksight.credentials import Credentials, Pair
from trimtab.reports.quicksight.files import Files
from trimtab.reports.quicksight.model import DATA_SOURCE, Place, Resource, name_in
from trimtab.reports.quicksight.problems import Unreadable, source_error
from trimtab.reports.quicksight.store import ResourceStore
from trimtab.reports.quicksight.unions import member
from trimtab.reports.quicksight.values import converted
from trimtab.store.postgres_rows import Database, read_rows

_DATABASES = frozenset(("PostgreSqlParameters", "AuroraPostgreSqlParameters"))
_OWN_HOSTS = frozenset(("localhost", "127.0.0.1", "::1"))


class Kind(StrEnum):
    """What a data source reads."""

    OWN = "trimtab's own tables"
    S3 = "S3"
    POSTGRES = "PostgreSQL"
    NONE = "nothing"


class OutsideReader(Struct, frozen=True):
    """Reads tables elsewhere."""

    store: ResourceStore
    credentials: Credentials
    files: Files
    public_url: str

    def kind(self, form: Mapping[str, Any]) -> Kind:
        """What a data source reads. A database that the settings name is itself, also on this machine."""
        name, given = member(form.get("DataSourceParameters") or {})
        host = str(given.get("Host") or "").lower()
        if name == "S3Parameters":
            return Kind.S3
        if name in _DATABASES and self.files.allowed.has_database(host, _port(given), str(given.get("Database"))):
            return Kind.POSTGRES
        if host and (host in _OWN_HOSTS or host == urlsplit(self.public_url).hostname):
            return Kind.OWN
        return Kind.POSTGRES if name in _DATABASES else Kind.NONE

    async def problem(self, source: Resource, pair: Pair | None) -> dict[str, Any] | None:
        """Why a data source cannot be read, as QuickSight's ErrorInfo; None where it was read just now."""
        try:
            match self.kind(source.form):
                case Kind.S3:
                    await asyncio.to_thread(self.files.manifest, *_manifest_of(source.form))
                case Kind.POSTGRES:
                    await asyncio.to_thread(read_rows, self._database(source.form, pair), "SELECT 1", 1)
                case Kind.NONE:
                    raise Unreadable(
                        f"a data source of type {source.form['Type']} cannot be read: trimtab reads S3, PostgreSQL "
                        "and its own tables, by a database type whose Host is this server",
                        "COPY_SOURCE_NOT_FOUND", "INVALID_DATA_SOURCE_CONFIG",
                    )  # fmt: skip
        except TrimtabError as problem:
            return source_error(problem)
        return None

    async def rows(self, table: OutsideTable) -> Sequence[Sequence[Any]]:
        """The rows of a table. Raises Unreadable, DatabaseProblem, SetupError, Unavailable."""
        source = await self._source(table.source)
        columns = list(table.columns)
        if self.kind(source.form) is Kind.POSTGRES and table.select:
            database = self._database(source.form, await self.credentials.of(source))
            names = ", ".join(quoted_name(one) for one in columns)
            # The statement is the caller's own, by the caller's own sign-in, and is prepared: it cannot be several.
            statement = f"SELECT {names} FROM ({table.select}\n) AS t LIMIT {MOST_ROWS + 1}"  # noqa: S608 - as above
            rows = await asyncio.to_thread(read_rows, database, statement, MOST_ROWS + 1)
        elif self.kind(source.form) is Kind.S3 and not table.select:
            manifest = await asyncio.to_thread(self.files.manifest, *_manifest_of(source.form))
            rows = await asyncio.to_thread(self.files.rows, manifest, table.upload, columns, MOST_ROWS + 1)
        else:
            raise Unreadable(f"cannot read {table.source}: it is another kind of data source now",
                             "CONFLICT", "INVALID_DATA_SOURCE_CONFIG")  # fmt: skip
        if len(rows) > MOST_ROWS:
            raise Unreadable(
                f"cannot read {source.name}: over {MOST_ROWS} rows; add them up in a CustomSql, or read fewer files",
                "UNKNOWN", "DATA_SET_SIZE_LIMIT_EXCEEDED",
            )  # fmt: skip
        return await asyncio.to_thread(converted, rows, table.columns)

    def _database(self, form: Mapping[str, Any], pair: Pair | None) -> Database:
        _, given = member(form["DataSourceParameters"])
        host, port, name = str(given["Host"]), _port(given), str(given["Database"])
        self.files.allowed.check_database(host, port, name)
        if pair is None:
            raise Unreadable(
                f"cannot read {host}: the data source has no Credentials with a CredentialPair", "ACCESS_DENIED",
                "DATA_SOURCE_AUTH_FAILED",
            )  # fmt: skip
        return Database(host, port, name, pair.username, pair.password)

    async def _source(self, arn: str) -> Resource:
        parts = arn.split(":")
        place = Place(parts[4], parts[3])
        found = await self.store.find(place, DATA_SOURCE, name_in(arn, place, DATA_SOURCE) or "")
        if found is None:
            raise Unreadable(f"there is no data source {arn!r}", "COPY_SOURCE_NOT_FOUND", "DATA_SOURCE_NOT_FOUND")
        return found


def quoted_name(name: str) -> str:
    """A name of PostgreSQL."""
    return '"' + name.replace('"', '""') + '"'


def _port(given: Mapping[str, Any]) -> int:
    return int(given.get("Port") or POSTGRES_PORT)


def _manifest_of(form: Mapping[str, Any]) -> tuple[str, str]:
    place = form["DataSourceParameters"]["S3Parameters"]["ManifestFileLocation"]
    return str(place["Bucket"]), str(place["Key"])
