"""EC2 Auto Scaling groups."""

from collections.abc import Iterator

from trimtab.accounts.describe.contract import Found, Place, Source, picked, tags_of, values

_TYPE = "autoscaling:autoScalingGroup"


def _groups(place: Place) -> Iterator[Found]:
    for item in place.pages("autoscaling", "DescribeAutoScalingGroups", "AutoScalingGroups"):
        facts = picked(
            item,
            *("MinSize", "MaxSize", "DesiredCapacity", "AvailabilityZones", "HealthCheckType", "TargetGroupARNs"),
            *("LoadBalancerNames", "CreatedTime"),
        )
        members = ("InstanceId", "InstanceType", "AvailabilityZone", "LifecycleState", "HealthStatus")
        facts["Instances"] = [picked(one, *members) for one in item.get("Instances", ())]
        facts["SuspendedProcesses"] = values(item.get("SuspendedProcesses"), "ProcessName")
        facts["MixedInstancesPolicy"] = bool(item.get("MixedInstancesPolicy"))
        name = item["AutoScalingGroupName"]
        yield Found(item["AutoScalingGroupARN"], name, "", tags_of(item.get("Tags")), facts)


SOURCES = (Source("Auto Scaling groups", (_TYPE,), (("autoscaling", "DescribeAutoScalingGroups"),), _groups),)
