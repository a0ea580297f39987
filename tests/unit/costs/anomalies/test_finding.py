"""Bills as arrays: what is found below services, what took another's place, and what only looks like more."""

from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pytest

from trimtab.costs.anomalies.finding import Levels, Limits, limits_of, of_levels
from trimtab.costs.anomalies.model import Finding, Kind, Origin
from trimtab.costs.daily import Daily

START_MS = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) * 1000
DAYS, DAY = 110, 95
LIMITS = Limits(10.0, 10.0, 1000.0)
Row = npt.NDArray[np.float64]


def steady(level: float, seed: int = 0) -> Row:
    """Days that differ by 1 %."""
    return level * np.exp(np.random.default_rng(seed).normal(0, 0.01, DAYS))


def from_day(row: Row, first: int = DAY, until: int = DAYS) -> Row:
    """Only the days `[first, until)` of a row."""
    days = np.arange(DAYS)
    return np.where((days >= first) & (days < until), row, 0.0)


def daily(rows: dict[tuple[str, ...], Row]) -> Daily:
    return Daily(START_MS, list(rows), np.array(list(rows.values())).reshape(len(rows), DAYS))


def summed(rows: dict[tuple[str, ...], Row], parts: int) -> dict[tuple[str, ...], Row]:
    """Rows added up by the first parts of their keys."""
    sums: dict[tuple[str, ...], Row] = {}
    for key, row in rows.items():
        own = (*key[:parts], key[-1])
        sums[own] = sums.get(own, np.zeros(DAYS)) + row
    return sums


def levels_of(resources: dict[tuple[str, str], Row]) -> list[list[Finding]]:
    """What is found of resources, by (usage type, resource), in one account of one service."""
    rows = {("EC2", "1", "us", line, name, "USD"): row for (line, name), row in resources.items()}
    levels = Levels(daily(summed(rows, 1)), daily(summed(rows, 4)), daily(rows))
    return of_levels(levels, "USD", LIMITS)


def origins(found: list[Finding]) -> list[str]:
    return [one.origin.resource or one.origin.usage_type or one.origin.service for one in found]


def test_a_line_that_grows_by_45_percent_is_found_though_its_service_grows_by_11() -> None:
    dear = steady(25.0) * np.where(np.arange(DAYS) >= DAY, 1.45, 1)
    resources, lines, services = levels_of({("Box", "i-1"): dear, ("Disk", "v-1"): steady(75.0, 1)})
    assert (origins(resources), origins(lines), services) == (["i-1"], ["Box"], [])
    assert lines[0].origin == Origin("EC2", "1", "us", "Box")
    assert float(lines[0].impact.percentage or 0) == pytest.approx(45, abs=2)


def test_a_machine_that_replaces_another_is_no_anomaly() -> None:
    both = {("Box", "old"): from_day(steady(50.0), 0, DAY), ("Box", "new"): from_day(steady(50.0, 1))}
    assert levels_of({**both, ("Disk", "v-1"): steady(75.0, 2)}) == [[], [], []]
    resources, _, _ = levels_of({**both, ("Box", "more"): from_day(steady(40.0, 3), DAY - 9)})
    assert origins(resources) == ["more"]
    resources, lines, _ = levels_of({**both, ("Box", "more"): from_day(steady(40.0, 3))})  # on the very day
    assert (resources, origins(lines)) == ([], ["Box"])


def test_a_usage_type_that_moves_to_another_is_no_anomaly_nor_are_its_machines() -> None:
    moved: dict[tuple[str, str], Row] = {("Disk", "v-1"): steady(75.0, 2)}
    for at in range(3):
        moved[("gp2", f"a-{at}")] = from_day(steady(20.0, at), 0, DAY)
        moved[("gp3", f"b-{at}")] = from_day(steady(20.0, at))
    assert levels_of(moved) == [[], [], []]
    resources, lines, _ = levels_of({**moved, ("Box", "new"): from_day(steady(200.0, 3))})  # on the very day
    assert (origins(resources), origins(lines)) == (["new"], ["Box"])


def test_a_machine_that_replaces_three_is_no_anomaly() -> None:
    three: dict[tuple[str, str], Row] = {("Box", f"i-{at}"): from_day(steady(20.0, at), 0, DAY) for at in range(3)}
    resources, lines, _ = levels_of({**three, ("Box", "big"): from_day(steady(60.0, 4)), ("Box", "i-9"): steady(90.0)})
    assert (resources, lines) == ([], [])
    types = {(f"Use{at}", name): row for at, ((_, name), row) in enumerate(three.items())}
    assert levels_of({**types, ("All", "big"): from_day(steady(60.0, 4))})[1] == []


def test_what_is_new_is_told_as_new_and_has_no_percentage() -> None:
    _, [line], _ = levels_of({("Box", "i-1"): steady(100.0), ("New", "n-1"): from_day(steady(20.0, 1))})
    assert (line.kind, line.impact.expected, line.impact.percentage) == (Kind.NEW, 0, None)
    assert float(line.impact.total) == pytest.approx(140, abs=5)


def test_machines_of_a_line_that_is_used_now_and_then_come_and_go() -> None:
    used = np.arange(DAYS) % 3 == 0
    resources, lines, services = levels_of({
        ("Batch", "old"): from_day(np.where(used, 60.0, 0.0), 0, DAY),
        ("Batch", "new"): from_day(np.where(used, 100.0, 0.0)),
        ("Box", "i-1"): steady(100.0),
    })  # fmt: skip
    assert (resources, lines, services) == ([], [], [])


def test_a_rise_of_a_machine_that_its_line_does_not_show_is_left_out() -> None:
    """Such as load that moves between machines: one rises by half, and four fall by an eighth."""
    step = np.arange(DAYS) >= DAY
    resources = {("Box", f"i-{at}"): steady(50.0, at) * np.where(step, 0.875, 1) for at in range(4)}
    found, lines, _ = levels_of({**resources, ("Box", "i-9"): steady(50.0, 9) * np.where(step, 1.5, 1)})
    assert (found, lines) == ([], [])


def test_a_rise_of_a_service_must_be_one_of_its_lines() -> None:
    """A line that is used now and then lifts its service no more than on the days before."""
    random = np.random.default_rng(3)
    now_and_then = np.where(random.random(DAYS) < 0.25, 300.0, 0.0)
    resources, lines, services = levels_of({("Batch", "b"): now_and_then, ("Box", "i-1"): steady(100.0)})
    assert [one for one in services if one.kind is not Kind.DRIFT] == []
    assert (resources, lines) == ([], [])


def test_a_rise_of_many_small_lines_is_their_services() -> None:
    rows = {("EC2", "USD"): steady(100.0) * np.where(np.arange(DAYS) >= DAY, 1.5, 1)}
    levels = Levels(daily(rows), daily({}), daily({}))
    assert [origins(found) for found in of_levels(levels, "USD", LIMITS)] == [[], [], ["EC2"]]


def test_below_a_service_more_is_worth_a_look_than_of_it() -> None:
    values = daily({("EC2", "USD"): np.full(DAYS, 6000.0), ("S3", "USD"): np.full(DAYS, 4000.0)})
    limits = limits_of(values, "USD")
    assert (limits.least, limits.below, limits.large) == pytest.approx((10.0, 100.0, 300.0))
    assert limits_of(values, "EUR") == Limits(1.0, 1.0, 0.0)
