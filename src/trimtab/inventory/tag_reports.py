"""Tag reports that were asked for: the last one of each account and region."""

import json

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select

from trimtab.base.records import asdict
from trimtab.store.state.database import State
from trimtab.store.state.tables import tag_reports


class TagReport(Struct, frozen=True):
    """A report: RUNNING, SUCCEEDED (then it is at `location`) or FAILED (then `problem` says why)."""

    status: str
    bucket: str
    location: str
    started_ms: int
    problem: str


class TagReportStore:
    """Reports over the state database."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def put(self, account: str, region: str, report: TagReport) -> None:
        """Keep a report in place of the one before."""
        at = tag_reports.c

        def work(connection: Connection) -> None:
            connection.execute(delete(tag_reports).where(at.account == account, at.region == region))
            row = {"account": account, "region": region, "form": json.dumps(asdict(report))}
            connection.execute(insert(tag_reports).values(started_ms=report.started_ms, **row))

        await self._state.change(work)

    async def last(self, account: str, region: str) -> TagReport | None:
        """The last report; None where none was ever asked for."""
        query = select(tag_reports.c.form).where(tag_reports.c.account == account, tag_reports.c.region == region)
        form = await self._state.read(lambda connection: connection.execute(query).scalar())
        return None if form is None else TagReport(**json.loads(form))
