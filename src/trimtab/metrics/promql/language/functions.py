"""The signatures of PromQL's functions. Source: Prometheus documentation, "Query functions"."""

from msgspec import Struct

from trimtab.metrics.promql.language.syntax import Type


class Signature(Struct, frozen=True):
    """Argument types and result. `optional` counts how often the last argument may be left out or repeated beyond:
    0 is exactly as written, n > 0 one less to n - 1 more, -1 one less or any number more.
    """

    arguments: tuple[Type, ...]
    result: Type = Type.VECTOR
    optional: int = 0


_V, _M, _S, _T = Type.VECTOR, Type.MATRIX, Type.SCALAR, Type.STRING

_MATH = (
    "abs",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atanh",
    "ceil",
    "cos",
    "cosh",
    "deg",
    "exp",
    "floor",
    "ln",
    "log10",
    "log2",
    "rad",
    "sgn",
    "sin",
    "sinh",
    "sqrt",
    "tan",
    "tanh",
    "absent",
    "timestamp",
    "start_timestamp",
    "sort",
    "sort_desc",
    "histogram_avg",
    "histogram_count",
    "histogram_sum",
    "histogram_stddev",
    "histogram_stdvar",
)
_OVER_TIME = (
    "absent_over_time",
    "avg_over_time",
    "changes",
    "count_over_time",
    "delta",
    "deriv",
    "first_over_time",
    "idelta",
    "increase",
    "irate",
    "last_over_time",
    "mad_over_time",
    "max_over_time",
    "min_over_time",
    "present_over_time",
    "rate",
    "resets",
    "stddev_over_time",
    "stdvar_over_time",
    "sum_over_time",
    "ts_of_first_over_time",
    "ts_of_last_over_time",
    "ts_of_max_over_time",
    "ts_of_min_over_time",
)
DATES = (
    "day_of_month",
    "day_of_week",
    "day_of_year",
    "days_in_month",
    "hour",
    "minute",
    "month",
    "year",
)
"""Functions of a time, which is now where none is given."""
CONTEXT = ("start", "end", "range", "step")
"""Functions that name the query's own times, in seconds."""

SIGNATURES = {
    **dict.fromkeys(_MATH, Signature((_V,))),
    **dict.fromkeys(_OVER_TIME, Signature((_M,))),
    **dict.fromkeys(DATES, Signature((_V,), optional=1)),
    **dict.fromkeys((*CONTEXT, "pi", "time"), Signature((), _S)),
    "clamp": Signature((_V, _S, _S)),
    "clamp_max": Signature((_V, _S)),
    "clamp_min": Signature((_V, _S)),
    "double_exponential_smoothing": Signature((_M, _S, _S)),
    "holt_winters": Signature((_M, _S, _S)),
    "histogram_fraction": Signature((_S, _S, _V)),
    "histogram_quantile": Signature((_S, _V)),
    "histogram_quantiles": Signature((_V, _T, _S, _S), optional=9),
    "info": Signature((_V, _V), optional=1),
    "label_join": Signature((_V, _T, _T, _T), optional=-1),
    "label_replace": Signature((_V, _T, _T, _T, _T)),
    "max_of": Signature((_S, _S), _S),
    "min_of": Signature((_S, _S), _S),
    "predict_linear": Signature((_M, _S)),
    "quantile_over_time": Signature((_S, _M)),
    "round": Signature((_V, _S), optional=1),
    "scalar": Signature((_V,), _S),
    "sort_by_label": Signature((_V, _T), optional=-1),
    "sort_by_label_desc": Signature((_V, _T), optional=-1),
    "vector": Signature((_S,)),
}

ANCHORED = frozenset(("changes", "delta", "increase", "rate", "resets"))
SMOOTHED = frozenset(("delta", "increase", "rate"))
"""Functions that know what `anchored` and `smoothed` ask of a range."""
