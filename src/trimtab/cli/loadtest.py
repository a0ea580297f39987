"""`trimtab loadtest`: load tests of endpoints. `run` needs no server: it is the generator itself."""

import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import msgspec
import uvloop

from trimtab.base import typed
from trimtab.base.clock import SystemClock, iso
from trimtab.base.errors import InvalidInput
from trimtab.base.loopback import is_loopback
from trimtab.base.parent import end_with
from trimtab.cli.connection import Connection, pairs, server_options
from trimtab.cli.load_busy import Busy
from trimtab.cli.load_compare import COMMANDS
from trimtab.cli.load_growth import read_phases, read_stairs, read_stop
from trimtab.cli.load_report import About, level_row, show, test_of
from trimtab.cli.load_target import crew_of, target_of
from trimtab.cli.loadtest_rent import clean, rent
from trimtab.cli.loadtest_size import size
from trimtab.cli.output import json_option, print_json, print_table, remark
from trimtab.client import load_tests_wire as wire
from trimtab.client.load_tests import LoadTests
from trimtab.inference.drive import Driver, Result
from trimtab.inference.level import Level
from trimtab.inference.load.arrivals import read_trace
from trimtab.inference.load.held import Held
from trimtab.inference.load.target import PROTOCOLS
from trimtab.inference.objective import Objective
from trimtab.inference.search import Plan

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def loadtest() -> None:
    """Load tests: what an endpoint bears, how fast it is then, and what holds it back."""


for _command in (size, rent, clean, *COMMANDS):
    loadtest.add_command(_command)


@loadtest.command("run")
@click.argument("target_url", metavar="URL")
@click.option("--protocol", type=click.Choice(PROTOCOLS), default="http", show_default=True)
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="Hold a rate of requests per second.")
@click.option("--arrivals", type=click.Choice(("poisson", "constant", "burst")), default="poisson", show_default=True)
@click.option("--users", type=click.IntRange(1, 10_000), help="Hold so many users, each waiting for its answer.")
@click.option("--think", type=click.FloatRange(min=0), default=0.0, help="Seconds between an answer and the next.")
@click.option("--trace", type=_FILE, help="Send at the times of a CSV trace.")
@click.option("--speed", type=click.FloatRange(min=0, min_open=True), default=1.0, help="Play the trace so fast.")
@click.option("--capacity", is_flag=True, help="Find the highest rate that meets the objective.")
@click.option("--phases", metavar="USERS,PER_MIN,SECONDS;…", help="Users that come at a rate, phase after phase.")
@click.option("--stairs", metavar="SECONDS,STEPS,USERS", help="Users that come in steps.")
@click.option("--max-invocations", type=click.IntRange(1), help="phases, stairs: end at so many a minute.")
@click.option("--latency-limit", metavar="P95|P99=MS", help="phases, stairs: end above it.")
@click.option("--flat", type=click.Choice(("stop", "continue")), default="stop", show_default=True,
              help="phases, stairs: where more users bring no more invocations.")  # fmt: skip
@click.option("--window", type=click.FloatRange(1, 600), default=60.0, help="phases, stairs: seconds looked at.")
@click.option("--slo-ms", type=click.FloatRange(min=0, min_open=True), default=100.0, show_default=True)
@click.option("--slo-share", type=click.FloatRange(0.5, 1, max_open=True), default=0.99, show_default=True)
@click.option("--slo-of", type=click.Choice(("answer", "first")), default="answer", show_default=True,
              help="Time to the whole answer, or to the first token.")  # fmt: skip
@click.option("--tolerance", type=click.FloatRange(0.002, 0.5), default=0.03, show_default=True,
              help="Half width at which the capacity is certain enough.")  # fmt: skip
@click.option("--seconds", type=click.FloatRange(min=0.5, max=86_400), help="How long; of a search, at most.")
@click.option("--requests", type=click.IntRange(0), default=0, help="End after so many.")
@click.option("--body", help="The body of every request.")
@click.option("--body-file", "body_files", type=_FILE, multiple=True, help="A body from a file. May be repeated.")
@click.option("--dataset", type=_FILE, help="JSON lines: each line is a body.")
@click.option("--template", help="A body with {{field}} of --records, {{n}} and {{random}}.")
@click.option("--records", type=_FILE, help="CSV or JSON lines that fill the template.")
@click.option("--lengths", type=_FILE, help="openai: a trace with ContextTokens and GeneratedTokens.")
@click.option("--tokens", type=(int, int), help="openai: tokens of each prompt and answer.", metavar="IN OUT")
@click.option("--model", default="", help="openai, kserve: the model.")
@click.option("--model-version", default="", help="kserve: the model's version.")
@click.option("--region", default="", help="sagemaker: the region; URL is the endpoint's name, or a full URL.")
@click.option("--method", default="POST", show_default=True)
@click.option("--header", "headers", multiple=True, metavar="NAME=VALUE", help="A header. May be repeated.")
@click.option("--connections", type=click.IntRange(1, 10_000), default=512, show_default=True)
@click.option("--timeout", type=click.FloatRange(min=0.1), default=30.0, show_default=True)
@click.option("--insecure", is_flag=True, help="Do not check the certificate.")
@click.option("--pid", type=int, help="The server's process on this machine: its CPU tells the bottleneck.")
@click.option("--name", default="", help="The test's name.  [default: the URL]")
@click.option("--endpoint", default="", help="The endpoint that it is of.")
@click.option("--instance-type", default="", help="The machine type that serves: cost per 1k follows.")
@click.option("--parameter", "parameters", multiple=True, metavar="NAME=VALUE", help="What was varied.")
@click.option("--workers", default="", metavar="N|RAY",
              help="Share the sending: N processes, or a Ray cluster (auto, ray://host:10001?workers=8).")  # fmt: skip
