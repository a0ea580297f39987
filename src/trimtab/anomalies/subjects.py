"""Which series are watched, and by which statistic of five minutes."""

import numpy as np

from trimtab.metrics.model import SELF, Kind, Series
from trimtab.metrics.plan import StatRequest
from trimtab.metrics.postings import Ordinals
from trimtab.metrics.series_table import SeriesTable
from trimtab.metrics.statistics import parse_statistic

PERIOD_S = 300
_PARTS = ("le", "quantile")  # labels of what is one of several series of a histogram or summary
_AVERAGE, _SUM, _RATE = (parse_statistic(name) for name in ("Average", "Sum", "Rate"))
_COUNTS = ("Count",)
"""Units of events whose number, not whose size, says something."""


def is_watched(series: Series) -> bool:
    """Not the buckets of classic histograms, a dozen series that say together what their count and sum say; nor
    trimtab's own metrics: several hundred that are no news of the user's, and that alarms can watch."""
    if series.identity.namespace == SELF:
        return False
    return all(name not in series.dimensions for name in _PARTS)


def watchable(table: SeriesTable, among: Ordinals) -> Ordinals:
    """What of some series `is_watched`, by the columns of all."""
    own = np.array([shape[2] == SELF for shape in table.shapes], np.bool_)
    kept = ~own[table.shape_of.view[among]]
    for name in _PARTS:
        kept &= table.pair_named(among, name) < 0
    watched: Ordinals = among[kept]
    return watched


def statistic_name(series: Series) -> str:
    """The statistic by its name: the rate of a counter, the sum of counts, else the mean."""
    if series.identity.kind is Kind.COUNTER:
        return _RATE.text
    if series.identity.kind is Kind.EVENTS and series.identity.unit in _COUNTS:
        return _SUM.text
    return _AVERAGE.text


def request_of(series: Series) -> StatRequest:
    """What is read of `series`."""
    return StatRequest((series.id,), parse_statistic(statistic_name(series)), PERIOD_S)
