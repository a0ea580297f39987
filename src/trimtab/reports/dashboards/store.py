"""Dashboards in the state database: by account and name, with their last versions, so that a change can be undone."""

import re
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, RowMapping, delete, insert, select, update

from trimtab.access.made import made_within
from trimtab.access.scope import EVERYTHING, Scope, rows_text
from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, InvalidInput, LimitExceeded, NotFound
from trimtab.base.partitions import BY_REGION, partition_of
from trimtab.reports.dashboards.model import Stored
from trimtab.store.state.database import State
from trimtab.store.state.schema.dashboards import dashboard_shares, dashboard_versions, dashboards
from trimtab.store.state.schema.inventory import tags

KEPT_VERSIONS = 50
"""Versions of a dashboard that are kept: an afternoon of editing can be gone back on."""
_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")


class DashboardStore:
    """Every dashboard. `account` is the one that a dashboard belongs to, `within` what a caller may see.

    A dashboard has no team: it is seen within the rows that its maker was bound to.
    """

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def put(
        self, account: str, name: str, body: str, by: str, *, was: int | None = None, within: Scope = EVERYTHING
    ) -> Stored:
        """Store `body`, replacing what was there; the answer has the new version.

        `was` is the version that the caller has seen (0: none): Conflict is raised where it is another one by now.
        The body is not checked here: see `validate.check_body`.
        """
        check_name(name)
        now = self._clock.now_ms()

        def write(connection: Connection) -> Stored:
            row = _find(connection, account, name, within)
            if row is None and _find(connection, account, name) is not None:
                raise Conflict(f"cannot save dashboard {name}: another team has one of that name; choose another name")
            version = row["version"] if row else 0
            if was is not None and was != version:
                raise Conflict(
                    f"cannot change dashboard {name}: it is at version {version} and not {was}, since somebody else "
                    "saved it; reload and make the change again"
                )
            if row and row["body"] == body:
                return _stored(row)
            if row:
                _keep(connection, row)
                changed = {"body": body, "modified_ms": now, "modified_by": by, "version": version + 1}
                connection.execute(update(dashboards).where(_at(account, name)).values(changed))
            else:
                version = _last_kept(connection, account, name)
                values = {"account": account, "name": name, "body": body, "modified_ms": now, "modified_by": by}
                values |= {"scope_rows": rows_text(within.rows)}
                connection.execute(insert(dashboards).values({**values, "version": version + 1}))
            return Stored(account, name, body, now, version + 1)

        return await self._state.change(write)

    async def get(self, account: str, name: str, within: Scope = EVERYTHING) -> Stored:
        """The dashboard. Raises NotFound."""
        row = await self._state.read(lambda connection: _find(connection, account, name, within))
        if row is None:
            raise NotFound(f"Dashboard {name} does not exist")
        return _stored(row)

    async def listed(self, account: str, prefix: str = "", within: Scope = EVERYTHING) -> list[Stored]:
        """The dashboards of an account whose names begin with `prefix`, by name."""
        wanted = select(dashboards).where(dashboards.c.account == account).order_by(dashboards.c.name)
        wanted = wanted.where(made_within(dashboards.c.scope_rows, within))
        if prefix:
            wanted = wanted.where(dashboards.c.name.startswith(prefix, autoescape=True))
        rows = await self._state.read(lambda connection: list(connection.execute(wanted).mappings()))
        return [_stored(row) for row in rows]

    async def delete(self, account: str, names: Sequence[str], within: Scope = EVERYTHING) -> list[str]:
        """Delete dashboards with the links that share them; their versions stay for a restore.

        Where some are not there, the answer names them and none is deleted.
        """

        def remove(connection: Connection) -> list[str]:
            found = {name: _find(connection, account, name, within) for name in names}
            rows = {name: row for name, row in found.items() if row is not None}
            if len(rows) < len(found):
                return [name for name in found if name not in rows]
            for name, row in rows.items():
                _keep(connection, row)
                connection.execute(delete(dashboards).where(_at(account, name)))
                arns = [arn_of(account, name, region) for region in ("", *(begin for begin, _ in BY_REGION))]
                shared = (dashboard_shares.c.account == account) & (dashboard_shares.c.dashboard == name)
                connection.execute(delete(dashboard_shares).where(shared))
                connection.execute(delete(tags).where(tags.c.arn.in_(arns)))
            return []

        return await self._state.change(remove)

    async def versions(self, account: str, name: str, within: Scope = EVERYTHING) -> list[Stored]:
        """The versions before the present one, newest first."""
        table = dashboard_versions.c
        wanted = select(dashboard_versions).where((table.account == account) & (table.name == name))
        wanted = wanted.where(made_within(table.scope_rows, within))
        rows = await self._state.read(
            lambda connection: list(connection.execute(wanted.order_by(table.version.desc())).mappings())
        )
        return [_stored(row) for row in rows]

    async def version(self, account: str, name: str, number: int, within: Scope = EVERYTHING) -> Stored:
        """One version, the present one included. Raises NotFound."""
        table = dashboard_versions.c
        wanted = (table.account == account) & (table.name == name) & (table.version == number)
        wanted &= made_within(table.scope_rows, within)

        def read(connection: Connection) -> RowMapping | None:
            present = _find(connection, account, name, within)
            if present is not None and present["version"] == number:
                return present
            return connection.execute(select(dashboard_versions).where(wanted)).mappings().first()

        row = await self._state.read(read)
        if row is None:
            raise NotFound(f"Dashboard {name} has no version {number}; the last {KEPT_VERSIONS} are kept")
        return _stored(row)


