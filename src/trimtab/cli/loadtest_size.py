"""`trimtab loadtest size`: one server under several sizes of this machine, and which of them is worth its money."""

import math
import shlex
from collections.abc import Callable
from decimal import Decimal
from itertools import product
from typing import Any
from urllib.parse import urlsplit

import click
import msgspec
import uvloop

from trimtab.base.clock import SystemClock
from trimtab.base.errors import InvalidInput, Unavailable
from trimtab.cli.connection import pairs
from trimtab.cli.load_busy import Busy
from trimtab.cli.load_report import About, test_of
from trimtab.cli.output import json_option, print_json, print_table, remark
from trimtab.client import load_tests_wire as wire
from trimtab.inference.drive import Driver
from trimtab.inference.load.target import Payload, Target
from trimtab.inference.objective import Objective
from trimtab.inference.recommend.bayes import Choice, Chooser
from trimtab.inference.recommend.local import Size, served
from trimtab.inference.search import Plan
from trimtab.settings import child_environment, load

_HEADS = ("size", "capacity/s", "p99 ms", "set-up s", "CPU %", "$/hour", "$ per 1k", "best")


@click.command("size")
@click.argument("target_url", metavar="URL")
@click.option("--command", "server", required=True, help="Starts the server at URL; run without a shell.")
@click.option("--cpus", required=True, help="Numbers of cores to try, such as 1,2.")
@click.option("--memory-mib", default="0", show_default=True, help="Address spaces to try; 0 is no limit.")
@click.option("--vary", "varied", multiple=True, metavar="NAME=A|B", help="Environment to try. May be repeated.")
@click.option("--body", default="{}", show_default=True)
@click.option("--slo-ms", type=click.FloatRange(min=0, min_open=True), default=100.0, show_default=True)
@click.option("--slo-share", type=click.FloatRange(0.5, 1, max_open=True), default=0.99, show_default=True)
@click.option("--seconds", type=click.FloatRange(min=5, max=3600), default=60.0, show_default=True,
              help="At most for each size.")  # fmt: skip
@click.option("--cost-per-cpu-hour", help="What a core costs, such as 0.0425: cost per 1k follows.")
@click.option("--measure-all", is_flag=True, help="Measure every size, not only those that may be the cheapest.")
@click.option("--cost-per-gib-hour", default="0", help="What a GiB of memory costs.")
@json_option
def size(target_url: str, server: str, as_json: bool, **given: Any) -> None:
    """Start a server under several sizes, find their capacities, and which is the cheapest a request.

    Example: trimtab loadtest size http://127.0.0.1:8080/predict --command "python serve.py" --cpus 1,2
    """
    sizes = _sizes(given["cpus"], given["memory_mib"], given["varied"])
    tests = _searched(sizes, lambda one: uvloop.run(_measured(target_url, shlex.split(server), one, given)), given)
    if as_json:
        print_json([{"size": one.name, "test": test} for one, test in tests])
        return
    rows = [_row(one, test, given) for one, test in tests]
    cheapest = min((row[1] for row in rows if row[1] is not None), default=None)
    shown = [(*cells, "cheapest" if cost is not None and cost == cheapest else "") for cells, cost in rows]
    print_table(_HEADS, shown, right=_HEADS[1:7])


def _sizes(cpus: str, memory: str, varied: tuple[str, ...]) -> list[Size]:
    try:
        cores, limits = [int(one) for one in cpus.split(",")], [int(one) for one in memory.split(",")]
    except ValueError:
        raise InvalidInput("cannot read the sizes: expected whole numbers with commas, such as 1,2") from None
    names = {name: values.split("|") for name, values in pairs(varied, "--vary").items()}
    return [
        Size(core, limit, dict(zip(names, values, strict=True)))
        for core, limit, values in product(cores, limits, product(*names.values()))
    ]


