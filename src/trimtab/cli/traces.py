"""`trimtab traces`: search, one trace, what explains latency, comparisons and root causes, from the command line."""

import click

from trimtab.base.clock import iso
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, print_json, print_table, remark
from trimtab.cli.trace_import import import_
from trimtab.cli.trace_sampling import tail_sampling
from trimtab.client import traces as api
from trimtab.client import traces_wire as wire

_TIMES = "now, -3h, ISO 8601 or epoch milliseconds."
_FILTER = "A filter expression: 'service(\"web\") AND duration > 1'."
_SHOWN = 20


@click.group("traces")
def traces() -> None:
    """Traces: search, waterfalls, bottlenecks, comparisons, root causes; profiles of training runs come in."""


traces.add_command(tail_sampling)
traces.add_command(import_)


@traces.command("list")
@click.option("--filter", "filter_", default="", help=_FILTER)
@click.option("--start", default="-1h", show_default=True, help=_TIMES)
@click.option("--end", default="now", show_default=True, help="The same; not included.")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True, help="Traces at most.")
@json_option
@server_options
def list_(connection: Connection, filter_: str, start: str, end: str, limit: int, as_json: bool) -> None:
    """List traces, the newest first."""
    with connection.client() as client:
        found = api.traces(client, filter=filter_, start=start, end=end, limit=limit)
    if as_json:
        print_json(found)
        return
    rows = [
        (
            one.trace_id,
            iso(one.start_ms),
            _ms(one.duration_ms),
            one.service,
            one.operation,
            one.spans,
            _failed(one.failed),
        )
        for one in found.traces
    ]
    print_table(("trace", "start", "ms", "service", "operation", "spans", ""), rows, right=("ms", "spans"))
    if found.next:
        remark("there are more: narrow the range, or raise --limit")


@traces.command("show")
@click.argument("trace_id")
@json_option
@server_options
def show(connection: Connection, trace_id: str, as_json: bool) -> None:
    """Show the spans of a trace; * marks the critical path."""
    with connection.client() as client:
        found = api.trace(client, trace_id)
    if as_json:
        print_json(found)
        return
    rows = [
        (
            "*" if span.path_ms is not None else "",
            "  " * span.depth + f"{span.service} {span.operation}",
            _ms(span.start_ms),
            _ms(span.duration_ms),
            "" if span.path_ms is None else _ms(span.path_ms),
            _failed(span.failed),
        )
        for span in found.spans
    ]
    print_table(("", "span", "start ms", "ms", "on path", ""), rows, right=("start ms", "ms", "on path"))


@traces.command("bottleneck")
@click.option("--filter", "filter_", default="", help=_FILTER)
@click.option("--start", default="-1h", show_default=True, help=_TIMES)
@click.option("--end", default="now", show_default=True, help="The same; not included.")
@click.option("--baseline-start", default="", help="Compare with traces from here on.")
@click.option("--baseline-end", default="", help="And before here; without it, before --start.")
@click.option("--baseline-filter", default="", help="A filter of the baseline's own.")
@click.option("--quantile", type=float, multiple=True, help="Above 0 and below 1; 0.5 and 0.99 without it.")
@json_option
@server_options
def bottleneck(
    connection: Connection,
    filter_: str,
    start: str,
    end: str,
    baseline_start: str,
    baseline_end: str,
    baseline_filter: str,
    quantile: tuple[float, ...],
    as_json: bool,
) -> None:
    """Show which spans' own time explains percentiles of latency, and what changed against a baseline."""
    with connection.client() as client:
        found = api.bottlenecks(
            client,
            filter=filter_,
            start=start,
            end=end,
            baseline_start=baseline_start,
            baseline_end=baseline_end,
            baseline_filter=baseline_filter,
            quantiles=quantile,
        )
    if as_json:
        print_json(found)
        return
    remark(_looked(found.population) + (f", against {_looked(found.baseline)}" if found.baseline else ""))
    for one in found.explained:
        _print_explained(one, with_change=found.baseline is not None)


