"""What rules leave of series, before the registry knows them, and what is counted."""

import asyncio
from typing import Any

import numpy as np
import pytest
from tests.unit.metrics.conftest import Room, run

from trimtab.base.clock import ManualClock
from trimtab.base.errors import InvalidInput, LimitExceeded, NotFound
from trimtab.base.tags import make_tags
from trimtab.inventory import drop_rules as stored
from trimtab.inventory.drop_rules import Action, DropRule, DropRuleStore
from trimtab.metrics.drop_rules import DROPPED_BELOW, DropRules, DropRulesRoom
from trimtab.metrics.model import SAMPLE_ROW, HistogramPoint, Identity, Kind, MetricBatch
from trimtab.store.state.database import State


def rule(action: Action, match: str, name: str = "r", **more: Any) -> DropRule:
    return DropRule(name=name, action=action, match=match, **more)


def identity(name: str = "m", namespace: str = "Prometheus", **labels: str) -> Identity:
    return Identity("1", "eu", namespace, name, make_tags(labels))


def judged(made: DropRule, one: Identity) -> Identity | int:
    rules = DropRules()
    rules.use([(7, made)])
    return rules.judge(one)


@pytest.mark.parametrize(
    ("match", "dropped"),
    [
        ('{__name__=~"go_.*"}', True),
        ("go_gc", True),
        ('{__name__=~"go"}', False),
        ('{__namespace__="Prometheus", job!="node"}', True),
        ('{__name__=~".+", pod=""}', True),
        ('{__name__=~".+", job=""}', False),
        ('{__account__="2"}', False),
    ],
)
def test_a_series_is_dropped_where_the_selector_matches(match: str, dropped: bool) -> None:
    one = identity("go_gc", job="api")
    assert (7 if dropped else one) == judged(rule(Action.DROP, match), one)


def test_of_the_series_that_match_only_some_are_kept() -> None:
    made = rule(Action.KEEP_ONLY, '{job="node"}', only='{__name__=~"node_cpu.*"}')
    kept = [identity("node_cpu_total", job="node"), identity("anything", job="api")]
    assert kept == [judged(made, one) for one in kept]
    assert 7 == judged(made, identity("node_disk", job="node"))


def test_labels_are_taken_off_or_kept() -> None:
    one = identity(pod="p", pod_uid="u", job="api")
    assert identity(pod="p", job="api") == judged(rule(Action.DROP_LABELS, "m", labels=("pod_.+",)), one)
    assert identity(job="api") == judged(rule(Action.KEEP_LABELS, "m", labels=("job", "node")), one)
    assert one == judged(rule(Action.DROP_LABELS, "other", labels=("pod",)), one)


def test_rules_are_asked_in_order_each_of_what_the_one_before_left() -> None:
    rules = DropRules()
    first = rule(Action.DROP_LABELS, "m", "a", labels=("pod",))
    rules.use([(1, first), (2, rule(Action.DROP, '{pod="p"}', "b")), (3, rule(Action.DROP, '{job="api"}', "c"))])
    assert 3 == rules.judge(identity(pod="p", job="api"), counted=True)
    assert {"a": 1, "c": 1} == rules.series


@pytest.mark.parametrize(
    ("made", "field"),
    [
        (rule(Action.DROP, "{}"), "match"),
        (rule(Action.DROP, "rate(m[5m])"), "match"),
        (rule(Action.DROP, '{a=~"("}'), "match"),
        (rule(Action.DROP, "m", labels=("a",)), "labels"),
        (rule(Action.DROP_LABELS, "m"), "labels"),
        (rule(Action.DROP_LABELS, "m", labels=("(",)), "labels"),
        (rule(Action.KEEP_ONLY, "m"), "only"),
        (rule(Action.DROP, "m", only="n"), "only"),
        (rule(Action.DROP, "m", name="-"), "name"),
    ],
)
def test_a_rule_that_says_nothing_is_refused_with_the_field(state: State, made: DropRule, field: str) -> None:
    room = DropRulesRoom(DropRuleStore(state, ManualClock()), DropRules(), [])
    with pytest.raises(InvalidInput) as caught:
        asyncio.run(room.put(made))
    assert field == caught.value.field
    assert [] == asyncio.run(room.all())


def test_rules_are_kept_by_name_numbered_and_put_in_force(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    forgotten: list[str] = []
    store = DropRuleStore(state, ManualClock())
    room = DropRulesRoom(store, DropRules(), [lambda: forgotten.append("x")])

    async def go() -> None:
        for name in "abc":
            await room.put(rule(Action.DROP, f"m_{name}", name))
        await room.remove("a")
        await room.put(rule(Action.DROP, "m_d", "d"))
        await room.put(rule(Action.DROP, "m_b2", "b"))
        assert [(2, "m_b2"), (3, "m_c"), (1, "m_d")] == [(number, one.match) for number, one in await store.all()]
        assert ["b", "c", "d"] == [one.name for one in await room.all()]
        assert (1, 2) == (room.rules.judge(identity("m_d")), room.rules.judge(identity("m_b2")))
        assert 6 == len(forgotten)
        await room.refresh()
        assert 6 == len(forgotten)
        with pytest.raises(NotFound):
            await room.remove("a")
        monkeypatch.setattr(stored, "MOST_RULES", 3)
        with pytest.raises(LimitExceeded):
            await room.put(rule(Action.DROP, "m", "e"))

    asyncio.run(go())


def test_what_is_dropped_is_neither_registered_nor_written_and_counted_by_rule(room: Room) -> None:
    registry = room.registry
    registry.rules.use([(3, rule(Action.DROP, '{__name__=~"go_.*"}', "no go"))])
    kept, dropped = registry.add(identity("up")), registry.add(identity("go_gc"))
    assert (3, 1) == (dropped, len(registry))
    assert not registry.knows(identity("go_gc"))
    rows = np.array([(kept, 1000, 1.0), (dropped, 1000, 2.0), (dropped, 2000, 2.0)], SAMPLE_ROW)
    point = HistogramPoint(dropped, 1000, 0, True, 0, 0.0, 0.0, 0.0)
    run(room.ingest.write(MetricBatch(samples=rows, histograms=(point,))))
    found = room.reopened().registry
    assert ["up"] == [one.identity.name for one in found.since(0)]
    assert {"no go": 3} == registry.rules.rows
    assert {"no go": 1} == registry.rules.series
    assert dropped < DROPPED_BELOW <= kept


def test_series_that_lose_the_label_that_told_them_apart_are_one(room: Room) -> None:
    registry = room.registry
    registry.rules.use([(1, rule(Action.DROP_LABELS, "m", labels=("pod",)))])
    first, second = registry.add(identity(pod="a")), registry.add(identity(pod="b"))
    assert first == second == identity().series_id()
    assert registry.knows(identity(pod="c"))
    assert Kind.EVENTS is registry.since(0)[0].identity.kind
    registry.admit([identity(pod="d")])