def _searched(
    sizes: list[Size], measure: Callable[[Size], wire.LoadTest], given: dict[str, Any]
) -> list[tuple[Size, wire.LoadTest | None]]:
    """Measure the sizes that may be the cheapest, or all."""
    chooser = Chooser([_choice(one) for one in sizes])
    by_name = {one.name: one for one in sizes}
    tests: list[tuple[Size, wire.LoadTest | None]] = []
    while True:
        chosen = chooser.next()
        left = [name for name in by_name if name not in chooser.known]
        name = chosen.name if chosen is not None else left[0] if given["measure_all"] and left else ""
        if not name:
            break
        one, test = by_name[name], None
        try:
            test = measure(one)
        except Unavailable as problem:
            remark(str(problem))
        tests.append((one, test))
        chooser.tell(name, _cost(one, test, given), too_small=test is None and bool(one.memory_mib))
    unmeasured = len(sizes) - len(tests)
    if unmeasured:
        remark(
            f"{unmeasured} of {len(sizes)} sizes were not measured: none is expected to be cheaper (--measure-all does)"
        )
    return tests


def _choice(one: Size) -> Choice:
    features = {"cpus": math.log2(one.cpus)} | ({"memory": math.log2(one.memory_mib)} if one.memory_mib else {})
    return Choice(one.name, features, one.environment, (one.memory_mib or math.inf,))


def _cost(one: Size, test: wire.LoadTest | None, given: dict[str, Any]) -> float:
    """What a request costs there; in cores where nobody says what they cost. Infinite where none is served."""
    capacity = test.capacity.value if test is not None and test.capacity else 0.0
    return float(_per_hour(one, given) or one.cpus) / capacity if capacity > 0 else math.inf


def _per_hour(one: Size, given: dict[str, Any]) -> Decimal | None:
    if not given["cost_per_cpu_hour"]:
        return None
    memory = Decimal(given["cost_per_gib_hour"]) * one.memory_mib / 1024
    return Decimal(given["cost_per_cpu_hour"]) * one.cpus + memory


async def _measured(url: str, command: list[str], one: Size, given: dict[str, Any]) -> wire.LoadTest:
    parts = urlsplit(url)
    address = (parts.hostname or "", parts.port or 80)
    objective, started_ms = Objective(given["slo_ms"], given["slo_share"]), SystemClock().now_ms()
    async with served(command, one, address, _environment()) as running:
        target = Target(url, payload=Payload(given["body"].encode()))
        result = await Driver(target, Busy(running.pid)).capacity(Plan(objective, most_s=given["seconds"]))
        about = About(one.name, url, "http", "capacity", started_ms, setup_s=round(running.setup_s, 3))
    return msgspec.structs.replace(test_of(about, objective, result), parameters=dict(one.environment))


def _row(one: Size, test: wire.LoadTest | None, given: dict[str, Any]) -> tuple[tuple[str, ...], Decimal | None]:
    if test is None:
        return (one.name, *["–"] * 6), None
    per_hour = _per_hour(one, given)
    capacity = test.capacity.value if test.capacity else 0.0
    cost = per_hour / Decimal(str(capacity)) / Decimal("3.6") if per_hour is not None and capacity else None
    near = min(test.levels, key=lambda level: abs(level.rate - capacity))
    p99 = near.latency_ms.get("p99")
    cells = (
        one.name,
        f"{capacity:,.4g}" if capacity else "–",
        f"{p99.value:.4g}" if p99 else "–",
        f"{test.setup_s:.2f}",
        f"{near.utilisation.get('process_cpu', 0.0):.0f}",
        "–" if per_hour is None else f"{per_hour:.4f}",
        "–" if cost is None else f"{cost:.6f}",
    )
    return cells, cost


def _environment() -> dict[str, str]:
    """What the server is given: this shell's environment without trimtab's settings, which may hold secrets."""
    return {name: value for name, value in child_environment(load()).items() if not name.startswith("TRIMTAB_")}
