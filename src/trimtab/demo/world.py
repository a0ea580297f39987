"""The company in time: an anchor, what happens when, and the random keys. Everything else is computed from it.

`anchor_ms` is when the demo was first started: incidents are hours before it, so that they are fresh whenever that is.
"""

from dataclasses import dataclass
from functools import cached_property

from trimtab.base.records import replace
from trimtab.demo import company, runs
from trimtab.demo.company import Company, Node
from trimtab.demo.runs import Run
from trimtab.demo.stories import Stories, stories_of

HISTORY_MS = 14 * 86_400_000 - 15 * 60_000
"""Two weeks, less what a slow load may take: the OTLP door refuses what is older than two weeks."""
FINE_MS = 6 * 3_600_000
"""How far back the history is kept every 15 seconds."""
COARSE_S, FINE_S = 300, 15

FAILING_NODE, FAILING_GPU = "p4d-07", 3
"""The node that fails, and the index of its GPU that does."""
FAILED_SINCE_H = 31.0
"""Hours before the anchor at which it fell off the bus (XID 79)."""
DRAINED_AFTER_MS = 10 * 60_000
"""What the health check takes to drain the node."""
WARNING_H = 55.0
"""Hours before the anchor of the first sign: a contained memory error (XID 94)."""
XID_WARNING, XID_LOST = 94, 79
"""Source: NVIDIA, "XID Errors": contained memory error; GPU has fallen off the bus."""


@dataclass(frozen=True)
class World:
    """One company from `start_ms` on; made by `create`."""

    seed: int
    anchor_ms: int
    company: Company
    runs: tuple[Run, ...]

    @property
    def start_ms(self) -> int:
        """Where the history begins: a whole five minutes."""
        return start_of(self.anchor_ms)

    @property
    def failed_ms(self) -> int:
        """When the GPU of the failing node was lost."""
        return ago(self.anchor_ms, FAILED_SINCE_H)

    @cached_property
    def stories(self) -> Stories:
        """The runs that hang, straggle or starve, and two that only look as if."""
        return stories_of(self.runs, self.anchor_ms)

    @cached_property
    def runaway(self) -> Run:
        """The sweep that was to take two hours and never ends."""
        return next(run for run in self.runs if run.name == runs.RUNAWAY)

    def active_runs(self, first_ms: int, last_ms: int) -> list[Run]:
        """Runs that wait, run, or ended in the last hour, at any time between the two."""
        return [run for run in self.runs if run.submit_ms <= last_ms and run.end_ms + 3_600_000 > first_ms]


def create(seed: int, anchor_ms: int) -> World:
    """The world of a seed whose history ends at `anchor_ms`."""
    built = company.build(seed)
    drained = ago(anchor_ms, FAILED_SINCE_H) + DRAINED_AFTER_MS

    def down(node: Node, now_ms: int) -> bool:
        return node.name == FAILING_NODE and now_ms >= drained

    failed = drained - DRAINED_AFTER_MS
    queue = runs.replay(built, start_of(anchor_ms), anchor_ms, down)
    return World(seed, anchor_ms, built, tuple(_as_lost(run, failed, drained) for run in queue))


def _as_lost(run: Run, failed_ms: int, drained_ms: int) -> Run:
    """A run, which failed if it lost its GPU: it has ended by the time that the node is drained, whatever its luck."""
    lost = any(node.name == FAILING_NODE for node in run.nodes) and run.start_ms < failed_ms < run.end_ms <= drained_ms
    return replace(run, state=runs.FAILED) if lost else run


def start_of(anchor_ms: int) -> int:
    """Where the history of an anchor begins."""
    return (anchor_ms - HISTORY_MS) // (COARSE_S * 1000) * (COARSE_S * 1000)


def ago(anchor_ms: int, hours: float) -> int:
    """A whole five minutes about `hours` before the anchor."""
    step = COARSE_S * 1000
    return (anchor_ms - round(hours * 3_600_000)) // step * step
