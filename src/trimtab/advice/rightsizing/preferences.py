"""Preferences as Compute Optimizer takes them, and the settings that follow for a resource. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from trimtab.advice.rightsizing.settings import Sizing
from trimtab.advice.rightsizing.strategies.documented import HEADROOMS, LOOKBACKS, THRESHOLDS
from trimtab.base.records import replace

ORGANIZATION, ACCOUNT, RESOURCE = "Organization", "AccountId", "ResourceArn"
_NARROW_FIRST = (RESOURCE, ACCOUNT, ORGANIZATION)
TYPES = ("Ec2Instance", "AutoScalingGroup", "RdsDBInstance", "EbsVolume", "LambdaFunction", "EcsService")
"""Resource types for which preferences can be put here."""
DEFAULTS: Mapping[str, Any] = {
    "enhancedInfrastructureMetrics": "Inactive",
    "inferredWorkloadTypes": "Inactive",
    "lookBackPeriod": "DAYS_14",
    "utilizationPreferences": [
        {"metricName": "CpuUtilization", "metricParameters": {"threshold": "P99_5", "headroom": "PERCENT_20"}},
        {"metricName": "MemoryUtilization", "metricParameters": {"headroom": "PERCENT_20"}},
    ],
    "cpuVendorArchitectures": ["CURRENT"],
}
"""What holds where nobody says otherwise."""


class Preference(Struct, frozen=True):
    """What was put for a scope: `scope` is Organization, AccountId or ResourceArn, `value` its id."""

    account: str
    resource_type: str
    scope: str
    value: str
    body: Mapping[str, Any]


def effective(found: Iterable[Preference], account: str, arn: str) -> dict[str, Any]:
    """The preferences of a resource: for each, the narrowest scope that says something."""
    known = list(found)
    merged = dict(DEFAULTS)
    for scope in reversed(_NARROW_FIRST):
        wanted = {RESOURCE: arn, ACCOUNT: account, ORGANIZATION: None}[scope]
        for one in known:
            if one.scope == scope and (wanted is None or one.value == wanted):
                merged |= {name: value for name, value in one.body.items() if value not in (None, [], "")}
    return merged


def sizing_of(preferences: Mapping[str, Any], base: Sizing | None = None) -> Sizing:
    """The settings that preferences stand for. Who sets a threshold or headroom gets the documented rule with it."""
    found = base or Sizing()
    if preferences.get("utilizationPreferences") not in (None, DEFAULTS["utilizationPreferences"]):
        found = replace(found, strategy="documented")
    days = LOOKBACKS.get(str(preferences.get("lookBackPeriod", "")), found.lookback)
    found = replace(found, lookback=days, arm="AWS_ARM64" in (preferences.get("cpuVendorArchitectures") or ()))
    for one in preferences.get("utilizationPreferences") or ():
        told = one.get("metricParameters") or {}
        headroom = HEADROOMS.get(str(told.get("headroom", "")))
        if one.get("metricName") == "CpuUtilization":
            threshold = THRESHOLDS.get(str(told.get("threshold", "")), found.threshold)
            found = replace(found, threshold=threshold, headroom=found.headroom if headroom is None else headroom)
        elif headroom is not None:
            found = replace(found, memory_headroom=headroom)
    return found


def differs(preferences: Mapping[str, Any]) -> bool:
    """Whether anything is said that is not the default."""
    return any(preferences.get(name) != value for name, value in DEFAULTS.items())
