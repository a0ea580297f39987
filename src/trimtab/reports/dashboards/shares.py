"""Read-only links to one dashboard: a secret token, an end, and what the one who made it could see."""

import hashlib

from msgspec import Struct
from sqlalchemy import Connection, RowMapping, delete, insert, select

from trimtab.access.scope import Scope, scope_of_text, scope_text
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.base.ids import new_id, new_secret
from trimtab.reports.dashboards.model import Share
from trimtab.store.state.database import State
from trimtab.store.state.schema.dashboards import dashboard_shares

LONGEST_MS = 365 * 86_400_000
"""A link ends within a year: a longer one is forgotten, not meant."""


class Shown(Struct, frozen=True):
    """What a link opens: one dashboard, within a scope."""

    share: Share
    scope: Scope


class ShareStore:
    """The links."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def create(self, account: str, dashboard: str, by: str, scope: Scope, lasts_ms: int) -> tuple[Share, str]:
        """Make a link that lasts so long. The answer has its token, which is kept nowhere.

        Who opens it sees what its maker's `scope` sees, in this dashboard alone.
        """
        if not 60_000 <= lasts_ms <= LONGEST_MS:
            raise InvalidInput("cannot share: expected a time between 1 minute and 365 days", field="expires")
        now, token = self._clock.now_ms(), new_secret()
        share = Share(new_id(), account, dashboard, now, now + lasts_ms, by)
        values = {
            "id": share.id,
            "secret": _digest(token),
            "account": account,
            "dashboard": dashboard,
            "scope": scope_text(scope),
            "created_ms": now,
            "created_by": by,
            "expires_ms": share.expires_ms,
        }
        await self._state.change(
            lambda connection: connection.execute(insert(dashboard_shares).values(values)).rowcount
        )
        return share, token

    async def open(self, token: str) -> Shown:
        """What a token opens. Raises NotFound for one that is wrong, revoked or past its end: no difference is told."""
        wanted = select(dashboard_shares).where(dashboard_shares.c.secret == _digest(token))
        row = await self._state.read(lambda connection: connection.execute(wanted).mappings().first())
        if row is None or row["expires_ms"] <= self._clock.now_ms():
            raise NotFound("this link opens nothing: it has ended, was revoked or is incomplete")
        return Shown(_share(row), scope_of_text(row["scope"]))

    async def listed(self, account: str, dashboard: str) -> list[Share]:
        """The links of a dashboard that still open it, newest first."""
        table, now = dashboard_shares.c, self._clock.now_ms()
        mine = (table.account == account) & (table.dashboard == dashboard) & (table.expires_ms > now)
        wanted = select(dashboard_shares).where(mine).order_by(table.created_ms.desc())
        rows = await self._state.read(lambda connection: list(connection.execute(wanted).mappings()))
        return [_share(row) for row in rows]

    async def revoke(self, account: str, dashboard: str, id_: str) -> None:
        """End a link now. Raises NotFound."""
        table = dashboard_shares.c
        mine = (table.account == account) & (table.dashboard == dashboard) & (table.id == id_)

        def remove(connection: Connection) -> int:
            return connection.execute(delete(dashboard_shares).where(mine)).rowcount

        if not await self._state.change(remove):
            raise NotFound(f"Dashboard {dashboard} has no link {id_}")


def _digest(token: str) -> str:
    """SHA-256: a token has 240 random bits, so a slow hash would add nothing."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _share(row: RowMapping) -> Share:
    return Share(row["id"], row["account"], row["dashboard"], row["created_ms"], row["expires_ms"], row["created_by"])
