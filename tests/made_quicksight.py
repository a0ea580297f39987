"""QuickSight's service over the small company of `made_datasets`, and definitions of dashboards."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from made_datasets import NOW, SOURCES, A
from trimtab.access.keys import KeyStore
from trimtab.access.principal import Principal, Role, scope_of
from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import ManualClock
from trimtab.cloud.buckets import Buckets
from trimtab.doors.aws.quicksight.rooms import QuickSightRooms
from trimtab.doors.aws.quicksight.service import build
from trimtab.doors.aws.service import CallContext
from trimtab.reports.analyses.room import AnalysisRoom
from trimtab.reports.datasets.query import Query
from trimtab.reports.datasets.reading import DatasetReader
from trimtab.reports.datasets.room import DatasetRoom
from trimtab.reports.quicksight.allowed import Allowed
from trimtab.reports.quicksight.credentials import Credentials
from trimtab.reports.quicksight.files import Files
from trimtab.reports.quicksight.ingestions import Ingestions
from trimtab.reports.quicksight.model import Place, own_name
from trimtab.reports.quicksight.outside import OutsideReader
from trimtab.reports.quicksight.people import People
from trimtab.reports.quicksight.room import QuickSightRoom
from trimtab.reports.quicksight.snapshots import Snapshots
from trimtab.reports.quicksight.store import ResourceStore
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry
from trimtab.timeseries.forecast.forecaster import Forecaster

T = TypeVar("T")
ADMIN = Principal("ann", None, Role.ADMIN, EVERYTHING)
OF_A = Principal("bob", A, Role.ADMIN, scope_of(A))
HERE = Place(A, "us-east-1")
BUCKET = Allowed(("s3://mine/",))
SHEET = [{"SheetId": "s", "SelectionScope": "ALL_VISUALS"}]


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


class QuickSight:
    """The service over made-up sources, called as the gateway calls it."""

    def __init__(self, state: State, engine: Telemetry, folder: Path, allowed: Allowed = BUCKET) -> None:
        self.clock = clock = ManualClock(NOW)
        store = ResourceStore(state, clock)
        url = "https://t.example"
        files = Files(Buckets({"mine": folder.parent / "bucket"}), allowed)
        self.outside = OutsideReader(store, Credentials(state), files, url)
        reader = DatasetReader(engine, SOURCES, clock, self.outside.rows)
        self.datasets = DatasetRoom.of(state, reader, clock, A)
        analyses = AnalysisRoom.of(state, self.datasets, Forecaster(), clock)
        self.room = QuickSightRoom(store, self.datasets, analyses, clock, self.outside, url, auth_required=True)
        self.ingestions = Ingestions(self.room)
        self.keys = KeyStore(state, clock)
        people = People(store, self.keys, self.datasets.teams)
        self.snapshots = Snapshots(analyses, folder, clock, self._put)
        self.uploaded: dict[str, bytes] = {}
        self.service = build(QuickSightRooms(self.room, self.ingestions, people, self.snapshots))

    def _put(self, bucket: str, key: str, body: bytes) -> None:
        self.uploaded[f"{bucket}/{key}"] = body

    def __call__(self, operation: str, who: Principal = ADMIN, account: str = A, **request: Any) -> Any:
        context = CallContext(who, account, "us-east-1", who.scope, "request-1")
        return run(self.service.operations[operation].call({"AwsAccountId": account, **request}, context))

    def bill(
        self, id_: str = "bill", query: str = "SELECT day, team, service, account, cost FROM bill", **more: Any
    ) -> Any:
        arn = f"arn:aws:quicksight:us-east-1:{A}:datasource/here"
        tables = {"p": {"CustomSql": {"DataSourceArn": arn, "Name": "q", "SqlQuery": query}}}
        return self(
            "CreateDataSet", DataSetId=id_, Name=id_, PhysicalTableMap=tables, **{"ImportMode": "DIRECT_QUERY", **more}
        )

    def seen(self, who: Principal, id_: str = "bill") -> list[tuple[Any, ...]]:
        query = Query((("team", "team"), ("cost", "sum(cost)")))
        found = run(self.datasets.read(self.room.within(who, HERE), own_name("dataset", id_), query))
        return sorted((row["team"] or "", f"{row['cost']:.2f}") for row in found.table.to_pylist())


def definition(*visuals: dict[str, Any], id_: str = "bill") -> dict[str, Any]:
    arn = f"arn:aws:quicksight:us-east-1:{A}:dataset/{id_}"
    sheets = [{"SheetId": "s", "Name": "Sheet", "Visuals": list(visuals)}]
    return {"DataSetIdentifierDeclarations": [{"Identifier": "d", "DataSetArn": arn}], "Sheets": sheets}


def bars(id_: str, measure: str = "cost") -> dict[str, Any]:
    def column(name: str) -> dict[str, str]:
        return {"DataSetIdentifier": "d", "ColumnName": name}

    wells = {
        "Category": [{"CategoricalDimensionField": {"FieldId": "1", "Column": column("team")}}],
        "Values": [{"NumericalMeasureField": {"FieldId": "2", "Column": column(measure)}}],
    }
    return {
        "BarChartVisual": {
            "VisualId": id_,
            "ChartConfiguration": {"FieldWells": {"BarChartAggregatedFieldWells": wells}},
        }
    }
