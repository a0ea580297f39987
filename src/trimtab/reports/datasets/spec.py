"""`Dataset`: what a dataset is, as people read, diff and keep it. JSON or YAML, one form:

title: What logs and money say by day
range: 14d
sources:
  - use: costs
    by: [day, account]
    take: {cost: sum(effective_cost)}
  - use: logs
    join: full
    on: [day, account]
    by: [day, account]
    take: {errors: "countIf(log_group, severity = 'ERROR')"}
fields: {cost_per_error: "ifelse(errors > 0, cost / errors, null)"}
parameters: {least: {type: money, default: 0}}
filters: ["cost >= ${least}"]
rows: [{teams: ['*'], where: "owner in ${teams}"}]
extract: {schedule: rate(1 hour)}
"""

import json
import re
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from trimtab.base import typed
from trimtab.base.errors import InvalidInput
from trimtab.base.timerange import parse_duration_ms
from trimtab.reports.datasets.text import parse_yaml, write_yaml

MOST_RANGE_MS = 400 * 86_400_000
"""Of a dataset's range: a year with the month before it."""
_ORDER = (
    "title", "description", "range", "sources", "fields", "parameters", "filters", "rows", "extract",
)  # fmt: skip
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_FIELD = re.compile(r"[^{}\x00-\x1f]{1,100}")

Expression = Annotated[str, Meta(min_length=1, max_length=10_000)]
Name = Annotated[str, Meta(min_length=1, max_length=100)]


