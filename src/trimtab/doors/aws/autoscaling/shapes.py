"""Groups, instances and activities as Auto Scaling answers them."""

from typing import Any

from trimtab.scaling.groups.model import Activity, Group, Instance

_FORM = (
    "LaunchConfigurationName", "LaunchTemplate", "MixedInstancesPolicy", "LoadBalancerNames", "TargetGroupARNs",
    "PlacementGroup", "VPCZoneIdentifier", "ServiceLinkedRoleARN", "MaxInstanceLifetime", "CapacityRebalance",
    "Context", "DesiredCapacityType", "DefaultInstanceWarmup", "TrafficSources", "InstanceMaintenancePolicy",
    "DeletionProtection", "AvailabilityZoneDistribution", "AvailabilityZoneImpairmentPolicy",
    "CapacityReservationSpecification", "InstanceLifecyclePolicy", "Operator", "AvailabilityZoneIds",
)  # fmt: skip


def group_shape(group: Group, *, instances: bool = True) -> dict[str, Any]:
    """A group as DescribeAutoScalingGroups has it."""
    form = group.form
    told: dict[str, Any] = {name: form[name] for name in _FORM if form.get(name) is not None}
    shape = {
        **told,
        "AutoScalingGroupName": group.name,
        "AutoScalingGroupARN": group.arn,
        "MinSize": group.least,
        "MaxSize": group.most,
        "DesiredCapacity": group.desired,
        "DefaultCooldown": form.get("DefaultCooldown", 300),
        "AvailabilityZones": group.zones,
        "HealthCheckType": form.get("HealthCheckType", "EC2"),
        "HealthCheckGracePeriod": form.get("HealthCheckGracePeriod", 0),
        "CreatedTime": group.created_ms,
        "SuspendedProcesses": [
            {"ProcessName": name, "SuspensionReason": "User suspended"} for name in sorted(group.suspended)
        ],
        "EnabledMetrics": [{"Metric": name, "Granularity": "1Minute"} for name in group.metrics],
        "Tags": tag_shapes(group),
        "TerminationPolicies": form.get("TerminationPolicies") or ["Default"],
        "NewInstancesProtectedFromScaleIn": bool(form.get("NewInstancesProtectedFromScaleIn")),
        "Instances": [instance_shape(group, one) for one in group.instances if not one.warm] if instances else [],
    }
    if group.deleting:
        shape["Status"] = "Delete in progress"
    if group.warm is not None:
        shape["WarmPoolConfiguration"] = group.warm
        shape["WarmPoolSize"] = sum(one.warm for one in group.instances)
    return shape


def instance_shape(group: Group, one: Instance) -> dict[str, Any]:
    """An instance as it stands in its group."""
    launched: dict[str, Any] = {}
    if group.form.get("LaunchConfigurationName"):
        launched = {"LaunchConfigurationName": group.form["LaunchConfigurationName"]}
    elif group.form.get("LaunchTemplate"):
        launched = {"LaunchTemplate": group.form["LaunchTemplate"]}
    return {
        "InstanceId": one.id,
        **({"InstanceType": one.type} if one.type else {}),
        "AvailabilityZone": one.zone,
        "LifecycleState": one.state,
        "HealthStatus": one.health,
        "ProtectedFromScaleIn": one.protected,
        **launched,
    }


def details_shape(group: Group, one: Instance) -> dict[str, Any]:
    """An instance as DescribeAutoScalingInstances has it."""
    return {**instance_shape(group, one), "AutoScalingGroupName": group.name, "HealthStatus": one.health.upper()}


def activity_shape(group: Group, one: Activity) -> dict[str, Any]:
    """An activity."""
    details = ",".join(f'"{key}":"{value}"' for key, value in one.details.items())
    shape = {
        "ActivityId": one.id,
        "AutoScalingGroupName": group.name,
        "AutoScalingGroupARN": group.arn,
        "Description": one.description,
        "Cause": one.cause,
        "StartTime": one.start_ms,
        "StatusCode": one.status,
        "StatusMessage": one.message,
        "Progress": one.progress,
        "Details": f"{{{details}}}",
    }
    return shape if one.end_ms is None else {**shape, "EndTime": one.end_ms}


def tag_shapes(group: Group) -> list[dict[str, Any]]:
    """The tags of a group."""
    return [
        {"ResourceId": group.name, "ResourceType": "auto-scaling-group", "Key": key, "Value": value,
         "PropagateAtLaunch": propagate}
        for key, (value, propagate) in sorted(group.tags.items())
    ]  # fmt: skip
