"""What is asked of the expression evaluator and what it answers: CloudWatch's metric data queries, without the wire."""

from collections.abc import Sequence
from datetime import UTC, timezone

import numpy as np
import numpy.typing as npt
from msgspec import Struct, field

from trimtab.base.tags import Tags
from trimtab.metrics.statistics import Statistic

Times = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]


class MetricStat(Struct, frozen=True):
    """One statistic of one metric, in periods of `period_s` seconds.

    `dimensions` (sorted by name) are all that the metric has. `unit` None merges every unit; `account` None is that of
    the scope.
    """

    namespace: str
    name: str
    dimensions: Tags
    statistic: Statistic
    period_s: int
    unit: str | None = None
    account: str | None = None


class Query(Struct, frozen=True):
    """A metric, or an expression over the other queries of its list: metric math, SEARCH or Metrics Insights SQL.

    `id` is how expressions name it. `period_s` is the granularity that an expression is asked for (None: that of what
    it reads, or one that fits the range). Without `returned` it only feeds other queries. `account` limits a SEARCH or
    SQL query to one account.
    """

    id: str
    source: MetricStat | str
    period_s: int | None = None
    label: str | None = None
    returned: bool = True
    account: str | None = None


class Result(Struct, frozen=True):
    """One time series that a query gave: times (ms, period starts, ascending) and a finite value for each.

    `label` is the query's own, with its dynamic values filled in, or the one that the service would choose.
    `properties` are what dynamic labels can name (`MetricName`, `Stat`, `Period`, `Dim.InstanceId` …; none of a series
    that was computed from several); `period_s` is the spacing of the times. Every query that is returned gives at
    least one result; those of one query (SEARCH, GROUP BY, METRICS()) are in their documented order. `messages` are
    (code, text) pairs: points dropped because no number came out, series left out because of a limit.
    """

    query_id: str
    label: str
    times: Times
    values: Values
    properties: dict[str, str] = field(default_factory=dict)
    period_s: int = 0
    messages: tuple[tuple[str, str], ...] = ()


class EvaluationJob(Struct, frozen=True):
    """One list of queries over `[start_ms, end_ms)`. Periods are counted from the start, rounded down to the minute.

    A period below a minute rounds the start to itself instead (as GetMetricData documents), so an alarm that wants
    periods aligned to the clock passes an aligned start. `zone` is that of times in dynamic labels.
    """

    queries: Sequence[Query]
    start_ms: int
    end_ms: int
    zone: timezone = UTC
