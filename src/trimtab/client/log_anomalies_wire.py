"""What travels over `GET /rest/v1/logs/anomalies`."""

from typing import Literal

from msgspec import Struct

from trimtab.client.wire import Millis

UnusualName = Literal["new", "gone", "rate"]
PriorityName = Literal["HIGH", "MEDIUM", "LOW"]
StateName = Literal["Active", "Suppressed", "Baseline"]


class LogAnomaly(Struct, frozen=True):
    """A pattern of a log group that is new, gone, or comes at an unusual rate; `expected` is lines in five minutes.

    `id` of a rate is that of the anomaly of its series, and `series` that series.
    """

    id: str
    unusual: UnusualName
    log_group: str
    account: str
    region: str
    pattern: str
    template: str
    example: str
    severity: str
    priority: PriorityName
    state: StateName
    active: bool
    first_ms: Millis
    last_ms: Millis
    expected: float
    description: str
    series: str | None


class LogAnomalyList(Struct, frozen=True):
    """Anomalies of log patterns that touch `[start_ms, end_ms)`, the last begun first."""

    start_ms: Millis
    end_ms: Millis
    anomalies: list[LogAnomaly]
