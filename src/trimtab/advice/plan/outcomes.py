"""How a set may come out: each action comes off as its confidence says, in any week of the replay. Pure.

The week and the success of each action are independent. Where few actions are uncertain every case is replayed; else
every case of the largest is, each with draws of the others. Their seed is fixed: the same books always give the same
figures. `low` is what 10 % of the cases stay at or under, `high` what 90 % do.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import product
from math import prod

import numpy as np
from msgspec import Struct

from trimtab.advice.finding import HOURS_A_MONTH
from trimtab.advice.plan.evaluate import Beside, Evaluation, week_means
from trimtab.advice.purchases.model import Floats

LOW, HIGH = 0.1, 0.9
_ALL = 8
"""Uncertain actions of which every case is replayed: 256 of them at most."""
_LARGEST, _DRAWS = 5, 4
"""Of more uncertain actions every case of the five largest, each with four draws of the rest: 128 replays, in which a
large action fails as often as it should."""
_SEED = 19
_CENT = Decimal("0.01")
_SURE = 1 - 1e-9


class Outcomes(Struct, frozen=True):
    """What is saved a month: the mean over all cases, and the 10th and 90th percentile."""

    expected: Decimal
    low: Decimal
    high: Decimal


def outcomes(evaluation: Evaluation, chosen: frozenset[int], beside: Beside | None = None) -> Outcomes:
    """Those of a set, with what is done beside it, which is taken to come off."""
    unsure = sorted(at for at in chosen if evaluation.actions[at].confidence < _SURE)
    sure = chosen.difference(unsure)
    found = list[tuple[float, float]]()
    sizes = np.array([evaluation.listed(at) for at in unsure])
    for weight, came in _cases([evaluation.actions[at].confidence for at in unsure], sizes):
        mine = sure.union(np.array(unsure, dtype=np.int64)[came].tolist())
        flat = float(evaluation.flat(mine))
        weeks = week_means(evaluation.saved(mine, beside))
        found += [(weight / len(weeks), one * HOURS_A_MONTH + flat) for one in weeks]
    return _told(found)


def of_row(weeks: Sequence[float], weights: Sequence[float], confidence: Sequence[float]) -> Outcomes:
    """Those of one row: `weeks` are what it adds a month in each, of which each action brings its part by weight."""
    whole = sum(weights)
    parts = np.array(weights) / whole if whole > 0 else np.full(len(weights), 1 / max(len(weights), 1))
    unsure = [at for at, one in enumerate(confidence) if one < _SURE]
    sure = 1 - float(sum(parts[at] for at in unsure))
    mine = parts[np.array(unsure, dtype=np.int64)]
    said = [confidence[at] for at in unsure]
    cases = ((weight, sure + float(mine[came].sum())) for weight, came in _cases(said, mine))
    return _told((weight / len(weeks), one * share) for weight, share in cases for one in weeks)


def _cases(confidence: Sequence[float], sizes: Floats) -> Iterator[tuple[float, np.ndarray]]:
    """Which of some come off, and how likely that is."""
    sure = np.array(confidence)
    every = len(confidence) <= _ALL
    largest = np.argsort(-sizes, kind="stable")[: len(confidence) if every else _LARGEST]
    random = np.random.default_rng(_SEED)
    for one in product((True, False), repeat=len(largest)):
        weight = prod(known if came else 1 - known for came, known in zip(one, sure[largest].tolist(), strict=True))
        for _ in range(1 if every else _DRAWS):
            drawn = random.random(len(sure)) < sure
            drawn[largest] = one
            yield weight if every else weight / _DRAWS, drawn


def _told(cases: Iterable[tuple[float, float]]) -> Outcomes:
    weights, values = np.array(sorted(cases, key=lambda one: one[1])).T
    mean = float((weights * values).sum() / weights.sum())
    return Outcomes(
        *(_money(one) for one in (mean, _percentile(weights, values, LOW), _percentile(weights, values, HIGH)))
    )


def _percentile(weights: Floats, values: Floats, share: float) -> float:
    """The least value that at least this share of the cases stay at or under."""
    reached = np.cumsum(weights) / weights.sum() >= share - 1e-12
    return float(values[int(np.argmax(reached))])


def _money(value: float) -> Decimal:
    return Decimal(str(value)).quantize(_CENT)
