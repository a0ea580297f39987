"""Bias: how labels and predictions differ between a group (a facet's value) and all others. Pure.

Source: SageMaker developer guide, "Measure Pre-training Bias" and "Measure Post-training Data and Model Bias": names,
formulas and signs are those of SageMaker Clarify; `d` is the group that a facet's value selects, `a` everybody else. A
metric that would be infinite has no value. Flip tests need a model to ask, and are not worked out here.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.batch.monitor.dataset import Value

Truths = npt.NDArray[np.bool_]
PRE, POST = "pre_training_bias", "post_training_bias"
STAGES = {PRE: "Pre-training", POST: "Post-Training"}
_NEUTRAL = {"DI": 1.0}  # of all others a group that is treated alike has 0
_DRIFT = "bias_drift_check"


class Groups(Struct, frozen=True):
    """Labels and predictions of the two groups, as positive or not; predictions are None where there are none.

    `strata` says which part of the data each row is of, for the conditional metrics.
    """

    disadvantaged: Truths
    label: Truths
    predicted: Truths | None
    strata: npt.NDArray[Any] | None


class Metric(Struct, frozen=True):
    """A metric of bias, by its name."""

    name: str
    about: str
    measure: Callable[[Groups], float]


def measured(stage: str, methods: Any, groups: Groups) -> list[dict[str, Any]]:
    """The metrics of a stage, of a facet's value: all, or those that `methods` names. Raises InvalidInput."""
    known = {one.name: one for one in (_PRE if stage == PRE else _POST)}
    names = list(known) if methods in (None, "all") else list(methods)
    absent = [name for name in names if name not in known]
    if absent:
        raise InvalidInput(f"the metric {absent[0]} of {stage} is not available; expected {', '.join(known)}")
    if stage == POST and groups.predicted is None:
        raise InvalidInput(f"{stage} needs predictions: a predicted_label, or captured answers")
    found = []
    for name in names:
        if name in _CONDITIONAL and groups.strata is None:
            if methods in (None, "all"):
                continue
            raise InvalidInput(f"{name} needs a group_variable")
        value = known[name].measure(groups)
        shown = value if math.isfinite(value) else None
        found.append({"name": name, "description": f"{known[name].about} ({name})", "value": shown})
    return found


def check(found: Mapping[str, Any], limits: Mapping[str, Any]) -> list[dict[str, str]]:
    """What of an analysis is further from equal treatment than a baseline's analysis was, on either side."""
    violations = []
    for stage in STAGES:
        before = dict(_values(limits, stage))
        for (facet, value, name), now in _values(found, stage):
            neutral, limit = _NEUTRAL.get(name, 0.0), before.get((facet, value, name))
            if now is None or limit is None:
                continue
            if _distance(now, neutral) > _distance(limit, neutral):
                violations.append({
                    "facet": facet, "facet_value": value, "metric_name": name, "constraint_check_type": _DRIFT,
                    "description": f"Value {now} does not meet the constraint requirement",
                })  # fmt: skip
    return violations


def values_of(found: Mapping[str, Any]) -> list[tuple[str, float, dict[str, str]]]:
    """The metrics of an analysis as those of CloudWatch: name, value, and the dimensions that say of what they are."""
    told = []
    for stage, word in STAGES.items():
        part = found.get(f"{stage}_metrics") or {}
        for (facet, value, name), now in _values(found, stage):
            if now is not None:
                dimensions = {"BiasStage": word, "Label": str(part["label"]), "Facet": facet, "FacetValue": value,
                              "LabelValue": str(part["label_value_or_threshold"])}  # fmt: skip
                told.append((f"bias_metric_{name}", float(now), dimensions))
    return told


