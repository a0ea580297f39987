"""Scaling policies of groups: what may be put, and what executing one asks for."""

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from trimtab.base.errors import InvalidInput
from trimtab.scaling.groups.model import Group, GroupPolicy

SIMPLE, STEP, TRACKING, PREDICTIVE = "SimpleScaling", "StepScaling", "TargetTrackingScaling", "PredictiveScaling"
KINDS = (SIMPLE, STEP, TRACKING, PREDICTIVE)
ADJUSTMENTS = ("ChangeInCapacity", "ExactCapacity", "PercentChangeInCapacity")
PREDEFINED = ("ASGAverageCPUUtilization", "ASGAverageNetworkIn", "ASGAverageNetworkOut", "ALBRequestCountPerTarget")


def check(kind: str, form: Mapping[str, Any]) -> None:
    """Raises InvalidInput for a policy that AWS would not take."""
    if kind not in KINDS:
        raise InvalidInput(f"Invalid PolicyType {kind!r}: expected one of {', '.join(KINDS)}.")
    if kind in (SIMPLE, STEP):
        if form.get("AdjustmentType") not in ADJUSTMENTS:
            raise InvalidInput(f"AdjustmentType must be one of {', '.join(ADJUSTMENTS)} for {kind}.")
        if form.get("MinAdjustmentMagnitude") and form["AdjustmentType"] != "PercentChangeInCapacity":
            raise InvalidInput("MinAdjustmentMagnitude is only supported for PercentChangeInCapacity.")
    if kind == SIMPLE and form.get("ScalingAdjustment") is None:
        raise InvalidInput("ScalingAdjustment must be specified for SimpleScaling policies.")
    if kind == SIMPLE and form.get("StepAdjustments"):
        raise InvalidInput("StepAdjustments is not supported for SimpleScaling policies.")
    if kind == STEP:
        _steps(form.get("StepAdjustments") or ())
    if kind == TRACKING:
        _tracking(form.get("TargetTrackingConfiguration"))
    if kind == PREDICTIVE:
        _predictive(form.get("PredictiveScalingConfiguration"))


def executed(group: Group, policy: GroupPolicy, value: float | None, threshold: float | None) -> int:
    """The desired number that executing a policy asks for. Raises InvalidInput for one that cannot be executed."""
    form = policy.form
    if policy.kind == SIMPLE:
        return _adjusted(group, form, float(form["ScalingAdjustment"]))
    if policy.kind == STEP:
        if value is None or threshold is None:
            raise InvalidInput("MetricValue and BreachThreshold are required for StepScaling policies.")
        beyond = value - threshold
        above = any((one.get("MetricIntervalUpperBound") is None) for one in form["StepAdjustments"])
        for one in form["StepAdjustments"]:
            low = -math.inf if one.get("MetricIntervalLowerBound") is None else one["MetricIntervalLowerBound"]
            high = math.inf if one.get("MetricIntervalUpperBound") is None else one["MetricIntervalUpperBound"]
            inside = low <= beyond < high if above else low < beyond <= high
            if inside:
                return _adjusted(group, form, float(one["ScalingAdjustment"]))
        raise InvalidInput(f"There is no step adjustment for the metric value {value:g}.")
    raise InvalidInput(f"The policy {policy.name} of type {policy.kind} cannot be executed.")


def _adjusted(group: Group, form: Mapping[str, Any], adjustment: float) -> int:
    now = group.desired
    kind = form["AdjustmentType"]
    if kind == "ExactCapacity":
        wanted = adjustment
    elif kind == "ChangeInCapacity":
        wanted = now + adjustment
    else:
        change = now * adjustment / 100
        if 0 < abs(change) < 1:
            change = math.copysign(1, change)
        change = math.trunc(change)  # beyond one, toward zero
        least = form.get("MinAdjustmentMagnitude") or 0
        if change and abs(change) < least:
            change = math.copysign(least, change)
        wanted = now + change
    return int(min(max(wanted, group.least), group.most))


def _steps(steps: Any) -> None:
    """Step adjustments must be ordered without gaps or overlaps, open at one end at least."""
    if not steps:
        raise InvalidInput("StepAdjustments must be specified for StepScaling policies.")
    bounds = sorted(
        (
            -math.inf if one.get("MetricIntervalLowerBound") is None else one["MetricIntervalLowerBound"],
            math.inf if one.get("MetricIntervalUpperBound") is None else one["MetricIntervalUpperBound"],
        )
        for one in steps
    )
    if any(low >= high for low, high in bounds):
        raise InvalidInput("MetricIntervalLowerBound must be less than MetricIntervalUpperBound.")
    for (_, high), (low, _) in pairwise(bounds):
        if high < low:
            raise InvalidInput("StepAdjustment intervals can't have gaps between them.")
        if high > low:
            raise InvalidInput("StepAdjustment intervals can't overlap.")


def _tracking(document: Any) -> None:
    if not document:
        raise InvalidInput("TargetTrackingConfiguration must be specified for TargetTrackingScaling policies.")
    given = [name for name in ("PredefinedMetricSpecification", "CustomizedMetricSpecification") if document.get(name)]
    if len(given) != 1:
        raise InvalidInput(
            "Exactly one of PredefinedMetricSpecification and CustomizedMetricSpecification is required."
        )
    if not document.get("TargetValue", 0) > 0:
        raise InvalidInput("TargetValue must be greater than 0.")
    predefined = document.get("PredefinedMetricSpecification") or {}
    kind = predefined.get("PredefinedMetricType")
    if predefined and kind not in PREDEFINED:
        raise InvalidInput(f"Invalid PredefinedMetricType {kind!r}: expected one of {', '.join(PREDEFINED)}.")
    if kind == "ALBRequestCountPerTarget" and not predefined.get("ResourceLabel"):
        raise InvalidInput("ResourceLabel must be specified for ALBRequestCountPerTarget.")


def _predictive(document: Any) -> None:
    if not document or len(document.get("MetricSpecifications") or ()) != 1:
        raise InvalidInput("PredictiveScalingConfiguration must have exactly one metric specification.")
    if document.get("MaxCapacityBreachBehavior") == "IncreaseMaxCapacity" and document.get("MaxCapacityBuffer") is None:
        raise InvalidInput("MaxCapacityBuffer is required when MaxCapacityBreachBehavior is IncreaseMaxCapacity.")
