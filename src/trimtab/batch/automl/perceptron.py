"""A perceptron with one hidden layer, fitted by Adam (Kingma & Ba, 2015) on small batches. Pure."""

from collections.abc import Mapping

import numpy as np

from trimtab.batch.automl.linear import Arrays
from trimtab.batch.automl.losses import Floats, Loss

_EPOCHS, _BATCH = 60, 64
_MEAN, _SQUARE, _TINY = 0.9, 0.999, 1e-8  # Adam's own
_NAMES = ("into", "into_bias", "out", "out_bias")


def fit(features: Floats, wanted: Floats, loss: Loss, settings: Mapping[str, float]) -> Arrays:
    """The weights of both layers. Settings: `units` of the hidden layer, `l2`, `rate` of learning."""
    draw = np.random.default_rng(0)
    rows, inputs, units = features.shape[0], features.shape[1], round(settings["units"])
    arrays = {
        "into": draw.normal(0, np.sqrt(2 / max(inputs, 1)), (inputs, units)),
        "into_bias": np.zeros(units),
        "out": draw.normal(0, np.sqrt(1 / units), (units, wanted.shape[1])),
        "out_bias": loss.start(wanted).astype(np.float64),
    }
    means, squares = ({name: np.zeros_like(one) for name, one in arrays.items()} for _ in range(2))
    step = 0
    for _ in range(_EPOCHS):
        order = draw.permutation(rows)
        for begin in range(0, rows, _BATCH):
            some, step = order[begin : begin + _BATCH], step + 1
            slopes = _slopes(arrays, features[some], wanted[some], loss, settings["l2"])
            for name in _NAMES:
                means[name] = _MEAN * means[name] + (1 - _MEAN) * slopes[name]
                squares[name] = _SQUARE * squares[name] + (1 - _SQUARE) * slopes[name] ** 2
                mean, square = means[name] / (1 - _MEAN**step), squares[name] / (1 - _SQUARE**step)
                arrays[name] = arrays[name] - settings["rate"] * mean / (np.sqrt(square) + _TINY)
    return arrays


def _slopes(arrays: Arrays, features: Floats, wanted: Floats, loss: Loss, penalty: float) -> dict[str, Floats]:
    hidden = _hidden(arrays, features)
    error = loss.gradient(hidden @ arrays["out"] + arrays["out_bias"], wanted) / len(features)
    back = (error @ arrays["out"].T) * (hidden > 0)
    return {
        "into": features.T @ back + penalty * arrays["into"],
        "into_bias": back.sum(axis=0),
        "out": hidden.T @ error + penalty * arrays["out"],
        "out_bias": error.sum(axis=0),
    }


def _hidden(arrays: Arrays, features: Floats) -> Floats:
    return np.asarray(np.maximum(features @ arrays["into"] + arrays["into_bias"], 0))


def outputs(arrays: Arrays, features: Floats) -> Floats:
    """The outputs of records."""
    return np.asarray(_hidden(arrays, features) @ arrays["out"] + arrays["out_bias"])
