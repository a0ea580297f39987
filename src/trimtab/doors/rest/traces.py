"""`/rest/v1/traces` and `/rest/v1/service-map`: search, waterfalls, bottlenecks, comparisons and root causes."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput
from trimtab.bottlenecks.read import Choice
from trimtab.bottlenecks.room import BottlenecksRoom
from trimtab.bottlenecks.rootcause.added import Symptom, Trouble
from trimtab.client import traces_wire as wire
from trimtab.doors.rest import trace_answers as answers
from trimtab.doors.rest.spec import Call, Handler, NoQuery, Operation
from trimtab.doors.rest.times import Instant, instant_ms, time_range
from trimtab.traces.model import w3c_trace_id
from trimtab.traces.search import TraceQuery, TraceSearch

Filter = Annotated[str, Meta(max_length=2000, description="A filter expression of X-Ray; without it, every trace.")]
OtherInstant = Annotated[str, Meta(max_length=64, description="As start; without it, see the summary.")]
_AFTER = Annotated[str, Meta(max_length=64, description="`next` of the page before.")]
Limit = Annotated[int, Meta(ge=1, le=500)]
Quantile = Annotated[str, Meta(max_length=16, description="Above 0 and below 1; may be repeated.")]
Component = Annotated[
    str, Meta(max_length=256, description="Has the symptom: what it calls is ranked by its share of it, by metrics.")
]
_HOUR_MS = 3_600_000
_ERRORS = (404, 504)


class Tracing(Struct, frozen=True):
    """What the operations need. `account` and `region` are those of callers that have none."""

    room: BottlenecksRoom
    search: TraceSearch
    clock: Clock
    account: str
    region: str


class TracesQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which traces."""

    filter: Filter = ""
    start: Instant = "-1h"
    end: Instant = "now"
    limit: Limit = 100
    after: _AFTER = ""


class MapQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """A population, and a baseline where `baseline_start` is given; it ends where the population begins."""

    filter: Filter = ""
    start: Instant = "-1h"
    end: Instant = "now"
    baseline_start: OtherInstant = ""
    baseline_end: OtherInstant = ""


class BottlenecksQuery(MapQuery, frozen=True, forbid_unknown_fields=True):
    """As the service map's; the baseline may have a filter of its own."""

    baseline_filter: Filter = ""
    quantile: list[Quantile] = []


class CompareQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Two populations; the other one has the same range where none is given, and no filter."""

    filter: Filter = ""
    start: Instant = "-1h"
    end: Instant = "now"
    other_filter: Filter = ""
    other_start: OtherInstant = ""
    other_end: OtherInstant = ""


class RootCausesQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """A window and a normal one; without the latter, the hour before the window. A component names what has trouble."""

    start: Instant = "-15m"
    end: Instant = "now"
    normal_start: OtherInstant = ""
    normal_end: OtherInstant = ""
    filter: Filter = ""
    component: Component = ""
    symptom: Literal["latency", "availability"] = "latency"


def operations(tracing: Tracing) -> list[Operation]:
    """The operations on traces."""
    room, clock = tracing.room, tracing.clock

    def chosen(start: str, end: str, filter_: str) -> Choice:
        range_ = time_range(start, end, clock.now_ms())
        return Choice(range_.start_ms, range_.end_ms, filter_)

    def other(start: str, end: str, filter_: str, now: Choice) -> Choice:
        """A second population that ends, where nothing else is said, where the first begins."""
        now_ms = clock.now_ms()
        last = instant_ms(end, now_ms, "end") if end else now.start_ms
        return Choice(instant_ms(start, now_ms, "start"), last, filter_)

    async def listed(call: Call[TracesQuery, None]) -> wire.TraceList:
        await room.traces.fresh()
        asked = call.query
        choice = chosen(asked.start, asked.end, asked.filter)
        account = call.principal.account or tracing.account
        query = TraceQuery(choice.start_ms, choice.end_ms, asked.filter, asked.limit, _position(asked.after))
        found = await tracing.search.find(call.principal.scope, account, tracing.region, query)
        after = f"{found.next[0]}.{found.next[1]}" if found.next else None
        return wire.TraceList([answers.summary(trace) for trace in found.traces], after)

    async def one(call: Call[NoQuery, None]) -> wire.TraceDetail:
        await room.traces.fresh()
        return answers.detail(await room.waterfall(call.principal.scope, w3c_trace_id(call.path["trace_id"])))

    async def explained(call: Call[BottlenecksQuery, None]) -> wire.Bottlenecks:
        await room.traces.fresh()
        asked = call.query
        choice = chosen(asked.start, asked.end, asked.filter)
        baseline = None
        if asked.baseline_start:
            baseline = other(asked.baseline_start, asked.baseline_end, asked.baseline_filter or asked.filter, choice)
        quantiles = [_quantile(text) for text in asked.quantile]
        given = {"quantiles": quantiles} if quantiles else {}
        found = await room.bottleneck(call.principal.scope, choice, baseline, **given)
        return wire.Bottlenecks(
            answers.looked(choice, found.sampled),
            answers.looked(baseline, found.baseline) if baseline and found.baseline else None,
            [answers.explained(item) for item in found.explained],
        )

    async def compared(call: Call[CompareQuery, None]) -> wire.Comparison:
        await room.traces.fresh()
        asked = call.query
        one_ = chosen(asked.start, asked.end, asked.filter)
        two = Choice(one_.start_ms, one_.end_ms, asked.other_filter)
        if asked.other_start:
            two = other(asked.other_start, asked.other_end, asked.other_filter or asked.filter, one_)
        elif not asked.other_filter:
            raise InvalidInput(
                "cannot compare traces with themselves: expected other_filter or other_start", field="other_filter"
            )
        return answers.comparison(one_, two, await room.compare(call.principal.scope, one_, two))

    async def blamed(call: Call[RootCausesQuery, None]) -> wire.RootCauses:
        await room.traces.fresh()
        asked = call.query
        choice = chosen(asked.start, asked.end, asked.filter)
        normal = Choice(choice.start_ms - _HOUR_MS, choice.start_ms, asked.filter)
        if asked.normal_start:
            normal = other(asked.normal_start, asked.normal_end, asked.filter, choice)
        symptom = Symptom(asked.component, Trouble(asked.symptom)) if asked.component else None
        found = await room.root_causes(call.principal.scope, choice, normal, symptom)
        return answers.root_causes(choice, normal, found)

    async def mapped(call: Call[MapQuery, None]) -> wire.ServiceMap:
        await room.traces.fresh()
        asked = call.query
        choice = chosen(asked.start, asked.end, asked.filter)
        baseline = None
        if asked.baseline_start:
            baseline = other(asked.baseline_start, asked.baseline_end, asked.filter, choice)
        return answers.service_map(choice, await room.service_map(call.principal.scope, choice, baseline))

    return [
        _get(
            "/rest/v1/traces",
            "list traces",
            "Traces for which a filter expression holds.",
            listed,
            wire.TraceList,
            TracesQuery,
        ),
        _get(
            "/rest/v1/traces/bottlenecks",
            "explain latency",
            "Which parts explain percentiles of latency, and how that changed against a baseline.",
            explained,
            wire.Bottlenecks,
            BottlenecksQuery,
        ),
        _get(
            "/rest/v1/traces/compare",
            "compare traces",
            "Two populations of traces: where the difference of latency is, and which attributes explain it.",
            compared,
            wire.Comparison,
            CompareQuery,
        ),
        _get(
            "/rest/v1/traces/root-causes",
            "rank root causes",
            "Components to blame for a window, from spans, metrics and logs against a normal window.",
            blamed,
            wire.RootCauses,
            RootCausesQuery,
        ),
        _get(
            "/rest/v1/traces/{trace_id}",
            "show trace",
            "One trace, with its critical path.",
            one,
            wire.TraceDetail,
            NoQuery,
        ),
        _get(
            "/rest/v1/service-map",
            "show service map",
            "Who calls whom, how often, how fast.",
            mapped,
            wire.ServiceMap,
            MapQuery,
        ),
    ]


def _get(path: str, name: str, summary: str, handler: Handler, answer: type[Struct], query: type[Struct]) -> Operation:
    return Operation("GET", path, name, summary, handler, answer, query=query, errors=_ERRORS, tag="traces", bound=True)


def _position(text: str) -> tuple[int, str] | None:
    if not text:
        return None
    at, _, trace_id = text.partition(".")
    if not at.isdecimal() or len(at) > 15:
        raise InvalidInput(f"cannot continue the list: got {text!r}; expected `next` of the page before", field="after")
    return int(at), trace_id


def _quantile(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InvalidInput(f"cannot read quantile: got {text!r}; expected 0.5, 0.99 …", field="quantile") from None