def positive(values: Sequence[Value], chosen: Sequence[Value]) -> Truths:
    """Which values are positive, or of a facet's group: those chosen, or above the one threshold of a measure.

    A column is a measure where it has fractions, or whole numbers of which 5 % are different, as with Clarify.
    """
    numbers = [one for one in values if isinstance(one, (int, float))]
    if len(numbers) == len(values) and len(chosen) == 1 and isinstance(chosen[0], (int, float)):
        different = len(set(numbers))
        fractions = any(isinstance(one, float) and not one.is_integer() for one in numbers)
        if different > 2 and (fractions or different >= _MEASURE * len(numbers)):
            return np.asarray(numbers, dtype=np.float64) > float(chosen[0])
    words = {_word(one) for one in chosen}
    return np.asarray([one is not None and _word(one) in words for one in values], dtype=np.bool_)


def _word(one: Value) -> str:
    """A class as text; 1 and 1.0 are the same."""
    return str(int(one)) if isinstance(one, float) and one.is_integer() else str(one)


def _distance(value: float, neutral: float) -> float:
    """How far from equal treatment; a ratio counts by its logarithm: half is as far as double."""
    if neutral == 1.0:
        return abs(math.log(value)) if value > 0 else math.inf
    return abs(value - neutral)


def _values(found: Mapping[str, Any], stage: str) -> list[tuple[tuple[str, str, str], float | None]]:
    facets = (found.get(f"{stage}_metrics") or {}).get("facets") or {}
    return [
        ((name, str(one["value_or_threshold"]), metric["name"]), metric.get("value"))
        for name, listed in facets.items()
        for one in listed
        for metric in one["metrics"]
    ]


def _ratio(part: float, whole: float) -> float:
    """Nothing of nothing is 0, as with Clarify; something of nothing has no value."""
    if not whole:
        return math.nan if part else 0.0
    return part / whole


class _Side(Struct, frozen=True):
    """The counts of a group: rows, positive labels and predictions, and how these meet."""

    rows: float
    labels: float
    said: float
    true_positive: float
    true_negative: float
    false_positive: float
    false_negative: float


def _sides(groups: Groups) -> tuple[_Side, _Side]:
    """Of everybody else (a), and of the group (d)."""
    label = groups.label
    said = groups.predicted if groups.predicted is not None else label

    def side(of: Truths) -> _Side:
        def count(*parts: Truths) -> float:
            return float(np.logical_and.reduce((of, *parts)).sum())

        return _Side(
            rows=count(), labels=count(label), said=count(said), true_positive=count(label, said),
            true_negative=count(~label, ~said), false_positive=count(~label, said),
            false_negative=count(label, ~said),
        )  # fmt: skip

    return side(~groups.disadvantaged), side(groups.disadvantaged)


def _difference(measure: Callable[[_Side], float], *, group_first: bool = False) -> Callable[[Groups], float]:
    """The metric of everybody else less that of the group, or the other way round."""

    def work(groups: Groups) -> float:
        a, d = (measure(one) for one in _sides(groups))
        return d - a if group_first else a - d

    return work


def _imbalance(groups: Groups) -> float:
    a, d = _sides(groups)
    return _ratio(a.rows - d.rows, a.rows + d.rows)


def _impact(groups: Groups) -> float:
    a, d = _sides(groups)
    return _ratio(_ratio(d.said, d.rows), _ratio(a.said, a.rows))


def _shares(groups: Groups) -> tuple[list[float], list[float]]:
    """The shares of negative and positive labels, of everybody else and of the group."""
    a, d = ([_ratio(one.rows - one.labels, one.rows), _ratio(one.labels, one.rows)] for one in _sides(groups))
    return a, d


def _kl(left: Sequence[float], right: Sequence[float]) -> float:
    return sum(p * math.log(p / q) if q else math.inf for p, q in zip(left, right, strict=True) if p)


def _divergence(groups: Groups) -> float:
    a, d = _shares(groups)
    return _kl(a, d)


def _jensen(groups: Groups) -> float:
    a, d = _shares(groups)
    middle = [(p + q) / 2 for p, q in zip(a, d, strict=True)]
    return (_kl(a, middle) + _kl(d, middle)) / 2


