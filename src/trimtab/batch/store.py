"""The batch jobs of a state database: the last report of each."""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Row, Select, delete, insert, select, update

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, NotFound
from trimtab.base.records import replace
from trimtab.store.state.database import State
from trimtab.store.state.schema.batch import batch_jobs
from trimtab.store.state.upcoming import NOW, Upcoming

_MOST = 1000  # jobs of one listing
_c = batch_jobs.c

RECORDS, TRANSFORM, COMMAND = "records", "transform", "command"


class KeptJob(Struct, frozen=True):
    """A job: `report` is its last report and `form` what was asked, both JSON."""

    id: str
    account: str
    region: str
    source: str
    name: str
    status: str
    started_ms: int
    updated_ms: int
    report: str
    form: str = "{}"


class JobStore(Struct, frozen=True):
    """The jobs of one state database."""

    state: State
    clock: Clock

    async def put(self, job: KeptJob, *, only_from: Sequence[str] = ()) -> KeptJob:
        """Keep a job, in place of what was kept of it; with `only_from` only where it is in one of those statuses.

        Raises Conflict for an id that another account has, or a status that does not fit.
        """
        now_ms = self.clock.now_ms()
        values: dict[str, Any] = {
            name: getattr(job, name) for name in ("region", "name", "status", "started_ms", "report", "form")
        }

        def write(connection: Connection) -> None:
            row = connection.execute(select(_c.account, _c.status, _c.source).where(_c.id == job.id)).first()
            if row is None:
                own = {"id": job.id, "account": job.account, "source": job.source}
                connection.execute(insert(batch_jobs).values(**own, **values, updated_ms=now_ms))
                return
            if row.account != job.account or row.source != job.source:
                raise Conflict(f"there is already another batch job {job.id}")
            if only_from and row.status not in only_from:
                raise Conflict(f"the batch job {job.id} is in status {row.status}")
            connection.execute(update(batch_jobs).where(_c.id == job.id).values(**values, updated_ms=now_ms))

        await self.state.change(write)
        return await self.get(Scope(accounts=frozenset({job.account})), job.id)

    async def get(self, scope: Scope, job_id: str) -> KeptJob:
        """One job. Raises NotFound."""

        def read(connection: Connection) -> KeptJob:
            row = connection.execute(_seen(select(batch_jobs), scope).where(_c.id == job_id)).first()
            if row is None:
                raise NotFound(f"there is no batch job {job_id}")
            return _job(row)

        return await self.state.read(read)

    async def listed(
        self, scope: Scope, *, name: str = "", statuses: Sequence[str] = (), source: str = "", most: int = _MOST
    ) -> list[KeptJob]:
        """Jobs, the last begun first."""
        query = _seen(select(batch_jobs), scope).order_by(_c.started_ms.desc(), _c.id).limit(most)
        query = query.where(_c.name == name) if name else query
        query = query.where(_c.status.in_(statuses)) if statuses else query
        query = query.where(_c.source == source) if source else query

        def read(connection: Connection) -> list[KeptJob]:
            return [_job(row) for row in connection.execute(query)]

        return await self.state.read(read)

    def upcoming(self, source: str, statuses: Sequence[str]) -> Upcoming:
        """Whether there are jobs of a source in one of some statuses."""
        return Upcoming(self.state, select(NOW).where(_c.source == source, _c.status.in_(statuses)))

    async def change(self, job_id: str, work: Callable[[KeptJob], KeptJob]) -> KeptJob:
        """Put what `work` makes of a job in its place, in one transaction; its id and owner stay. Raises NotFound."""
        now_ms = self.clock.now_ms()

        def write(connection: Connection) -> KeptJob:
            # A write first: SQLite's driver begins there, and what was read before it another may have changed since.
            if not connection.execute(update(batch_jobs).where(_c.id == job_id).values(updated_ms=now_ms)).rowcount:
                raise NotFound(f"there is no batch job {job_id}")
            row = connection.execute(select(batch_jobs).where(_c.id == job_id)).one()
            made = replace(work(_job(row)), updated_ms=now_ms)
            values = {name: getattr(made, name) for name in ("status", "updated_ms", "report", "form")}
            connection.execute(update(batch_jobs).where(_c.id == job_id).values(**values))
            return made

        return await self.state.change(write)

    async def delete(self, scope: Scope, job_id: str) -> None:
        """Forget a job. Raises NotFound."""
        await self.get(scope, job_id)

        def write(connection: Connection) -> None:
            connection.execute(delete(batch_jobs).where(_c.id == job_id))

        await self.state.change(write)


def _seen(query: Select[Any], scope: Scope) -> Select[Any]:
    if scope.accounts is not None:
        query = query.where(_c.account.in_(scope.accounts))
    if scope.regions is not None:
        query = query.where(_c.region.in_(scope.regions))
    return query


def _job(row: Row[Any]) -> KeptJob:
    return KeptJob(
        row.id, row.account, row.region, row.source, row.name, row.status, row.started_ms, row.updated_ms,
        row.report, row.form,
    )  # fmt: skip