class Form(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A part of a spec: what is not known is refused."""


class OutsideTable(Form, frozen=True):
    """A table that lies elsewhere (`outside.py`): what is read of a data source, and the columns that this gives.

    `select` is the statement for a database; without it files are read as `upload` says (QuickSight's UploadSettings).
    """

    source: Annotated[str, Meta(min_length=1, max_length=1600)]
    columns: Annotated[dict[str, Literal["text", "number", "integer", "money", "time", "bool"]], Meta(max_length=200)]
    select: Annotated[str, Meta(max_length=200_000)] = ""
    upload: Annotated[dict[str, str | int | bool], Meta(max_length=10)] = {}


class Use(Form, frozen=True):
    """A source as the dataset takes it. Without `take` every field, without `by` every row.

    `take` are expressions over the source's fields; with `by` (names of fields, or of row-wise ones in `take`) the
    others in `take` are aggregates, one row for each value of `by`. `on` are fields that must be equal with those of
    the sources above: `day`, or `mine = theirs`.
    """

    use: Name
    name: Annotated[str, Meta(max_length=63)] = ""
    take: Annotated[dict[str, Expression], Meta(max_length=200)] = {}
    by: Annotated[list[Name], Meta(max_length=30)] = []
    where: Annotated[list[Expression], Meta(max_length=50)] = []
    join: Literal["left", "inner", "full"] = "left"
    on: Annotated[list[Name], Meta(max_length=20)] = []
    outside: OutsideTable | None = None

    @property
    def alias(self) -> str:
        """What its fields are told apart by."""
        return self.name or self.use


class Calculated(Form, frozen=True):
    """A calculated field with what is known of it."""

    value: Expression
    unit: Annotated[str, Meta(max_length=30)] = ""
    description: Annotated[str, Meta(max_length=500)] = ""


class Parameter(Form, frozen=True):
    """A value that readers may choose."""

    type: Literal["text", "number", "money", "time", "bool"]
    default: str | int | float | bool | None = None
    choices: Annotated[list[str], Meta(max_length=200)] = []


class RowRule(Form, frozen=True):
    """Rows that some readers see: those for which `where` holds. A rule that names nobody is for everybody.

    `readers` are names of keys or people, `teams` those that they are members of; `*` stands for any characters.
    `${teams}` and `${accounts}` are the reader's own, after `in`; `${reader}` is the name.
    """

    where: Expression
    readers: Annotated[list[Name], Meta(max_length=200)] = []
    roles: Annotated[list[Literal["finance", "read", "write", "admin"]], Meta(max_length=4)] = []
    teams: Annotated[list[Name], Meta(max_length=200)] = []


class ExtractPlan(Form, frozen=True):
    """Keep the joined rows, read again by a schedule: `rate(1 hour)`, `cron(0 6 * * ? *)`."""

    schedule: Annotated[str, Meta(min_length=1, max_length=256)]
    zone: Annotated[str, Meta(max_length=64)] = "UTC"


class Dataset(Form, frozen=True):
    """A dataset. Without `rows` every reader sees all that the own accounts allow; with it only what a rule shows."""

    sources: Annotated[list[Use], Meta(min_length=1, max_length=12)]
    title: Annotated[str, Meta(max_length=200)] = ""
    description: Annotated[str, Meta(max_length=2000)] = ""
    range: Annotated[str, Meta(max_length=30)] = "14d"
    fields: Annotated[dict[str, Expression | Calculated], Meta(max_length=200)] = {}
    parameters: Annotated[dict[str, Parameter], Meta(max_length=50)] = {}
    filters: Annotated[list[Expression], Meta(max_length=50)] = []
    rows: Annotated[list[RowRule], Meta(max_length=100)] | None = None
    extract: ExtractPlan | None = None

    @property
    def range_ms(self) -> int:
        """How far back it reads."""
        return parse_duration_ms(self.range)


def read_spec(document: Any) -> Dataset:
    """A document, or its text in YAML or JSON, as a dataset. Raises InvalidInput that names the place at fault."""
    if isinstance(document, str):
        document = parse_yaml(document)
    try:
        spec = typed.convert(document, Dataset)
    except msgspec.ValidationError as problem:
        text, _, place = str(problem).partition(" - at `$")
        where = place.rstrip("`").lstrip(".") or "the dataset"
        raise InvalidInput(f"cannot use dataset: {where}: {text}", field=where) from None
    try:
        text_of(spec).encode()
    except UnicodeEncodeError:
        raise InvalidInput("cannot use dataset: a text in it is not Unicode: half of a surrogate pair") from None
    _check_names(spec)
    if not 0 < spec.range_ms <= MOST_RANGE_MS:
        raise InvalidInput(f"cannot use dataset: range: got {spec.range!r}; expected up to 400d", field="range")
    return spec


def text_of(spec: Dataset) -> str:
    """The spec as JSON, one line a member, in the order of its form: what is kept and compared."""
    return json.dumps(form_of(spec), indent=2, ensure_ascii=False)


def form_of(spec: Dataset) -> dict[str, Any]:
    """The spec as a document, what it is about first."""
    form = msgspec.to_builtins(spec)
    return {name: form[name] for name in _ORDER if name in form}


def yaml_of(spec: Dataset) -> str:
    """The spec as people read and compare it."""
    return write_yaml(form_of(spec))


def spec_of(text: str) -> Dataset:
    """The dataset that `text_of` wrote."""
    return typed.decode(text.encode(), type=Dataset)


def text_of_table(table: OutsideTable) -> str:
    """What is read of a table elsewhere, as one text: equal for equal tables."""
    return json.dumps(msgspec.to_builtins(table))


def _check_names(spec: Dataset) -> None:
    aliases = [one.alias for one in spec.sources]
    for at, alias in enumerate(aliases):
        if not _WORD.fullmatch(alias):
            raise InvalidInput(f"cannot use dataset: sources[{at}].name: got {alias!r}; expected a word", field="name")
        if alias in aliases[:at]:
            raise InvalidInput(
                f"cannot use dataset: sources[{at}]: two are called {alias!r}; give one another `name`", field="name"
            )
    for name in [*spec.fields, *(name for one in spec.sources for name in one.take)]:
        if not _FIELD.fullmatch(name):
            raise InvalidInput(f"cannot use dataset: field {name[:120]!r}: expected up to 100 characters, no braces")
    for name in spec.parameters:
        if not _WORD.fullmatch(name) or name in ("teams", "accounts", "reader"):
            raise InvalidInput(f"cannot use dataset: parameter {name[:80]!r}: expected a word that is not the reader's")