def _gaps(groups: Groups) -> list[float]:
    a, d = _shares(groups)
    return [abs(p - q) for p, q in zip(a, d, strict=True)]


def _disparity(of: Truths, positives: Truths) -> float:
    """The group's share of what was refused, less that of what was granted."""
    refused, granted = float((~positives).sum()), float(positives.sum())
    return _ratio(float((of & ~positives).sum()), refused) - _ratio(float((of & positives).sum()), granted)


def _conditional(groups: Groups, positives: Truths) -> float:
    """The disparity within each stratum, by its size; one without refused or granted rows has none."""
    if groups.strata is None:
        raise AssertionError("bug: a conditional metric without strata")
    total = 0.0
    for one in np.unique(groups.strata):
        within = groups.strata == one
        total += float(within.sum()) * _disparity(groups.disadvantaged[within], positives[within])
    return _ratio(total, float(len(positives)))


def _entropy(groups: Groups) -> float:
    """Generalized entropy with α = 2: how unequal the benefit of being predicted is, over everybody."""
    if groups.predicted is None:
        raise AssertionError("bug: a post-training metric without predictions")
    benefit = groups.predicted.astype(np.float64) - groups.label.astype(np.float64) + 1
    mean = float(benefit.mean())
    return _ratio(float(((benefit / mean) ** 2 - 1).mean()), 2.0) if mean else math.nan


def _predicted(groups: Groups) -> Truths:
    return groups.predicted if groups.predicted is not None else groups.label


_CONDITIONAL = ("CDDL", "CDDPL")
_MEASURE = 0.05
_PRE = (
    Metric("CI", "Class Imbalance", _imbalance),
    Metric("DPL", "Difference in Positive Proportions in Labels", _difference(lambda s: _ratio(s.labels, s.rows))),
    Metric("KL", "Kullback-Leibler Divergence", _divergence),
    Metric("JS", "Jensen-Shannon Divergence", _jensen),
    Metric("LP", "L-p Norm", lambda groups: math.hypot(*_gaps(groups))),
    Metric("TVD", "Total Variation Distance", lambda groups: sum(_gaps(groups)) / 2),
    Metric("KS", "Kolmogorov-Smirnov Distance", lambda groups: max(_gaps(groups))),
    Metric("CDDL", "Conditional Demographic Disparity in Labels", lambda groups: _conditional(groups, groups.label)),
)
_POST = (
    Metric("DPPL", "Difference in Positive Proportions in Predicted Labels",
           _difference(lambda s: _ratio(s.said, s.rows))),
    Metric("DI", "Disparate Impact", _impact),
    Metric("DCA", "Difference in Conditional Acceptance", _difference(lambda s: _ratio(s.labels, s.said))),
    Metric("DCR", "Difference in Conditional Rejection",
           _difference(lambda s: _ratio(s.rows - s.labels, s.rows - s.said), group_first=True)),
    Metric("SD", "Specificity Difference",
           _difference(lambda s: _ratio(s.true_negative, s.true_negative + s.false_positive), group_first=True)),
    Metric("RD", "Recall Difference", _difference(lambda s: _ratio(s.true_positive, s.labels))),
    Metric("DAR", "Difference in Acceptance Rates", _difference(lambda s: _ratio(s.true_positive, s.said))),
    Metric("DRR", "Difference in Rejection Rates",
           _difference(lambda s: _ratio(s.true_negative, s.rows - s.said), group_first=True)),
    Metric("AD", "Accuracy Difference", _difference(lambda s: _ratio(s.true_positive + s.true_negative, s.rows))),
    Metric("TE", "Treatment Equality",
           _difference(lambda s: _ratio(s.false_negative, s.false_positive), group_first=True)),
    Metric("CDDPL", "Conditional Demographic Disparity in Predicted Labels",
           lambda groups: _conditional(groups, _predicted(groups))),
    Metric("GE", "Generalized Entropy", _entropy),
)  # fmt: skip
