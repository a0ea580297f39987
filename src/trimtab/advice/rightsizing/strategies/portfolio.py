"""Ours: of many ways to size, for each resource the one that its own past shows to cost least, chosen again each day.

A way is a base (what one looks at: yesterday, decaying histograms, peaks, the same weekday, the level since it last
shifted) and a margin on it. Each day, every way is judged by what it would have cost on the days before, each decided
from the days before it: slack, plus `overrun` times the time over size (Autopilot's asymmetric cost, EuroSys'20),
decaying so that recent days count more. A prior, the same for all resources, counts as some days: with little history
the choice keeps to it, which is the protection against over-fitting. The floor follows yesterday at once, so that a
level that shifted up is over size for one day, not for as long as an average takes. While the time over size is above
what is promised, the safe rule decides (`promise.py`).
"""

import numpy as np
from msgspec import Struct

from trimtab.advice.rightsizing.strategies.promise import Promise
from trimtab.advice.rightsizing.strategies.strategy import LEVEL_ARRAY
from trimtab.advice.rightsizing.use import LEVELS, DailyUse, Floats, Integers
from trimtab.advice.rightsizing.walking import kernel


class Base(Struct, frozen=True):
    """What one looks at. `parameter` as in `kernel`; `quantile` is one of LEVELS."""

    title: str
    kind: int
    quantile: float
    parameter: float = 0.0


BASES = (
    Base("yesterday's p95", kernel.YESTERDAY, 0.95),
    Base("yesterday's p99", kernel.YESTERDAY, 0.99),
    Base("p95, half-life 1 day", kernel.DECAYED, 0.95, 1.0),
    Base("p98, half-life 1 day", kernel.DECAYED, 0.98, 1.0),
    Base("p95, half-life 3 days", kernel.DECAYED, 0.95, 3.0),
    Base("p98, half-life 3 days", kernel.DECAYED, 0.98, 3.0),
    Base("p95, half-life 7 days", kernel.DECAYED, 0.95, 7.0),
    Base("highest p95 of 3 days", kernel.PEAK, 0.95, 3.0),
    Base("highest p99 of 3 days", kernel.PEAK, 0.99, 3.0),
    Base("highest p99 of 7 days", kernel.PEAK, 0.99, 7.0),
    Base("same weekday's p95", kernel.WEEKDAY, 0.95),
    Base("p95 since the level shifted", kernel.SINCE_SHIFT, 0.95, 0.1),
)
HELD = -2
"""A pick that the promise made."""
MARGINS = np.exp(np.linspace(np.log(0.9), np.log(3.5), 24))
"""Margins on a base, in equal ratios."""


class Prior(Struct, frozen=True):
    """What is expected of a way before anything is known of the resource.

    Slack is `1 - mean ÷ margin`, time over size what the base's quantile leaves, times `drift`, falling with the
    margin's power `tail`. `days` is how many days of history it counts as.
    """

    mean: float = 0.8
    drift: float = 1.3
    tail: float = 6.0
    days: float = 8.0


class Portfolio(Struct, frozen=True):
    """The strategy. `overrun` is what time over size costs in units of slack: 1 % of time costs `overrun` % of slack.

    The defaults are chosen on some sources and judged on others (`bench/generalise.py`). Without a promise the choice
    decides whatever came of it.
    """

    overrun: float = 2.0
    half_life: float = 5.0
    floor: float = 1.05
    prior: Prior = Prior()
    promise: Promise | None = Promise()
    name: str = "portfolio"
    title: str = "Chosen by walk-forward"

    def sizes(self, use: DailyUse) -> Floats:
        """The size that costs least by what was known before each day."""
        return self.decide(use)[0]

    def decide(self, use: DailyUse) -> tuple[Floats, Integers]:
        """Sizes `[n, days + 1]`, and the base and margin behind each, `[n, days + 1, 2]` (-1: no history, -2: held)."""
        sizes = np.empty((len(use), use.days + 1))
        picks = np.empty((len(use), use.days + 1, 2), np.int64)
        slack, over = self._prior()
        kernel.walk(
            use.quantiles,
            use.means,
            LEVEL_ARRAY,
            np.array([one.kind for one in BASES]),
            np.array([one.parameter for one in BASES]),
            np.array([LEVELS.index(one.quantile) for one in BASES]),
            MARGINS,
            slack,
            over,
            self.prior.days,
            self.half_life,
            self.overrun,
            LEVELS.index(0.95),
            self.floor,
            sizes,
            picks,
        )
        if self.promise is not None:
            picks[self.promise.hold(use, sizes) > 0.0] = HELD
        return sizes, picks

    def _prior(self) -> tuple[Floats, Floats]:
        left = np.array([1.0 - one.quantile for one in BASES])
        wide = np.array([1.25 if one.quantile > 0.97 or one.kind == kernel.PEAK else 1.0 for one in BASES])
        slack = 1.0 - self.prior.mean / (wide[:, None] * MARGINS)
        over = np.minimum(self.prior.drift * (left + 0.01)[:, None] * MARGINS**-self.prior.tail, 1.0)
        return slack, over


def pick_title(pick: Integers) -> str:
    """A choice in words: the base, and the margin on it."""
    base, step = int(pick[0]), int(pick[1])
    if base == HELD:
        return "the safe rule, while time over size is above what is promised"
    if base < 0:
        return "too little history"
    return f"{BASES[base].title} × {MARGINS[step]:.2f}"
