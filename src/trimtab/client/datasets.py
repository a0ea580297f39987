"""`Datasets`: the REST API of datasets as typed Python calls, and their rows as pyarrow tables or pandas frames.

with Client("http://127.0.0.1:4750") as client:
    frame = Datasets(client).frame("everything", columns={"day": "", "cost": "sum(cost)"}, order=["day"])
"""

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from trimtab.base.errors import SetupError
from trimtab.client import datasets_wire as wire
from trimtab.client.calls import Calls
from trimtab.client.parameters import path_of

_PATH = "/rest/v1/datasets"
_ABOUT = "/rest/v1/dataset-"
PyarrowTable = Any
PandasFrame = Any
"""Neither library is needed for anything else here, so their types have no names."""
Columns = Mapping[str, str] | Sequence[str]
"""Names with expressions ("" is the field of that name), or names of fields."""


class Datasets(Calls):
    """The calls. Errors are those of `Client`."""

    def list(self) -> Sequence[wire.DatasetSummary]:
        """Every dataset that the caller finds."""
        return self._call("GET", _PATH, wire.DatasetList).datasets

    def get(self, name: str) -> wire.StoredDataset:
        """A dataset by name or id: spec, fields, extract."""
        return self._call("GET", path_of(_PATH, name), wire.StoredDataset)

    def put(
        self, name: str, spec: Any, *, version: int | None = None, shared: bool | None = None
    ) -> wire.StoredDataset:
        """Make or replace a dataset (role write)."""
        return self._call("PUT", path_of(_PATH, name), wire.StoredDataset, body=wire.PutDataset(spec, version, shared))

    def delete(self, name: str) -> None:
        """Remove a dataset with its extracts (role write)."""
        self._call("DELETE", path_of(_PATH, name), wire.DatasetRemoved)

    def check(self, spec: Any) -> wire.CheckedDataset:
        """What a spec comes to. Raises InvalidInput that names the place at fault."""
        return self._call("POST", f"{_ABOUT}check", wire.CheckedDataset, body=wire.CheckDataset(spec))

    def sources(self) -> Sequence[wire.DatasetSource]:
        """What datasets are made of."""
        return self._call("GET", f"{_ABOUT}sources", wire.DatasetSources).sources

    def functions(self) -> Sequence[wire.DatasetFunction]:
        """The functions of calculated fields."""
        return self._call("GET", f"{_ABOUT}functions", wire.DatasetFunctions).functions

    def rows(self, name: str, query: wire.DatasetQuery) -> wire.DatasetAnswer:
        """Rows as JSON has them."""
        return self._call("POST", path_of(_PATH, name, "rows"), wire.DatasetAnswer, body=query)

    def sql(self, statement: wire.SqlStatement) -> wire.DatasetAnswer:
        """Rows of a SELECT over sources and datasets, as JSON has them."""
        return self._call("POST", f"{_ABOUT}sql", wire.DatasetAnswer, body=statement)

    def extract(self, name: str) -> wire.DatasetExtract:
        """Make the extract of what the caller may see now (role write)."""
        return self._call("POST", path_of(_PATH, name, "extract"), wire.DatasetExtract)

    def teams(self) -> Sequence[wire.TeamsOfReader]:
        """Who is in which team (role admin)."""
        return self._call("GET", f"{_ABOUT}teams", wire.ReaderTeamList).readers

    def put_teams(self, reader: str, teams: Sequence[str]) -> wire.TeamsOfReader:
        """Say in which teams a reader is (role admin)."""
        return self._call("PUT", path_of(f"{_ABOUT}teams", reader), wire.TeamsOfReader, body=wire.PutTeams([*teams]))

    def file(self, name: str, format_: str, query: wire.DatasetQuery) -> bytes:
        """Rows as an Arrow stream or CSV."""
        return self._client.post_json(path_of(_PATH, name, format_), msgspec.json.encode(query))

    def sql_file(self, format_: str, statement: wire.SqlStatement) -> bytes:
        """Rows of a SELECT as an Arrow stream or CSV."""
        return self._client.post_json(f"{_ABOUT}sql/{format_}", msgspec.json.encode(statement))

    def table(
        self,
        name: str,
        columns: Columns = (),
        *,
        where: Sequence[str] = (),
        order: Sequence[str] = (),
        limit: int = 100_000,
        parameters: Mapping[str, Any] | None = None,
        start: str | None = None,
        end: str | None = None,
    ) -> PyarrowTable:
        """Rows as a pyarrow table; money is exact decimal. Raises SetupError without pyarrow."""
        arrow = _module("pyarrow", "pip install pyarrow")
        query = question(columns, where, order, limit, parameters, start, end)
        return _read(arrow, self.file(name, "arrow", query))

    def frame(self, name: str, columns: Columns = (), **asked: Any) -> PandasFrame:
        """The same as a pandas frame. Raises SetupError without pandas or pyarrow."""
        _module("pandas", "pip install pandas pyarrow")
        return self.table(name, columns, **asked).to_pandas()

    def sql_table(self, sql: str, *, limit: int = 100_000, start: str | None = None) -> PyarrowTable:
        """Rows of a SELECT as a pyarrow table. Raises SetupError without pyarrow."""
        arrow = _module("pyarrow", "pip install pyarrow")
        return _read(arrow, self.sql_file("arrow", wire.SqlStatement(sql, limit, start)))

    def sql_frame(self, sql: str, *, limit: int = 100_000, start: str | None = None) -> PandasFrame:
        """Rows of a SELECT as a pandas frame. Raises SetupError without pandas or pyarrow."""
        _module("pandas", "pip install pandas pyarrow")
        return self.sql_table(sql, limit=limit, start=start).to_pandas()


def question(
    columns: Columns,
    where: Sequence[str] = (),
    order: Sequence[str] = (),
    limit: int = 1000,
    parameters: Mapping[str, Any] | None = None,
    start: str | None = None,
    end: str | None = None,
) -> wire.DatasetQuery:
    """A question in the words of Python."""
    pairs = columns.items() if isinstance(columns, Mapping) else ((name, "") for name in columns)
    chosen = [wire.DatasetColumn(name, expression) for name, expression in pairs]
    return wire.DatasetQuery(chosen, [*where], [*order], limit, dict(parameters or {}), start, end)


def _read(arrow: Any, content: bytes) -> PyarrowTable:
    with arrow.ipc.open_stream(content) as reader:
        return reader.read_all()


def _module(name: str, how: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise SetupError(f"cannot make a table: this Python has no {name}; install it with `{how}`") from None
