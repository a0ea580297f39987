"""What people write of facets, filters and metrics, and what it means."""

import pytest

from trimtab.base.errors import InvalidInput
from trimtab.costs.explorer.terms import (
    METRIC_NAMES,
    facet_name,
    facet_text,
    metric_text,
    read_facet,
    read_filters,
    read_metric,
)
from trimtab.costs.model import And, CostCategory, Dimension, Facet, Filter, Match, Metric, Not, Tag, Where


@pytest.mark.parametrize(
    ("text", "facet"),
    [
        ("service", Dimension.SERVICE),
        ("Usage-Type", Dimension.USAGE_TYPE),
        ("account", Dimension.LINKED_ACCOUNT),
        ("LINKED_ACCOUNT", Dimension.LINKED_ACCOUNT),
        ("tag:team", Tag("team")),
        ("tag:a:b", Tag("a:b")),
        ("exact-tag:Team", Tag("Team", exact=True)),
        ("category:Cost Center", CostCategory("Cost Center")),
    ],
)
def test_facets_are_read(text: str, facet: Facet) -> None:
    assert read_facet(text) == facet


@pytest.mark.parametrize("facet", [*Dimension, Tag("team"), Tag("Team", exact=True), CostCategory("x")])
def test_every_facet_reads_back(facet: Facet) -> None:
    assert read_facet(facet_text(facet)) == facet
    assert facet_name(facet)


@pytest.mark.parametrize("name", METRIC_NAMES)
def test_every_metric_reads_back(name: str) -> None:
    assert metric_text(read_metric(name)) == name


@pytest.mark.parametrize("metric", list(Metric))
def test_cost_explorers_names_are_metrics_too(metric: Metric) -> None:
    assert read_metric(metric.value) is metric


SERVICE, TEAM = Dimension.SERVICE, Tag("team")


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([], None),
        (["service=S3"], Where(SERVICE, ("S3",))),
        (["service=S3", "service=EC2"], Where(SERVICE, ("S3", "EC2"))),
        (["service!=S3"], Not(Where(SERVICE, ("S3",)))),
        (["tag:team="], Where(TEAM, ("",))),
        (["tag:team=a=b"], Where(TEAM, ("a=b",))),
        (["service~s3"], Where(SERVICE, ("s3",), Match.CONTAINS, ignore_case=True)),
        (["service=S3", "tag:team!~x"], And((Where(SERVICE, ("S3",)), Not(Where(TEAM, ("x",), Match.CONTAINS, True))))),
    ],
)
def test_filters_are_read(texts: list[str], expected: Filter | None) -> None:
    assert read_filters(texts) == expected


@pytest.mark.parametrize("text", ["service", "=S3", "colour=red", "tag:=x", "service=" + "x" * 1100])
def test_what_is_no_filter_is_told(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_filters([text])
