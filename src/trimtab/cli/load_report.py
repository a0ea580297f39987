"""A load test's result as JSON and as tables."""

import math
from collections.abc import Mapping, Sequence

import click
from msgspec import Struct, field

from trimtab.capacity.curve import Interval
from trimtab.cli.output import print_table, remark
from trimtab.client import load_tests_wire as wire
from trimtab.inference.drive import Result
from trimtab.inference.level import Level
from trimtab.inference.objective import Objective


class About(Struct, frozen=True):
    """What a person said of a test."""

    name: str
    url: str
    protocol: str
    traffic: str
    started_ms: int
    endpoint: str = ""
    instance_type: str = ""
    machine: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    setup_s: float = 0.0


def test_of(about: About, objective: Objective, result: Result) -> wire.LoadTest:
    """The result as it is recorded."""
    found, over = result.found, result.overhead
    return wire.LoadTest(
        name=about.name,
        url=about.url,
        protocol=about.protocol,
        traffic=about.traffic,
        started_ms=about.started_ms,
        seconds=round(result.seconds, 3),
        slo_ms=objective.latency_ms,
        slo_share=objective.share,
        levels=[level_row(one) for one in result.levels],
        overhead=wire.Overhead(
            round(over.cpu_us, 2), round(over.core_share, 4), round(over.lag_p99_ms, 3), over.limited
        ),
        capacity=interval(found.capacity) if found and found.capacity else None,
        ended=found.ended if found else result.ended,
        bottleneck=result.bottleneck.name,
        bottleneck_why=result.bottleneck.sentence,
        endpoint=about.endpoint,
        instance_type=about.instance_type,
        machine=about.machine,
        parameters=dict(about.parameters),
        windows=[
            wire.Window(
                users=one.users,
                per_min=round(one.per_min, 3),
                p95_ms=round(one.p95_ms, 4),
                p99_ms=round(one.p99_ms, 4),
                mean_ms=round(one.mean_ms, 4),
                errors=round(one.errors, 6),
            )
            for one in result.windows
        ],
        setup_s=about.setup_s,
    )


def level_row(level: Level) -> wire.Level:
    """One level."""
    point, standing = level.point, level.standing
    tokens = sum(one.tokens for one in level.slices)
    return wire.Level(
        rate=round(level.rate, 4),
        offered=round(point.offered, 4),
        throughput=round(point.throughput, 4),
        concurrency=round(point.concurrency, 4),
        seconds=round(point.seconds, 3),
        requests=point.requests,
        errors=round(point.errors, 6),
        verdict=standing.verdict,
        attainment=interval(standing.attainment),
        latency_ms={name: interval(value) for name, value in point.latency_ms.items()},
        utilisation={name: round(value, 2) for name, value in point.utilisation.items()},
        problems=dict(level.problems),
        tokens_per_s=round(tokens / point.seconds, 3) if point.seconds else 0.0,
    )


def interval(value: Interval) -> wire.Interval:
    """An interval; JSON knows no infinity."""
    upper = None if math.isinf(value.upper) else round(value.upper, 6)
    return wire.Interval(round(value.value, 6), round(value.lower, 6), upper)


_HEADS = ("rate/s", "sent/s", "done/s", "p50 ms", "p95 ms", "p99 ms", "in time", "errors", "in flight", "requests")


def show(test: wire.LoadTest) -> None:
    """Print a test for a person."""
    print_table(_HEADS, [_row(one) for one in sorted(test.levels, key=lambda one: one.rate)], right=_HEADS)
    for one in test.levels:
        for name, count in one.problems.items():
            remark(f"{count} requests at {one.rate:g}/s: {name}")
    if test.levels and "ttft_p50" in test.levels[0].latency_ms:
        _streams(test.levels)
    objective = f"{test.slo_share:.4g} of the requests within {test.slo_ms:g} ms"
    if test.capacity is not None:
        high = "?" if test.capacity.upper is None else f"{test.capacity.upper:,.4g}"
        click.echo(f"capacity: {test.capacity.value:,.4g}/s ({test.capacity.lower:,.4g} to {high}) with {objective}")
    elif test.windows:
        _windows(test)
    elif test.ended:
        click.echo(f"capacity: none; {objective}: {test.ended}")
    if test.bottleneck_why:
        click.echo(f"bottleneck: {test.bottleneck_why}")
    over = test.overhead
    click.echo(
        f"generator: {over.cpu_us_per_request:.0f} µs of CPU a request, {over.core_share:.0%} of a core, "
        f"sent {over.lag_p99_ms:.2f} ms late (p99); {test.seconds:.0f} s in all"
    )
    if over.limited:
        remark("the generator was too busy or too late: its own delay is in these figures; give it a core of its own")


def _windows(test: wire.LoadTest) -> None:
    heads = ("users", "invocations/min", "p95 ms", "p99 ms", "mean ms", "errors")
    rows = [
        (one.users, f"{one.per_min:,.0f}", f"{one.p95_ms:.4g}", f"{one.p99_ms:.4g}", f"{one.mean_ms:.4g}",
         f"{one.errors:.2%}")
        for one in test.windows
    ]  # fmt: skip
    click.echo()
    print_table(heads, rows, right=heads)
    click.echo(f"ended: {test.ended}")


def _row(one: wire.Level) -> tuple[str, ...]:
    latency = [_bounds(one.latency_ms.get(name)) for name in ("p50", "p95", "p99")]
    return (
        f"{one.rate:,.4g}" if one.rate else "–", f"{one.offered:,.1f}", f"{one.throughput:,.1f}", *latency,
        f"{one.attainment.value:.2%}", f"{one.errors:.2%}", f"{one.concurrency:,.3g}", f"{one.requests:,}",
    )  # fmt: skip


def _bounds(value: wire.Interval | None) -> str:
    if value is None:
        return "–"
    half = max((value.upper or value.value) - value.value, value.value - value.lower)
    return f"{value.value:.4g} ±{half:.2g}"


def _streams(levels: Sequence[wire.Level]) -> None:
    heads = ("rate/s", "first token p50", "p95", "p99", "between tokens p50", "p99 ms", "tokens/s")
    rows = [
        (
            f"{one.rate:,.4g}",
            *(_bounds(one.latency_ms.get(name)) for name in ("ttft_p50", "ttft_p95", "ttft_p99", "itl_p50", "itl_p99")),
            f"{one.tokens_per_s:,.1f}",
        )
        for one in levels
    ]
    print_table(heads, rows, right=heads)
