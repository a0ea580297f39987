"""The part of the room as doors, pages, visuals and jobs are given it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trimtab.access.principal import Principal
from trimtab.base.clock import Clock
from trimtab.reports.datasets.field import Field
from trimtab.reports.datasets.query import Query
from trimtab.reports.datasets.reader import Reader
from trimtab.reports.datasets.reading import Answer, DatasetReader
from trimtab.reports.datasets.spec import Dataset, read_spec, spec_of, text_of
from trimtab.reports.datasets.store import SpecStore, Stored, dataset_store
from trimtab.reports.datasets.teams import ReaderTeams
from trimtab.store.state.database import State


@dataclass(frozen=True, slots=True)
class Checked:
    """A dataset that was checked: its fields, and what is to be kept in mind of it."""

    spec: Dataset
    fields: Sequence[Field]
    notes: Sequence[str]


@dataclass(frozen=True, slots=True)
class DatasetRoom:
    """Everything that may be asked of datasets. `home` is the account of callers who are bound to none."""

    store: SpecStore
    teams: ReaderTeams
    reader: DatasetReader
    clock: Clock
    home: str

    @classmethod
    def of(cls, state: State, reader: DatasetReader, clock: Clock, home: str) -> "DatasetRoom":
        """The room over a state database and the reader."""
        return cls(dataset_store(state, clock), ReaderTeams(state), reader, clock, home)

    def account_of(self, principal: Principal) -> str:
        """Whose datasets a caller writes."""
        return principal.account or self.home

    def check(self, document: Any) -> Checked:
        """A document as a dataset, every expression checked. Raises InvalidInput, with the place at fault."""
        spec = read_spec(document)
        compiled = self.reader.compiled(spec)
        return Checked(spec, compiled.fields, compiled.joined.notes)

    async def save(
        self, principal: Principal, name: str, document: Any, *, was: int | None = None, shared: bool | None = None
    ) -> tuple[Stored, Checked]:
        """Check and store a dataset. Raises InvalidInput, Conflict."""
        checked = self.check(document)
        account = self.account_of(principal)
        stored = await self.store.put(account, name, text_of(checked.spec), principal.name, was=was, shared=shared)
        return stored, checked

    async def open(self, principal: Principal, name: str) -> tuple[Stored, Dataset]:
        """A dataset by its name or id. Raises NotFound."""
        stored = await self.store.get(principal.scope, self.account_of(principal), name)
        return stored, spec_of(stored.spec)

    async def read(self, principal: Principal, name: str, query: Query) -> Answer:
        """Answer a question to a stored dataset. Raises NotFound, InvalidInput, QueryAborted, Unavailable."""
        stored, spec = await self.open(principal, name)
        return await self.run(spec, await self.teams.reader(principal), query, stored)

    async def run(self, spec: Dataset, reader: Reader, query: Query, stored: Stored | None = None) -> Answer:
        """Answer a question to a dataset, within what `reader` may see. Raises as `read`."""
        del stored
        return await self.reader.run(spec, reader, query)
