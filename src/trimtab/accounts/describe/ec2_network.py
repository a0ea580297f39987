"""Addresses, NAT gateways, security groups, subnets and VPC endpoints."""

from collections.abc import Iterator
from typing import Any

from trimtab.accounts.describe.contract import Found, Item, Place, Source, picked, tags_of, values


def _addresses(place: Place) -> Iterator[Found]:
    for item in place.call("ec2", "DescribeAddresses").get("Addresses", ()):
        facts = picked(
            item, *("PublicIp", "AllocationId", "AssociationId", "InstanceId", "NetworkInterfaceId", "Domain")
        )
        facts = {key: value for key, value in facts.items() if value != ""}
        name = item.get("AllocationId") or item["PublicIp"]
        tags = tags_of(item.get("Tags"))
        arn = place.arn("ec2", f"elastic-ip/{name}")
        yield Found(arn, tags.get("Name") or item["PublicIp"], item.get("Domain", ""), tags, facts)


def _nat_gateways(place: Place) -> Iterator[Found]:
    for item in place.pages("ec2", "DescribeNatGateways", "NatGateways"):
        if item.get("State") == "deleted":
            continue
        facts = picked(item, "State", "VpcId", "SubnetId", "CreateTime", "ConnectivityType")
        tags = tags_of(item.get("Tags"))
        arn = place.arn("ec2", f"natgateway/{item['NatGatewayId']}")
        yield Found(arn, tags.get("Name", ""), item.get("ConnectivityType", ""), tags, facts)


def _security_groups(place: Place) -> Iterator[Found]:
    for item in place.pages("ec2", "DescribeSecurityGroups", "SecurityGroups"):
        facts = picked(item, "GroupName", "VpcId")
        facts["IpPermissions"] = [_permission(one) for one in item.get("IpPermissions", ())]
        arn = place.arn("ec2", f"security-group/{item['GroupId']}")
        yield Found(arn, item.get("GroupName", ""), "", tags_of(item.get("Tags")), facts)


def _permission(item: Item) -> dict[str, Any]:
    return {
        **picked(item, "IpProtocol", "FromPort", "ToPort"),
        "IpRanges": values(item.get("IpRanges"), "CidrIp"),
        "Ipv6Ranges": values(item.get("Ipv6Ranges"), "CidrIpv6"),
        "UserIdGroupPairs": values(item.get("UserIdGroupPairs"), "GroupId"),
    }


def _subnets(place: Place) -> Iterator[Found]:
    for item in place.pages("ec2", "DescribeSubnets", "Subnets"):
        facts = picked(item, "VpcId", "AvailabilityZone", "AvailableIpAddressCount", "CidrBlock")
        tags = tags_of(item.get("Tags"))
        yield Found(place.arn("ec2", f"subnet/{item['SubnetId']}"), tags.get("Name", ""), "", tags, facts)


def _endpoints(place: Place) -> Iterator[Found]:
    for item in place.pages("ec2", "DescribeVpcEndpoints", "VpcEndpoints"):
        facts = picked(item, *("VpcEndpointType", "VpcId", "ServiceName", "State", "CreationTimestamp", "SubnetIds"))
        arn = place.arn("ec2", f"vpc-endpoint/{item['VpcEndpointId']}")
        tags = tags_of(item.get("Tags"))
        yield Found(arn, tags.get("Name") or item.get("ServiceName", ""), item.get("VpcEndpointType", ""), tags, facts)


SOURCES = (
    Source("elastic IP addresses", ("ec2:elastic-ip",), (("ec2", "DescribeAddresses"),), _addresses),
    Source("NAT gateways", ("ec2:natgateway",), (("ec2", "DescribeNatGateways"),), _nat_gateways),
    Source("security groups", ("ec2:security-group",), (("ec2", "DescribeSecurityGroups"),), _security_groups),
    Source("subnets", ("ec2:subnet",), (("ec2", "DescribeSubnets"),), _subnets),
    Source("VPC endpoints", ("ec2:vpc-endpoint",), (("ec2", "DescribeVpcEndpoints"),), _endpoints),
)
