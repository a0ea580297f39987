"""A process that simulates every kind of policy once, so that what simulations run is compiled and kept on disk.

Run as `python -m trimtab.child trimtab.scaling.rehearsal` by the jobs process. It works only while nobody wants the
processor, and ends when its standard input closes.
"""

import numpy as np

from trimtab.capacity.simulate.fleet import Fleet, Pool
from trimtab.jobs.compiling import rehearsing
from trimtab.scaling.simulation import KINDS, Asked, PolicyAsked, Simulation, simulate

_MINUTES = 2 * 1440
"""Enough of a history for the policies that look a day back."""


def rehearse() -> Simulation:
    """Simulate each kind of policy on two days of demand."""
    demand = 100 + 80 * np.sin(np.arange(_MINUTES) * 2 * np.pi / 1440)
    fleet = Fleet((Pool("replicas", 20.0),))
    return simulate(Asked(demand, fleet, tuple(PolicyAsked(kind) for kind in KINDS)))


def main() -> int:
    """Entry point."""
    return rehearsing(rehearse)
