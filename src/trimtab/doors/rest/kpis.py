"""`GET /rest/v1/kpis`: the five infrastructure KPIs of every service or team, or of the fleet."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.client import wire
from trimtab.doors.rest.spec import Call, Operation
from trimtab.doors.rest.times import Instant, time_range
from trimtab.fleet.reading import HoursReader
from trimtab.fleet.telemetry.concepts import Registry
from trimtab.fleet.telemetry.reading import Reader
from trimtab.fleet.telemetry.window import LONGEST_S
from trimtab.kpis.context import Options
from trimtab.kpis.formulas import FORMULAS
from trimtab.kpis.model import Level, Report
from trimtab.kpis.report import report

_LONGEST_MS = LONGEST_S * 1000

Name = Annotated[str, Meta(max_length=255)]


class KpiQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Whose KPIs, over what range, and by which metrics where the usual names are not there."""

    level: Annotated[wire.LevelName, Meta(description="Group by service or team, or take the fleet as one.")] = "fleet"
    group: Annotated[
        str, Meta(max_length=255, description="Tag or label to group by instead: namespace, model, account, zone, …")
    ] = ""
    start: Instant = "-24h"
    end: Instant = "now"
    slo: Annotated[float, Meta(gt=0, lt=1, description="Target of the success ratio, for the error budget.")] = 0.999
    requests: Annotated[Name, Meta(description="Counter of requests.")] = ""
    tokens: Annotated[Name, Meta(description="Counter of output tokens.")] = ""
    records: Annotated[Name, Meta(description="Counter of batch records.")] = ""
    latency: Annotated[Name, Meta(description="Histogram or values of latency.")] = ""
    node_capacity: (
        Annotated[float, Meta(gt=0, le=1e12, description="Requests per second that one node can serve.")] | None
    ) = None


class Reading(Struct, frozen=True):
    """What computing KPIs needs."""

    registry: Registry
    reader: Reader
    clock: Clock
    ledger: HoursReader | None = None


def operations(reading: Reading) -> list[Operation]:
    """The operation that computes KPIs."""

    async def computed(call: Call[KpiQuery, None]) -> wire.KpiReport:
        query = call.query
        range_ = time_range(query.start, query.end, reading.clock.now_ms())
        options = Options(
            slo=query.slo,
            requests_metric=query.requests,
            tokens_metric=query.tokens,
            records_metric=query.records,
            latency_metric=query.latency,
            node_capacity=query.node_capacity,
        )
        # The answer says the range that it is of: the last 400 days of a longer one.
        start_ms = max(range_.start_ms, range_.end_ms - _LONGEST_MS)
        found = await report(
            reading.reader,
            reading.registry,
            call.principal.scope,
            Level(query.level),
            start_ms,
            range_.end_ms,
            by=query.group,
            options=options,
            ledger=reading.ledger,
        )
        return _answer(found)

    summary = "Utilisation, throughput, latency, availability and scalability, each with its formula and inputs."
    return [
        Operation(
            "GET",
            "/rest/v1/kpis",
            "get kpis",
            summary,
            computed,
            wire.KpiReport,
            query=KpiQuery,
            errors=(504,),
            tag="kpis",
            bound=True,
        )
    ]


def _answer(found: Report) -> wire.KpiReport:
    formulas = [
        wire.KpiFormula(one.id, one.area.value, one.label, one.unit, one.text, _sign(one.better))
        for one in FORMULAS.values()
    ]
    groups = typed.convert(list(found.groups), list[wire.KpiGroup], from_attributes=True)
    return wire.KpiReport(found.level.value, found.by, found.start_ms, found.end_ms, found.step_s, groups, formulas)


def _sign(better: int) -> Any:
    """-1, 0 or 1, which the wire's type names one by one."""
    return (better > 0) - (better < 0)
