"""What some runs of the queue do that others do not: hang, wait for a slow rank or for their input; and two that only
look as if. All are runs that the queue has anyway: which of them tell a story is worked out, and nothing else moves.
"""

from collections.abc import Sequence

from msgspec import Struct

from trimtab.demo.company import Node
from trimtab.demo.runs import CANCELLED, FAILED, LOADER_BOUND, RUNAWAY, Run

_STEP_MS, _HOUR_MS = 300_000, 3_600_000
HANGS_FOR_H = 0.75
"""Hours before the end of the history since which a run hangs that still goes on."""
_LEAST_H = 5.0
"""Hours that a run must have: shorter ones show little."""
MEMORY_BOUND = "eval-sweep"
"""Runs of this name generate text: they read their weights for every token, and hardly use the tensor cores."""
SLOW_GPU, SLOWER = 6, 1.24
"""The index of the GPU on the second node whose clock is held back, and how much longer its steps take."""
STOPPED_GPU = 5
"""The index of the GPU, on the last node of a run that hangs, whose process died: the others wait for it."""


class Stories(Struct, frozen=True):
    """The runs that tell a story. `hung` was cancelled at last, `hanging` still holds its GPUs.

    `straggling` has a slow rank, `even` reports its ranks too and is well; `starved` waits for its data loader;
    `memory_bound` is well: its tensor cores have little to do. `hung_ms`, `hanging_ms`: when they stopped to work.
    """

    hung: Run
    hung_ms: int
    hanging: Run
    hanging_ms: int
    straggling: Run
    even: Run
    starved: Run
    memory_bound: Run

    @property
    def hangs(self) -> tuple[tuple[Run, int], ...]:
        """The runs that hang and since when."""
        return (self.hung, self.hung_ms), (self.hanging, self.hanging_ms)

    @property
    def slow_node(self) -> Node:
        """The node of the slow rank."""
        return self.straggling.nodes[1]

    @property
    def slow_rank(self) -> int:
        """The number of the slow rank in its run: ranks fill one node after the other."""
        return self.straggling.nodes[0].machine.gpus + SLOW_GPU


def stories_of(runs: Sequence[Run], anchor_ms: int) -> Stories:
    """The stories of a queue whose history ends at `anchor_ms`."""
    week_ms = anchor_ms - 168 * _HOUR_MS
    hung = _hung(runs, week_ms, anchor_ms)
    hanging_ms = (anchor_ms - round(HANGS_FOR_H * _HOUR_MS)) // _STEP_MS * _STEP_MS
    going = [one for one in runs if one.partition == "p5" and one.start_ms < hanging_ms and one.end_ms > anchor_ms]
    going = [one for one in going if not _of(one, RUNAWAY, MEMORY_BOUND)]
    going = [one for one in going if one.start_ms <= anchor_ms - 2 * _HOUR_MS] or going
    hanging = max(going, key=lambda one: (min(one.end_ms - anchor_ms, 6 * _HOUR_MS), -one.size, one.id))
    lately = [
        one
        for one in runs
        if one.start_ms >= week_ms
        and min(one.end_ms, anchor_ms) - one.start_ms >= _LEAST_H * _HOUR_MS
        and one.state != FAILED
        and one.id not in (hung.id, hanging.id)
    ]
    several = [one for one in lately if one.size > 1 and one.partition == "p5" and not _of(one, RUNAWAY)]
    several.sort(key=lambda one: (-min(one.end_ms, anchor_ms), one.id))  # the latest first
    waiting = [one for one in lately if _of(one, LOADER_BOUND)]
    reading = [one for one in lately if _of(one, MEMORY_BOUND)] or [one for one in runs if _of(one, MEMORY_BOUND)]
    third = (2 * hung.start_ms + hung.end_ms) // 3 // _STEP_MS * _STEP_MS
    return Stories(
        hung, third, hanging, hanging_ms, several[0], several[1],
        min(waiting, key=lambda one: one.sm), max(reading, key=lambda one: min(one.end_ms, anchor_ms) - one.start_ms),
    )  # fmt: skip


def _hung(runs: Sequence[Run], week_ms: int, anchor_ms: int) -> Run:
    """Of those on A100s that somebody cancelled in the last week the one that held most."""
    ended = [one for one in runs if one.state == CANCELLED and week_ms <= one.end_ms <= anchor_ms - 2 * _HOUR_MS]
    return max(ended, key=lambda one: (one.partition == "p4d", one.size * (one.end_ms - one.start_ms)))


def _of(run: Run, *names: str) -> bool:
    """Whether a run is of one of some kinds."""
    return run.name.startswith(names)
