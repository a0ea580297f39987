"""One record a metric and minute, and records as JSON lines.

{"metric_stream_name": …, "account_id": …, "region": …, "namespace": …, "metric_name": …, "dimensions": {…},
 "timestamp": ms, "value": {"count": …, "sum": …, "max": …, "min": …, "p99": …}, "unit": …}
"""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct, field

from trimtab.metric_streams.model import Stream
from trimtab.metrics.model import Identity
from trimtab.metrics.plan import StatSeries
from trimtab.metrics.statistics import Statistic, parse_statistic

BASE = tuple(parse_statistic(name) for name in ("SampleCount", "Sum", "Minimum", "Maximum"))
"""What every record has."""


class Record(Struct, frozen=True):
    """What a metric was in the minute that begins at `time_ms`; `more` are further statistics by name."""

    identity: Identity
    time_ms: int
    count: float
    sum: float
    least: float
    most: float
    more: Mapping[str, float] = field(default_factory=dict)


def records_of(identity: Identity, found: Sequence[StatSeries], more: Sequence[Statistic]) -> list[Record]:
    """The records of one metric from the answers to BASE and `more`, by time."""
    by_time = [dict(zip(one.times.tolist(), one.values.tolist(), strict=True)) for one in found]
    count, sum_, least, most, *others = by_time
    return [
        Record(
            identity, time, number, sum_.get(time, 0.0), least.get(time, 0.0), most.get(time, 0.0),
            {statistic.text: one[time] for statistic, one in zip(more, others, strict=True) if time in one},
        )
        for time, number in count.items()
        if number > 0
    ]  # fmt: skip


def json_line(stream: Stream, one: Record) -> bytes:
    """A record as a line of JSON, with its end."""
    own = one.identity
    value = {"count": one.count, "sum": one.sum, "max": one.most, "min": one.least, **one.more}
    return (
        msgspec.json.encode(
            {
                "metric_stream_name": stream.name,
                "account_id": own.account,
                "region": own.region,
                "namespace": own.namespace,
                "metric_name": own.name,
                "dimensions": dict(own.dimensions),
                "timestamp": one.time_ms,
                "value": value,
                "unit": own.unit,
            }
        )
        + b"\n"
    )
