"""Which kind of problem a target is, and the metrics by which models of it are told apart, by AWS's names. Pure.

Source: SageMaker developer guide, "Autopilot metrics" and "Autopilot problem types": the metrics and the default of
each kind, and which way is better.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from trimtab.base.errors import InvalidInput
from trimtab.batch.automl.encoding import is_number
from trimtab.batch.automl.losses import Floats
from trimtab.batch.monitor.dataset import Value
from trimtab.batch.monitor.model_quality import BINARY, MULTICLASS, REGRESSION, auc, class_rates, f_score

METRICS: Mapping[str, Sequence[str]] = {
    REGRESSION: ("MSE", "RMSE", "MAE", "R2"),
    BINARY: ("F1", "Accuracy", "AUC", "BalancedAccuracy", "Precision", "Recall"),
    MULTICLASS: ("Accuracy", "BalancedAccuracy", "F1macro", "PrecisionMacro", "RecallMacro"),
}
"""The objectives of each kind, the default first."""
_ERRORS = ("MSE", "RMSE", "MAE")
_MOST_CLASSES = 20
"""Different whole numbers that are still classes, as far as a number repeats: more are amounts."""
_REPEATS = 10


def problem_of(values: Sequence[Value]) -> str:
    """The kind of problem of a target: two values are two classes, words and few whole numbers several."""
    there = [one for one in values if one is not None]
    different = len(set(there))
    if different < 2:
        raise InvalidInput("the target must have two different values or more")
    if different == 2:
        return BINARY
    if not is_number(values):
        return MULTICLASS
    whole = all(float(one).is_integer() for one in there)
    return MULTICLASS if whole and different <= _MOST_CLASSES and len(there) >= _REPEATS * different else REGRESSION


def maximized(metric: str) -> bool:
    """Whether more of a metric is better."""
    return metric not in _ERRORS


def check_objective(problem: str, metric: str) -> None:
    """Raises InvalidInput for a metric that is not one of the problem's."""
    if metric not in METRICS[problem]:
        raise InvalidInput(
            f"The objective metric {metric} is not valid for the problem type {problem}. Valid metrics are: "
            f"{', '.join(METRICS[problem])}."
        )


def measured(
    problem: str, truth: npt.NDArray[Any], predicted: npt.NDArray[Any], shares: Floats | None
) -> dict[str, float]:
    """All metrics of predictions: numbers, or classes by number with `shares`, the probability of each class."""
    if problem == REGRESSION:
        return _amounts(truth, predicted)
    rates = class_rates(truth, predicted)
    found = {
        "Accuracy": float((truth == predicted).mean()),
        "BalancedAccuracy": _mean([one[1] for one in rates.values()]),
    }
    if problem == BINARY:
        precision, recall = rates.get(1, (0.0, 0.0))
        found |= {"Precision": precision, "Recall": recall, "F1": f_score(precision, recall, 1.0)}
        if shares is not None:
            found["AUC"] = auc(truth == 1, shares[:, 1])
        return found
    return found | {
        "PrecisionMacro": _mean([one[0] for one in rates.values()]),
        "RecallMacro": _mean([one[1] for one in rates.values()]),
        "F1macro": _mean([f_score(*one, 1.0) for one in rates.values()]),
    }


def _amounts(truth: Floats, predicted: Floats) -> dict[str, float]:
    error = predicted - truth
    mse, spread = float((error**2).mean()), float(((truth - truth.mean()) ** 2).mean())
    return {"MSE": mse, "RMSE": mse**0.5, "MAE": float(np.abs(error).mean()), "R2": 1 - mse / spread if spread else 0.0}


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0
