"""Linear and logistic regression: weights of the features, held small by a penalty on their squares. Pure."""

from collections.abc import Mapping

import numpy as np

from trimtab.batch.automl.losses import Floats, Loss

Arrays = Mapping[str, Floats]
_ROUNDS = 500


def fit(features: Floats, wanted: Floats, loss: Loss, settings: Mapping[str, float]) -> Arrays:
    """The weights, a column for each output, the last row of them those of the constant."""
    from scipy.optimize import minimize  # takes half a second to load

    rows, width = features.shape[0], wanted.shape[1]
    with_one = np.hstack([features, np.ones((rows, 1))])
    shape, penalty = (with_one.shape[1], width), settings["l2"]
    held = np.ones(shape)
    held[-1] = 0.0  # the constant is free

    def cost(flat: Floats) -> tuple[float, Floats]:
        weights = flat.reshape(shape)
        outputs = with_one @ weights
        slope = with_one.T @ loss.gradient(outputs, wanted) / rows + penalty * held * weights
        return loss.value(outputs, wanted) + penalty / 2 * float((held * weights**2).sum()), slope.ravel()

    first = np.zeros(shape)
    first[-1] = loss.start(wanted)
    found = minimize(cost, first.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": _ROUNDS})
    return {"weights": np.asarray(found.x).reshape(shape)}


def outputs(arrays: Arrays, features: Floats) -> Floats:
    """The outputs of records."""
    weights = arrays["weights"]
    return np.asarray(features @ weights[:-1] + weights[-1])
