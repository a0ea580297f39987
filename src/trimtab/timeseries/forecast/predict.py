"""A forecast of one series: candidates are replayed on its past, weighed by how they did there, and combined.

Every number comes with how this method did on the same series: `error` and `coverage` are told from origins that the
weights did not know (each origin is answered with the weights of the others).
"""

import numpy as np

from trimtab.timeseries.forecast.candidates import Predict, candidates
from trimtab.timeseries.forecast.combine import Spans, combined, errors, weights
from trimtab.timeseries.forecast.intervals import half_widths, sum_width
from trimtab.timeseries.forecast.model import Forecast, Judged, Question, Sum, TooLittleHistory, Values
from trimtab.timeseries.forecast.replay import Replay, origins_of, replay, spans

_ORIGINS_NEAR = 6  # horizons within a cycle are cheap to replay, and each tells little
_ORIGINS_FAR = 4
_LEAST_ORIGINS = 2
_MONTHS_KNOWN = 93  # steps: what a calendar marks once a month has come three times


def predict(question: Question) -> Forecast:
    """The forecast; raises TooLittleHistory where the past cannot judge one."""
    history, horizon = _whole(question.history), question.horizon
    period = question.periods[0] if question.periods else 1
    most = _ORIGINS_NEAR if horizon < period or horizon <= 2 * max(period, 7) else _ORIGINS_FAR
    least = max(2 * period, horizon // 2, 10)
    months = 0 if question.calendar is None else _MONTHS_KNOWN
    # An origin that knew little tells little of what is known today; where the history is short it must do.
    origins = sorted(cut for cut in question.cuts if least <= cut <= len(history) - horizon)
    for knowing in (max(horizon, months, least), least):
        if len(origins) >= _LEAST_ORIGINS:
            break
        origins = origins_of(len(history), horizon, period, most, knowing)
    if len(origins) < _LEAST_ORIGINS:
        raise TooLittleHistory(
            f"cannot forecast {horizon} steps ahead: the history has {len(history)} values; expected at least "
            f"{horizon + least + 1}; ask for a shorter time, or wait for more history"
        )
    predictors = candidates(question.periods, question.calendar)
    past = replay(history, horizon, origins, predictors)
    span = spans(horizon)
    found = errors(past.said, past.came, span)
    shares = weights(found)
    said = np.stack([_said(predictor, history, horizon) for predictor in predictors.values()])
    mean = combined(said, shares, span)
    answered = _answered(past, span)
    wide = half_widths(past.came - answered, span, question.level)[span]
    low, high = np.maximum(mean - wide, question.least), np.maximum(mean + wide, question.least)
    steps = np.maximum(mean, question.least), low, high
    held = [_held(past.came - answered, at, span, question.level) for at in range(len(origins))]
    return Forecast(
        mean=steps[0],
        lower=steps[1],
        upper=steps[2],
        level=question.level,
        error=_share(np.abs(past.came - answered), past.came),
        coverage=float(np.mean(held)),
        origins=len(origins),
        candidates=_judged(past, shares, span),
        sums=_sums(question, steps, answered, past.came),
        cuts=tuple(origins),
    )


def _whole(history: Values) -> Values:
    """The history without gaps: they are bridged by straight lines."""
    known = np.isfinite(history)
    if known.sum() < max(2, len(history) // 2):
        raise TooLittleHistory(
            f"cannot forecast: {int(known.sum())} of {len(history)} values are known; expected at least half"
        )
    places = np.arange(len(history))
    return np.asarray(np.interp(places, places[known], history[known]), dtype=np.float64)


def _said(predictor: Predict, history: Values, horizon: int) -> Values:
    ahead = predictor(history, horizon)
    return np.full(horizon, np.nan) if ahead is None else ahead


def _answered(past: Replay, span: Spans) -> Values:
    """What this method would have answered at each origin, with weights that the others gave."""
    rows = []
    for at in range(past.came.shape[0]):
        others = np.arange(past.came.shape[0]) != at
        shares = weights(errors(past.said[:, others], past.came[others], span))
        rows.append(combined(past.said[:, at], shares, span))
    return np.stack(rows)


def _held(off: Values, at: int, span: Spans, level: float) -> float:
    """The share of one origin's values inside the intervals that the others' errors give."""
    others = np.arange(len(off)) != at
    return float(np.mean(np.abs(off[at]) <= half_widths(off[others], span, level)[span]))


def _sums(question: Question, steps: tuple[Values, Values, Values], answered: Values, came: Values) -> tuple[Sum, ...]:
    """The sums of groups; `steps` are mean, lower and upper bound of each step, which a group of one step has too."""
    found = []
    mean, off = steps[0], came - answered
    for first, last in question.groups:
        sums = (values[:, first:last].sum(axis=1).tolist() for values in (answered, came))
        replayed = tuple(zip(*sums, strict=True))
        if last - first == 1:
            middle, low, high = (float(one[first]) for one in steps)
            found.append(Sum(middle, low, high, replayed))
            continue
        middle, wide = float(mean[first:last].sum()), sum_width(off, first, last, question.level)
        least = question.least * (last - first)
        found.append(Sum(middle, max(middle - wide, least), max(middle + wide, least), replayed))
    return tuple(found)


def _share(off: Values, came: Values) -> float:
    whole = float(np.abs(came).sum())
    return float(off.sum()) / whole if whole else float("nan")


def _judged(past: Replay, shares: Values, span: Spans) -> tuple[Judged, ...]:
    """The candidates that count, the heaviest first."""
    heavy = shares[:, span].mean(axis=1)
    found = [
        Judged(name, _share(np.abs(past.said[at] - past.came), past.came), float(heavy[at]))
        for at, name in enumerate(past.names)
        if heavy[at] > 0
    ]
    return tuple(sorted(found, key=lambda one: (-one.weight, one.name)))
