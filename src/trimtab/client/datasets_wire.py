"""What travels over `/rest/v1/datasets`. Times are ms UTC; money is text, exact."""

from typing import Annotated, Any

from msgspec import Meta, Struct, field

from trimtab.client.wire import Millis

Expression = Annotated[str, Meta(min_length=1, max_length=10_000)]
Limit = Annotated[int, Meta(ge=1, le=1_000_000)]


class DatasetField(Struct, frozen=True):
    """A column: `type` is text, number, integer, money, time, bool or labels; `part` dimension or measure."""

    name: str
    type: str
    unit: str
    part: str
    description: str


class DatasetSource(Struct, frozen=True):
    """What a dataset can be made of; `grain` is what one row is, `role` who may read it."""

    name: str
    title: str
    grain: str
    role: str
    fields: list[DatasetField]


class DatasetSources(Struct, frozen=True):
    """Every source."""

    sources: list[DatasetSource]


class DatasetFunction(Struct, frozen=True):
    """A function of the expression language."""

    name: str
    usage: str
    says: str
    group: str


class DatasetFunctions(Struct, frozen=True):
    """Every function."""

    functions: list[DatasetFunction]


class DatasetSummary(Struct, frozen=True):
    """A stored dataset in a list."""

    id: str
    name: str
    account: str
    title: str
    owner: str
    shared: bool
    version: int
    updated_ms: Millis
    updated_by: str
    sources: list[str]
    extracted: bool


class DatasetList(Struct, frozen=True):
    """The datasets that the caller finds."""

    datasets: list[DatasetSummary]


class DatasetExtract(Struct, frozen=True):
    """An extract of what the caller may see. `made_ms` null: not made yet."""

    made_ms: Millis | None
    next_ms: Millis | None
    rows: int
    took_ms: int
    problem: str


class StoredDataset(Struct, frozen=True):
    """A dataset with its spec (and as YAML in `text`), fields, and what is to be kept in mind of it.

    `extract` is the caller's own.
    """

    id: str
    name: str
    account: str
    owner: str
    shared: bool
    version: int
    updated_ms: Millis
    updated_by: str
    spec: Any
    text: str
    fields: list[DatasetField]
    notes: list[str]
    extract: DatasetExtract | None


class DatasetRemoved(Struct, frozen=True):
    """The id of what was removed."""

    id: str


class PutDataset(Struct, frozen=True, forbid_unknown_fields=True):
    """A dataset to store: an object, or its text in YAML or JSON.

    `version` is the one that the caller has seen (0: none); another one by now is a conflict.
    """

    spec: Any
    version: Annotated[int, Meta(ge=0, le=1_000_000_000)] | None = None
    shared: bool | None = None


class CheckDataset(Struct, frozen=True, forbid_unknown_fields=True):
    """A spec to check: an object, or its text in YAML or JSON."""

    spec: Any


class CheckedDataset(Struct, frozen=True):
    """What a spec comes to; `text` is it as YAML."""

    text: str
    fields: list[DatasetField]
    notes: list[str]


class DatasetColumn(Struct, frozen=True, forbid_unknown_fields=True):
    """A column of an answer: its name and an expression; empty: the field of that name."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    expression: Annotated[str, Meta(max_length=10_000)] = ""


class DatasetQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """A question. Without columns every field, row by row; `order` are names of columns, `-name` from the top.

    Where a column is an aggregate, the row-wise ones are what is grouped by.
    """

    columns: Annotated[list[DatasetColumn], Meta(max_length=300)] = field(default_factory=list)
    where: Annotated[list[Expression], Meta(max_length=50)] = field(default_factory=list)
    order: Annotated[list[str], Meta(max_length=50)] = field(default_factory=list)
    limit: Limit = 1000
    parameters: Annotated[dict[str, Any], Meta(max_length=50)] = field(default_factory=dict)
    start: Annotated[str, Meta(max_length=64)] | None = None
    end: Annotated[str, Meta(max_length=64)] | None = None
    distinct: bool = False


class AskDataset(Struct, frozen=True, forbid_unknown_fields=True):
    """A question to a spec that is not stored."""

    spec: Any
    query: DatasetQuery = field(default_factory=DatasetQuery)


class SqlStatement(Struct, frozen=True, forbid_unknown_fields=True):
    """A SELECT over sources and datasets. The range is of sources, and of datasets where it is given."""

    sql: Annotated[str, Meta(min_length=1, max_length=20_000)]
    limit: Limit = 1000
    start: Annotated[str, Meta(max_length=64)] | None = None
    end: Annotated[str, Meta(max_length=64)] | None = None


class DatasetAnswer(Struct, frozen=True):
    """Rows. `until_ms` are the ages of the sources; `more`: there are further rows behind the limit."""

    fields: list[DatasetField]
    rows: list[list[Any]]
    more: bool
    start_ms: Millis
    end_ms: Millis
    until_ms: dict[str, Millis | None]
    extracted_ms: Millis | None
    notes: list[str]


class PutTeams(Struct, frozen=True, forbid_unknown_fields=True):
    """The teams of a reader."""

    teams: Annotated[list[Annotated[str, Meta(min_length=1, max_length=256)]], Meta(max_length=200)]


class TeamsOfReader(Struct, frozen=True):
    """A reader (the name of a key or of a person) and the teams."""

    reader: str
    teams: list[str]


class ReaderTeamList(Struct, frozen=True):
    """Every reader who is in a team."""

    readers: list[TeamsOfReader]
