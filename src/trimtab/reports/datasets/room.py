"""The part of the room as doors, pages, visuals and jobs are given it."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from trimtab.access.principal import Principal
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.jobs.lock import LEASE_MS, Lock
from trimtab.jobs.periodic import Job
from trimtab.jobs.schedule import parse as parse_schedule
from trimtab.reports.datasets.extract_store import Extract, ExtractStore
from trimtab.reports.datasets.extracts import Extracts
from trimtab.reports.datasets.field import Field
from trimtab.reports.datasets.query import Query
from trimtab.reports.datasets.reader import Reader
from trimtab.reports.datasets.reading import Answer, DatasetReader
from trimtab.reports.datasets.spec import Dataset, read_spec, spec_of, text_of
from trimtab.reports.datasets.sql.run import SqlQuery, SqlReader
from trimtab.reports.datasets.store import SpecStore, Stored, dataset_store
from trimtab.reports.datasets.teams import ReaderTeams
from trimtab.reports.datasets.uses import reads_parameters
from trimtab.store.state.database import State

_LOOK_S = 15.0  # asks what is due; most often nothing is


class Checked(Struct, frozen=True):
    """A dataset that was checked: its fields, and what is to be kept in mind of it."""

    spec: Dataset
    fields: Sequence[Field]
    notes: Sequence[str]


class DatasetRoom(Struct, frozen=True):
    """Everything that may be asked of datasets. `home` is the account of callers who are bound to none."""

    store: SpecStore
    teams: ReaderTeams
    reader: DatasetReader
    extracts: Extracts
    statements: SqlReader
    lock: Lock
    clock: Clock
    home: str

    @classmethod
    def of(cls, state: State, reader: DatasetReader, clock: Clock, home: str) -> "DatasetRoom":
        """The room over a state database and the reader."""
        store = dataset_store(state, clock)
        extracts = Extracts(reader.telemetry, ExtractStore(state, clock), store, reader, clock)
        lock = Lock(state, clock, "dataset extracts")
        return cls(store, ReaderTeams(state), reader, extracts, SqlReader(reader, clock), lock, clock, home)

    def account_of(self, principal: Principal) -> str:
        """Whose datasets a caller writes."""
        return principal.account or self.home

    def check(self, document: Any) -> Checked:
        """A document as a dataset, every expression checked. Raises InvalidInput, with the place at fault."""
        spec = read_spec(document)
        if spec.extract is not None:
            try:
                parse_schedule(spec.extract.schedule, spec.extract.zone, anchor_ms=self.clock.now_ms())
            except InvalidInput as problem:
                raise InvalidInput(f"cannot use dataset: extract: {problem}", field="extract") from None
        compiled = self.reader.compiled(spec)
        return Checked(spec, compiled.fields, compiled.joined.notes)

    async def save(
        self, principal: Principal, name: str, document: Any, *, was: int | None = None, shared: bool | None = None
    ) -> tuple[Stored, Checked]:
        """Check and store a dataset. Raises InvalidInput, Conflict."""
        checked = self.check(document)
        account = self.account_of(principal)
        stored = await self.store.put(
            account, name, text_of(checked.spec), principal.name, was=was, shared=shared, within=principal.scope
        )
        if checked.spec.extract is not None:  # its writer reads it next: the extract is made with the next turn
            await self.extracts.store.asked(stored.id, principal.scope)
        return stored, checked

    async def open(self, principal: Principal, name: str) -> tuple[Stored, Dataset]:
        """A dataset by its name or id. Raises NotFound."""
        stored = await self.store.get(principal.scope, self.account_of(principal), name)
        return stored, spec_of(stored.spec)

    async def delete(self, principal: Principal, name: str) -> Stored:
        """Delete a dataset of the caller's account with its extracts. Raises NotFound."""
        gone = await self.store.delete(self.account_of(principal), name, principal.scope)
        await self.extracts.store.forget(gone.id)
        return gone

    async def read(self, principal: Principal, name: str, query: Query) -> Answer:
        """Answer a question to a stored dataset. Raises NotFound, InvalidInput, QueryAborted, Unavailable."""
        stored, spec = await self.open(principal, name)
        return await self.run(spec, await self.teams.reader(principal), query, stored)

    async def run(self, spec: Dataset, reader: Reader, query: Query, stored: Stored | None = None) -> Answer:
        """Answer a question to a dataset, within what `reader` may see. Raises as `read`.

        A stored dataset that is extracted is read from its extract, unless another range is asked for, or another
        value of a parameter by which its sources are read.
        """
        ranged = query.start_ms is not None or query.end_ms is not None
        if stored is None or spec.extract is None or ranged or reads_parameters(spec, query.parameters):
            return await self.reader.run(spec, reader, query)
        extract = await self.extracts.of(stored, spec, reader.scope)
        if extract is not None:
            return await self.reader.extracted(spec, reader, query, extract)
        live = await self.reader.run(spec, reader, query)
        return replace(live, notes=[*live.notes, "read live: no extract for what you may see is made yet"])

    async def sql(self, principal: Principal, query: SqlQuery) -> Answer:
        """Answer a SELECT over sources and datasets, within what the caller may see. Raises SqlProblem, as `read`."""

        async def named(name: str) -> Dataset:
            return (await self.open(principal, name))[1]

        return await self.statements.run(query, await self.teams.reader(principal), named)

    async def refresh(self, principal: Principal, name: str) -> Extract:
        """Make the extract of what the caller may see now, and soon those of others.

        Raises InvalidInput where the dataset has none.
        """
        stored, spec = await self.open(principal, name)
        if spec.extract is None:
            raise InvalidInput(f"cannot extract {stored.name}: its spec has no `extract`", field="extract")
        made = await self.extracts.refresh(stored, spec, principal.scope)
        await self.extracts.store.due(stored.id, besides=principal.scope)
        return made

    def forget(self) -> None:
        """Empty what is remembered of answers: called when everything is wiped."""
        self.reader.forget()

    def jobs(self) -> list[Job]:
        """What the room does by itself; of several servers that share a state the one with the lock does it."""

        async def extract() -> None:
            if self.lock.held:
                await self.extracts.turn()

        return [
            Job("hold the lock of the dataset extracts", LEASE_MS / 3000, self.lock.renew),
            Job("extract datasets that are due", _LOOK_S, extract),
        ]
