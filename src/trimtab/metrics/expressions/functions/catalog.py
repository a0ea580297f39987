"""Every function of metric math, by name."""

from collections.abc import Mapping

from trimtab.metrics.expressions.functions import arrays, calendar, change, choosing, single, sources, summing_up
from trimtab.metrics.expressions.functions.function import Function, by_name

CATALOG: Mapping[str, Function] = by_name(
    *single.FUNCTIONS,
    *summing_up.FUNCTIONS,
    *change.FUNCTIONS,
    *calendar.FUNCTIONS,
    *choosing.FUNCTIONS,
    *arrays.FUNCTIONS,
    *sources.FUNCTIONS,
)
