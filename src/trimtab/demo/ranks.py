"""Step times by rank, as training programs export them: each rank's own part of a step, without waiting."""

from collections.abc import Iterator

import numpy as np

from trimtab.demo import noise
from trimtab.demo.block import Block
from trimtab.demo.company import TRAINING
from trimtab.demo.feed import Moment, scraped
from trimtab.demo.noise import Floats, Times
from trimtab.demo.remote_write import series_head
from trimtab.demo.runs import Run
from trimtab.demo.stories import SLOWER
from trimtab.demo.world import World

NAME = "training_step_own_time"
PORT = 9101
_STEP_S = 3.2


class RankFeed:
    """The ranks of the run with a slow one, and of one without."""

    def __init__(self, world: World) -> None:
        told = world.stories
        self._runs = [(run, self._heads(run), self._pace(world, run)) for run in (told.straggling, told.even)]
        self._keys = noise.keys_of(
            world.seed, "ranks", (str(at) for at in range(max(len(one[1]) for one in self._runs)))
        )

    def blocks(self, moment: Moment) -> Iterator[Block]:
        """A block a run that runs then; of the recent past every minute."""
        times = moment.slab.times[moment.slab.slow]
        for run, heads, pace in self._runs:
            here = times[(times >= run.start_ms) & (times < run.end_ms)]
            if len(here):
                yield Block(TRAINING.id, heads, here, self._values(pace, here))

    def _values(self, pace: Floats, times: Times) -> Floats:
        keys = self._keys[: len(pace)]
        return np.round(_STEP_S * pace * (1 + 0.02 * noise.white(keys, times)), 4)

    def _pace(self, world: World, run: Run) -> Floats:
        """How long the steps of each rank take, against the usual."""
        ranks = sum(node.machine.gpus for node in run.nodes)
        pace = np.ones((ranks, 1))
        if run is world.stories.straggling:
            pace[world.stories.slow_rank] = SLOWER
        return pace

    def _heads(self, run: Run) -> list[bytes]:
        places = [(node, index) for node in run.nodes for index in range(node.machine.gpus)]
        return [
            series_head({
                "__name__": NAME, "slurm_job_id": str(run.id), "rank": str(rank), "local_rank": str(index),
                "node": node.name, **scraped(node, "training", PORT),
            })
            for rank, (node, index) in enumerate(places)
        ]  # fmt: skip
