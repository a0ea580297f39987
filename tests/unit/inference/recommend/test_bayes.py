"""The search over candidates on surfaces that are known."""

import math
import random

import pytest

from trimtab.inference.recommend.bayes import Choice, Chooser

CPUS, MEMORIES, THREADS = (1, 2, 4, 8, 16, 32), (2, 4, 8, 16), ("1", "4", "8")


def _grid() -> list[Choice]:
    return [
        Choice(f"{cpus}-{memory}-{threads}", {"cpus": math.log2(cpus), "memory": math.log2(memory)},
               {"threads": threads}, (memory,))
        for cpus in CPUS for memory in MEMORIES for threads in THREADS
    ]  # fmt: skip


def _cost(name: str, sweet: int, needed: int) -> float:
    """Dollars a thousand: throughput saturates with cores (Amdahl), a model needs memory, threads should fit cores."""
    cpus, memory, threads = (int(part) for part in name.split("-"))
    if memory < needed:
        return math.inf
    useful = min(cpus, sweet) ** 0.9 * min(1.0, 0.55 + 0.45 * min(threads, cpus) / min(cpus, 8))
    return (0.04 * cpus + 0.005 * memory) / useful


@pytest.mark.parametrize(("sweet", "needed"), [(4, 4), (16, 8), (2, 2), (8, 16)])
def test_the_best_of_a_grid_is_found_with_few_measurements(sweet: int, needed: int) -> None:
    draw = random.Random(sweet)
    chooser, measured = Chooser(_grid()), 0
    while (one := chooser.next()) is not None:
        measured += 1
        cost = _cost(one.name, sweet, needed)
        chooser.tell(one.name, cost * draw.gauss(1, 0.01), too_small=math.isinf(cost))
    best = min(_cost(one.name, sweet, needed) for one in _grid())
    assert chooser.best is not None
    assert _cost(chooser.best, sweet, needed) <= 1.05 * best
    assert measured <= len(_grid()) / 3


def test_what_has_no_more_memory_than_one_that_could_not_serve_is_never_measured() -> None:
    chooser = Chooser(_grid())
    chooser.tell("4-4-1", math.inf, too_small=True)
    assert {one.name for one in _grid() if one.size <= (4,)} - {"4-4-1"} == set(chooser.pruned)
    assert "could not serve" in chooser.pruned["1-2-1"]


def test_a_few_candidates_are_all_measured_and_none_that_can_serve_is_no_answer() -> None:
    chooser = Chooser([Choice("a", {"cpus": 0.0}), Choice("b", {"cpus": 1.0})])
    seen = []
    while (one := chooser.next()) is not None:
        seen.append(one.name)
        chooser.tell(one.name, math.inf)
    assert ["a", "b"] == sorted(seen)
    assert None is chooser.best
    assert None is Chooser([]).next()
