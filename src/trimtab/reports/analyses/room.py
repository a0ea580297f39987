"""The part of the room as doors, pages and jobs are given it."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from trimtab.access.principal import Principal
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.reports.analyses.answering import Answering, Wanted
from trimtab.reports.analyses.model import Shown
from trimtab.reports.analyses.overlays import Overlays, Predicts
from trimtab.reports.analyses.spec import (
    Analysis,
    Visual,
    analysis_of,
    range_ms_of,
    read_analysis,
    text_of,
)
from trimtab.reports.analyses.starters import STARTERS, Starter
from trimtab.reports.datasets.field import Field
from trimtab.reports.datasets.query import Query
from trimtab.reports.datasets.reader import Reader
from trimtab.reports.datasets.reading import Answer
from trimtab.reports.datasets.room import DatasetRoom
from trimtab.reports.datasets.spec import Dataset, Use, spec_of
from trimtab.reports.datasets.store import SpecStore, Stored, analysis_store
from trimtab.store.state.database import State


class Opened(Struct, frozen=True):
    """An analysis as it is shown. `stored` is None for a starter that nobody changed, and for one that is not saved."""

    name: str
    spec: Analysis
    stored: Stored | None = None
    starter: Starter | None = None

    @property
    def version(self) -> int:
        """Its version; 0 for what is not stored."""
        return self.stored.version if self.stored else 0

    @property
    def title(self) -> str:
        """Its title, else its name."""
        return self.spec.title or self.name


class Chosen(Struct, frozen=True):
    """What a page or caller chooses beside the spec: further conditions, parameters, another range."""

    where: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    range: str = ""
    start_ms: int | None = None
    end_ms: int | None = None


NOTHING_CHOSEN = Chosen()


class AnalysisRoom(Struct, frozen=True):
    """Everything that may be asked of analyses. Datasets answer, within the caller's scope and their rules."""

    store: SpecStore
    datasets: DatasetRoom
    answering: Answering
    clock: Clock

    @classmethod
    def of(cls, state: State, datasets: DatasetRoom, forecaster: Predicts, clock: Clock) -> "AnalysisRoom":
        """The room over a state database, the room of datasets and a forecaster."""
        answering = Answering(_Asked(datasets), Overlays(forecaster), clock)
        return cls(analysis_store(state, clock), datasets, answering, clock)

    async def open(self, principal: Principal, name: str) -> Opened:
        """An analysis by its name or id: a stored one, else the starter of that name. Raises NotFound."""
        starter = STARTERS.get(name)
        try:
            stored = await self.store.get(principal.scope, self.datasets.account_of(principal), name)
        except NotFound:
            if starter is None:
                raise
            return Opened(name, starter.spec, None, starter)
        return Opened(stored.name, analysis_of(stored.spec), stored, STARTERS.get(stored.name))

    async def listed(self, principal: Principal) -> list[Opened]:
        """What a caller finds: stored ones by name, then the starters that nobody changed."""
        stored = await self.store.listed(principal.scope)
        found = [Opened(one.name, analysis_of(one.spec), one, STARTERS.get(one.name)) for one in stored]
        names = {one.name for one in found}
        return [*found, *(Opened(name, one.spec, None, one) for name, one in STARTERS.items() if name not in names)]

    async def check(self, principal: Principal, document: Any) -> Analysis:
        """A document as an analysis, every expression checked. Raises InvalidInput, NotFound for a dataset."""
        spec = read_analysis(document)
        reader = await self.datasets.teams.reader(principal)
        for at, visual in enumerate(spec.visuals):
            wanted = await self.wanted(principal, spec, visual)
            try:
                self.answering.planned(wanted, reader)
            except InvalidInput as problem:
                place = f"visuals[{at}].{problem.field or 'by'}"
                raise InvalidInput(f"{place}: {problem}", field=place) from None
        return spec

    async def save(
        self, principal: Principal, name: str, document: Any, *, was: int | None = None, shared: bool | None = None
    ) -> Stored:
        """Check and store an analysis. Raises InvalidInput, NotFound, Conflict."""
        spec = await self.check(principal, document)
        account, by, within = self.datasets.account_of(principal), principal.name, principal.scope
        return await self.store.put(account, name, text_of(spec), by, was=was, shared=shared, within=within)

    async def delete(self, principal: Principal, name: str) -> Stored:
        """Delete a stored analysis of the caller's account. Raises NotFound."""
        return await self.store.delete(self.datasets.account_of(principal), name, principal.scope)

    async def wanted(
        self, principal: Principal, spec: Analysis | None, visual: Visual, chosen: Chosen = NOTHING_CHOSEN
    ) -> Wanted:
        """A visual with its dataset and all that is chosen. Raises InvalidInput, NotFound."""
        name = spec.dataset_of(visual) if spec else visual.dataset
        dataset = await self.dataset(principal, spec, name)
        known = dataset.parameters
        given = {**(spec.parameters if spec else {}), **chosen.parameters}
        range_text = chosen.range or (spec.range if spec else "")
        return Wanted(
            visual,
            name,
            dataset,
            (*(spec.filters if spec else ()), *chosen.where),
            {key: value for key, value in given.items() if key in known},
            range_ms_of(range_text) if range_text else None,
            chosen.start_ms,
            chosen.end_ms,
        )

    async def dataset(self, principal: Principal, spec: Analysis | None, name: str) -> Dataset:
        """A dataset by its name: of the analysis itself, a stored one, a source. Raises InvalidInput, NotFound."""
        if not name:
            raise InvalidInput("cannot show: expected a dataset or source", field="dataset")
        if spec and name in spec.datasets:
            return spec.datasets[name]
        try:
            stored = await self.datasets.store.get(principal.scope, self.datasets.account_of(principal), name)
        except NotFound:
            if name not in self.datasets.reader.sources:
                raise
            return Dataset([Use(name)])
        return spec_of(stored.spec)

    async def show(
        self, principal: Principal, spec: Analysis | None, visual: Visual, chosen: Chosen = NOTHING_CHOSEN
    ) -> Shown:
        """A visual answered for a caller. Raises InvalidInput, NotFound, QueryAborted, Unavailable."""
        wanted = await self.wanted(principal, spec, visual, chosen)
        return await self.answering.show(wanted, await self.datasets.teams.reader(principal))

    async def fields(self, principal: Principal, spec: Analysis | None, name: str) -> Sequence[Field]:
        """The fields of a dataset. Raises InvalidInput, NotFound."""
        return self.datasets.reader.compiled(await self.dataset(principal, spec, name)).fields


class _Asked:
    """The room of datasets as visuals ask it: extracts and row rules are its own."""

    def __init__(self, datasets: DatasetRoom) -> None:
        self._datasets = datasets

    def compiled(self, spec: Dataset, reader: Reader | None = None, query: Query | None = None) -> Any:
        """A dataset made ready."""
        return self._datasets.reader.compiled(spec, reader, query)

    async def run(self, spec: Dataset, reader: Reader, query: Query) -> Answer:
        """An answer within what `reader` may see."""
        return await self._datasets.run(spec, reader, query)
