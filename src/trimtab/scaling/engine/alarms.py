"""What scaling has to do with CloudWatch's alarms: step and simple policies are run by them, and a policy that tracks a
target has two of its own.

Those two show when the policy would act; the engine itself looks at the metric, and acts whether they are there or not.
Source: Application Auto Scaling user guide, "How target tracking scaling works".
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct

from trimtab.scaling.engine.model import Kind, Policy, TargetKey
from trimtab.scaling.engine.predefined import metric_of
from trimtab.scaling.policies.target_tracking import TargetTracking

_PERIOD_S = 60
_LONGEST_LABEL = 150


class Breach(Struct, frozen=True):
    """An alarm that names a policy as its action and is in ALARM: by how much its metric is beyond the threshold
    (negative: below), and on which side it watches."""

    alarm: str
    beyond: float
    out: bool


class Tracking(Struct, frozen=True, kw_only=True):
    """A policy as its alarms know it; `document` is its target tracking configuration, None where it tracks nothing."""

    key: TargetKey
    label: str
    id: str
    arn: str
    document: Mapping[str, Any] | None

    @classmethod
    def of(cls, policy: Policy) -> "Tracking":
        """A policy of the engine."""
        document = policy.document if policy.kind is Kind.TRACKING else None
        return cls(key=policy.key, label=policy.key.resource, id=policy.id, arn=policy.arn, document=document)

    @property
    def alarms(self) -> tuple[str, str]:
        """What its alarms are called: the high one is about scaling out, the low one about scaling in."""
        label = self.label[:_LONGEST_LABEL]
        return f"TargetTracking-{label}-AlarmHigh-{self.id}", f"TargetTracking-{label}-AlarmLow-{self.id}"


class Alarms(Protocol):
    """The alarms of policies, as CloudWatch's store keeps them."""

    async def firing(self, key: TargetKey, arn: str) -> list[str]:
        """The names of those in ALARM that have the policy `arn` among their actions, which are enabled."""
        ...

    async def breaching(self, key: TargetKey, arn: str) -> list[Breach]:
        """Those of them of which a value and a threshold are known."""
        ...

    async def naming(self, account: str, region: str, arns: Iterable[str]) -> dict[str, list[str]]:
        """The ARNs of the alarms that have each of these policies among their actions, by the policy's ARN."""
        ...

    async def put(self, tracking: Tracking) -> None:
        """Make the alarms of a policy that tracks a target, or make them anew; those it has no more are deleted."""
        ...

    async def remove(self, tracking: Tracking) -> None:
        """Delete the alarms of a policy."""
        ...


def shapes(arns: Sequence[str]) -> list[dict[str, str]]:
    """Alarms as `Alarms` of a policy has them in AWS's APIs."""
    return [{"AlarmName": arn.partition(":alarm:")[2], "AlarmARN": arn} for arn in arns]


def forms(tracking: Tracking) -> dict[str, dict[str, Any]]:
    """What PutMetricAlarm would be given for the alarms of a policy, by name; none where it tracks no target."""
    document, rule = tracking.document, TargetTracking()
    if document is None:
        return {}
    target = float(document["TargetValue"])
    high, low = tracking.alarms
    ways = {high: ("GreaterThanThreshold", target, rule.out_s)}
    if not document.get("DisableScaleIn"):
        ways[low] = ("LessThanThreshold", target * rule.in_share, rule.in_s)
    return {
        name: {
            **_metric(tracking.key, document),
            "ComparisonOperator": operator,
            "Threshold": threshold,
            "EvaluationPeriods": int(for_s // _PERIOD_S),
            "AlarmActions": [tracking.arn],
            "AlarmDescription": f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {tracking.arn}.",
        }
        for name, (operator, threshold, for_s) in ways.items()
    }


def _metric(key: TargetKey, document: Mapping[str, Any]) -> dict[str, Any]:
    """What an alarm looks at: a metric with its statistic, or queries of metric math."""
    given: Mapping[str, Any] = document.get("CustomizedMetricSpecification") or {}
    if not given:
        given = metric_of(key, document["PredefinedMetricSpecification"])
    if given.get("Metrics"):
        return {"Metrics": [_query(one) for one in given["Metrics"]]}
    members = ("Namespace", "MetricName", "Statistic", "Unit", "Dimensions")
    return {**{name: given[name] for name in members if given.get(name) is not None}, "Period": _PERIOD_S}


def _query(one: Mapping[str, Any]) -> dict[str, Any]:
    """A query of a policy as one of an alarm, which has a period."""
    if "MetricStat" not in one:
        return dict(one)
    return {**one, "MetricStat": {"Period": _PERIOD_S, **one["MetricStat"]}}
