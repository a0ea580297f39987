from trimtab.base.tags import make_tags
from trimtab.metrics.model import Identity, Series
from trimtab.web.lines import dimension_keys, group_lines
from trimtab.web.metric_query import EACH, TOGETHER


def series(number: int, name: str = "io", **dimensions: str) -> Series:
    return Series(number, Identity("1", "r", "ns", name, make_tags(dimensions)))


HOSTS = [series(1, host="a", way="in"), series(2, host="a", way="out"), series(3, host="b", way="in")]


def test_every_series_is_named_by_what_varies() -> None:
    lines = group_lines([series(1, host="a", zone="z"), series(2, host="b", zone="z")], (EACH,))
    assert [(line.label, line.ids) for line in lines] == [("a", (1,)), ("b", (2,))]


def test_one_series_is_named_by_its_metric() -> None:
    assert [line.label for line in group_lines([series(1, host="a")], (EACH,))] == ["io"]


def test_a_dimension_groups() -> None:
    assert [(line.label, line.ids) for line in group_lines(HOSTS, ("host",))] == [("a", (1, 2)), ("b", (3,))]


def test_two_dimensions_group_in_the_order_asked() -> None:
    assert [line.label for line in group_lines(HOSTS, ("way", "host"))] == ["in a", "in b", "out a"]


def test_all_together_is_one_line() -> None:
    assert [line.ids for line in group_lines(HOSTS, (TOGETHER,))] == [(1, 2, 3)]


def test_series_without_the_dimension_are_a_line_of_their_own() -> None:
    lines = group_lines([series(1, host="a"), series(2)], ("host",))
    assert [line.label for line in lines] == ["a", "–"]


def test_several_metrics_are_told_apart_without_their_common_beginning() -> None:
    spans = [series(number, f"system.load.{span}") for number, span in enumerate(("1m", "5m"))]
    assert [line.label for line in group_lines(spans, (TOGETHER,))] == ["1m", "5m"]


def test_twins_that_differ_in_account_only_stay_two_lines() -> None:
    twin = Series(9, Identity("2", "r", "ns", "io", make_tags({"host": "a"})))
    assert len(group_lines([series(1, host="a"), twin], (EACH,))) == 2


def test_dimensions_are_counted() -> None:
    assert dimension_keys(HOSTS) == {"host": 2, "way": 2}
