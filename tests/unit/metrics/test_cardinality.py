"""What costs most series, counted over a registry."""

import asyncio
from typing import cast

import numpy as np
import pytest

from trimtab.access.scope import EVERYTHING, RowRule, Scope
from trimtab.base.clock import ManualClock
from trimtab.base.tags import make_tags
from trimtab.metrics.cardinality import DAY_MS, KEEP_MS, By, Cardinality, CardinalityReader, Group
from trimtab.metrics.model import Identity
from trimtab.metrics.registry import SeriesRegistry
from trimtab.store.telemetry.client import Telemetry


class World:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.registry = SeriesRegistry(cast(Telemetry, None), self.clock)
        self.reader = CardinalityReader(self.registry, self.clock)

    def add(self, name: str, namespace: str = "Prometheus", account: str = "1", **labels: str) -> int:
        return self.registry.add(Identity(account, "eu", namespace, name, make_tags(labels)))

    def read(self, scope: Scope = EVERYTHING, **which: str) -> Cardinality:
        return asyncio.run(self.reader.read(scope, **which))


@pytest.fixture
def world() -> World:
    return World()


def rows(report: Cardinality, by: By) -> list[tuple[str, int]]:
    return [(group.key, group.series) for group in report.groups[by]]


def test_series_are_counted_by_metric_label_account_and_source(world: World) -> None:
    for pod in "abc":
        world.add("up", job="node", pod=pod)
    world.add("up", job="api", pod="a")
    world.add("latency", "shop", "2", route="/")
    world.add("bare", "shop", "2")
    report = world.read()
    assert 6 == report.total.series
    assert [("up", 4), ("bare", 1), ("latency", 1)] == rows(report, By.METRIC)
    assert ["Prometheus", "shop", "shop"] == [group.namespace for group in report.groups[By.METRIC]]
    assert [("1", 4), ("2", 2)] == rows(report, By.ACCOUNT)
    assert [("node", 3), ("shop", 2), ("api", 1)] == rows(report, By.SOURCE)
    labels = {group.key: (group.series, group.values) for group in report.groups[By.LABEL]}
    assert {"pod": (4, 3), "job": (4, 2), "route": (1, 1)} == labels
    assert ["pod", "job", "route"] == list(labels)


def test_what_is_new_and_when_it_last_spoke_is_told(world: World) -> None:
    old = world.add("old")
    world.registry.seen(np.array([old], np.uint64), np.array([world.clock.now_ms()]))
    spoke = world.clock.now_ms()
    world.clock.advance(DAY_MS / 1000 + 1)
    new = world.add("new")
    world.registry.seen(np.array([new], np.uint64), np.array([world.clock.now_ms()]))
    found = {group.key: group for group in world.read().groups[By.METRIC]}
    assert Group("old", "Prometheus", 1, 0, 0, spoke) == found["old"]
    assert Group("new", "Prometheus", 1, 1, 1, world.clock.now_ms()) == found["new"]


def test_a_report_is_of_one_metric_where_it_is_named(world: World) -> None:
    world.add("up", pod="a")
    world.add("up", pod="b")
    world.add("other", disk="c")
    assert [("pod", 2)] == rows(world.read(namespace="Prometheus", name="up"), By.LABEL)


def test_what_is_outside_the_scope_does_not_exist(world: World) -> None:
    world.add("up", account="1", team="x")
    world.add("up", account="2", team="x")
    world.add("up", account="2", team="secret")
    assert [("2", 2)] == rows(world.read(Scope(frozenset("2"))), By.ACCOUNT)
    mine = world.read(Scope(rows=(RowRule("team", frozenset("x")),)))
    assert 2 == mine.total.series
    assert [1] == [group.values for group in mine.groups[By.LABEL]]


def test_a_report_stands_for_a_while(world: World) -> None:
    world.add("a")
    first = world.read()
    world.add("b")
    assert first is world.read()
    world.clock.advance(KEEP_MS / 1000)
    assert 2 == world.read().total.series
