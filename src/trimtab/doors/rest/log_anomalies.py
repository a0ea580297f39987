"""`GET /rest/v1/logs/anomalies`: log patterns that are new, gone, or come at an unusual rate."""

from typing import Annotated

from msgspec import Meta, Struct

from trimtab.anomalies.log_patterns import LogPatternAnomalies
from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.client import log_anomalies_wire as wire
from trimtab.doors.rest.spec import Call, Operation
from trimtab.doors.rest.times import Instant, time_range
from trimtab.logs.patterns.anomalies import LogAnomaly


class AnomaliesQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which anomalies."""

    start: Instant = "-24h"
    end: Instant = "now"
    group: Annotated[str, Meta(max_length=512, description="Of this log group only.")] = ""


def operations(found: LogPatternAnomalies, clock: Clock) -> list[Operation]:
    """The operation that lists anomalies of log patterns."""

    async def listed(call: Call[AnomaliesQuery, None]) -> wire.LogAnomalyList:
        asked = call.query
        range_ = time_range(asked.start, asked.end, clock.now_ms())
        anomalies = await found.listed(call.principal.scope, range_.start_ms, range_.end_ms)
        shown = [anomaly_on_wire(one) for one in anomalies if asked.group in ("", one.log_group)]
        return wire.LogAnomalyList(range_.start_ms, range_.end_ms, shown)

    return [
        Operation(
            "GET",
            "/rest/v1/logs/anomalies",
            "list log anomalies",
            "Log patterns that are new, gone, or come at an unusual rate.",
            listed,
            wire.LogAnomalyList,
            query=AnomaliesQuery,
            errors=(504,),
            tag="logs",
            bound=True,
        )
    ]


def anomaly_on_wire(one: LogAnomaly) -> wire.LogAnomaly:
    """An anomaly as it is shown."""
    return wire.LogAnomaly(
        id=one.id,
        unusual=typed.convert(one.unusual.value, wire.UnusualName),
        log_group=one.log_group,
        account=one.account,
        region=one.region,
        pattern=one.pattern,
        template=one.template,
        example=one.example,
        severity=one.severity,
        priority=typed.convert(one.priority.value, wire.PriorityName),
        state=typed.convert(one.state.value, wire.StateName),
        active=one.active,
        first_ms=one.first_ms,
        last_ms=one.last_ms,
        expected=one.expected,
        description=one.description,
        series=None if one.series is None else str(one.series),
    )
