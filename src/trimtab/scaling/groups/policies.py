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
    if policy.kind == SIMPLE:
        return _adjusted(group, policy.form, float(policy.form["ScalingAdjustment"]), group.desired)
    if policy.kind == STEP:
        if value is None or threshold is None:
            raise InvalidInput("MetricValue and BreachThreshold are required for StepScaling policies.")
        return _adjusted(group, policy.form, _step(policy, value - threshold), group.desired)
    raise InvalidInput(f"The policy {policy.name} of type {policy.kind} cannot be executed.")


def alarmed(group: Group, policy: GroupPolicy, beyond: float, now_ms: int) -> int:
    """The desired number that an alarm asks for whose metric is `beyond` its threshold. Raises InvalidInput where no
    step holds that."""
    if policy.kind == SIMPLE:
        return executed(group, policy, None, None)
    warming = _warming(group, policy, now_ms)
    wanted = _adjusted(group, policy.form, _step(policy, beyond), group.desired - warming)
    return max(wanted, group.desired) if warming else wanted


def _warming(group: Group, policy: GroupPolicy, now_ms: int) -> int:
    """How many of a group's instances were launched after the group itself, and less than the warm-up ago."""
    for given in (policy.form.get("EstimatedInstanceWarmup"), group.form.get("DefaultInstanceWarmup")):
        if given is not None and given >= 0:
            warmup_s = given
            break
    else:
        warmup_s = group.cooldown_s
    since_ms = max(now_ms - 1000 * int(warmup_s), group.created_ms)
    return sum(one.launched_ms > since_ms for one in group.serving)


def _step(policy: GroupPolicy, beyond: float) -> float:
    """The adjustment of the step that holds `beyond`: the metric less the threshold. Raises InvalidInput."""
    steps = policy.form["StepAdjustments"]
    above = any((one.get("MetricIntervalUpperBound") is None) for one in steps)
    for one in steps:
        low = -math.inf if one.get("MetricIntervalLowerBound") is None else one["MetricIntervalLowerBound"]
        high = math.inf if one.get("MetricIntervalUpperBound") is None else one["MetricIntervalUpperBound"]
        inside = low <= beyond < high if above else low < beyond <= high
        if inside:
            return float(one["ScalingAdjustment"])
    raise InvalidInput(f"There is no step adjustment for a metric {beyond:+g} beyond the threshold.")


def _adjusted(group: Group, form: Mapping[str, Any], adjustment: float, now: int) -> int:
    """`now` instances changed by an adjustment, within the group's bounds."""
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