@traces.command("compare")
@click.option("--filter", "filter_", default="", help=_FILTER)
@click.option("--start", default="-1h", show_default=True, help=_TIMES)
@click.option("--end", default="now", show_default=True, help="The same; not included.")
@click.option("--other-filter", default="", help="The filter of the other population.")
@click.option("--other-start", default="", help="The other population's time; without it, the same.")
@click.option("--other-end", default="", help="Without it, --start.")
@json_option
@server_options
def compare(
    connection: Connection,
    filter_: str,
    start: str,
    end: str,
    other_filter: str,
    other_start: str,
    other_end: str,
    as_json: bool,
) -> None:
    """Compare two populations of traces: where the difference is, and which attributes explain it."""
    with connection.client() as client:
        found = api.compare(
            client,
            filter=filter_,
            start=start,
            end=end,
            other_filter=other_filter,
            other_start=other_start,
            other_end=other_end,
        )
    if as_json:
        print_json(found)
        return
    remark(f"{_looked(found.population)}, against {_looked(found.other)}")
    remark(f"mean {_ms(found.mean_ms)} ms against {_ms(found.other_mean_ms)} ms")
    remark(f"failed {found.failed:.1%} against {found.other_failed:.1%}")
    rows = [
        (_part(one.part), _ms(one.ms), _ms(one.other_ms), _signed(one.change_ms), f"{one.share:.0%}", f"{one.q:.3g}")
        for one in found.parts[:_SHOWN]
    ]
    print_table(("part", "ms", "other", "change", "share", "chance"), rows, right=("ms", "other", "change", "share"))
    told = [
        (
            one.kind,
            f"{one.name} {one.value}",
            f"{one.share:.1%}",
            f"{one.other_share:.1%}",
            f"{one.lift:.2g}×",
            f"{one.q:.2g}",
        )
        for one in found.features[:_SHOWN]
    ]
    print_table(("kind", "what", "share", "other", "lift", "chance"), told, right=("share", "other", "lift"))


@traces.command("rootcause")
@click.option("--start", default="-15m", show_default=True, help="When it went wrong: " + _TIMES)
@click.option("--end", default="now", show_default=True, help="The same; not included.")
@click.option("--normal-start", default="", help="A time when all was well; without it, the hour before --start.")
@click.option("--normal-end", default="", help="Without it, --start.")
@click.option(
    "--component", default="", help="The component that has trouble; what it calls is ranked by its share of it."
)
@click.option("--symptom", type=click.Choice(["latency", "availability"]), default="latency", show_default=True)
@click.option("--filter", "filter_", default="", help=_FILTER)
@json_option
@server_options
def rootcause(
    connection: Connection,
    start: str,
    end: str,
    normal_start: str,
    normal_end: str,
    component: str,
    symptom: str,
    filter_: str,
    as_json: bool,
) -> None:
    """Rank what is to blame for a window, from spans, metrics and logs."""
    with connection.client() as client:
        found = api.root_causes(
            client,
            start=start,
            end=end,
            normal_start=normal_start,
            normal_end=normal_end,
            filter=filter_,
            component=component,
            symptom=symptom if component else "",
        )
    if as_json:
        print_json(found)
        return
    remark(f"{found.traces} traces against {found.normal_traces} normal ones")
    remark(f"{found.series} series and {found.lines} log lines of the window")
    if not found.suspects:
        remark("nobody is suspected: nothing deviates significantly from normal times")
        return
    rows = [
        (place, one.component, f"{one.score:.1f}", _evidence(one.evidence[0]) if one.evidence else "")
        for place, one in enumerate(found.suspects[:_SHOWN], 1)
    ]
    print_table(("", "suspect", "score", "strongest evidence"), rows, right=("score",))


def _print_explained(one: wire.Explained, *, with_change: bool) -> None:
    was = f", was {_ms(one.baseline_value_ms)} ms" if one.baseline_value_ms is not None else ""
    remark(f"\np{one.quantile * 100:g}: {_ms(one.value_ms)} ms{was}; of the {one.traces} traces around it:")
    rows = []
    for share in one.parts[:_SHOWN]:
        row = [_part(share.part), _ms(share.ms), f"{share.share:.0%}", f"{_ms(share.low_ms)}–{_ms(share.high_ms)}"]
        if with_change:
            row += [_signed(share.change_ms), f"{share.change_share:.0%}", f"{share.sure:.0%}"]
        rows.append(row)
    columns = ("part", "ms", "share", "90 %") + (("change", "of it", "sure") if with_change else ())
    print_table(columns, rows, right=("ms", "share", "90 %", "change", "of it", "sure"))


def _looked(one: wire.Looked) -> str:
    drawn = "" if one.traces == one.found else f" (drawn from {one.found})"
    return f"{one.traces} traces{drawn} from {iso(one.start_ms)} to {iso(one.end_ms)}"


def _part(part: wire.Part) -> str:
    return f"{part.service} {part.operation}" + (" (wait)" if part.side == "wire" else "")


def _evidence(one: wire.Evidence) -> str:
    edge = f" → {one.peer}" if one.peer else ""
    return f"{one.kind}: {one.component}{edge} {one.subject} {one.normal:.4g} → {one.now:.4g} {one.unit}".rstrip()


def _ms(value: float) -> str:
    return f"{value:,.1f}" if value < 1000 else f"{value:,.0f}"


def _signed(value: float) -> str:
    return f"{value:+,.1f}"


def _failed(failed: bool) -> str:
    return "failed" if failed else ""
