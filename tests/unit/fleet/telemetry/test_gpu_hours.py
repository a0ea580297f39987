from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.fleet.telemetry.gpu_hours import (
    FREE,
    HELD,
    UNKNOWN,
    GpuGrid,
    Layers,
    by_gpu,
    by_owner,
    observed_share,
    total,
)


def grid(activity: Any, **more: Any) -> GpuGrid:
    values = np.array(activity, float)
    shape = values.shape
    return GpuGrid(
        step_s=more.get("step_s", 3600),
        observed=np.array(more.get("observed", ~np.isnan(values)), float),
        activity=values,
        source=np.where(np.isnan(values), -1, 0),
        held=np.broadcast_to(np.array(more.get("held", UNKNOWN)), shape),
        down=np.broadcast_to(np.array(more.get("down", False)), shape),
        silent=np.broadcast_to(np.array(more.get("silent", False)), shape),
        owner=np.broadcast_to(np.array(more.get("owner", 0)), shape),
        weight=np.array(more.get("weight", np.ones(shape[0]))),
        gpus=tuple(f"g{at}" for at in range(shape[0])),
        owners=more.get("owners", ("a", "b")),
        sources=("SM_ACTIVE",),
    )


def test_layers_of_a_day_by_hand() -> None:
    found = total(grid([[0.5, 0.0, 0.0, 0.0]], held=[[HELD, HELD, FREE, FREE]], down=[[False, False, False, True]]))
    assert (found.paid, found.down, found.allocated, found.active, found.unallocated) == (4, 1, 2, 0.5, 1)
    assert (found.idle, found.idle_allocated, found.unknown) == (2.5, 1.5, 0)
    assert found.mean_activity == pytest.approx(0.5 / 3)


def test_work_is_evidence_of_allocation_and_noise_is_hardly_any() -> None:
    found = total(grid([[0.3, 0.002]]))
    assert (found.allocated, found.active, found.unknown) == pytest.approx((1.002, 0.302, 0.998))
    assert total(grid([[0.3]], held=FREE)).allocated == 1


def test_each_owner_has_its_own_steps() -> None:
    found = by_owner(grid([[0.5, 0.5, 0.1]], held=HELD, owner=[[0, 0, 1]]))
    assert (found["a"].paid, found["b"].paid, found["b"].active) == (2, 1, 0.1)


def test_a_slice_of_a_gpu_counts_as_its_share() -> None:
    found = by_gpu(grid([[1.0], [1.0]], weight=[1 / 7, 1.0], held=HELD))
    assert found["g0"].paid == pytest.approx(1 / 7)
    assert found["g1"].active == 1


def test_silence_lowers_coverage_only() -> None:
    found = total(grid([[0.5, np.nan, 0.5]], silent=[[False, True, False]]))
    assert (found.paid, found.silent, found.coverage) == (2, 1, pytest.approx(2 / 3))


def test_nothing_has_no_coverage_and_no_activity() -> None:
    found = total(grid(np.empty((0, 4))))
    assert found == Layers(0, 0, 0, 0, 0, 0, (0.0,))
    assert found.coverage is None
    assert found.mean_activity is None


@st.composite
def grids(draw: st.DrawFn) -> GpuGrid:
    rows, steps = draw(st.integers(1, 4)), draw(st.integers(1, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    activity = rng.choice([np.nan, 0.0, 0.004, 0.01, 0.4, 1.0, 1.2], (rows, steps))
    return grid(
        activity,
        observed=np.where(np.isnan(activity), 0.0, rng.random((rows, steps))),
        held=rng.integers(-1, 2, (rows, steps)),
        down=rng.random((rows, steps)) < 0.2,
        owner=rng.integers(0, 2, (rows, steps)),
        weight=rng.random(rows),
    )


@given(grids())
def test_layers_always_add_up(some: GpuGrid) -> None:
    for layers in (total(some), *by_owner(some).values(), *by_gpu(some).values()):
        assert layers.paid == pytest.approx(layers.down + layers.allocated + layers.unallocated + layers.unknown)
        assert layers.allocated == pytest.approx(layers.active + layers.idle_allocated)
        assert layers.paid == pytest.approx(layers.down + layers.active + layers.idle)
        assert -1e-9 <= layers.active <= layers.allocated + 1e-9
        assert layers.allocated <= layers.paid - layers.down + 1e-9
    owners = by_owner(some).values()
    assert sum(one.paid for one in owners) == pytest.approx(total(some).paid)
    assert sum(one.active for one in owners) == pytest.approx(total(some).active)


def test_steps_count_whole_inside_and_by_share_at_an_edge() -> None:
    counts = np.array([[2.0, 5, 4, 5, 3, 0, 0, 5, 5]])
    assert observed_share(counts)[0].tolist() == [0.4, 1, 1, 1, 0.6, 0, 0, 1, 1]
