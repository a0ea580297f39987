"""The alarms of a target tracking policy: CloudWatch's own, made with the policy and gone with it, as on AWS.

They show when the policy would act; the engine itself looks at the metric, and acts whether they are there or not.
Source: Application Auto Scaling user guide, "How target tracking scaling works".
"""

from collections.abc import Mapping, Sequence
from typing import Any

from trimtab.alarms.form import kind_of
from trimtab.alarms.model import AlarmKey
from trimtab.alarms.store import AlarmStore
from trimtab.scaling.engine.model import Kind, Policy
from trimtab.scaling.engine.predefined import metric_of
from trimtab.scaling.policies.target_tracking import TargetTracking

_PERIOD_S = 60


async def put(store: AlarmStore, policy: Policy) -> list[dict[str, str]]:
    """Make the alarms of a policy, or make them anew; of a policy of another type those that it had are gone."""
    wanted = _alarms(policy)
    await remove(store, policy, [name for name in _names(policy) if name not in wanted])
    for name, form in wanted.items():
        await store.put(kind_of(form), AlarmKey(policy.key.account, policy.key.region, name), form, {})
    return (await of(store, [policy]))[policy.id]


async def of(store: AlarmStore, policies: Sequence[Policy]) -> dict[str, list[dict[str, str]]]:
    """The alarms that there are of policies of one place, by the policies' ids, as `Alarms` has them."""
    if not policies:
        return {}
    key, names = policies[0].key, [name for one in policies for name in _names(one)]
    known = await store.named(key.account, key.region, names)
    return {
        one.id: [{"AlarmName": name, "AlarmARN": known[name].key.arn} for name in _names(one) if name in known]
        for one in policies
    }


async def remove(store: AlarmStore, policy: Policy, names: Sequence[str] | None = None) -> None:
    """Delete the alarms of a policy, or some of them."""
    going = _names(policy) if names is None else names
    if going:
        await store.delete(policy.key.account, policy.key.region, going)


def _names(policy: Policy) -> list[str]:
    """What its alarms are called: AlarmHigh is about scaling out, AlarmLow about scaling in."""
    return [f"TargetTracking-{policy.key.resource[:150]}-Alarm{which}-{policy.id}" for which in ("High", "Low")]


def _alarms(policy: Policy) -> dict[str, dict[str, Any]]:
    """The forms of a policy's alarms by name; none where it tracks no target."""
    if policy.kind is not Kind.TRACKING:
        return {}
    document, rule = policy.document, TargetTracking()
    target = float(document["TargetValue"])
    high, low = _names(policy)
    ways = {high: ("GreaterThanThreshold", target, rule.out_s)}
    if not document.get("DisableScaleIn"):
        ways[low] = ("LessThanThreshold", target * rule.in_share, rule.in_s)
    return {
        name: {
            **_metric(policy, document),
            "ComparisonOperator": operator,
            "Threshold": threshold,
            "EvaluationPeriods": int(for_s // _PERIOD_S),
            "AlarmActions": [policy.arn],
            "AlarmDescription": f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy.arn}.",
        }
        for name, (operator, threshold, for_s) in ways.items()
    }


def _metric(policy: Policy, document: Mapping[str, Any]) -> dict[str, Any]:
    """What an alarm looks at: a metric with its statistic, or queries of metric math."""
    given: Mapping[str, Any] = document.get("CustomizedMetricSpecification") or {}
    if not given:
        given = metric_of(policy.key, document["PredefinedMetricSpecification"])
    if given.get("Metrics"):
        return {"Metrics": [_query(one) for one in given["Metrics"]]}
    members = ("Namespace", "MetricName", "Statistic", "Unit", "Dimensions")
    return {**{name: given[name] for name in members if given.get(name) is not None}, "Period": _PERIOD_S}


def _query(one: Mapping[str, Any]) -> dict[str, Any]:
    """A query of a policy as one of an alarm, which has a period."""
    if "MetricStat" not in one:
        return dict(one)
    return {**one, "MetricStat": {"Period": _PERIOD_S, **one["MetricStat"]}}
