"""`trimtab loadtest compare|sizing|choose|policies|order|orders`: what follows from load tests."""

from decimal import Decimal

import click

from trimtab.base.clock import iso
from trimtab.base.errors import InvalidInput
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, print_json, print_table
from trimtab.client import load_tests_wire, sizing_wire
from trimtab.client.load_tests import LoadTests
from trimtab.client.sizing import Sizing


@click.command("compare")
@click.argument("test_ids", nargs=-1, required=True, metavar="ID…")
@json_option
@server_options
def compare(connection: Connection, test_ids: tuple[str, ...], as_json: bool) -> None:
    """Show recorded tests side by side: capacity, latency there, errors, cost, bottleneck."""
    with connection.client() as client:
        found = [LoadTests(client).get(one) for one in test_ids]
        address = connection.url.rstrip("/") + "/load-tests/compare?" + "&".join(f"id={one}" for one in test_ids)
    if as_json:
        print_json(found)
        return
    columns = [_column(one) for one in found]
    heads = ("", *(one.test.name[:40] for one in found))
    print_table(heads, [(name, *(column[name] for column in columns)) for name in columns[0]], right=heads[1:])
    click.echo(f"curves: {address}")


def _column(one: load_tests_wire.Kept) -> dict[str, str]:
    test = one.test
    near = min(
        test.levels, key=lambda level: abs(level.rate - (test.capacity.value if test.capacity else 0)), default=None
    )
    shown = {name: f"{near.latency_ms[name].value:.4g}" for name in ("p50", "p99") if near and name in near.latency_ms}
    return {
        "started": iso(test.started_ms),
        "machine": test.instance_type or test.machine or "–",
        "traffic": test.traffic,
        "capacity/s": f"{test.capacity.value:,.4g}" if test.capacity else "–",
        "95 % from": f"{test.capacity.lower:,.4g}" if test.capacity else "–",
        "95 % to": f"{test.capacity.upper:,.4g}" if test.capacity and test.capacity.upper else "–",
        "p50 ms there": shown.get("p50", "–"),
        "p99 ms there": shown.get("p99", "–"),
        "errors there": f"{near.errors:.2%}" if near else "–",
        "bottleneck": test.bottleneck or "–",
        "$ per 1k": one.cost_per_1k or "–",
        "generator": "in the figures" if test.overhead.limited else f"{test.overhead.core_share:.0%} of a core",
    }


@click.command("sizing")
@click.argument("name")
@click.option("--peak", type=click.FloatRange(min=0), default=0.0, help="Requests a second at the peak.")
@click.option("--mean", type=click.FloatRange(min=0), default=0.0, help="Requests a second on average.")
@click.option("--share", type=click.FloatRange(0.05, 1), default=0.7, show_default=True,
              help="Of each capacity, held at the peak.")  # fmt: skip
@click.option("--estimated", is_flag=True, help="Types that were not measured too, estimated.")
@json_option
@server_options
def sizing(
    connection: Connection, name: str, peak: float, mean: float, share: float, estimated: bool, as_json: bool
) -> None:
    """What to run for the tests of NAME or an endpoint: type × count × scaling target, and what it costs."""
    with connection.client() as client:
        found = Sizing(client).sized(name, peak=peak, mean=mean, share=share, estimated=estimated)
    if as_json:
        print_json(found)
        return
    heads = ("type", "count", "target/min", "capacity/s", "latency ms", "$/h", "$ per 1k", "front", "known from")
    rows = [
        (_type(one), one.count, f"{one.target_per_min:,.0f}", _capacity(one),
         "–" if one.latency_ms is None else f"{one.latency_ms:.4g}", one.fleet_per_hour or "–", one.per_1k or "–",
         "yes" if one.on_front else "", one.estimate or one.test_id)
        for one in found
    ]  # fmt: skip
    print_table(heads, rows, right=heads[1:7])
    for one in found[:1]:
        click.echo(f"spot: {one.spot}")
        click.echo(f"energy: {'not measured' if one.joules is None else f'{one.joules:.3g} J a request'}")
        if one.batch:
            click.echo(f"batch or at once: {one.batch}")


