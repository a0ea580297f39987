"""GPU-hours in layers that add up: paid, down, allocated, active, idle. Pure arithmetic on a grid of GPU × step.

    paid      = down + allocated + unallocated + allocation unknown
    allocated = active + idle while allocated
    idle      = paid − down − active

*Paid* are the hours in which a GPU was observed: it reported its activity, or was down. Hours in which neither it nor
its host said anything between two reports are not paid but lower the coverage; the bill says whether it had them.
*Down* wins over everything. *Allocated* is what evidence says (a pod, job or process on the GPU); an activity of 1 % or
more is evidence by itself. Where there is none, less activity than that (an idle GPU's counters read up to some
thousandths) makes allocated only the share of the time that was active: so active hours are always allocated, no
activity is dropped, and noise allocates next to nothing.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

ACTIVE_ABOVE = 0.01
"""Activity from which work is certain."""
UNKNOWN, FREE, HELD = -1, 0, 1
"""What evidence says of allocation."""


@dataclass(frozen=True, slots=True)
class GpuGrid:
    """What is known of each GPU (row) in each step (column) of `step_s` seconds.

    `observed`: share of the step in which its activity was reported. `activity`: mean activity then, NaN where none.
    `source`: the place of the activity's metric in `sources`, -1 where none. `held`: UNKNOWN, FREE or HELD. `down`:
    whether it was down. `silent`: no report of GPU or host between two of its reports. `owner`: place in `owners`.
    `weight`: GPUs that a row stands for (a MIG slice is less than one).
    """

    step_s: float
    observed: Floats
    activity: Floats
    source: Integers
    held: Integers
    down: npt.NDArray[np.bool_]
    silent: npt.NDArray[np.bool_]
    owner: Integers
    weight: Floats
    gpus: tuple[str, ...]
    owners: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layers:
    """Hours by layer, of one owner, one GPU or all. `by_source`: paid hours whose activity each metric gave."""

    paid: float
    down: float
    allocated: float
    active: float
    unallocated: float
    silent: float
    by_source: tuple[float, ...] = ()

    @property
    def idle(self) -> float:
        """Paid hours in which the GPU was up and did nothing."""
        return self.paid - self.down - self.active

    @property
    def idle_allocated(self) -> float:
        """Hours that somebody held and did not use."""
        return self.allocated - self.active

    @property
    def unknown(self) -> float:
        """Hours of which nothing says whether they were allocated."""
        return max(self.paid - self.down - self.allocated - self.unallocated, 0.0)

    @property
    def coverage(self) -> float | None:
        """The share of hours observed among those that should have been; None where there are none."""
        whole = self.paid + self.silent
        return self.paid / whole if whole else None

    @property
    def mean_activity(self) -> float | None:
        """Active ÷ (paid − down): the mean activity while up. None where it was never up."""
        up = self.paid - self.down
        return self.active / up if up > 0 else None


def by_owner(grid: GpuGrid) -> dict[str, Layers]:
    """The layers of every owner that has any hour."""
    return _grouped(grid, grid.owner, grid.owners)


def by_gpu(grid: GpuGrid) -> dict[str, Layers]:
    """The layers of every GPU."""
    rows = np.broadcast_to(np.arange(len(grid.gpus))[:, None], grid.observed.shape)
    return _grouped(grid, rows, grid.gpus)


def total(grid: GpuGrid) -> Layers:
    """The layers of everything."""
    found = _grouped(grid, np.zeros_like(grid.owner), ("",))
    return found.get("", Layers(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, (0.0,) * len(grid.sources)))


def _grouped(grid: GpuGrid, group: Integers, names: tuple[str, ...]) -> dict[str, Layers]:
    hours = np.broadcast_to(grid.weight[:, None], grid.observed.shape)  # in steps, until they are added up
    paid = np.where(grid.down, 1.0, grid.observed) * hours
    up = np.where(grid.down, 0.0, grid.observed) * hours
    activity = np.clip(np.nan_to_num(grid.activity), 0.0, 1.0)
    working = activity >= ACTIVE_ABOVE
    held = (grid.held == HELD) | working
    free = (grid.held == FREE) & ~working
    layers = {
        "paid": paid,
        "down": paid - up,
        "allocated": up * np.where(held, 1.0, activity),
        "active": up * activity,
        "unallocated": up * free * (1 - activity),
        "silent": grid.silent * hours,
    }
    an_hour = 3600 / grid.step_s
    sums = {name: _sum(values, group, len(names)) / an_hour for name, values in layers.items()}
    sources = [_sum(up * (grid.source == place), group, len(names)) / an_hour for place in range(len(grid.sources))]
    some = np.flatnonzero(sums["paid"] + sums["silent"] > 0)
    return {
        names[at]: Layers(
            **{name: float(values[at]) for name, values in sums.items()},
            by_source=tuple(float(one[at]) for one in sources),
        )
        for at in some
    }


def _sum(values: Floats, group: Integers, groups: int) -> Floats:
    return np.bincount(group.ravel(), weights=values.ravel(), minlength=groups).astype(np.float64)


def observed_share(counts: Floats) -> Floats:
    """The share of each step in which a series reported, from its samples a step (rows are series; 0 is none).

    A step between steps that have samples counts whole, so that a missed scrape is no gap; at the edge of a gap it
    counts by its share of the samples that a step of this series usually has.
    """
    some = counts > 0
    usual = _median_of(counts, some)
    before = np.pad(some, ((0, 0), (1, 0)))[:, :-1]
    after = np.pad(some, ((0, 0), (0, 1)))[:, 1:]
    share = np.minimum(counts / np.maximum(usual, 1.0)[:, None], 1.0)
    return np.where(some & before & after, 1.0, np.where(some, share, 0.0))


def _median_of(counts: Floats, some: npt.NDArray[np.bool_]) -> Floats:
    """The lower median of the samples of steps that have any, per row; 0 where no step has."""
    ordered = np.sort(np.where(some, counts, np.inf), axis=1)
    middle = np.maximum(some.sum(axis=1) - 1, 0) // 2
    found = np.take_along_axis(ordered, middle[:, None], axis=1)[:, 0]
    return np.where(np.isfinite(found), found, 0.0)
