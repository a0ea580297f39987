"""A model of what is normal for one metric or expression, from its points of at most two weeks."""

import numpy as np
from msgspec import Struct

from trimtab.detectors.model import Adaptation, Filtering, Settings
from trimtab.metrics.bands.zone import local_times
from trimtab.metrics.expressions.model import Times, Values
from trimtab.metrics.statistics import Family
from trimtab.timeseries import bands as models

HISTORY_MS = 14 * 86_400_000
"""What a model learns from, as CloudWatch documents it."""
MAX_POINTS = 20_160
"""Two weeks of minutes: shorter periods learn from the newest of these."""

_LEVEL_HOURS = {Adaptation.FAST: 2, Adaptation.NORMAL: 6, Adaptation.SLOW: 24}
"""How long a new level must have lasted before it is the normal one."""
_TAILS = {Filtering.MINIMAL: 0.01, Filtering.MODERATE: 0.05, Filtering.STRICT: 0.1}
"""The share of wild points on each side that do not widen the band."""
_BOUNDED = (Family.AVERAGE, Family.MINIMUM, Family.MAXIMUM, Family.PERCENTILE, Family.LAST, Family.TRIMMED_MEAN)
"""Statistics of a percentage that stay between 0 and 100."""


class Learner(Struct, frozen=True):
    """How to learn: the detector's settings (those of none where there is none), the metric's unit and statistic."""

    settings: Settings
    unit: str = ""
    family: Family | None = None

    def learn(self, times: Times, values: Values) -> models.BandModel | None:
        """A model of `values` at `times` (ms, ascending); None where they are too few."""
        times, values = times[-MAX_POINTS:], values[-MAX_POINTS:]
        excluded = np.zeros(len(times), np.bool_)
        for start_ms, end_ms in self.settings.excluded:
            excluded |= (times >= start_ms) & (times < end_ms)
        return models.fit_bands(times, self.local(times), values, excluded, self._fitting(values[~excluded]))

    def local(self, times: Times) -> Times:
        """`times` on the clock that the seasons follow."""
        return local_times(times, self.settings.zone)

    def _fitting(self, values: Values) -> models.Settings:
        low, high = -np.inf, np.inf
        if len(values) and np.nanmin(values) >= 0.0:
            low = 0.0  # counts, sizes and durations: what never was negative cannot become so
            if self.unit == "Percent" and self.family in _BOUNDED and np.nanmax(values) <= 100.0:
                high = 100.0
        return models.Settings(
            low=low,
            high=high,
            spikes=bool(self.settings.spikes),
            level_ms=_LEVEL_HOURS[self.settings.adaptation or Adaptation.NORMAL] * 3_600_000,
            tail=_TAILS[self.settings.filtering or Filtering.MODERATE],
        )
