"""What a model of each kind of problem minimizes, and how its outputs become answers. Pure.

Outputs are a row for each record: one number (of two classes the log-odds of the second), or one for each class.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.batch.monitor.model_quality import BINARY, MULTICLASS, REGRESSION

Floats = npt.NDArray[np.float64]
_SURE = 1e-12


class Loss(Struct, frozen=True):
    """`gradient` and `hessian` are of a record's loss by its outputs; `start` is the best constant output."""

    start: Callable[[Floats], Floats]
    gradient: Callable[[Floats, Floats], Floats]
    hessian: Callable[[Floats, Floats], Floats]
    value: Callable[[Floats, Floats], float]


def targets(problem: str, values: npt.NDArray[Any], classes: int) -> Floats:
    """Numbers as they are, or classes by their number, as columns of what the outputs should be."""
    if problem == MULTICLASS:
        return np.asarray(np.eye(classes)[values.astype(int)])
    return values.astype(np.float64)[:, None]


def probabilities(problem: str, outputs: Floats) -> Floats:
    """The probability of each class, a column each."""
    if problem == BINARY:
        second = _logistic(outputs)
        return np.hstack([1 - second, second])
    return _softmax(outputs)


def _logistic(outputs: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(outputs, -500, 500))))


def _softmax(outputs: Floats) -> Floats:
    grown = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    return np.asarray(grown / grown.sum(axis=1, keepdims=True))


def _squared(outputs: Floats, wanted: Floats) -> float:
    return float(((outputs - wanted) ** 2).mean() / 2)


def _log_odds(wanted: Floats) -> Floats:
    share = np.clip(wanted.mean(axis=0), _SURE, 1 - _SURE)
    return np.asarray(np.log(share / (1 - share)))


def _log_share(wanted: Floats) -> Floats:
    return np.asarray(np.log(np.clip(wanted.mean(axis=0), _SURE, 1)))


def _surprise(shares: Floats, wanted: Floats) -> float:
    return float(-(wanted * np.log(np.clip(shares, _SURE, 1))).sum(axis=1).mean())


def _curvature(shares: Floats) -> Floats:
    return np.asarray(np.maximum(shares * (1 - shares), 1e-6))


LOSSES: Mapping[str, Loss] = {
    REGRESSION: Loss(
        lambda wanted: np.asarray(wanted.mean(axis=0)),
        lambda outputs, wanted: outputs - wanted,
        lambda outputs, _: np.ones_like(outputs),
        _squared,
    ),
    BINARY: Loss(
        _log_odds,
        lambda outputs, wanted: _logistic(outputs) - wanted,
        lambda outputs, _: _curvature(_logistic(outputs)),
        lambda outputs, wanted: _surprise(probabilities(BINARY, outputs), np.hstack([1 - wanted, wanted])),
    ),
    MULTICLASS: Loss(
        _log_share,
        lambda outputs, wanted: _softmax(outputs) - wanted,
        lambda outputs, _: _curvature(_softmax(outputs)),
        lambda outputs, wanted: _surprise(_softmax(outputs), wanted),
    ),
}
