"""`trimtab plan`: machine type, policy and purchase option of a service, chosen together."""

import re

import click

from trimtab.base.errors import InvalidInput
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, print_json, print_table, remark
from trimtab.client import capacity_plans as api
from trimtab.client import capacity_plans_wire as wire
from trimtab.client.scaling_wire import DemandMetric

_METRIC = re.compile(r"(?P<namespace>[^|]+)\|(?P<name>[^{]+?)(?:\{(?P<pairs>.*)\})?(?:@(?P<stat>[^@]+))?")
_HEADS = ("type", "policy", "purchase", "$/month", "if less", "if more", "risk", "zone gone", "replicas")


@click.group()
def plan() -> None:
    """Plan a service's machines: type, policy and purchase option together, on measured capacity curves."""


@plan.command("services")
@json_option
@server_options
def services(connection: Connection, as_json: bool) -> None:
    """List the services that have a load test on a type whose price is known."""
    with connection.client() as client:
        found = api.services(client)
    if as_json:
        print_json(found)
        return
    for one in found:
        click.echo(one)
    if not found:
        remark(
            "none: record one with `trimtab loadtest run … --capacity --instance-type TYPE --endpoint NAME --record`"
        )


@plan.command("capacity")
@click.argument("service")
@click.option("--slo-ms", type=float, help="Latency of the objective.  [default: the newest load test's]")
@click.option("--percentile", default="p99", show_default=True, help="Of requests that must be within it.")
@click.option("--allowed", type=float, default=0.01, show_default=True, help="Share of requests that may miss it.")
@click.option("--days", type=int, default=7, show_default=True, help="Days of traffic that are replayed.")
@click.option(
    "--traffic", type=float, default=1.0, show_default=True, help="What if traffic were so many times as much?"
)
@click.option(
    "--price", "prices", multiple=True, metavar="TYPE=FACTOR", help="What if a type's price changed? * is all."
)
@click.option("--zones", type=int, default=3, show_default=True, help="Zones over which replicas are spread.")
@click.option(
    "--zone-fails", is_flag=True, help="What if the fullest zone fails? Its loss then is the risk that counts."
)
@click.option("--launch", "launch_s", type=float, default=300.0, show_default=True, help="Seconds until one serves.")
@click.option("--spot/--no-spot", default=True, show_default=True, help="Whether replicas may be on spot.")
@click.option(
    "--interruptions", type=float, default=0.02, show_default=True, help="An hour of a spot replica: a guess."
)
@click.option("--years", type=click.Choice(["0", "1", "3", "both"]), default="1", show_default=True,
              help="Terms of commitments that may be bought.")  # fmt: skip
@click.option(
    "-m", "--metric", metavar="NAMESPACE|NAME{DIM=VALUE,…}@STATISTIC", help="Traffic, where not its own counters."
)
@click.option("--all", "everything", is_flag=True, help="Every choice within the objective, not only the front.")
@json_option
@server_options
def capacity(
    connection: Connection, service: str, prices: tuple[str, ...], years: str, metric: str | None, everything: bool,
    as_json: bool, **rest: object,
) -> None:  # fmt: skip
    """Choose for SERVICE: dollars a month against the risk of missing its objective.

    \b
    trimtab plan capacity search-rerank --slo-ms 80
    trimtab plan capacity search-rerank --traffic 2 --price g6.xlarge=1.1 --zone-fails
    """
    terms = {"0": [], "1": [1], "3": [3], "both": [1, 3]}[years]
    asked = wire.PlanCapacity(
        service=service,
        prices=dict(_price(one) for one in prices),
        years=terms,
        metric=None if metric is None else _metric(metric),
        **rest,  # type: ignore[arg-type] # named as the options are
    )
    with connection.client() as client:
        found = api.plan(client, asked)
    if as_json:
        print_json(found)
        return
    for sentence in found.words:
        click.echo(sentence)
    shown = [one for one in found.choices if everything or one.on_front]
    print_table(_HEADS, [_row(one) for one in shown], right=_HEADS[3:])
    for one in found.measured:
        remark(f"{one.type}: {one.why}")
    remark(f"{found.considered} choices; {found.outlook.why}")


def _row(one: wire.PlannedChoice) -> tuple[str, ...]:
    return (one.type, one.policy, one.purchase, one.monthly, one.least, one.most, f"{one.risk:.3%}",
            f"{one.zone_risk:.1%}", f"{one.mean_replicas:.1f}")  # fmt: skip


def _price(text: str) -> tuple[str, float]:
    type_, _, factor = text.partition("=")
    try:
        return type_, float(factor)
    except ValueError:
        raise InvalidInput(f"cannot read the price {text!r}: expected TYPE=FACTOR, such as g6.xlarge=1.1") from None


def _metric(text: str) -> DemandMetric:
    found = _METRIC.fullmatch(text)
    if found is None:
        raise InvalidInput(f"cannot read the metric {text!r}; expected NAMESPACE|NAME{{DIMENSION=VALUE,…}}@STATISTIC")
    pairs = dict(pair.split("=", 1) for pair in (found["pairs"] or "").split(",") if "=" in pair)
    return DemandMetric(namespace=found["namespace"], name=found["name"], dimensions=pairs,
                        statistic=found["stat"] or "Sum", start="-7d")  # fmt: skip
