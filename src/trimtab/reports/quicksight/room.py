"""QuickSight's resources over datasets and analyses: what is stored becomes ours where it can, and says where not.

A data set is a dataset called `quicksight-ID`, an analysis or dashboard the analysis `quicksight-analysis-ID` or
`quicksight-dashboard-ID`; of a dashboard that is the version which is published. Whoever asks through the AWS door
reads and writes within the one account that the request's path names.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from trimtab.access.principal import Principal
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.base.records import replace
from trimtab.reports.analyses.room import AnalysisRoom
from trimtab.reports.datasets.room import Checked, DatasetRoom
from trimtab.reports.quicksight.definitions import Mapped, Placed, map_definition, unmapped
from trimtab.reports.quicksight.model import DATA_SET, DATA_SOURCE, Place, Problem, Resource, name_in, own_name
from trimtab.reports.quicksight.outside import OutsideReader
from trimtab.reports.quicksight.row_rules import rules_of
from trimtab.reports.quicksight.store import ResourceStore
from trimtab.reports.quicksight.tables import Table, table_of
from trimtab.reports.quicksight.unions import member

RANGE_TAG, RANGE = "trimtab:range", "31d"
"""The tag of a data set that says how far back it reads, and how far without it: QuickSight reads whole tables."""
EXTRACT = "rate(1 day)"
"""How often a data set in SPICE is read again."""


class Defined(Struct, frozen=True):
    """A definition that was mapped: the analysis (None where no visual has a meaning here), and what went wrong."""

    document: dict[str, Any] | None
    problems: tuple[Problem, ...]
    data_sets: tuple[str, ...]
    placed: tuple[Placed, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether AWS would not make it either."""
        return any(one.fatal for one in self.problems)