def arn_of(account: str, name: str, region: str = "") -> str:
    """A dashboard's ARN in the partition of a region; dashboards belong to no region."""
    return f"arn:{partition_of(region)}:cloudwatch::{account}:dashboard/{name}"


def check_name(name: str) -> None:
    """Raise InvalidInput for a name that a dashboard cannot have."""
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            f"cannot name a dashboard {name[:80]!r}: expected 1 to 255 letters, digits, - and _", field="name"
        )


def free_name(wanted: str, taken: Sequence[str]) -> str:
    """`wanted`, made a name that a dashboard can have and that none of `taken` is."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", wanted).strip("-")[:240] or "dashboard"
    if stem not in taken:
        return stem
    found = next((f"{stem}-{number}" for number in range(2, 10_000) if f"{stem}-{number}" not in taken), None)
    if found is None:
        raise LimitExceeded(f"cannot name another dashboard {stem}: 9,999 have that name; choose another one")
    return found


def _at(account: str, name: str) -> ColumnElement[bool]:
    return (dashboards.c.account == account) & (dashboards.c.name == name)


def _find(connection: Connection, account: str, name: str, within: Scope = EVERYTHING) -> RowMapping | None:
    seen = made_within(dashboards.c.scope_rows, within)
    return connection.execute(select(dashboards).where(_at(account, name), seen)).mappings().first()


def _keep(connection: Connection, row: RowMapping) -> None:
    columns = ("account", "name", "version", "body", "modified_ms", "modified_by", "scope_rows")
    connection.execute(insert(dashboard_versions).values({column: row[column] for column in columns}))
    table = dashboard_versions.c
    same = (table.account == row["account"]) & (table.name == row["name"])
    connection.execute(delete(dashboard_versions).where(same & (table.version <= row["version"] - KEPT_VERSIONS)))


def _last_kept(connection: Connection, account: str, name: str) -> int:
    """The number of the last version of a dashboard that was deleted, else 0."""
    table = dashboard_versions.c
    same = (table.account == account) & (table.name == name)
    found = connection.execute(select(table.version).where(same).order_by(table.version.desc())).first()
    return int(found[0]) if found else 0


def _stored(row: RowMapping) -> Stored:
    return Stored(row["account"], row["name"], row["body"], row["modified_ms"], row["version"])
