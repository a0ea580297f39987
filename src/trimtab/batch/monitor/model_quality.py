"""Model quality: predictions against ground truth, constraints that a baseline suggests, and what violates them. Pure.

Source: SageMaker developer guide, "Model quality metrics and Amazon CloudWatch monitoring": the metrics of the three
kinds of problem. Standard deviations are of the metric over five samples of 80 % of the rows.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from trimtab.base.errors import InvalidInput
from trimtab.batch.monitor.dataset import Value

REGRESSION, BINARY, MULTICLASS = "Regression", "BinaryClassification", "MulticlassClassification"
_GREATER, _LESS = "GreaterThanThreshold", "LessThanThreshold"
_SAMPLES, _SHARE = 5, 0.8
Labels = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
_KEYS = {REGRESSION: "regression", BINARY: "binary_classification", MULTICLASS: "multiclass_classification"}


def statistics(
    problem: str, truth: Sequence[Value], predicted: Sequence[Value], scores: Sequence[Value] | None = None
) -> dict[str, Any]:
    """`statistics.json` of predictions, `scores` being the probabilities of class 1. Raises InvalidInput."""
    if problem not in _KEYS:
        raise InvalidInput(f"problem_type must be {', '.join(_KEYS)}, got {problem!r}")
    if not truth:
        raise InvalidInput("Job inputs had no data: no prediction has ground truth in this window")
    measure = _MEASURES[problem]
    labelled: Callable[[Sequence[Value]], Labels] = _numbers if problem == REGRESSION else _texts
    actual, said = labelled(truth), labelled(predicted)
    given = _numbers(scores) if scores is not None and problem == BINARY else None
    whole = measure(actual, said, given)
    draw = np.random.default_rng(0)
    size = max(1, round(_SHARE * len(truth)))
    picks = [draw.choice(len(truth), size, replace=False) for _ in range(_SAMPLES)]
    parts = [measure(actual[one], said[one], None if given is None else given[one]) for one in picks]
    metrics: dict[str, Any] = {
        name: {"value": value, "standard_deviation": float(np.std([part[name] for part in parts]))}
        for name, value in whole.items()
    }
    if problem != REGRESSION:
        metrics["confusion_matrix"] = _confusion(actual, said)
    return {"version": 0.0, "dataset": {"item_count": len(truth)}, f"{_KEYS[problem]}_metrics": metrics}


def constraints(found: Mapping[str, Any]) -> dict[str, Any]:
    """`constraints.json` that a baseline suggests: no metric may be worse than it was."""
    name, metrics = _metrics(found)
    limits = {
        key: {"threshold": one["value"], "comparison_operator": _GREATER if key in _ERRORS else _LESS}
        for key, one in metrics.items()
    }
    return {"version": 0.0, f"{name}_constraints": limits}


def check(found: Mapping[str, Any], limits: Mapping[str, Any]) -> list[dict[str, str]]:
    """What of statistics violates constraints."""
    name, metrics = _metrics(found)
    violations = []
    for key, limit in (limits.get(f"{name}_constraints") or {}).items():
        one, operator = metrics.get(key), limit["comparison_operator"]
        threshold = float(limit["threshold"])
        if one is None:
            continue
        if one["value"] > threshold if operator == _GREATER else one["value"] < threshold:
            said = f"Metric {key} with {one['value']} +/- {one['standard_deviation']} was {operator} '{threshold}'"
            violations.append({"constraint_check_type": operator, "description": said, "metric_name": key})
    return violations


def values_of(found: Mapping[str, Any]) -> dict[str, float]:
    """The metrics of statistics by name."""
    return {key: float(one["value"]) for key, one in _metrics(found)[1].items()}


def _metrics(found: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    for name in _KEYS.values():
        metrics = found.get(f"{name}_metrics")
        if metrics is not None:
            return name, {key: one for key, one in metrics.items() if "value" in one}
    raise InvalidInput("the statistics are not of model quality")


def _regression(truth: Floats, predicted: Floats, _: Floats | None) -> dict[str, float]:
    error = predicted - truth
    spread = float(((truth - truth.mean()) ** 2).sum())
    mse = float((error**2).mean())
    r2 = 1 - float((error**2).sum()) / spread if spread else 0.0
    return {"mae": float(np.abs(error).mean()), "mse": mse, "rmse": mse**0.5, "r2": r2}


def _binary(truth: Labels, predicted: Labels, scores: Floats | None) -> dict[str, float]:
    actual, said = truth == "1", predicted == "1"
    true_positive, true_negative = float((actual & said).sum()), float((~actual & ~said).sum())
    false_positive, false_negative = float((~actual & said).sum()), float((actual & ~said).sum())
    precision = _ratio(true_positive, true_positive + false_positive)
    recall = _ratio(true_positive, true_positive + false_negative)
    found = {
        "accuracy": _ratio(true_positive + true_negative, float(len(truth))),
        "precision": precision,
        "recall": recall,
        "true_positive_rate": recall,
        "true_negative_rate": _ratio(true_negative, true_negative + false_positive),
        "false_positive_rate": _ratio(false_positive, true_negative + false_positive),
        "false_negative_rate": _ratio(false_negative, true_positive + false_negative),
        **{name: f_score(precision, recall, beta) for name, beta in _BETAS},
    }
    if scores is not None:
        found["auc"] = auc(actual, scores)
    return found


def _multiclass(truth: Labels, predicted: Labels, _: Floats | None) -> dict[str, float]:
    _, counts = np.unique(truth, return_counts=True)
    weights = counts / counts.sum()
    pairs = list(class_rates(truth, predicted).values())
    precision, recall = zip(*pairs, strict=True)
    return {
        "accuracy": float((truth == predicted).mean()),
        "weighted_recall": float(np.dot(weights, recall)),
        "weighted_precision": float(np.dot(weights, precision)),
        **{f"weighted_{name}": float(np.dot(weights, [f_score(*one, beta) for one in pairs])) for name, beta in _BETAS},
    }


_BETAS = (("f0_5", 0.5), ("f1", 1.0), ("f2", 2.0))
_ERRORS = ("mae", "mse", "rmse", "false_positive_rate", "false_negative_rate")
_MEASURES: Mapping[str, Callable[[Any, Any, Floats | None], dict[str, float]]] = {
    REGRESSION: _regression,
    BINARY: _binary,
    MULTICLASS: _multiclass,
}


def class_rates(truth: Labels, predicted: Labels) -> dict[Any, tuple[float, float]]:
    """Precision and recall of each class that there is."""
    found = {}
    for one in np.unique(truth).tolist():
        hit = float(((truth == one) & (predicted == one)).sum())
        found[one] = _ratio(hit, float((predicted == one).sum())), _ratio(hit, float((truth == one).sum()))
    return found


def auc(actual: npt.NDArray[np.bool_], scores: Floats) -> float:
    """The chance that a positive has a higher score than a negative; equal ones count half."""
    positive, negative = scores[actual], np.sort(scores[~actual])
    if not len(positive) or not len(negative):
        return 0.0
    below = np.searchsorted(negative, positive, "left") + np.searchsorted(negative, positive, "right")
    return float(below.sum() / 2 / len(positive) / len(negative))


def _confusion(truth: Labels, predicted: Labels) -> dict[str, dict[str, int]]:
    classes = sorted({*truth.tolist(), *predicted.tolist()})
    return {a: {p: int(((truth == a) & (predicted == p)).sum()) for p in classes} for a in classes}


def f_score(precision: float, recall: float, beta: float) -> float:
    """The mean of both in which recall counts `beta` times as much."""
    return _ratio((1 + beta**2) * precision * recall, beta**2 * precision + recall)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _numbers(values: Sequence[Value]) -> Floats:
    if any(one is None for one in values):
        raise InvalidInput("a prediction or its ground truth has no value")
    try:
        return np.asarray(values, dtype=np.float64)
    except ValueError:
        raise InvalidInput("predictions and ground truth of this problem must be numbers") from None


def _texts(values: Sequence[Value]) -> Labels:
    return np.asarray([_label(one) for one in values])


def _label(one: Value) -> str:
    """A class as text; 1 and 1.0 are the same."""
    return str(int(one)) if isinstance(one, float) and one.is_integer() else str(one)
