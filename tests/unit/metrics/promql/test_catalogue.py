"""What a selector finds is what looking at every series would find, however it was narrowed."""

import random
import re
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.access.scope import EVERYTHING, RowRule, Scope
from trimtab.base.clock import ManualClock
from trimtab.base.tags import make_tags
from trimtab.metrics.model import Identity, Kind
from trimtab.metrics.promql import catalogue as catalogue_module
from trimtab.metrics.promql.browse import Browser
from trimtab.metrics.promql.catalogue import Catalogue
from trimtab.metrics.promql.labels import NAME, Labels
from trimtab.metrics.promql.language.parse import parse
from trimtab.metrics.promql.language.syntax import Matcher
from trimtab.metrics.promql.translation import PROMETHEUS, Entry, Part, entry, named
from trimtab.metrics.registry import SeriesRegistry, covers

KEYS = ("job", "instance", "service.instance.id", "host.name", "host_name", "namespace", "@aws.region", "team", "1st")
VALUES = ("", "a", "b", "a;b", "x")
SELECTORS = (
    '{__name__=~".+"}', "m", "m_total", "m_sum", '{team="a"}', 'm{team=""}', 'm{team!="a"}', '{host_name="a"}',
    '{host_name="a;b"}', '{instance="b"}', '{job="ns"}', '{namespace="ns"}', '{"@aws.region"="eu"}',
    '{team=~"a|b",host_name!=""}', 'm_seconds_bucket{le="1",team="a"}', '{key_1st="a"}', '{"1st"="a"}',
    '{team="nobody"}', "nothing", '{service_instance_id="a"}',
)  # fmt: skip
identities = st.builds(
    lambda namespace, name, account, region, tags, unit, kind: Identity(
        account, region, namespace, name, make_tags(tags), unit, kind
    ),
    st.sampled_from([PROMETHEUS, "ns", "other"]),
    st.sampled_from(["m", "http.requests", "m_total"]),
    st.sampled_from(["1", "2"]),
    st.sampled_from(["eu", "us"]),
    st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES), max_size=4),
    st.sampled_from(["None", "s", "1"]),
    st.sampled_from(list(Kind)),
)
SCOPES = (EVERYTHING, Scope.of("1", "eu"), Scope(frozenset(("2",)), None, (RowRule("team", frozenset(("a",))),)))


@cache
def matchers_of(selector: str) -> tuple[Matcher, ...]:
    return tuple(parse(selector).matchers)  # type: ignore[attr-defined]  # a selector


def passes(labels: dict[str, str], one: Matcher, part: Part) -> bool:
    if one.name == "le" and part is Part.BUCKET:
        return True
    have, op = labels.get(one.name, ""), str(one.op)
    if op in ("=", "!="):
        return (have == one.value) is (op == "=")
    return (re.fullmatch(one.value, have) is not None) is (op == "=~")


def known(number: int, all_of: list[Identity]) -> tuple[SeriesRegistry, set[int]]:
    """A registry in which about half of the series had a point at 1,000."""
    registry, dice = SeriesRegistry(None, ManualClock()), random.Random(number)  # type: ignore[arg-type]  # reads nothing
    ids = {registry.add(one) for one in all_of}
    active = {one for one in ids if dice.random() < 0.5}
    registry.seen(np.array(sorted(active), np.uint64), np.full(len(active), 1000, np.int64))
    return registry, active


def every(registry: SeriesRegistry, scope: Scope, active: set[int] | None) -> list[Entry]:
    """The entries of all series of a scope, made one by one."""
    return [
        entry(series.id, series.identity, name, part)
        for series in registry.since(0)
        if covers(scope, series.identity) and (active is None or series.id in active)
        for name, part in named(series.identity)
    ]


def sort_of(entries: list[Entry]) -> list[tuple[Labels, int, str, str]]:
    return sorted((one.labels, one.series, one.kind, one.part) for one in entries)


@given(st.lists(identities, max_size=10), st.sampled_from(SCOPES), st.booleans(), st.integers(0, 99))
def test_what_is_found_is_what_every_series_says(
    all_of: list[Identity], scope: Scope, only_active: bool, number: int
) -> None:
    registry, active = known(number, all_of)
    catalogue, since = Catalogue(registry), 1000 if only_active else 0
    expected = every(registry, scope, active if only_active else None)
    for selector in SELECTORS:
        matchers = matchers_of(selector)
        wanted = [one for one in expected if all(passes(dict(one.labels), each, one.part) for each in matchers)]
        assert sort_of(catalogue.find(scope, matchers, since)) == sort_of(wanted), selector
    assert catalogue.names(scope, since) == sorted({dict(one.labels)[NAME] for one in expected})
    names = sorted({name for one in expected for name, _ in one.labels})
    assert catalogue.label_names(scope, since) == names
    for label in {*names, "nobody"}:
        values = sorted({value for one in expected for name, value in one.labels if name == label})
        assert Browser(registry, catalogue).label_values(scope, label, [], since) == values, label


def test_series_that_come_later_are_found_and_a_wipe_forgets_all() -> None:
    registry, _ = known(1, [])
    catalogue = Catalogue(registry)
    for host in ("a", "b"):
        registry.add(Identity("1", "eu", PROMETHEUS, "m", make_tags({"host": host}), kind=Kind.GAUGE))
        assert host in catalogue.label_values(EVERYTHING, "host")
    assert 2 == len(catalogue.find(EVERYTHING, matchers_of("m")))
    registry.clear()
    assert [] == catalogue.find(EVERYTHING, matchers_of("m"))
    assert [] == catalogue.names(EVERYTHING)


def test_few_entries_are_kept_made(monkeypatch: pytest.MonkeyPatch) -> None:
    registry, _ = known(1, [])
    catalogue = Catalogue(registry)
    for number in range(10):
        registry.add(Identity("1", "eu", PROMETHEUS, "m", make_tags({"host": str(number)}), kind=Kind.GAUGE))
    monkeypatch.setattr(catalogue_module, "_KEPT", 4)
    first = catalogue.find(EVERYTHING, matchers_of("m"))
    assert len(catalogue._made) <= 4
    assert sort_of(catalogue.find(EVERYTHING, matchers_of("m"))) == sort_of(first)


def test_no_more_are_found_than_are_asked_for() -> None:
    registry, _ = known(1, [])
    catalogue = Catalogue(registry)
    for number in range(5):
        registry.add(Identity("1", "eu", PROMETHEUS, "m", make_tags({"host": str(number)}), kind=Kind.GAUGE))
    assert len(catalogue.find(EVERYTHING, matchers_of("m"), most=3)) == 3
    assert len(catalogue._made) == 3
