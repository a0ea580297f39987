"""`trimtab serverless`: functions, their invocations, and short jobs."""

import click

from trimtab.base.clock import iso
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, print_json, print_table, remark
from trimtab.client import serverless_wire as wire
from trimtab.client.serverless import Serverless

_TIMES = "now, -3h, ISO 8601 or epoch milliseconds."
_ORDERS = ("newest", "slowest", "memory", "init")
_ONLY = ("", "ok", "error", "timeout", "cold")
start_option = click.option("--start", default="-24h", show_default=True, help=_TIMES)
end_option = click.option("--end", default="now", show_default=True, help="The same; not included.")


@click.group("serverless")
def serverless() -> None:
    """What runs for a short time: functions, their invocations, and short jobs of schedulers."""


@serverless.command("functions")
@click.option("--function", "name", default="", help="One function only.")
@click.option("--by-version", is_flag=True, help="Each version by itself.")
@start_option
@end_option
@json_option
@server_options
def functions(connection: Connection, name: str, by_version: bool, start: str, end: str, as_json: bool) -> None:
    """Functions: durations, cold starts, memory, failures, concurrency and cost."""
    with connection.client() as client:
        found = Serverless(client).functions(start=start, end=end, function=name, by_version=by_version)
    if as_json:
        print_json(found)
        return
    columns = ("function", "calls", "failed", "p50 ms", "p95 ms", "p99 ms", "cold", "memory", "used", "at once", "cost")
    print_table(columns, [_function(one) for one in found.functions], right=columns[1:])
    assumed = sorted({words for one in found.functions for words in one.assumed})
    if assumed:
        remark(f"cost at list prices, assuming {', '.join(assumed)}; a log group's tag `architecture` says arm64")


def _function(one: wire.Function) -> tuple[object, ...]:
    return (
        f"{one.function}:{one.version}" if one.version else one.function,
        one.invocations,
        one.errors + one.timeouts,
        f"{one.p50_ms:.1f}",
        f"{one.p95_ms:.1f}",
        f"{one.p99_ms:.1f}",
        f"{one.cold_share:.1%}",
        f"{one.memory_mb} MB" if one.memory_mb is not None else "",
        "" if one.headroom is None else f"{1 - one.headroom:.0%}",
        one.concurrency,
        "" if one.cost is None else f"{float(one.cost):.4f} {one.currency}",
    )


@serverless.command("invocations")
@click.argument("function", default="")
@click.option("--version", default="", help="One version only.")
@click.option("--order", type=click.Choice(_ORDERS), default="newest", show_default=True, help="Which come first.")
@click.option("--only", type=click.Choice(_ONLY), default="", help="Those that ended so, or were cold.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="How many at most.")
@start_option
@end_option
@json_option
@server_options
def invocations(
    connection: Connection,
    function: str,
    version: str,
    order: wire.OrderName,
    only: wire.OnlyName,
    limit: int,
    start: str,
    end: str,
    as_json: bool,
) -> None:
    """Single invocations of FUNCTION, or of all functions."""
    with connection.client() as client:
        found = Serverless(client).invocations(
            function, start=start, end=end, version=version, order=order, only=only, limit=limit
        )
    if as_json:
        print_json(found)
        return
    columns = ("ended", "function", "status", "ms", "init ms", "used", "request", "problem")
    print_table(columns, [_invocation(one) for one in found.invocations], right=("ms", "init ms", "used"))


def _invocation(one: wire.Invocation) -> tuple[object, ...]:
    return (
        iso(one.end_ms),
        f"{one.function}:{one.version}" if one.version else one.function,
        one.status,
        "" if one.duration_ms is None else f"{one.duration_ms:.1f}",
        "" if one.init_ms is None else f"{one.init_ms:.1f}",
        f"{one.used_mb:.0f} of {one.memory_mb} MB" if one.used_mb is not None and one.memory_mb else "",
        one.request,
        one.problem[:80],
    )


@serverless.command("jobs")
@click.option("--longest", type=click.FloatRange(1), default=3600, show_default=True, help="Seconds that are short.")
@start_option
@end_option
@json_option
@server_options
def jobs(connection: Connection, longest: float, start: str, end: str, as_json: bool) -> None:
    """Short runs of schedulers, by name: lengths, waits, failures, concurrency and cost."""
    with connection.client() as client:
        found = Serverless(client).jobs(start=start, end=end, longest_s=longest)
    if as_json:
        print_json(found)
        return
    columns = ("job", "cluster", "runs", "failed", "p50 s", "p95 s", "waited p95 s", "at once", "GPU-h", "cost")
    rows = [
        (
            one.name,
            one.cluster,
            one.runs,
            one.failed + one.timeouts,
            f"{one.p50_s:.0f}",
            f"{one.p95_s:.0f}",
            f"{one.wait_p95_s:.0f}",
            one.concurrency,
            f"{one.gpu_hours:.2f}",
            " + ".join(f"{float(amount):.2f} {currency}" for currency, amount in sorted(one.amounts.items())),
        )
        for one in found.jobs
    ]
    print_table(columns, rows, right=columns[2:])
