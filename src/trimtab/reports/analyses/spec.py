"""`Analysis`: visuals over datasets as people read, diff and keep them. JSON or YAML, one form:

title: Cost by team
dataset: allocated_costs
range: 14d
parameters: {least: 5}
filters: ["service != 'Tax'"]
visuals:
  - id: by-team
    title: Cost by day and team
    by: [day, owner]
    measures: [sum(effective_cost)]
    top: 7
    compare: previous
    forecast: 14d
    thresholds: [{above: 5000, label: a day's budget}]

`dataset` names one of `datasets` in the spec itself, a stored dataset, or a source.
"""

import json
import re
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from trimtab.base import typed
from trimtab.base.errors import InvalidInput
from trimtab.base.timerange import parse_duration_ms
from trimtab.reports.datasets.spec import MOST_RANGE_MS, Dataset, Expression, Name, read_spec
from trimtab.reports.datasets.text import parse_yaml, write_yaml

Kind = Literal[
    "auto", "line", "columns", "bars", "scatter", "table", "pivot", "heat", "sankey", "fleet", "kpi"
]  # fmt: skip
KINDS: tuple[str, ...] = (
    "auto", "line", "columns", "bars", "scatter", "table", "pivot", "heat", "sankey", "fleet", "kpi",
)  # fmt: skip
MOST_TOP = 200
"""Groups that a picture can show."""
MOST_AHEAD_MS = 92 * 86_400_000
"""Of a forecast: a quarter."""
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
Id = Annotated[str, Meta(min_length=1, max_length=63)]


class Part(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A part of a spec: what is not known is refused."""


class Measure(Part, frozen=True):
    """What is shown: an expression of aggregates, with a name and a unit for people."""

    value: Expression
    name: Annotated[str, Meta(max_length=100)] = ""
    unit: Annotated[str, Meta(max_length=30)] = ""


class Threshold(Part, frozen=True):
    """A line at a value; above it or below it is too much, which an alarm can be made of."""

    above: float | None = None
    below: float | None = None
    label: Annotated[str, Meta(max_length=100)] = ""

    @property
    def value(self) -> float:
        """Where the line is."""
        return self.above if self.above is not None else self.below if self.below is not None else 0.0


class Visual(Part, frozen=True):
    """One picture. `by` are fields or expressions; a time takes a grain: `day@week`, `hour@hour-of-day`.

    `top` keeps so many groups of each, by the first measure; the others are one more, unless `others` is false. `per`
    divides every measure. `drill` are the fields that a click leads to, in their order.
    """

    id: Id = "visual"
    title: Annotated[str, Meta(max_length=200)] = ""
    note: Annotated[str, Meta(max_length=1000)] = ""
    dataset: Annotated[str, Meta(max_length=128)] = ""
    kind: Kind = "auto"
    by: Annotated[list[Expression], Meta(max_length=6)] = []
    measures: Annotated[list[Expression | Measure], Meta(max_length=8)] = []
    per: Annotated[str, Meta(max_length=2000)] = ""
    where: Annotated[list[Expression], Meta(max_length=50)] = []
    top: Annotated[int, Meta(ge=0, le=MOST_TOP)] = 0
    others: bool = True
    compare: Literal["", "previous"] = ""
    forecast: Annotated[str, Meta(max_length=10)] = ""
    anomalies: bool = False
    thresholds: Annotated[list[Threshold], Meta(max_length=4)] = []
    drill: Annotated[list[Expression], Meta(max_length=10)] = []

    @property
    def shown(self) -> list[Measure]:
        """The measures, each with what is known of it; rows where none is named."""
        chosen = self.measures or ["count()"]
        return [one if isinstance(one, Measure) else Measure(one) for one in chosen]


class Analysis(Part, frozen=True):
    """Visuals that share a range, parameters and filters."""

    visuals: Annotated[list[Visual], Meta(min_length=1, max_length=40)]
    title: Annotated[str, Meta(max_length=200)] = ""
    description: Annotated[str, Meta(max_length=2000)] = ""
    dataset: Annotated[str, Meta(max_length=128)] = ""
    datasets: Annotated[dict[Name, Dataset], Meta(max_length=10)] = {}
    range: Annotated[str, Meta(max_length=30)] = ""
    parameters: Annotated[dict[Name, str | int | float | bool], Meta(max_length=50)] = {}
    filters: Annotated[list[Expression], Meta(max_length=50)] = []

    def dataset_of(self, visual: Visual) -> str:
        """The name of the dataset that a visual is over."""
        return visual.dataset or self.dataset

    def visual(self, id_: str) -> Visual | None:
        """The visual of an id."""
        return next((one for one in self.visuals if one.id == id_), None)


def read_analysis(document: Any) -> Analysis:
    """A document as an analysis, its form checked. Raises InvalidInput that names the place."""
    try:
        spec = typed.convert(document, Analysis)
    except (msgspec.ValidationError, OverflowError) as problem:
        text, _, place = str(problem).partition(" - at `$")
        where = place.rstrip("`").lstrip(".") or "the analysis"
        raise InvalidInput(f"cannot use analysis: {where}: {text}", field=where) from None
    ids = [one.id for one in spec.visuals]
    for at, visual in enumerate(spec.visuals):
        place = f"visuals[{at}]"
        if not _ID.fullmatch(visual.id):
            raise _wrong(f"{place}.id", f"got {visual.id!r}; expected small letters, digits and -")
        if visual.id in ids[:at]:
            raise _wrong(f"{place}.id", f"two visuals are called {visual.id!r}")
        if not spec.dataset_of(visual):
            raise _wrong(f"{place}.dataset", "expected the name of a dataset or source, here or above")
        check_visual(visual, place)
    for name, dataset in spec.datasets.items():
        read_spec(msgspec.to_builtins(dataset) | {"title": dataset.title or name})
    if spec.range:
        range_ms_of(spec.range)
    return spec


def check_visual(visual: Visual, place: str) -> None:
    """Raise InvalidInput for what a visual's form alone cannot refuse."""
    if visual.forecast and not 0 < _duration(visual.forecast, f"{place}.forecast") <= MOST_AHEAD_MS:
        raise _wrong(f"{place}.forecast", f"got {visual.forecast!r}; expected up to 92d")
    for at, one in enumerate(visual.thresholds):
        if (one.above is None) == (one.below is None):
            raise _wrong(f"{place}.thresholds[{at}]", "expected either `above` or `below`")


def range_ms_of(text: str) -> int:
    """How long a range such as `14d` is. Raises InvalidInput."""
    found = _duration(text, "range")
    if not 0 < found <= MOST_RANGE_MS:
        raise _wrong("range", f"got {text!r}; expected up to 400d")
    return found


def text_of(spec: Analysis) -> str:
    """The spec as JSON, one line a member: what is kept and compared."""
    return json.dumps(msgspec.to_builtins(spec), indent=2, ensure_ascii=False)


def yaml_of(spec: Analysis) -> str:
    """The spec as YAML, for people."""
    return write_yaml(msgspec.to_builtins(spec))


def analysis_of(text: str) -> Analysis:
    """The analysis that `text_of` wrote."""
    return typed.decode(text.encode(), type=Analysis)


def parse_text(text: str) -> Any:
    """JSON or YAML as a document, in which `on` is a word. Raises InvalidInput."""
    return parse_yaml(text)


def _duration(text: str, place: str) -> int:
    try:
        return parse_duration_ms(text)
    except InvalidInput as problem:
        raise _wrong(place, str(problem)) from None


def _wrong(place: str, why: str) -> InvalidInput:
    return InvalidInput(f"cannot use analysis: {place}: {why}", field=place)
