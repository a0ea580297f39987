"""How the ranks of a run compare, by the step times that they tell: evidence of waiting that no GPU signal shows.

A rank that waits inside a step for a slower one spins in its collective for a part of every step: its GPU looks as busy
as one that works. Step times by rank tell that part.
"""

from collections.abc import Mapping

import numpy as np
from msgspec import Struct

from trimtab.fleet.phases.signals import Floats
from trimtab.profiles.ranks import RankJudgement


class RankPaces(Struct, frozen=True, kw_only=True):
    """How the ranks of a run compare. `nodes` is where ranks are, as far as their series or the scheduler say.

    `metric` is what told it, `own` whether it leaves waiting out. Windows of `window_s` seconds are compared; the
    judgement numbers them from the epoch on.
    """

    judgement: RankJudgement
    nodes: Mapping[str, str]
    metric: str
    own: bool
    window_s: int

    @property
    def slow_node(self) -> str:
        """Where the slow rank is; "" where none is slow, or nothing says where it is."""
        return self.nodes.get(self.judgement.slow or "", "")

    @property
    def gain(self) -> float:
        """The share of a step that would go away without the slow rank; 0 where none is slow."""
        return self.judgement.gain if self.judgement.slow is not None else 0.0

    @property
    def last_ms(self) -> int:
        """When the last window that was compared ends (epoch ms); 0 where none was."""
        return (max(self.judgement.compared, default=-1) + 1) * self.window_s * 1000

    def waiting(self, start_ms: int, step_ms: int, steps: int) -> Floats:
        """The share of each of `steps` steps of `step_ms` from `start_ms` on that went to the slow rank: `gain` where
        step times were compared, else 0."""
        window_ms = self.window_s * 1000
        edges = start_ms + np.arange(steps + 1) * step_ms
        begins = np.sort(np.array(self.judgement.compared, np.int64)) * window_ms
        before = np.searchsorted(begins, edges)  # windows that begin before an edge: all but the last lie wholly there
        inside = np.where(before > 0, edges - begins[before - 1], 0) if len(begins) else np.zeros(steps + 1)
        covered = np.maximum(before - 1, 0) * window_ms + np.minimum(inside, window_ms)
        return np.diff(covered) / step_ms * self.gain

    def lost_share(self, start_ms: int, end_ms: int) -> float:
        """The share of `[start_ms, end_ms)` that went to the slow rank."""
        return float(self.waiting(start_ms, end_ms - start_ms, 1)[0]) if end_ms > start_ms else 0.0
