"""Candidates that repeat cycles: the last one, the usual one, and the usual one with what is off today fading out."""

import numpy as np

from trimtab.timeseries.forecast.model import Values

_LAGS = 3
_USUAL = 8
"""Cycles that make the shape which is taken off before a model without seasons is fitted."""


def last_value(history: Values, horizon: int) -> Values:
    """The naive forecast: the last value goes on."""
    return np.full(horizon, history[-1])


def last_cycle(history: Values, horizon: int, period: int) -> Values | None:
    """The seasonal naive forecast: the last cycle goes on."""
    return np.resize(history[-period:], horizon) if len(history) >= period else None


def usual_cycle(history: Values, horizon: int, period: int, cycles: int) -> Values | None:
    """The median of the last `cycles` cycles, slot by slot."""
    if len(history) < period * cycles:
        return None
    return np.resize(_usual(history, period, cycles), horizon)


def fading_cycle(history: Values, horizon: int, period: int, cycles: int) -> Values | None:
    """The usual cycle, and on it how far the last one was off, fading as its autocorrelation says."""
    if len(history) < period * (cycles + 1):
        return None
    off = history[-period:] - _usual(history[:-period], period, cycles)
    return np.resize(_usual(history, period, cycles), horizon) + fading(off, horizon)


def shape(history: Values, period: int) -> Values | None:
    """Offsets of a cycle's slots from the level, around zero; None with less than two cycles."""
    cycles = min(len(history) // period, _USUAL)
    if cycles < 2:
        return None
    rows = history[-cycles * period :].reshape(cycles, period)
    offsets: Values = np.median(rows - np.median(rows, axis=1, keepdims=True), axis=0)
    centred: Values = offsets - offsets.mean()
    return centred


def fading(residual: Values, horizon: int) -> Values:
    """How a residual goes on: an autoregression by Yule and Walker, which cannot explode."""
    lags = min(_LAGS, len(residual) // 4)
    if lags < 1 or not residual.any():
        return np.zeros(horizon)
    own = np.array([residual[: len(residual) - lag] @ residual[lag:] for lag in range(lags + 1)]) / len(residual)
    own[0] *= 1.0001  # a constant residual has no inverse without
    weights = np.linalg.solve(own[np.abs(np.subtract.outer(np.arange(lags), np.arange(lags)))], own[1:])
    values = np.concatenate([residual[-lags:], np.empty(horizon)])
    for step in range(lags, len(values)):
        values[step] = values[step - lags : step][::-1] @ weights
    return values[lags:]


def _usual(history: Values, period: int, cycles: int) -> Values:
    rows = history[-cycles * period :].reshape(cycles, period)
    found: Values = np.median(rows, axis=0)
    return found
