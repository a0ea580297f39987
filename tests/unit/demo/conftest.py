"""One world for all tests of the demo: making it takes a tenth of a second, and nothing changes it."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from tests.unit.demo.prompb import labels

from trimtab.demo import world
from trimtab.demo.block import Block
from trimtab.demo.simulation import Simulation
from trimtab.demo.slab import Slab
from trimtab.demo.totals import Totals
from trimtab.demo.world import World

ANCHOR_MS = 1_764_082_800_000
"""Tuesday 2025-11-25, 15:00 UTC: the busy hour of a working day."""
HOUR_MS = 3_600_000


@pytest.fixture(scope="session")
def made() -> World:
    return world.create(7, ANCHOR_MS)


@dataclass
class Sent:
    """Everything that Prometheus would hold after some slabs, by label set."""

    times: list[np.ndarray] = field(default_factory=list)
    series: dict[tuple[tuple[str, str], ...], list[tuple[np.ndarray, np.ndarray]]] = field(default_factory=dict)

    def add(self, block: Block) -> None:
        for head, values in zip(block.heads, block.values, strict=True):
            here = np.isfinite(values)
            if here.any():
                key = (("account", block.account), *labels(head))
                self.series.setdefault(key, []).append((block.times[here], values[here]))

    def find(self, name: str, **labels: str) -> dict[tuple[tuple[str, str], ...], np.ndarray]:
        """Values by label set of the series with this name and these labels."""
        wanted = {("__name__", name), *labels.items()}
        return {
            key: np.concatenate([values for _, values in parts])
            for key, parts in self.series.items()
            if wanted <= set(key)
        }


def play(made: World, *slabs: Slab) -> Sent:
    simulation, sent = Simulation(made, Totals()), Sent()
    for slab in slabs:
        for block in simulation.blocks(simulation.moment(slab)):
            sent.add(block)
    return sent


def of(key: tuple[tuple[str, str], ...], label: str) -> str:
    return dict(key).get(label, "")


@pytest.fixture(scope="session")
def history(made: World) -> Sent:
    """Two weeks, an hour apart: what happens when, at a twelfth of the samples."""
    return play(made, Slab(made.start_ms, made.anchor_ms, 3600))


@pytest.fixture(scope="session")
def recent(made: World) -> Sent:
    """The last ten minutes, as they are sent."""
    return play(made, Slab(ANCHOR_MS - 10 * 60_000, ANCHOR_MS, 15))
