"""Saved views of costs: a name, and the parameters of the page's URL. They belong to the account that saved them."""

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select

from trimtab.access.made import made_within
from trimtab.access.scope import EVERYTHING, Scope, rows_text
from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, InvalidInput, LimitExceeded, NotFound
from trimtab.store.state.database import State
from trimtab.store.state.tables import cost_reports

MOST = 200
"""Reports of an account: a list that a person still reads."""
_LONGEST_NAME, _LONGEST_QUERY = 100, 4096


class CostReport(Struct, frozen=True):
    """A saved view. `query` is a URL's query, without the question mark."""

    name: str
    query: str
    saved_ms: int
    saved_by: str


class CostReports:
    """The saved views of accounts; None is who no account binds. `within` is what a caller may see."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def listed(self, account: str | None, within: Scope = EVERYTHING) -> list[CostReport]:
        """The views of an account, by name."""
        mine = cost_reports.c.account == (account or ""), made_within(cost_reports.c.scope_rows, within)
        wanted = select(cost_reports).where(*mine).order_by(cost_reports.c.name)
        rows = await self._state.read(lambda connection: list(connection.execute(wanted)))
        return [CostReport(row.name, row.query, row.saved_ms, row.saved_by) for row in rows]

    async def save(self, account: str | None, name: str, query: str, by: str, within: Scope = EVERYTHING) -> CostReport:
        """Keep a view under a name; one of that name is replaced. Raises InvalidInput, LimitExceeded, Conflict."""
        name = " ".join(name.split())
        if not 0 < len(name) <= _LONGEST_NAME:
            raise InvalidInput(
                f"cannot save report: got a name of {len(name)} characters; expected 1 to {_LONGEST_NAME}", field="name"
            )
        if "/" in name:
            raise InvalidInput(f"cannot save report {name!r}: a name is part of a path and has no slash", field="name")
        if len(query) > _LONGEST_QUERY:
            raise InvalidInput(
                f"cannot save report: got {len(query)} characters; expected at most {_LONGEST_QUERY}", field="query"
            )
        report = CostReport(name, query, self._clock.now_ms(), by)

        def work(connection: Connection) -> None:
            mine = cost_reports.c.account == (account or "")
            seen = made_within(cost_reports.c.scope_rows, within)
            connection.execute(delete(cost_reports).where(mine, cost_reports.c.name == name, seen))
            names = list(connection.execute(select(cost_reports.c.name).where(mine)).scalars())
            if name in names:
                raise Conflict(f"cannot save report {name!r}: another team has one of that name; choose another name")
            if len(names) >= MOST:
                raise LimitExceeded(f"cannot save report {name!r}: there are {MOST}; delete one")
            connection.execute(
                insert(cost_reports).values(
                    account=account or "",
                    name=name,
                    query=query,
                    saved_ms=report.saved_ms,
                    saved_by=by,
                    scope_rows=rows_text(within.rows),
                )
            )

        await self._state.change(work)
        return report

    async def delete(self, account: str | None, name: str, within: Scope = EVERYTHING) -> None:
        """Forget a view. Raises NotFound."""
        mine = (cost_reports.c.account == (account or "")) & (cost_reports.c.name == name)
        mine &= made_within(cost_reports.c.scope_rows, within)
        if not await self._state.change(
            lambda connection: connection.execute(delete(cost_reports).where(mine)).rowcount
        ):
            raise NotFound(f"cannot delete report {name!r}: there is none of that name")
