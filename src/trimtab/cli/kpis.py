"""`trimtab kpis`: the five infrastructure KPIs of services, teams or the fleet."""

from collections.abc import Sequence
from typing import cast

import click

from trimtab.base.clock import iso
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, number, print_json, print_table, remark
from trimtab.client import wire

_LEVELS = ("fleet", "team", "service")
_AREAS = ("utilisation", "throughput", "latency", "availability", "scalability")


@click.command("kpis")
@click.option(
    "--by",
    "group",
    default="fleet",
    show_default=True,
    metavar="GROUP",
    help="fleet, team, service, or any tag or label: namespace, model, account, node, zone, …",
)
@click.option("--area", type=click.Choice(_AREAS), help="Only the KPIs of one area.")
@click.option("--start", default="-24h", show_default=True, help="now, -3h, ISO 8601 or epoch milliseconds.")
@click.option("--end", default="now", show_default=True, help="The same; not included.")
@click.option(
    "--slo",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.999,
    show_default=True,
    help="Target of the success ratio.",
)
@click.option("--requests", metavar="METRIC", help="Counter of requests.  [default: the usual names]")
@click.option("--tokens", metavar="METRIC", help="Counter of output tokens.  [default: the usual names]")
@click.option("--records", metavar="METRIC", help="Counter of batch records.  [default: the usual names]")
@click.option("--latency", metavar="METRIC", help="Histogram or values of latency.  [default: the usual names]")
@click.option(
    "--node-capacity",
    type=click.FloatRange(0, min_open=True),
    help="Requests per second that one node can serve.  [default: told from its utilisation]",
)
@click.option("--why", is_flag=True, help="Show formulas, inputs and reasons too.")
@json_option
@server_options
def kpis(
    connection: Connection,
    group: str,
    area: str | None,
    start: str,
    end: str,
    slo: float,
    requests: str | None,
    tokens: str | None,
    records: str | None,
    latency: str | None,
    node_capacity: float | None,
    why: bool,
    as_json: bool,
) -> None:
    """Show utilisation, throughput, latency, availability and scalability of the fleet, or of each team or service.

    A KPI without enough data is shown as – ; --why says what is missing, and what the others were made from.
    """
    level = cast(wire.LevelName, group if group in _LEVELS else "team")
    with connection.client() as client:
        report = client.kpis(
            level,
            group=None if group in _LEVELS else group,
            start=start,
            end=end,
            slo=slo,
            requests=requests,
            tokens=tokens,
            records=records,
            latency=latency,
            node_capacity=node_capacity,
        )
    shown = [formula for formula in report.formulas if area in (None, formula.area)]
    if as_json:
        print_json(report)
        return
    remark(f"{iso(report.start_ms)} to {iso(report.end_ms)}, by {report.by}, in steps of {report.step_s} s")
    if why:
        _print_reasons(report, shown)
    elif len(report.groups) == 1:
        _print_one(report, shown)
    else:
        _print_many(report, shown, everything=area is not None)
    if not report.groups:
        remark(f"No series carries {report.by!r}: try --by fleet, or another label of `trimtab metrics list`.")


def _print_one(report: wire.KpiReport, formulas: Sequence[wire.KpiFormula]) -> None:
    (group,) = report.groups
    found = {kpi.id: kpi for kpi in group.kpis}
    rows = [
        (
            one.area,
            one.label,
            number(found[one.id].value),
            one.unit,
            _percent(found[one.id].coverage),
            found[one.id].reason,
        )
        for one in formulas
    ]
    print_table(("area", group.group, "value", "unit", "covered", "remark"), rows, right=("value", "covered"))


def _print_many(report: wire.KpiReport, formulas: Sequence[wire.KpiFormula], *, everything: bool) -> None:
    """A row a group, and a column for each KPI that any group has (of the main ones, unless one area was chosen)."""
    chosen = [one for one in formulas if everything or one.id in _MAIN]
    with_value = {kpi.id for group in report.groups for kpi in group.kpis if kpi.value is not None}
    chosen = [one for one in chosen if one.id in with_value]
    heads = [f"{one.label} ({one.unit})" if one.unit != "1" else one.label for one in chosen]
    rows = []
    for group in report.groups:
        found = {kpi.id: kpi for kpi in group.kpis}
        rows.append((group.group, *(number(found[one.id].value) for one in chosen)))
    print_table((report.by, *heads), rows, right=heads)


_MAIN = frozenset(
    {
        "gpu_hours_existing",
        "gpu_hours_held",
        "gpu_hours_active",
        "gpu_hours_idle",
        "gpu_hours_down",
        "cpu_utilisation",
        "requests_per_s",
        "tokens_per_s",
        "latency_p99",
        "ttft_p99",
        "success_ratio",
        "error_budget_left",
        "head_room",
    }
)
"""What a row of many groups shows: one number or two of each area."""


def _print_reasons(report: wire.KpiReport, formulas: Sequence[wire.KpiFormula]) -> None:
    rows = []
    for group in report.groups:
        found = {kpi.id: kpi for kpi in group.kpis}
        for one in formulas:
            kpi = found[one.id]
            rows.append(
                (
                    group.group,
                    one.label,
                    f"{number(kpi.value)}{_bounds(kpi)}",
                    one.formula,
                    _inputs(kpi.inputs),
                    kpi.reason,
                )
            )
    print_table((report.by, "KPI", "value", "formula", "from", "remark"), rows, right=("value",))


def _bounds(kpi: wire.Kpi) -> str:
    return "" if kpi.low is None else f" [{number(kpi.low)}, {number(kpi.high)}]"


def _inputs(inputs: Sequence[wire.KpiInput]) -> str:
    return ", ".join(
        one.source + (f" ×{one.series}" if one.series else "") + (f" {one.share:.0%}" if one.share is not None else "")
        for one in inputs
    )


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.0%}"
