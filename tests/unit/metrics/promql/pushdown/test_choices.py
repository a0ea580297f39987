"""Which series a piece is about is kept, as long as it holds."""

from itertools import pairwise

import pytest

from trimtab.access.scope import EVERYTHING, RowRule, Scope
from trimtab.base.clock import ManualClock
from trimtab.base.tags import make_tags
from trimtab.metrics.model import Identity, Kind
from trimtab.metrics.promql.catalogue import Catalogue
from trimtab.metrics.promql.language.syntax import Aggregate, Matcher, MatchOp, Selector
from trimtab.metrics.promql.pushdown import choices as room
from trimtab.metrics.promql.pushdown.choices import Choices
from trimtab.metrics.promql.translation import PROMETHEUS
from trimtab.metrics.registry import SeriesRegistry

M = (Matcher("__name__", MatchOp.EQUAL, "m"),)
BY_X = Aggregate(0, "sum", Selector(0, "m", M), labels=("x",))


class Counting(Catalogue):
    """Counts its searches."""

    searches = 0

    def find(self, *asked: object, **more: object):  # type: ignore[no-untyped-def]  # passes on what it is asked
        self.searches += 1
        return super().find(*asked, **more)  # type: ignore[arg-type]  # the same


@pytest.fixture
def registry() -> SeriesRegistry:
    found = SeriesRegistry(None, ManualClock())  # type: ignore[arg-type]  # reads nothing
    for number in range(4):
        add(found, number)
    return found


def add(registry: SeriesRegistry, number: int, kind: Kind = Kind.GAUGE, **labels: str) -> int:
    tags = make_tags({"n": str(number), "x": str(number % 2), **labels})
    return registry.add(Identity("1", "eu", PROMETHEUS, "m", tags, kind=kind))


def test_what_was_chosen_is_kept_until_a_series_comes(registry: SeriesRegistry) -> None:
    catalogue = Counting(registry)
    choices = Choices(catalogue, 10)
    for _ in range(3):
        choice, entries = choices.choice(EVERYTHING, M)
        cohort = choices.cohort(EVERYTHING, M, entries, BY_X)
    assert (4, {"m"}, True, 1) == (choice.number, choice.names, choice.plain, catalogue.searches)
    assert cohort is not None
    assert [(("x", "0"),), (("x", "1"),)] == cohort.labels
    add(registry, 4, Kind.HISTOGRAM)
    choice, entries = choices.choice(EVERYTHING, M)
    assert (5, False, 2) == (choice.number, choice.plain, catalogue.searches)
    leaf = choices.cohort(EVERYTHING, M, None, None)
    assert leaf is not None
    assert 5 == len(leaf.ids)
    assert all(left < right for left, right in pairwise(leaf.ids.tolist()))


def test_what_was_wiped_is_not_remembered(registry: SeriesRegistry) -> None:
    catalogue = Catalogue(registry)
    choices = Choices(catalogue, 10)
    choices.choice(EVERYTHING, M)
    registry.clear()
    catalogue.clear()
    for number in range(4):
        add(registry, number, other="y")
    leaf = choices.cohort(EVERYTHING, M, choices.choice(EVERYTHING, M)[1], None)
    assert leaf is not None
    assert all(("other", "y") in labels for labels in leaf.labels)


def test_who_sees_other_machines_has_choices_of_his_own(registry: SeriesRegistry) -> None:
    add(registry, 9, **{"host.id": "a"})
    choices = Choices(Catalogue(registry), 10)
    numbers = []
    for machines in (frozenset("a"), frozenset("b")):
        scope = Scope(rows=(RowRule("team", frozenset("t"), machines),))
        numbers.append(choices.choice(scope, M)[0].number)
    assert [1, 0] == numbers


def test_the_cohorts_that_were_used_last_are_kept(registry: SeriesRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_KEPT", 11)
    catalogue = Counting(registry)
    choices = Choices(catalogue, 10)
    entries = choices.choice(EVERYTHING, M)[1]
    first = choices.cohort(EVERYTHING, M, entries, None)
    by_x = choices.cohort(EVERYTHING, M, entries, BY_X)
    assert first is choices.cohort(EVERYTHING, M, entries, None)
    choices.cohort(EVERYTHING, M, entries, Aggregate(0, "sum", Selector(0, "m", M), labels=("n",)))  # 13 are too many
    assert first is choices.cohort(EVERYTHING, M, entries, None)
    assert by_x is not choices.cohort(EVERYTHING, M, entries, BY_X)
