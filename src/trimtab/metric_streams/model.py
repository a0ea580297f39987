"""What a metric stream sends: which metrics, which statistics of them, in which form.

Sources: CloudWatch's API reference, "PutMetricStream"; user guide, "Metric streams".
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from msgspec import Struct, field

from trimtab.base.errors import InvalidInput
from trimtab.base.partitions import partition_of
from trimtab.metrics.statistics import Family, Statistic, parse_statistic

MOST_FILTERS = 1000
MOST_NAMES = 1000
MOST_CONFIGURATIONS = 100
MOST_METRICS = 100
MOST_STATISTICS = 20
"""Filters of a stream, names of metrics in one, statistics configurations, metrics and statistics of one."""


class Format(StrEnum):
    """How records are written."""

    JSON = "json"
    OTLP = "opentelemetry1.0"


class Namespace(Struct, frozen=True):
    """Metrics of a namespace; no `names` means all of them."""

    namespace: str
    names: frozenset[str] = frozenset()

    def takes(self, namespace: str, name: str) -> bool:
        """Whether a metric is among them."""
        return self.namespace == namespace and (not self.names or name in self.names)


class Selection(Struct, frozen=True):
    """What is sent of each metric: only `include`, or all without `exclude`; more statistics of some."""

    include: tuple[Namespace, ...] = ()
    exclude: tuple[Namespace, ...] = ()
    more: Mapping[tuple[str, str], tuple[Statistic, ...]] = field(default_factory=dict)

    def takes(self, namespace: str, name: str) -> bool:
        """Whether a metric is sent."""
        if self.include:
            return any(one.takes(namespace, name) for one in self.include)
        return not any(one.takes(namespace, name) for one in self.exclude)


class Stream(Struct, frozen=True):
    """A stream as it was put. `form` is CloudWatch's own, `position_ms` the end of what was sent.

    `sent` records arrived; `skipped` minutes were given up because they could not be sent for a day.
    """

    account: str
    region: str
    name: str
    form: Mapping[str, Any]
    running: bool
    created_ms: int
    updated_ms: int
    position_ms: int
    next_ms: int = 0
    attempts: int = 0
    sent: int = 0
    skipped: int = 0
    last_ok_ms: int | None = None
    last_error_ms: int | None = None
    last_error: str = ""

    @property
    def arn(self) -> str:
        """Its ARN."""
        return arn_of(self.account, self.region, self.name)

    @property
    def destination(self) -> str:
        """The FirehoseArn that it was put with."""
        return str(self.form["FirehoseArn"])

    @property
    def format(self) -> Format:
        """How records are written."""
        return Format(self.form["OutputFormat"])


def arn_of(account: str, region: str, name: str) -> str:
    """The ARN of a stream."""
    return f"arn:{partition_of(region)}:cloudwatch:{region}:{account}:metric-stream/{name}"


def read_selection(form: Mapping[str, Any]) -> Selection:
    """What a form selects. Raises InvalidInput, naming the member at fault."""
    include, exclude = (_filters(form.get(name) or (), name) for name in ("IncludeFilters", "ExcludeFilters"))
    configurations = form.get("StatisticsConfigurations") or ()
    if len(configurations) > MOST_CONFIGURATIONS:
        raise _wrong("StatisticsConfigurations", f"it has more than {MOST_CONFIGURATIONS} members")
    format_ = form.get("OutputFormat")
    if format_ not in tuple(Format):
        raise _wrong("OutputFormat", f"trimtab writes {' and '.join(Format)}, not {format_}")
    more: dict[tuple[str, str], tuple[Statistic, ...]] = {}
    for one in configurations:
        metrics, texts = one["IncludeMetrics"], one["AdditionalStatistics"]
        if not 1 <= len(metrics) <= MOST_METRICS or not 1 <= len(texts) <= MOST_STATISTICS:
            raise _wrong(
                "StatisticsConfigurations",
                f"expected 1 to {MOST_METRICS} metrics and 1 to {MOST_STATISTICS} statistics",
            )
        statistics = tuple(_statistic(text, Format(format_)) for text in texts)
        for metric in metrics:
            key = metric["Namespace"], metric["MetricName"]
            more[key] = tuple(dict.fromkeys((*more.get(key, ()), *statistics)))
    return Selection(include, exclude, more)


def _filters(given: Sequence[Mapping[str, Any]], member: str) -> tuple[Namespace, ...]:
    if len(given) > MOST_FILTERS:
        raise _wrong(member, f"it has more than {MOST_FILTERS} members")
    found = []
    for one in given:
        names = one.get("MetricNames") or ()
        if not one.get("Namespace") or len(names) > MOST_NAMES:
            raise _wrong(member, f"expected a Namespace, and at most {MOST_NAMES} MetricNames")
        found.append(Namespace(one["Namespace"], frozenset(names)))
    return tuple(found)


def _statistic(text: str, format_: Format) -> Statistic:
    found = parse_statistic(text, "AdditionalStatistics")
    if found.simple:
        raise _wrong("AdditionalStatistics", f"{text} is sent without being asked for, or not a statistic of streams")
    if format_ is Format.OTLP and found.family is not Family.PERCENTILE:
        raise _wrong("AdditionalStatistics", f"{format_} holds percentiles only, not {text}")
    return found


def _wrong(member: str, what: str) -> InvalidInput:
    return InvalidInput(f"The value for parameter {member} is invalid: {what}.", field=member)
