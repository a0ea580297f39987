"""Statistics of columns, the constraints that they suggest, and what of later data violates them."""

import numpy as np
import pytest

from trimtab.batch.monitor import sketch
from trimtab.batch.monitor.data_quality import check, constraints, statistics
from trimtab.batch.monitor.dataset import Table

DRAW = np.random.default_rng(7)


def table(shift: float = 0.0, rows: int = 500) -> Table:
    draw = np.random.default_rng(7)
    return Table({
        "age": [int(one) for one in draw.integers(18, 80, rows) + int(shift)],
        "spend": [float(one) for one in draw.normal(100 + shift, 10, rows)],
        "plan": [("a", "b", "c")[one] for one in draw.integers(0, 3, rows)],
    })  # fmt: skip


def checks(now: Table, before: Table) -> set[tuple[str, str]]:
    baseline = statistics(before)
    found = check(now, statistics(now), constraints(baseline), baseline)
    return {(one["feature_name"], one["constraint_check_type"]) for one in found.violations}


def test_statistics_and_constraints_are_in_the_service_s_shape() -> None:
    found = statistics(
        Table({"n": [1, 2, None, 3], "f": [0.5, 1, 1.5, -2.0], "s": ["x", "y", "x", None], "e": [None] * 4})
    )
    number, fraction, text, empty = found["features"]
    assert ({"item_count": 4}, 0.0) == (found["dataset"], found["version"])
    assert ("Integral", {"num_present": 3, "num_missing": 1}) == (
        number["inferred_type"], number["numerical_statistics"]["common"],
    )  # fmt: skip
    kept = number["numerical_statistics"]
    assert (2.0, 6.0, 1.0, 3.0) == (kept["mean"], kept["sum"], kept["min"], kept["max"])
    assert [1.0, 2.0, 3.0] == kept["distribution"]["kll"]["sketch"]["data"][0]
    assert 3.0 == sum(one["count"] for one in kept["distribution"]["kll"]["buckets"])
    assert "Fractional" == fraction["inferred_type"]
    assert (2.0, [{"value": "x", "count": 2}, {"value": "y", "count": 1}]) == (
        text["string_statistics"]["distinct_count"],
        text["string_statistics"]["distribution"]["categorical"]["buckets"],
    )
    assert "Unknown" == empty["inferred_type"]
    limits = {one["name"]: one for one in constraints(found)["features"]}
    assert (0.75, {"is_non_negative": True}) == (limits["n"]["completeness"], limits["n"]["num_constraints"])
    assert {"is_non_negative": False} == limits["f"]["num_constraints"]
    assert {"domains": ["x", "y"]} == limits["s"]["string_constraints"]
    assert {"name": "e", "inferred_type": "Unknown", "completeness": 0.0} == limits["e"]


def test_data_like_its_baseline_violates_nothing_and_data_that_moved_drifts() -> None:
    assert set() == checks(table(), table())
    assert {("age", "baseline_drift_check"), ("spend", "baseline_drift_check")} == checks(table(40.0), table())


def test_each_check_tells_its_violation() -> None:
    before = Table({"n": [1, 2, 3, 4] * 50, "s": ["x", "y"] * 100})
    now = Table({"n": ["one", -1, 3, 4] * 50, "s": ["x", None] * 100, "more": [1] * 200})
    assert {
        ("Extra columns", "extra_column_check"), ("n", "data_type_check"), ("s", "completeness_check"),
        ("s", "baseline_drift_check"),
    } == checks(now, before)  # fmt: skip
    assert ("Missing columns", "missing_column_check") in checks(Table({"n": [1, 2]}), before)
    assert ("s", "categorical_values_check") in checks(Table({"n": [1, 2], "s": ["x", "z"]}), before)
    baseline = statistics(before)
    never = {"evaluate_constraints": "Disabled", "distribution_constraints": {"perform_comparison": "Disabled"}}
    off = constraints(baseline) | {"monitoring_config": never}
    assert ["extra_column_check"] == [
        one["constraint_check_type"] for one in check(now, statistics(now), off, baseline).violations
    ]


def test_a_large_column_is_sketched_within_a_hundredth() -> None:
    values = DRAW.normal(0, 1, 100_001)
    kept = sketch.sketch(values)
    assert len(kept["sketch"]["data"]) > 1
    points, weights = sketch.values_of(kept)
    assert len(values) == weights.sum()
    line = sketch.values_of(sketch.sketch(np.arange(100_000.0)))
    assert abs(np.average(line[0], weights=line[1]) - 49_999.5) < 25  # lower and upper halves are kept in turn
    assert points.min() >= values.min()
    whole = sketch.sketch(np.sort(values)[:: len(values) // 2000][:2000])
    assert sketch.distance(kept, whole, robust=False) < 0.01
    assert sketch.distance(kept, sketch.sketch(values + 1), robust=False) == pytest.approx(0.383, abs=0.01)


def test_few_values_are_given_what_chance_makes_of_them() -> None:
    first, second = sketch.sketch(np.array([1.0, 2.0])), sketch.sketch(np.array([3.0, 4.0]))
    assert (1.0, 0.0) == (sketch.distance(first, second, robust=False), sketch.distance(first, second, robust=True))
    many, other = sketch.sketch(np.zeros(1000)), sketch.sketch(np.ones(1000))
    assert 1 - 1.8 * np.sqrt(2 / 1000) == pytest.approx(sketch.distance(many, other, robust=True))
    counts = {"a": 900.0, "b": 100.0}, {"a": 500.0, "c": 500.0}
    assert 0.5 == sketch.categorical_distance(*counts, robust=False)
