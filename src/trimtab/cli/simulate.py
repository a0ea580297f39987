"""`trimtab simulate`: policies of scaling on a demand history, of a file or of a metric that is stored."""

import csv
import re
from itertools import pairwise
from pathlib import Path

import click

from trimtab.base.errors import InvalidInput
from trimtab.base.timerange import parse_instant_ms
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, print_json, print_table, remark
from trimtab.cli.simulate_memory import memory
from trimtab.client import scaling_wire as wire
from trimtab.client.scaling import plan_provisioned
from trimtab.client.scaling import simulate as call

_METRIC = re.compile(r"(?P<namespace>[^|]+)\|(?P<name>[^{]+?)(?:\{(?P<pairs>.*)\})?(?:@(?P<stat>[^@]+))?")
_DEFAULTS = ("portfolio", "target-tracking=0.5", "predictive=0.7", "fixed")
_HEADS = ("policy", "cost", "÷ oracle", "violating", "launches", "peak", "used")
_MOST_MINUTES = 600_000


@click.group()
def simulate() -> None:
    """Replay scaling on the past before you trust it: cost and violations of policies, beside the cheapest plan."""


@simulate.command("policies")
@click.argument("demand", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("-m", "--metric", metavar="NAMESPACE|NAME{DIM=VALUE,…}@STATISTIC",
              help="A metric of the store instead of a file: counts a period, unless --rate.")  # fmt: skip
@click.option("--rate", is_flag=True, help="The values are rates a second; otherwise counts a bucket or period.")
@click.option("--start", default="-14d", show_default=True, help="Of a metric.")
@click.option("--end", default="now", show_default=True, help="Of a metric; not included.")
@click.option("-p", "--policy", "policies", multiple=True, metavar="KIND[=NUMBER]", default=_DEFAULTS,
              show_default=True, help="portfolio[=allowed], quantile[=level], target-tracking[=target], "
                   "steps[=threshold], predictive[=target], objective[=headroom], fixed[=replicas].")  # fmt: skip
@click.option("--capacity", type=float, help="Load a second that a replica takes.  [default: a thirtieth of the peak]")
@click.option("--price", default="1", show_default=True, help="Dollars an hour of a replica.")
@click.option("--launch", "launch_s", type=float, default=300.0, show_default=True, help="Seconds until one serves.")
@click.option("--tick", "tick_s", type=int, default=60, show_default=True, help="Seconds between two decisions.")
@click.option("--least", type=int, default=1, show_default=True)
@click.option("--most", type=int, default=100_000, show_default=True)
@click.option("--startup", "startup_s", type=float, default=0.0, help="Seconds of --startup-share after a launch.")
@click.option("--startup-share", type=float, default=1.0, help="Share of its capacity that a new replica gives.")
@click.option("--warm", "warm_prepared", type=int, default=0, help="Prepared replicas, in service or waiting.")
@click.option("--warm-launch", "warm_launch_s", type=float, default=0.0, help="Seconds until a prepared one serves.")
@click.option("--lag", "metric_lag_s", type=float, default=0.0, help="Seconds that metrics are late.")
@click.option("--queue", "queue_s", type=float, default=0.0, help="Seconds that requests wait before they are lost.")
@click.option("--slo", "slo_wait_s", type=float, default=0.0, help="Seconds of waiting that the objective allows.")
@click.option("--spot", type=float, default=0.0, help="Interruptions an hour of a replica.")
@click.option("--why", is_flag=True, help="Print the newest decisions of each policy in words.")
@json_option
@server_options
def policies(
    connection: Connection, demand: Path | None, metric: str | None, rate: bool, start: str, end: str,
    policies: tuple[str, ...], capacity: float | None, price: str, spot: float, why: bool, as_json: bool,
    **fleet: float,
) -> None:  # fmt: skip
    """Replay policies on DEMAND, a CSV of time and count (columns timestamp and value, or the first two).

    \b
    trimtab simulate policies requests.csv --capacity 25 --price 1.21 --launch 240
    trimtab simulate policies -m 'AWS/ApplicationELB|RequestCount{LoadBalancer=app/shop}' -p portfolio=0.001
    """
    tick = int(fleet["tick_s"])
    if (demand is None) == (metric is None):
        raise InvalidInput("cannot simulate: expected a file or --metric, and not both")
    values = _values(demand, tick, rate) if demand is not None else None
    pools = [wire.SimulatedPool(capacity=capacity, price_per_hour=price, interruptions=spot)] if capacity else []
    asked = wire.Simulate(
        demand=values,
        metric=None if metric is None else _metric(metric, start, end, rate),
        policies=[_policy(text) for text in policies],
        pools=pools,
        **fleet,  # type: ignore[arg-type] # named as the options are
    )
    with connection.client() as client:
        found = call(client, asked)
    if as_json:
        print_json(found)
        return
    _print(found)
    for one in found.policies if why else []:
        click.echo(f"\n{one.name}")
        for moment in one.moments[-5:]:
            click.echo(f"  tick {moment.tick}: {moment.desired} replicas. {moment.why}")


def _print(found: wire.SimulationAnswer) -> None:
    rows = [("cheapest possible", found.oracle_cost, "1.000", "0.000 %", "", "", "")]
    rows += [
        (one.name, one.cost, f"{one.cost_vs_oracle:.3f}", f"{one.violating * 100:.3f} %", str(one.launches),
         str(one.peak), f"{one.utilisation:.0%}")
        for one in found.policies
    ]  # fmt: skip
    print_table(_HEADS, rows, right=_HEADS[1:])
    for one in found.policies:
        if one.promise is not None:
            remark(f"{one.name}: {_promise(one.promise, found.tick_s)}")
    remark(f"{found.ticks} ticks of {found.tick_s:g} s; a replica takes {found.capacity:.6g} a second")


def _promise(one: wire.SimulatedPromise, tick_s: float) -> str:
    if one.since is None or one.violating is None:
        return one.words
    ended = "kept" if one.kept else "broken"
    return f"{one.words}; {ended}: {one.violating:.3%} violated from day {one.since * tick_s / 86_400:.0f} on"


def _policy(text: str) -> wire.SimulatedPolicy:
    kind, equals, number = text.partition("=")
    if not equals:
        return wire.SimulatedPolicy(kind=kind)
    try:
        value = float(number)
    except ValueError:
        raise InvalidInput(f"cannot read policy {text!r}: expected KIND=NUMBER") from None
    if kind == "portfolio":
        return wire.SimulatedPolicy(kind=kind, allowed=value)
    if kind == "quantile":
        return wire.SimulatedPolicy(kind=kind, level=value)
    if kind == "fixed":
        return wire.SimulatedPolicy(kind=kind, replicas=round(value))
    if kind == "objective":
        return wire.SimulatedPolicy(kind=kind, headroom=value)
    return wire.SimulatedPolicy(kind=kind, target=value)


def _metric(text: str, start: str, end: str, rate: bool) -> wire.DemandMetric:
    found = _METRIC.fullmatch(text)
    if found is None:
        raise InvalidInput(f"cannot read the metric {text!r}; expected NAMESPACE|NAME{{DIMENSION=VALUE,…}}@STATISTIC")
    pairs = dict(pair.split("=", 1) for pair in (found["pairs"] or "").split(",") if "=" in pair)
    statistic = found["stat"] or ("Average" if rate else "Sum")
    return wire.DemandMetric(namespace=found["namespace"], name=found["name"], dimensions=pairs, statistic=statistic,
                             start=start, end=end, per_period=not rate)  # fmt: skip


def _values(path: Path, tick_s: int, rate: bool) -> list[float]:
    """The file's values a tick; each holds until the next (a bucket's rate is even within it)."""
    with path.open(newline="") as text:
        rows = [row for row in csv.reader(text) if len(row) >= 2]
    points = sorted(_point(row) for row in rows[1 if rows and not _is_number(rows[0][1]) else 0 :])
    if len(points) < 2:
        raise InvalidInput(f"cannot simulate {path}: expected at least two rows of a time and a number")
    step, span = tick_s * 1000, points[-1][0] - points[0][0]
    if span // step > _MOST_MINUTES:
        raise InvalidInput(f"cannot simulate {path}: {span // step} ticks; try a longer --tick")
    found: list[float] = []
    for (at, value), (until, _) in pairwise(points):
        ticks = (until - points[0][0]) // step - len(found)
        found += [max(0.0, value) / (1 if rate else max(until - at, 1) / 1000)] * ticks
    return found


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _point(row: list[str]) -> tuple[int, float]:
    try:
        return parse_instant_ms(row[0].strip().replace(" ", "T"), 0), float(row[1])
    except ValueError:
        raise InvalidInput(f"cannot read the row {row[:2]}: expected a time and a number") from None


@simulate.command("provisioned")
@click.argument("invocations", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--memory", default="1", show_default=True, help="Gigabytes of the function.")
@click.option("--cold-share", type=float, default=0.01, show_default=True, help="Invocations that may start cold.")
@click.option("--cold-ms", type=int, default=400, show_default=True, help="How long a cold start takes.")
@click.option("--target", type=float, default=0.7, show_default=True, help="Of the target tracking beside it.")
@json_option
@server_options
def provisioned(
    connection: Connection, invocations: Path, memory: str, cold_share: float, cold_ms: int, target: float,
    as_json: bool,
) -> None:  # fmt: skip
    """Plan provisioned concurrency from INVOCATIONS, a CSV of start and duration in ms."""
    with invocations.open(newline="") as text:
        rows = [row for row in csv.reader(text) if len(row) >= 2]
    plain = rows[1 if rows and not _is_number(rows[0][1]) else 0 :]
    if not all(_is_number(row[0]) and _is_number(row[1]) for row in plain):
        raise InvalidInput(f"cannot read {invocations}: expected rows of a start and a duration, both in ms")
    asked = wire.PlanProvisioned(
        starts_ms=[round(float(row[0])) for row in plain],
        durations_ms=[round(float(row[1])) for row in plain],
        gigabytes=memory,
        cold_ms=cold_ms,
        cold_share=cold_share,
        target=target,
    )
    with connection.client() as client:
        found = plan_provisioned(client, asked)
    if as_json:
        print_json(found)
        return
    heads = ("held", "cost", "cold", "environment-hours", "at most")
    rows_ = [
        (one.name, one.cost, f"{one.cold_share:.3%}", f"{one.held_hours:.1f}", str(one.highest)) for one in found.served
    ]
    print_table(heads, rows_, right=heads[1:])
    remark(f"{found.invocations} invocations, {found.peak} at once at most; holding pays above {found.break_even} used")


simulate.add_command(memory)
