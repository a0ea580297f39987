"""The accelerators of a machine as telemetry's rows tell of them: which is which, and what each did."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from trimtab.fleet.model import Activity, Floats
from trimtab.fleet.telemetry.day import GpuRow


def devices_of(rows: Sequence[GpuRow], known: int) -> list[int]:
    """The device of each GPU row of a machine: its index there, else the next that is left, in order of names.

    Instances of one GPU (`uuid/instance`) are that GPU.
    """
    whole = [row.name.partition("/")[0] if row.weight < 1 else row.name for row in rows]
    found: dict[str, int] = {}
    taken: set[int] = set()
    for name, row in sorted(zip(whole, rows, strict=True), key=lambda pair: (pair[1].index, pair[0])):
        if name not in found and row.index.isdecimal() and int(row.index) not in taken:
            found[name] = int(row.index)
            taken.add(found[name])
    free = iter(at for at in range(known + len(rows) + max(taken, default=0) + 1) if at not in taken)
    for name in sorted(set(whole)):
        if name not in found:
            found[name] = next(free)
    return [found[name] for name in whole]


def joint_activity(values: Sequence[Floats], weights: Sequence[float]) -> Floats:
    """The activity of a device of which several rows tell: their mean by weight; of whole twins the greatest."""
    if len(values) == 1:
        return values[0]
    if all(weight >= 1 for weight in weights):
        return np.asarray(np.fmax.reduce(values))
    known = ~np.isnan(np.array(values))
    summed = (np.nan_to_num(np.array(values)) * np.array(weights)[:, None]).sum(axis=0)
    return np.asarray(np.where(known.any(axis=0), np.minimum(summed, 1.0), np.nan))


class Work(Struct, frozen=True):
    """How much each accelerator of a machine worked in a time: `offset` is where they begin among all.

    `summed` is their activity added up (`Activity.summed`).
    """

    summed: Activity | None
    offset: int

    def __call__(self, device: int, start: int, end: int) -> float:
        """Its work in the steps that a time touches."""
        if self.summed is None:
            return 0.0
        step, first, sums = self.summed.step_ms, self.summed.start_ms, self.summed.values[self.offset + device]
        begin, until = max(start - first, 0) // step, min(-(-(end - first) // step), len(sums) - 1)
        return float(sums[until] - sums[begin]) if begin < until else 0.0
