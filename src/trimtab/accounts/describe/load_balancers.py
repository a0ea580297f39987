"""Load balancers of both generations, with the health of what is behind them, and target groups."""

from collections.abc import Iterator, Mapping
from typing import Any

from trimtab.accounts.describe.contract import Found, Item, Place, Source, chunks, picked, tags_of, values
from trimtab.base.errors import NotFound

_BALANCER, _GROUP = "elasticloadbalancing:loadbalancer", "elasticloadbalancing:targetgroup"
_AT_ONCE = 20
"""Resources of one DescribeTags call. Source: the API's own limit."""


def _all(place: Place) -> Iterator[Found]:
    groups = list(_groups(place))
    yield from groups
    yield from _second(place, groups)
    yield from _classic(place)


def _groups(place: Place) -> Iterator[Found]:
    items = list(place.pages("elbv2", "DescribeTargetGroups", "TargetGroups"))
    tags = _tags(place, values(items, "TargetGroupArn"))
    for item in items:
        arn = item["TargetGroupArn"]
        facts = picked(item, "TargetType", "Protocol", "Port", "VpcId", "LoadBalancerArns")
        health = place.maybe("elbv2", "DescribeTargetHealth", TargetGroupArn=arn)
        facts["Targets"] = [_target(one) for one in health.get("TargetHealthDescriptions", ())]
        yield Found(arn, item["TargetGroupName"], item.get("TargetType", ""), tags.get(arn, {}), facts)


def _target(item: Item) -> dict[str, Any]:
    return {
        **picked(item["Target"], "Id", "Port", "AvailabilityZone"),
        **picked(item.get("TargetHealth", {}), "State", "Reason"),
    }


def _second(place: Place, groups: list[Found]) -> Iterator[Found]:
    items = list(place.pages("elbv2", "DescribeLoadBalancers", "LoadBalancers"))
    tags = _tags(place, values(items, "LoadBalancerArn"))
    for item in items:
        arn = item["LoadBalancerArn"]
        facts = picked(item, "Type", "Scheme", "CreatedTime", "VpcId")
        facts["State"] = item.get("State", {}).get("Code", "")
        facts["AvailabilityZones"] = values(item.get("AvailabilityZones"), "ZoneName")
        facts["TargetGroups"] = [_counted(one) for one in groups if arn in one.attributes.get("LoadBalancerArns", ())]
        listeners = place.pages("elbv2", "DescribeListeners", "Listeners", LoadBalancerArn=arn)
        try:
            facts["Listeners"] = [picked(one, "Port", "Protocol", "SslPolicy") for one in listeners]
        except NotFound:  # deleted while it was read
            continue
        known = place.maybe("elbv2", "DescribeLoadBalancerAttributes", LoadBalancerArn=arn).get("Attributes", ())
        said = tags_of(known)
        facts["AccessLogs"] = said.get("access_logs.s3.enabled") == "true"
        facts["DeletionProtection"] = said.get("deletion_protection.enabled") == "true"
        yield Found(arn, item["LoadBalancerName"], item.get("Type", ""), tags.get(arn, {}), facts)


def _counted(group: Found) -> dict[str, Any]:
    states = [one.get("State") for one in group.attributes["Targets"]]
    bad = sum(state in ("unhealthy", "unavailable") for state in states)
    return {
        "TargetGroupArn": group.arn,
        "Healthy": states.count("healthy"),
        "Unhealthy": bad,
        "Targets": len(states),
    }


def _tags(place: Place, arns: list[str]) -> Mapping[str, dict[str, str]]:
    found = {}
    for part in chunks(arns, _AT_ONCE):
        for one in place.call("elbv2", "DescribeTags", ResourceArns=part).get("TagDescriptions", ()):
            found[one["ResourceArn"]] = tags_of(one.get("Tags"))
    return found


def _classic(place: Place) -> Iterator[Found]:
    items = list(place.pages("elb", "DescribeLoadBalancers", "LoadBalancerDescriptions"))
    tags: dict[str, dict[str, str]] = {}
    for part in chunks(values(items, "LoadBalancerName"), _AT_ONCE):
        for one in place.call("elb", "DescribeTags", LoadBalancerNames=part).get("TagDescriptions", ()):
            tags[one["LoadBalancerName"]] = tags_of(one.get("Tags"))
    for item in items:
        name = item["LoadBalancerName"]
        facts = picked(item, "Scheme", "CreatedTime", "AvailabilityZones")
        facts |= {"Type": "classic", "VpcId": item.get("VPCId", "")}
        facts["Instances"] = values(item.get("Instances"), "InstanceId")
        health = place.maybe("elb", "DescribeInstanceHealth", LoadBalancerName=name).get("InstanceStates", ())
        facts["InstanceStates"] = [picked(one, "InstanceId", "State") for one in health]
        listeners = [one["Listener"] for one in item.get("ListenerDescriptions", ())]
        facts["Listeners"] = [{"Port": one["LoadBalancerPort"], "Protocol": one["Protocol"]} for one in listeners]
        known = place.maybe("elb", "DescribeLoadBalancerAttributes", LoadBalancerName=name)
        said = known.get("LoadBalancerAttributes", {})
        facts["CrossZone"] = bool(said.get("CrossZoneLoadBalancing", {}).get("Enabled"))
        facts["AccessLogs"] = bool(said.get("AccessLog", {}).get("Enabled"))
        arn = place.arn("elasticloadbalancing", f"loadbalancer/{name}")
        yield Found(arn, name, "classic", tags.get(name, {}), facts)


SOURCES = (
    Source(
        "load balancers",
        (_BALANCER, _GROUP),
        (
            ("elbv2", "DescribeTargetGroups"),
            ("elbv2", "DescribeTargetHealth"),
            ("elbv2", "DescribeLoadBalancers"),
            ("elbv2", "DescribeListeners"),
            ("elbv2", "DescribeLoadBalancerAttributes"),
            ("elbv2", "DescribeTags"),
            ("elb", "DescribeLoadBalancers"),
            ("elb", "DescribeTags"),
            ("elb", "DescribeInstanceHealth"),
            ("elb", "DescribeLoadBalancerAttributes"),
        ),
        _all,
    ),
)