def _type(one: sizing_wire.Sizing) -> str:
    return one.instance_type + "".join(f" {key}={value}" for key, value in one.parameters.items())


def _capacity(one: sizing_wire.Sizing) -> str:
    upper = one.capacity.upper
    return f"{one.capacity.value:,.4g}" + (f" ({one.capacity.lower:,.4g}–{upper:,.4g})" if upper else "")


@click.command("choose")
@click.argument("endpoint")
@click.option("--type", "instance_type", required=True, help="The type, as `sizing` shows it.")
@click.option("--name", default="", help="The tests' name.  [default: the endpoint]")
@click.option("--peak", type=click.FloatRange(min=0), default=0.0, help="Requests a second at the peak.")
@click.option("--share", type=click.FloatRange(0.05, 1), default=0.7, show_default=True)
@server_options
def choose(connection: Connection, endpoint: str, instance_type: str, name: str, peak: float, share: float) -> None:
    """Make a sizing the policy of ENDPOINT: type × count × scaling target."""
    with connection.client() as client:
        rows = Sizing(client).sized(name or endpoint, peak=peak, share=share)
        one = next((row for row in rows if row.instance_type == instance_type), None)
        if one is None:
            known = ", ".join(row.instance_type for row in rows)
            raise InvalidInput(f"cannot choose {instance_type!r}: expected one of {known}")
        policy = sizing_wire.Policy(
            one.instance_type, one.count, float(int(one.target_per_min)) or 1.0, one.test_id, one.parameters
        )
        made = Sizing(client).choose(endpoint, policy)
    click.echo(
        f"{made.endpoint}: {made.policy.count} × {made.policy.instance_type}, scaled at "
        f"{Decimal(str(made.policy.target_per_min)):,.0f} invocations a minute of each"
        + ("; its scaling target is observed: `trimtab scaling list`" if made.targets else "")
    )


@click.command("policies")
@json_option
@server_options
def policies(connection: Connection, as_json: bool) -> None:
    """List the policies that were chosen for endpoints."""
    with connection.client() as client:
        found = Sizing(client).policies()
    if as_json:
        print_json(found)
        return
    heads = ("endpoint", "type", "count", "target/min", "chosen", "by")
    rows = [
        (one.endpoint, one.policy.instance_type, one.policy.count, f"{one.policy.target_per_min:,.0f}",
         iso(one.made_ms), one.made_by)
        for one in found
    ]  # fmt: skip
    print_table(heads, rows, right=("count", "target/min"))


@click.command("order")
@click.argument("endpoint")
@click.option("--slo-ms", type=click.FloatRange(min=0, min_open=True), required=True)
@click.option("--slo-share", type=click.FloatRange(0.5, 1, max_open=True), default=0.99, show_default=True)
@click.option("--seconds", type=click.FloatRange(5, 3600), default=120.0, show_default=True)
@click.option("--variant", default="", help="The variant; the first without.")
@server_options
def order(connection: Connection, endpoint: str, slo_ms: float, slo_share: float, seconds: float, variant: str) -> None:
    """Have the server find the capacity of a registered ENDPOINT."""
    with connection.client() as client:
        click.echo(Sizing(client).order(sizing_wire.Ask(endpoint, slo_ms, slo_share, seconds, variant)).id)


@click.command("orders")
@click.option("--stop", "stopped", metavar="ID", help="End one that waits or runs.")
@json_option
@server_options
def orders(connection: Connection, stopped: str | None, as_json: bool) -> None:
    """List the tests that were asked of the server, the newest first."""
    with connection.client() as client:
        if stopped:
            Sizing(client).stop(stopped)
        found = Sizing(client).orders()
    if as_json:
        print_json(found)
        return
    rows = [
        (one.id, iso(one.asked_ms), one.endpoint, one.status, one.test_id or "–", one.problem or "–") for one in found
    ]
    print_table(("id", "asked", "endpoint", "status", "test", "problem"), rows)


COMMANDS = (compare, sizing, choose, policies, order, orders)
