"""Analyses, as they travel over the REST API. See `wire.py`."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from trimtab.client.wire import Millis

SpecName = Annotated[str, Meta(min_length=1, max_length=128, description="A letter or digit, then more, also ` ._-`.")]
Version = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Text = Annotated[str, Meta(max_length=10_000)]


class AnalysisHead(Struct, frozen=True):
    """An analysis of the list. `version` is 0 for a starter that nobody has changed."""

    name: str
    title: str
    description: str
    account: str
    owner: str
    shared: bool
    version: int
    updated_ms: Millis
    updated_by: str
    visuals: int


class AnalysisList(Struct, frozen=True):
    """Those of the state database by name, then the starters."""

    analyses: list[AnalysisHead]


class Analysis(Struct, frozen=True):
    """An analysis with its spec, as JSON and as YAML."""

    head: AnalysisHead
    spec: Any
    text: str


class PutAnalysis(Struct, frozen=True, forbid_unknown_fields=True):
    """A spec to store, a document or a text of JSON or YAML. `was` is the version that the caller has seen: 409 where
    it is another one by now. `shared`: readers of other accounts find it too; what they see in it is their own.
    """

    spec: Any
    was: Version | None = None
    shared: bool | None = None


class CopyAnalysis(Struct, frozen=True, forbid_unknown_fields=True):
    """The name of the copy."""

    name: SpecName


class AnalysisVersion(Struct, frozen=True):
    """An earlier version. `diff` are the lines that the version after it changed."""

    version: int
    updated_ms: Millis
    updated_by: str
    diff: str


class AnalysisVersions(Struct, frozen=True):
    """The versions before the present one, newest first."""

    versions: list[AnalysisVersion]


class AnalysisRemoved(Struct, frozen=True):
    """What was removed."""

    name: str


class ShowVisual(Struct, frozen=True, forbid_unknown_fields=True):
    """A visual to answer: by itself, or as one of `analysis` with its datasets, filters and parameters."""

    visual: Any
    analysis: Annotated[str, Meta(max_length=128)] = ""
    where: Annotated[list[Text], Meta(max_length=50)] = []
    parameters: Annotated[dict[str, Any], Meta(max_length=50)] = {}
    range: Annotated[str, Meta(max_length=30)] = ""
    start: Annotated[str, Meta(max_length=64)] = ""
    end: Annotated[str, Meta(max_length=64)] = ""


class VisualDimension(Struct, frozen=True):
    """A grouping; `grain` is what its time is cut to."""

    label: str
    expression: str
    type: str
    grain: str


class VisualAmount(Struct, frozen=True):
    """A measure. Of an additive one the groups add up to the whole."""

    label: str
    expression: str
    type: str
    unit: str
    additive: bool


class VisualRow(Struct, frozen=True):
    """A group: times in ms, money as text with all its digits. `before`: the same in the period before."""

    keys: list[str | int | None]
    values: list[str | float | int | None]
    before: list[str | float | int | None]


class VisualStep(Struct, frozen=True):
    """What is expected of a period."""

    start_ms: Millis
    mean: float
    low: float
    high: float


class VisualAnswer(Struct, frozen=True):
    """A visual answered. `kind` is the chart that was chosen; `unusual_ms` are periods outside the band."""

    title: str
    kind: str
    dataset: str
    start_ms: Millis
    end_ms: Millis
    dimensions: list[VisualDimension]
    amounts: list[VisualAmount]
    rows: list[VisualRow]
    total: VisualRow | None
    before_ms: list[int]
    until_ms: dict[str, int | None]
    notes: list[str]
    more: bool
    forecast: list[VisualStep]
    unusual_ms: list[int]


class ArmVisual(Struct, frozen=True, forbid_unknown_fields=True):
    """A threshold to make an alarm of: either side. `actions` are ARNs of topics or channels."""

    above: float | None = None
    below: float | None = None
    label: Annotated[str, Meta(max_length=100)] = ""
    every_s: Annotated[int, Meta(ge=60, le=86_400, description="300, 900, 3600, 21600 or 86400.")] = 3600
    actions: Annotated[list[Annotated[str, Meta(max_length=1024)]], Meta(max_length=5)] = []


class VisualAlarm(Struct, frozen=True):
    """An alarm of a visual. `published`: a schedule answers the visual; else the alarm judges a metric itself."""

    alarm: str
    analysis: str
    visual: str
    published: bool
    every_s: int
    value: float | None
    value_ms: int | None
    problem: str


class VisualAlarms(Struct, frozen=True):
    """The visuals of an analysis that are published for alarms."""

    alarms: list[VisualAlarm]
