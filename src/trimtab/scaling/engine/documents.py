"""Policies' documents read: the rule, plan or floor that a policy is, in the classes that the simulator replays.

AWS's kinds keep their metric's own unit: the load that a rule is shown is the metric's share of the target (1 = at
it), so that what is tracked is 1.0 whatever is measured.
"""

import math
from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import fields

from trimtab.base.errors import InvalidInput
from trimtab.scaling.engine.model import Kind, Policy
from trimtab.scaling.policies.objective import Objective
from trimtab.scaling.policies.portfolio import Portfolio, plain_quantile
from trimtab.scaling.policies.predictive import Predictive
from trimtab.scaling.policies.rule import Rule
from trimtab.scaling.policies.step import Adjustment, Step, StepScaling
from trimtab.scaling.policies.target_tracking import TargetTracking
from trimtab.scaling.policies.to_zero import ToZero

AWS_KINDS = (Kind.TRACKING, Kind.STEP, Kind.PREDICTIVE)
PLANNED = (Kind.PORTFOLIO, Kind.QUANTILE)
"""Kinds that plan from the whole history of the demand rather than by rule."""
_ADJUSTMENTS = {
    "ChangeInCapacity": Adjustment.CHANGE,
    "PercentChangeInCapacity": Adjustment.PERCENT,
    "ExactCapacity": Adjustment.EXACT,
}
_OURS: Mapping[Kind, tuple[str, ...]] = {
    Kind.PORTFOLIO: ("allowed", "levels", "targets", "half_life_s", "every_s", "prior_s", "headroom", "switch"),
    Kind.QUANTILE: ("level", "allowed"),
    Kind.OBJECTIVE: tuple(one.name for one in fields(Objective)),
    Kind.TO_ZERO: tuple(one.name for one in fields(ToZero)),
}
_LONGEST_S = 86_400
_MOST = 1e15
_DEFAULT_COOLDOWN_S = 300.0
_COOLDOWNS = {"lambda": 0.0, "autoscaling": 0.0}
"""Application Auto Scaling's defaults where they are not 300 s; EC2 groups warm up instead."""


class Tracked(Struct, frozen=True):
    """A target tracking policy: what is kept at `value`, and the rule over the metric's share of it."""

    value: float
    rule: TargetTracking
    specification: Mapping[str, Any]


def tracked(policy: Policy) -> Tracked:
    """A target tracking policy's document. Raises InvalidInput."""
    document = policy.document
    value = _number(document, "TargetValue")
    if not value > 0:
        raise InvalidInput(f"cannot track a TargetValue of {value}; expected above 0", field="TargetValue")
    predefined, customized = (document.get(f"{one}MetricSpecification") for one in ("Predefined", "Customized"))
    if (predefined is None) == (customized is None):
        raise InvalidInput(
            "expected exactly one of PredefinedMetricSpecification and CustomizedMetricSpecification",
            field="TargetTrackingScalingPolicyConfiguration",
        )
    default = _COOLDOWNS.get(policy.key.namespace, _DEFAULT_COOLDOWN_S)
    rule = TargetTracking(
        1.0,
        out_s=_seconds(document, "OutSeconds", 180.0),
        in_s=_seconds(document, "InSeconds", 900.0),
        out_cooldown_s=_seconds(document, "ScaleOutCooldown", default),
        in_cooldown_s=_seconds(document, "ScaleInCooldown", default),
        disable_scale_in=bool(document.get("DisableScaleIn")),
    )
    if predefined is not None:
        return Tracked(value, rule, {"Predefined": predefined})
    assert customized is not None  # noqa: S101 - one of them is given
    return Tracked(value, rule, {"Customized": customized})


def stepped(policy: Policy, out: bool) -> StepScaling:
    """A step policy for an alarm on one side; its threshold is 0: the load is what is beyond the alarm's. Raises
    InvalidInput."""
    document = policy.document
    kind = document.get("AdjustmentType", "ChangeInCapacity")
    if kind not in _ADJUSTMENTS:
        raise InvalidInput(f"got AdjustmentType {kind!r}; expected one of {', '.join(_ADJUSTMENTS)}")
    steps = tuple(
        Step(one.get("MetricIntervalLowerBound"), one.get("MetricIntervalUpperBound"), float(one["ScalingAdjustment"]))
        for one in document.get("StepAdjustments") or ()
    )
    default = _COOLDOWNS.get(policy.key.namespace, _DEFAULT_COOLDOWN_S)
    return StepScaling(
        0.0,
        steps,
        out,
        1.0,
        _ADJUSTMENTS[kind],
        int(document.get("MinAdjustmentMagnitude") or 0),
        _seconds(document, "Cooldown", default),
    )