@click.option("--record", is_flag=True, help="Keep the result in the server.")
@click.option("--connect-to", default="", hidden=True, help="The address of URL's host, as the server found it.")
@click.option("--with-parent", type=int, hidden=True, help="End when this process does.")
@json_option
@server_options
def run(connection: Connection, target_url: str, record: bool, as_json: bool, **given: Any) -> None:
    """Send load to URL and say what came of it.

    Example: trimtab loadtest run http://127.0.0.1:8080/predict --body '{"x": 1}' --capacity --slo-ms 50
    """
    if given["with_parent"]:
        end_with(given["with_parent"])
    objective = Objective(given["slo_ms"], given["slo_share"], given["slo_of"])
    target = target_of(target_url, given)
    started = SystemClock().now_ms()
    here = bool(given["pid"]) or is_loopback(urlsplit(target.url).hostname or "")
    driver = Driver(
        target,
        Busy(given["pid"], here=here),
        _say(as_json),
        crew_of(given["workers"], target_url, given),
    )
    result, traffic = uvloop.run(_run(driver, objective, given))
    about = About(
        given["name"] or target_url,
        target.url,
        given["protocol"],
        traffic,
        started,
        given["endpoint"],
        given["instance_type"],
        platform.node(),
        pairs(given["parameters"], "--parameter"),
    )
    test = test_of(about, objective, result)
    if as_json:
        print_json(test)
    else:
        show(test)
    if record:
        with connection.client() as client:
            remark(f"recorded as {LoadTests(client).record(test).id}")


async def _run(driver: Driver, objective: Objective, given: dict[str, Any]) -> tuple[Result, str]:
    chosen = [name for name in ("rate", "users", "trace", "capacity", "phases", "stairs") if given[name]]
    if len(chosen) != 1:
        raise InvalidInput(
            "cannot tell what to send: give one of --rate, --users, --trace, --capacity, --phases and --stairs"
        )
    kind = chosen[0]
    if kind == "capacity":
        most_s = given["seconds"] or Plan(objective).most_s
        plan = Plan(objective, tolerance=given["tolerance"], most_s=most_s, least_s=min(2.0, most_s / 8))
        return await driver.capacity(plan), "capacity"
    if kind in ("phases", "stairs"):
        traffic = read_phases(given["phases"]) if kind == "phases" else read_stairs(given["stairs"])
        stop = read_stop(given["max_invocations"], given["latency_limit"], given["flat"] == "stop")
        return await driver.grow(traffic, stop, objective, given["window"]), f"{kind} {given[kind]}"
    trace = tuple(read_trace(given["trace"])) if kind == "trace" else ()
    seconds = given["seconds"] or (max(trace) - min(trace)) / given["speed"] + 1 if trace else given["seconds"] or 30.0
    held = Held(
        seconds,
        given["rate"] or 0.0,
        given["arrivals"],
        given["users"] or 0,
        given["think"],
        trace,
        given["speed"],
        given["requests"],
    )
    words = {"rate": f"{given['arrivals']} {given['rate']}/s", "users": f"{given['users']} users", "trace": "trace"}
    return await driver.hold(held, objective), words[kind]


def _say(quiet: bool) -> Callable[[Level], None]:
    def said(level: Level) -> None:
        if not quiet:
            one = level_row(level)
            p99 = one.latency_ms["p99"].value if "p99" in one.latency_ms else 0.0
            remark(
                f"{one.rate or one.throughput:>10,.1f}/s for {one.seconds:.1f} s: p99 {p99:.4g} ms, "
                f"{one.attainment.value:.2%} in time, {one.verdict}"
            )

    return said


@loadtest.command("list")
@click.option("--name", default="", help="Only tests of this name.")
@json_option
@server_options
def list_(connection: Connection, name: str, as_json: bool) -> None:
    """List the tests that were recorded, the newest first."""
    with connection.client() as client:
        found = LoadTests(client).listed(name)
    if as_json:
        print_json(found)
        return
    rows = [
        (one.id, iso(one.test.started_ms), one.test.name, one.test.traffic, _capacity(one), _slo(one.test),
         one.test.bottleneck, one.cost_per_1k or "–")
        for one in found
    ]  # fmt: skip
    heads = ("id", "started", "name", "traffic", "capacity/s", "objective", "bottleneck", "$ per 1k")
    print_table(heads, rows, right=("capacity/s", "$ per 1k"))


@loadtest.command("show")
@click.argument("test_id")
@json_option
@server_options
def show_(connection: Connection, test_id: str, as_json: bool) -> None:
    """Show one test: its levels, capacity and bottleneck."""
    with connection.client() as client:
        found = LoadTests(client).get(test_id)
    if as_json:
        print_json(found)
    else:
        show(found.test)


@loadtest.command("record")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@server_options
def record_(connection: Connection, file: Path) -> None:
    """Record a result that was made with `run --json` on another machine."""
    try:
        test = typed.decode(file.read_bytes(), type=wire.LoadTest)
    except msgspec.DecodeError as problem:
        raise InvalidInput(f"cannot record {file}: it is not a load test's result ({problem})") from None
    with connection.client() as client:
        click.echo(LoadTests(client).record(test).id)


@loadtest.command("delete")
@click.argument("test_id")
@server_options
def delete(connection: Connection, test_id: str) -> None:
    """Delete a recorded test."""
    with connection.client() as client:
        click.echo(f"deleted {LoadTests(client).delete(test_id).removed}")


def _capacity(one: wire.Kept) -> str:
    capacity = one.test.capacity
    return f"{capacity.value:,.4g}" if capacity else "–"


def _slo(test: wire.LoadTest) -> str:
    return f"{test.slo_share:.4g} in {test.slo_ms:g} ms"
