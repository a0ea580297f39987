"""EKS: clusters and their node groups."""

from collections.abc import Iterator

from trimtab.accounts.describe.contract import Found, Place, Source, picked, values
from trimtab.base.errors import NotFound


def _all(place: Place) -> Iterator[Found]:
    for name in place.pages("eks", "ListClusters", "clusters"):
        item = place.maybe("eks", "DescribeCluster", name=name).get("cluster")
        if not item:
            continue
        facts = picked(item, "status", "version", "createdAt")
        network = item.get("resourcesVpcConfig", {})
        facts |= picked(network, "endpointPublicAccess", "publicAccessCidrs", "subnetIds")
        logging = item.get("logging", {}).get("clusterLogging", ())
        facts["loggingTypes"] = sorted(kind for one in logging if one.get("enabled") for kind in one["types"])
        yield Found(item["arn"], name, "", item.get("tags", {}), facts)
        try:
            yield from _node_groups(place, name)
        except NotFound:  # deleted while it was read
            continue


def _node_groups(place: Place, cluster: str) -> Iterator[Found]:
    for name in place.pages("eks", "ListNodegroups", "nodegroups", clusterName=cluster):
        item = place.maybe("eks", "DescribeNodegroup", clusterName=cluster, nodegroupName=name).get("nodegroup")
        if not item:
            continue
        facts = picked(
            item,
            *("status", "capacityType", "instanceTypes", "scalingConfig", "amiType", "diskSize", "createdAt"),
            *("version", "clusterName", "subnets"),
        )
        facts["autoScalingGroups"] = values((item.get("resources") or {}).get("autoScalingGroups"), "name")
        facts["health"] = values((item.get("health") or {}).get("issues"), "code")
        types = item.get("instanceTypes") or [""]
        yield Found(item["nodegroupArn"], name, types[0], item.get("tags", {}), facts)


SOURCES = (
    Source(
        "EKS clusters and node groups",
        ("eks:cluster", "eks:nodegroup"),
        (
            ("eks", "ListClusters"),
            ("eks", "DescribeCluster"),
            ("eks", "ListNodegroups"),
            ("eks", "DescribeNodegroup"),
        ),
        _all,
    ),
)
