import pytest
from tests.unit.bottlenecks.made import span

from trimtab.bottlenecks.compare import compare
from trimtab.bottlenecks.explain import explain
from trimtab.bottlenecks.parts import WIRE, Part, population
from trimtab.bottlenecks.significance import false_discovery, information_bits, proportions_p
from trimtab.bottlenecks.spans import columns

QUERY = Part("db", "query")


def made(count, *, query=10, slow_query=None, version="v1", failed=0, prompt=100):
    """Traces of a front end that calls a database; the slowest twentieth takes `slow_query`."""
    rows = []
    for number in range(count):
        work = slow_query if slow_query is not None and number % 20 == 0 else query
        more, trace, bad = number % 4, f"{version}-{number}", number < failed
        attributes = {"version": version, "id": trace, "zone": "ab"[number % 2], "tokens": str(prompt + number)}
        end = 40 + work + more
        rows += [
            span(
                "root", "", 0, end, service="web", operation="GET /", trace_id=trace, attributes=attributes, failed=bad
            ),
            span("call", "root", 10, end - 5, service="web", operation="SELECT", trace_id=trace, kind="client"),
            span("serve", "call", 12, 12 + work, service="db", operation="query", trace_id=trace, kind="server"),
        ]
    return population(columns(rows))


def test_parts_of_a_trace_add_up_to_its_duration():
    parts = made(30).parts
    assert parts.ms.sum(1) == pytest.approx(parts.total_ms)
    assert {Part("db", "query"), Part("web", "GET /"), Part("web", "SELECT", WIRE)} == set(parts.parts)


def test_the_median_and_the_p99_have_their_own_explanations():
    middle, tail = explain(made(400, slow_query=500).parts)
    assert (50.0, 540.0) == (pytest.approx(middle.value_ms, abs=4), pytest.approx(tail.value_ms, abs=4))
    assert Part("web", "SELECT", WIRE) == middle.shares[0].part
    assert (QUERY, 500.0) == (tail.shares[0].part, pytest.approx(tail.shares[0].ms))
    assert tail.mean_ms == pytest.approx(sum(share.ms for share in tail.shares))


def test_a_change_is_explained_by_the_part_that_changed_and_how_sure_that_is():
    middle, _ = explain(made(200, query=70).parts, made(200).parts)
    first = middle.shares[0]
    assert (QUERY, 60.0, 1.0) == (first.part, pytest.approx(first.change_ms), first.sure)
    assert first.change_share == pytest.approx(1.0, abs=0.01)
    assert first.change_low_ms <= 60 <= first.change_high_ms


def test_a_trace_counts_as_often_as_sampling_says():
    few, many = made(40, query=10), made(40, query=10, slow_query=500)
    weight = many.parts.total_ms * 0 + 1
    weight[::20] = 1000.0
    heavy = population(many.spans, weight)
    assert explain(few.parts, quantiles=(0.5,))[0].value_ms < 60
    assert explain(heavy.parts, quantiles=(0.5,))[0].value_ms > 500


def test_explanations_are_the_same_each_time():
    one, other = made(100, query=30), made(100)
    assert explain(one.parts, other.parts) == explain(one.parts, other.parts)


def test_nothing_is_not_explained():
    assert [] == explain(population(columns([])).parts)


def test_a_comparison_names_the_version_and_the_span_and_nothing_that_is_chance():
    found = compare(made(120, query=70, version="v2", prompt=5000), made(120))
    told = [(one.name, one.value) for one in found.features]
    assert [("version", "v1"), ("version", "v2")] == sorted(told)
    assert (QUERY, pytest.approx(60.0)) == (found.parts[0].part, found.parts[0].change_ms)
    assert ["tokens"] == [number.name for number in found.numbers]
    assert "version" not in [one.name for one in compare(made(120, version="v2"), made(120), ["version"]).features]


def test_failures_are_features_of_their_operation():
    found = compare(made(100, failed=40), made(100))
    assert ("failure", "web", "GET /") == (found.features[0].kind, found.features[0].name, found.features[0].value)
    assert (0.4, 0.0) == (found.failed, found.other_failed)


def test_populations_that_are_alike_or_empty_differ_in_nothing():
    assert ((), ()) == (compare(made(60), made(60)).features, compare(made(60), population(columns([]))).parts)


def test_false_discovery_is_as_published():
    q = false_discovery([0.01, 0.04, 0.03, 0.005])
    assert q == pytest.approx([0.02, 0.04, 0.04, 0.02])


def test_proportions_and_bits():
    assert proportions_p(50, 100, 50, 100) == 1.0
    assert proportions_p(90, 100, 10, 100) < 1e-20
    assert (1.0, 0.0) == (information_bits(9, 9, 0, 5), information_bits(3, 9, 3, 9))
