"""Right-sizing out of source: the constants of the strategy for each source are chosen on the other sources alone.

Chosen is what leaves the least slack of what keeps the promise on the others: at most 5 % of the time over size on
average, and at most 10 % in any of them; of those that all break it, the one that breaks it least. A source counts as
much as another, however many series it has. The safe rule itself is one of the choices: where nothing else keeps the
promise on the other sources, it is what is left.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import product

import numpy as np
from cpu_series import CpuSeries

from trimtab.advice.rightsizing.strategies.portfolio import Portfolio
from trimtab.advice.rightsizing.strategies.promise import Promise, safe
from trimtab.advice.rightsizing.use import DailyUse, Floats

MEAN_OVER, MOST_OVER = 0.05, 0.10
OVERRUNS, ACCEPTED, PRIORS = (1.5, 2.0, 3.0, 5.0), (0.03, 0.04, MEAN_OVER), (1.0, 2.0, 4.0)
"""What is tried of each constant. No more is accepted than is promised."""

Figures = tuple[float, float, float]
"""Mean slack, mean and most time over size."""


def rules() -> Mapping[str, Callable[[DailyUse], Floats]]:
    """Everything that may be chosen, the safe rule last."""
    found: dict[str, Callable[[DailyUse], Floats]] = {}
    for overrun, accepted, days in product(OVERRUNS, ACCEPTED, PRIORS):
        strategy = Portfolio(overrun=overrun, promise=Promise(accepted, 0.6 * accepted, days))
        found[f"overrun {overrun:g}, accepted {accepted:g}, prior days {days:g}"] = strategy.sizes
    return {**found, "safe rule": safe}


def out_of_source(series: Sequence[CpuSeries]) -> dict[str, object]:
    """The figures of all series, each sized with what was chosen on other sources, and those of each source."""
    sources = sorted({one.source for one in series})
    judged = {name: _judged(series, rule) for name, rule in rules().items()}
    every: list[tuple[float, float]] = []
    spread: dict[str, object] = {}
    for source in sources:
        rest = [one for one in sources if one != source] or [source]
        best = min(judged, key=lambda name: _rank([_figures(judged[name][one]) for one in rest if judged[name][one]]))
        own = judged[best][source]
        if own:
            every += own
            spread[source] = {"chosen": best, **_named(_figures(own))}
    return {**_named(_figures(every)), "by_source": spread, "alone": len(sources) == 1}


def _judged(series: Sequence[CpuSeries], rule: Callable[[DailyUse], Floats]) -> dict[str, list[tuple[float, float]]]:
    found: dict[str, list[tuple[float, float]]] = {one.source: [] for one in series}
    for one in series:
        told = one.judged(rule(one.use)[0])
        if told is not None:
            found[one.source].append(told)
    return found


def _rank(sources: Sequence[Figures]) -> tuple[float, float]:
    """The less the better: by how much the promise is broken, then the mean slack."""
    broken = sum(max(over - MEAN_OVER, 0.0) + max(most - MOST_OVER, 0.0) for _, over, most in sources)
    return broken, float(np.mean([slack for slack, _, _ in sources])) if sources else 0.0


def _figures(told: Sequence[tuple[float, float]]) -> Figures:
    slack, over = np.array(told).T
    return float(slack.mean()), float(over.mean()), float(over.max())


def _named(figures: Figures) -> dict[str, float]:
    return {name: round(one, 4) for name, one in zip(("slack", "over", "worst_over"), figures, strict=True)}