class QuickSightRoom(Struct, frozen=True):
    """What the operations ask."""

    store: ResourceStore
    datasets: DatasetRoom
    analyses: AnalysisRoom
    clock: Clock
    outside: OutsideReader
    public_url: str
    auth_required: bool

    def within(self, principal: Principal, place: Place) -> Principal:
        """A caller as seen in one account; further limits of the caller's scope stay."""
        return replace(
            principal, account=place.account, scope=replace(principal.scope, accounts=frozenset((place.account,)))
        )

    async def tables(self, place: Place, form: Mapping[str, Any]) -> Table:
        """The tables of a data set. Raises InvalidInput."""
        kinds = {}
        for table in form["PhysicalTableMap"].values():
            _, given = member(table)
            name = name_in(given.get("DataSourceArn", ""), place, DATA_SOURCE)
            source = await self.store.find(place, DATA_SOURCE, name) if name else None
            if source is not None:
                kinds[given["DataSourceArn"]] = self.outside.kind(source.form)
        sources = self.datasets.reader.sources
        return table_of(form["PhysicalTableMap"], form.get("LogicalTableMap") or {}, sources, kinds)

    async def dataset(self, place: Place, form: Mapping[str, Any], range_: str = RANGE) -> dict[str, Any] | None:
        """The dataset that a data set comes to; None for rows of constants. Raises InvalidInput, NotFound."""
        table = await self.tables(place, form)
        rules = form.get("RowLevelPermissionDataSet")
        if table.rows:
            return None
        document: dict[str, Any] = {"title": form["Name"][:200], "sources": table.uses, "range": range_}
        document |= {"fields": table.fields} if table.fields else {}
        document |= {"filters": table.filters} if table.filters else {}
        if form["ImportMode"] == "SPICE":
            document["extract"] = {"schedule": EXTRACT}
        if rules and rules.get("Status", "ENABLED") == "ENABLED":
            if rules["PermissionPolicy"] != "GRANT_ACCESS":
                raise InvalidInput(
                    "cannot use RowLevelPermissionDataSet: DENY_ACCESS has no meaning in trimtab; grant instead",
                    field="RowLevelPermissionDataSet",
                )
            document["rows"] = await self._rules(place, rules["Arn"])
        return document

    def check(self, document: dict[str, Any]) -> Checked:
        """A dataset, every expression checked. Raises InvalidInput."""
        return self.datasets.check(document)

    async def keep_dataset(self, principal: Principal, one: Resource, document: dict[str, Any] | None) -> None:
        """Store what a data set comes to."""
        if document is not None:
            await self.datasets.save(self.within(principal, one.place), own_name(DATA_SET, one.name), document)

    async def forget_dataset(self, principal: Principal, one: Resource) -> None:
        """Delete what a data set came to, with its extracts."""
        try:
            await self.datasets.delete(self.within(principal, one.place), own_name(DATA_SET, one.name))
        except NotFound:
            return  # rows of constants, or somebody deleted it there

    async def define(self, principal: Principal, place: Place, form: Mapping[str, Any]) -> Defined:
        """A definition mapped and checked, visual by visual."""
        definition = form.get("Definition")
        if not definition:
            arn = ((form.get("SourceEntity") or {}).get("SourceTemplate") or {}).get("Arn", "")
            return Defined(None, (Problem("SOURCE_NOT_FOUND", f"there is no template {arn!r} in trimtab"),), ())
        datasets, problems, arns = await self._declared(place, definition)
        mapped = map_definition(definition, datasets, form.get("Parameters") or {})
        problems += mapped.problems
        shown = await self._checked(self.within(principal, place), mapped, problems)
        document = {"title": form["Name"][:200], "visuals": [one.document for one in shown]} if shown else None
        return Defined(document, tuple(problems), tuple(arns), tuple(shown))

    async def keep_analysis(self, principal: Principal, one: Resource, document: dict[str, Any] | None) -> None:
        """Store what an analysis or a dashboard's published version comes to; forget it where that is nothing."""
        if document is None:
            await self.forget_analysis(one)
        else:
            await self.analyses.save(self.within(principal, one.place), own_name(one.kind, one.name), document)

    async def forget_analysis(self, one: Resource) -> None:
        """Delete what an analysis or dashboard came to."""
        try:
            await self.analyses.store.delete(one.place.account, own_name(one.kind, one.name))
        except NotFound:
            return  # nothing of it had a meaning here, or somebody deleted it there

    def page(self, one: Resource) -> str:
        """The page that shows an analysis or dashboard."""
        return f"{self.public_url.rstrip('/')}/analyses/{own_name(one.kind, one.name)}"

    async def _rules(self, place: Place, arn: str) -> list[dict[str, Any]]:
        name = name_in(arn, place, DATA_SET)
        found = await self.store.find(place, DATA_SET, name) if name else None
        if found is None:
            raise NotFound(f"there is no data set {arn!r}")
        rows = (await self.tables(place, found.form)).rows
        if not rows:
            raise InvalidInput(
                "cannot use RowLevelPermissionDataSet: expected a CustomSql of constants: SELECT 'ml' AS GroupName, "
                "'vision' AS owner UNION ALL SELECT …; rules over other data are written in the dataset itself",
                field="RowLevelPermissionDataSet",
            )
        return rules_of(rows)

    async def _declared(
        self, place: Place, definition: Mapping[str, Any]
    ) -> tuple[dict[str, str], list[Problem], list[str]]:
        """Our names of the data sets that a definition declares, by its identifiers."""
        names: dict[str, str] = {}
        problems, arns = [], []
        for at, one in enumerate(definition["DataSetIdentifierDeclarations"]):
            name = name_in(one["DataSetArn"], place, DATA_SET)
            found = await self.store.find(place, DATA_SET, name) if name else None
            arns.append(one["DataSetArn"])
            if found is None or not found.state.get("fields"):
                path = f"DataSetIdentifierDeclarations/{at}"
                problems.append(Problem("DATA_SET_NOT_FOUND", f"there is no data set {one['DataSetArn']!r}", path))
            else:
                names[one["Identifier"]] = own_name(DATA_SET, found.name)
        return names, problems, arns

    async def _checked(self, principal: Principal, mapped: Mapped, problems: list[Problem]) -> list[Placed]:
        shown = []
        for one in mapped.visuals:
            try:
                await self.analyses.check(principal, {"visuals": [one.document]})
            except InvalidInput as problem:
                problems.append(unmapped(problem, one.path))
            else:
                shown.append(one)
        return shown
