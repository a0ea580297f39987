"""Subjects of one type with their use: what is judged together, as arrays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from trimtab.advice.rightsizing.model import Axis, Option, Subject
from trimtab.advice.rightsizing.settings import USABLE
from trimtab.advice.rightsizing.use import DailyUse, Floats


@dataclass(frozen=True)
class Fleet:
    """Subjects that have the same option now, and the use of each along the axes that were measured.

    Use is in shares of what the present option holds, a row a subject, all axes over the same days; a subject without
    points along an axis has NaN there. `options` has the present one first.
    """

    subjects: Sequence[Subject]
    options: Sequence[Option]
    uses: Mapping[Axis, DailyUse]

    @property
    def days(self) -> int:
        """Days of use."""
        return next(iter(self.uses.values())).days if self.uses else 0

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The axes that are measured for at least one subject."""
        return tuple(self.uses)

    @cached_property
    def ranked(self) -> tuple[Option, ...]:
        """The options, the cheapest first; of equals the present one."""
        present = self.options[0]
        return tuple(sorted(self.options, key=lambda one: (one.order, one is not present, one.name)))

    @cached_property
    def present(self) -> int:
        """The place of the present option among the ranked."""
        return self.ranked.index(self.options[0])

    @cached_property
    def holds(self) -> Floats:
        """What each ranked option holds along each axis, `[option, axis]`, as a share of the present option; usable."""
        now = self.options[0].capacity
        found = np.full((len(self.ranked), len(self.axes)), np.inf)
        for place, option in enumerate(self.ranked):
            for number, axis in enumerate(self.axes):
                if axis in now and axis in option.capacity and now[axis] > 0:
                    found[place, number] = option.capacity[axis] / now[axis] * USABLE.get(axis, 1.0)
        return found

    @cached_property
    def memory_kept(self) -> Floats:
        """Whether each ranked option has the memory of the present one, for subjects whose memory is not measured."""
        found = np.ones(len(self.ranked), np.bool_)
        for axis in (Axis.MEMORY, Axis.GPU_MEMORY):
            now = self.options[0].capacity.get(axis)
            if now is not None:
                found &= np.array([one.capacity.get(axis, now) >= now for one in self.ranked])
        return found.astype(np.float64)

    def unmeasured(self) -> Floats:
        """Which subjects have no point of memory though their options have memory, 1 or 0."""
        if Axis.MEMORY not in self.options[0].capacity:
            return np.zeros(len(self.subjects))
        use = self.uses.get(Axis.MEMORY)
        if use is None:
            return np.ones(len(self.subjects))
        found: Floats = (use.points.sum(axis=1) == 0).astype(np.float64)
        return found
