"""The memory of functions tuned on measured runs."""

from decimal import Decimal

import numpy as np
import pytest

from trimtab.base.errors import InvalidInput
from trimtab.inventory.catalog.functions import FunctionPrice
from trimtab.scaling.provisioned.memory import FULL_CORE_MB, Measured, measured_of, tune

PRICE = FunctionPrice(
    "us-east-1", "x86_64", "USD", Decimal("0.0000166667"), Decimal("0.20"), "2026-11-28", None, "test"
)


def run(memory_mb: int, fixed_ms: float, work_ms: float, runs: int = 50) -> Measured:
    """Runs of work that takes `work_ms` on one core besides what no CPU speeds up."""
    mean = fixed_ms + work_ms * FULL_CORE_MB / memory_mb
    return Measured(memory_mb, runs, mean, mean * 1.2)


def test_a_function_that_waits_is_cheapest_small_and_one_that_computes_costs_the_same_at_any_size() -> None:
    waits = tune([run(size, 200.0, 0.0) for size in (128, 512, 1024)], PRICE)
    assert 128 == waits.cheapest.memory_mb
    computes = tune([run(size, 0.0, 100.0) for size in (128, 512, 1024)], PRICE)
    assert computes.sizes[0].per_million == pytest.approx(computes.sizes[-1].per_million, rel=Decimal("1e-6"))
    assert 1024 == computes.balanced.memory_mb == computes.fastest.memory_mb


def test_dollars_a_million_runs_are_exact() -> None:
    found = tune([Measured(1024, 10, 100.0, 120.0)], PRICE)
    assert Decimal("0.1") * Decimal("16.6667") + Decimal("0.20") == found.cheapest.per_million
    assert "only 1024 MB" in found.words


def test_sizes_between_are_told_by_a_line_that_says_how_far_it_is_off() -> None:
    found = tune([run(size, 50.0, 80.0) for size in (256, 1024, 3072)], PRICE)
    told = {one.memory_mb: one.mean_ms for one in found.sizes if not one.runs}
    assert told[512] == pytest.approx(50 + 80 * FULL_CORE_MB / 512)
    assert 128 not in told  # nothing outside what was measured
    assert found.line_error == pytest.approx(0.0, abs=1e-9)


def test_what_is_too_slow_is_not_advised() -> None:
    runs = [run(size, 0.0, 100.0) for size in (128, 1024)]
    assert 1024 == tune(runs, PRICE, most_ms=300.0).cheapest.memory_mb
    with pytest.raises(InvalidInput, match="within 10 ms"):
        tune(runs, PRICE, most_ms=10.0)


def test_runs_are_grouped_by_size_and_few_runs_tell_nothing() -> None:
    sizes = [128] * 10 + [256] * 3
    found = measured_of(sizes, list(np.linspace(90, 110, 10)) + [60.0] * 3)
    assert [(128, 10, 100.0), (256, 3, 60.0)] == [(one.memory_mb, one.runs, one.mean_ms) for one in found]
    assert [128] == [one.memory_mb for one in tune(found, PRICE).sizes]
    with pytest.raises(InvalidInput, match="5 runs"):
        tune(found[1:], PRICE)
    with pytest.raises(InvalidInput, match="128 to 10240"):
        measured_of([64], [1.0])