def ruled(policy: Policy) -> Rule:
    """The rule of one of our kinds. Raises InvalidInput."""
    return Objective(**_numbers(policy)) if policy.kind is Kind.OBJECTIVE else ToZero(**_numbers(policy))


def planned(policy: Policy) -> Portfolio:
    """The portfolio of a policy that plans. Raises InvalidInput."""
    settings: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in _numbers(policy).items()
    }
    if policy.kind is Kind.QUANTILE:
        return plain_quantile(settings.get("level", 0.99), settings.get("allowed", 0.01))
    return Portfolio(**settings)


class Predicted(Struct, frozen=True):
    """A predictive policy: whether it scales, the share to keep, and AWS's metric specification (None: the target's
    own signal)."""

    scales: bool
    policy: Predictive
    specification: Mapping[str, Any] | None


def predicted(policy: Policy) -> Predicted:
    """A predictive policy's document. Raises InvalidInput."""
    document = policy.document
    specifications = list(document.get("MetricSpecifications") or ())
    if len(specifications) != 1:
        raise InvalidInput("expected exactly one MetricSpecification", field="MetricSpecifications")
    own: Mapping[str, Any] = specifications[0]
    value, buffer_s = _number(own, "TargetValue"), float(document.get("SchedulingBufferTime", 300))
    honour = document.get("MaxCapacityBreachBehavior", "HonorMaxCapacity") == "HonorMaxCapacity"
    breach = None if honour else float(document.get("MaxCapacityBuffer") or 0) / 100
    if not honour and document.get("MaxCapacityBuffer") is None:
        raise InvalidInput("MaxCapacityBuffer is required with IncreaseMaxCapacity", field="MaxCapacityBuffer")
    scales = document.get("Mode", "ForecastOnly") == "ForecastAndScale"
    measured = any(name != "TargetValue" for name in own)
    share = 1.0 if measured else value
    return Predicted(scales, Predictive(share, buffer_s, breach), own if measured else None)


def check(policy: Policy) -> None:
    """Raises InvalidInput where a document is no policy of its kind."""
    try:
        _read(policy)
    except (OverflowError, TypeError, ValueError, KeyError) as problem:
        raise InvalidInput(f"cannot read the {policy.kind} policy {policy.name!r}: {problem}") from None


def _read(policy: Policy) -> None:
    if policy.kind is Kind.TRACKING:
        tracked(policy)
    elif policy.kind is Kind.STEP:
        stepped(policy, True)
    elif policy.kind is Kind.PREDICTIVE:
        predicted(policy)
    elif policy.kind in PLANNED:
        planned(policy)
    else:
        ruled(policy)


def _numbers(policy: Policy) -> dict[str, Any]:
    known = _OURS[policy.kind]
    for name, value in policy.document.items():
        if name not in known:
            raise InvalidInput(
                f"cannot read {name!r} of a {policy.kind} policy; expected {', '.join(known)}", field=name[:100]
            )
        some = value if isinstance(value, list) else [value]
        if not some or not all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in some):
            raise InvalidInput(f"cannot read {name}: got {str(value)[:100]}; expected numbers", field=name)
        if isinstance(value, list) != (name in ("levels", "targets")) or not all(abs(one) < _MOST for one in some):
            raise InvalidInput(f"cannot read {name}: got {str(value)[:100]}; expected finite numbers", field=name)
    return dict(policy.document)


def _number(document: Mapping[str, Any], name: str) -> float:
    value = document.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise InvalidInput(f"cannot read {name}: got {value!r}; expected a number", field=name)
    return float(value)


def _seconds(document: Mapping[str, Any], name: str, default: float) -> float:
    value = default if document.get(name) is None else _number(document, name)
    if not 0 <= value <= _LONGEST_S:
        raise InvalidInput(f"cannot wait {value:g} s ({name}); expected 0 to {_LONGEST_S}", field=name)
    return value
