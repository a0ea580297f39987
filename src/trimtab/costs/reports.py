"""Saved views of costs: a name, and the parameters of the page's URL. They belong to the account that saved them."""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, LimitExceeded, NotFound
from trimtab.store.state.database import State
from trimtab.store.state.tables import cost_reports

MOST = 200
"""Reports of an account: a list that a person still reads."""
_LONGEST_NAME, _LONGEST_QUERY = 100, 4096


@dataclass(frozen=True, slots=True)
class CostReport:
    """A saved view. `query` is a URL's query, without the question mark."""

    name: str
    query: str
    saved_ms: int
    saved_by: str


class CostReports:
    """The saved views of accounts; None is who no account binds."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def listed(self, account: str | None) -> list[CostReport]:
        """The views of an account, by name."""
        wanted = select(cost_reports).where(cost_reports.c.account == (account or "")).order_by(cost_reports.c.name)
        rows = await self._state.read(lambda connection: list(connection.execute(wanted)))
        return [CostReport(row.name, row.query, row.saved_ms, row.saved_by) for row in rows]

    async def save(self, account: str | None, name: str, query: str, by: str) -> CostReport:
        """Keep a view under a name; one of that name is replaced. Raises InvalidInput, LimitExceeded."""
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
            connection.execute(delete(cost_reports).where(mine, cost_reports.c.name == name))
            if len(list(connection.execute(select(cost_reports.c.name).where(mine)))) >= MOST:
                raise LimitExceeded(f"cannot save report {name!r}: there are {MOST}; delete one")
            connection.execute(
                insert(cost_reports).values(
                    account=account or "", name=name, query=query, saved_ms=report.saved_ms, saved_by=by
                )
            )

        await self._state.change(work)
        return report

    async def delete(self, account: str | None, name: str) -> None:
        """Forget a view. Raises NotFound."""
        mine = (cost_reports.c.account == (account or "")) & (cost_reports.c.name == name)
        if not await self._state.change(
            lambda connection: connection.execute(delete(cost_reports).where(mine)).rowcount
        ):
            raise NotFound(f"cannot delete report {name!r}: there is none of that name")
