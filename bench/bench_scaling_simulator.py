"""How fast the simulator is: 1,000 services for 30 days of minutes under target tracking, and one slider of the page.

Run as `python bench/bench_scaling_simulator.py [SERVICES]`. Times are after compilation (`compile_s`, once a version of
the code). The last line is JSON; `portfolio_week_s` is a week of minutes of one service under every candidate.
"""

import json
import sys
import time
from decimal import Decimal

import numpy as np

from trimtab.capacity.simulate.fleet import Fleet, Pool
from trimtab.scaling.policies.portfolio import Portfolio, plan
from trimtab.scaling.policies.target_tracking import TargetTracking
from trimtab.scaling.replay.lanes import Group, replay_groups

MINUTES = 30 * 1440


def main(services: int) -> None:
    """Measure."""
    began = time.perf_counter()
    minute = np.arange(MINUTES)
    generator = np.random.default_rng(1)
    demand = np.empty((services, MINUTES))
    for one in range(services):
        level = 10 + 5 * np.sin((minute / 1440 + generator.random()) * 2 * np.pi)
        demand[one] = level * (1 + 0.1 * generator.random(MINUTES))
    fleet = Fleet((Pool("replica", 1.0, Decimal(1)),))
    groups = [Group(fleet, (TargetTracking(0.4 + 0.0005 * one),)) for one in range(services)]
    print(f"{services} histories of {MINUTES} minutes made in {time.perf_counter() - began:.1f} s")
    began = time.perf_counter()
    replay_groups(demand[:1, :100], groups[:1])
    plan(demand[0, :100], fleet, Portfolio())
    compiled = time.perf_counter() - began
    walls, cpus = [], []
    for _ in range(3):
        began, cpu = time.perf_counter(), time.process_time()
        replay_groups(demand, groups)
        walls.append(time.perf_counter() - began)
        cpus.append(time.process_time() - cpu)
    cpu = time.process_time()
    plan(demand[0, : 7 * 1440], fleet, Portfolio())
    week = time.process_time() - cpu
    figures = {"services": services, "ticks": services * MINUTES, "wall_s": round(min(walls), 2),
               "cpu_s": round(min(cpus), 2), "portfolio_week_s": round(week, 3),
               "compile_s": round(compiled, 1)}  # fmt: skip
    print(json.dumps(figures))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
