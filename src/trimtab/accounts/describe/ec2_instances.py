"""EC2 instances, and what is reserved of them."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from trimtab.accounts.describe.contract import Found, Item, Place, Source, picked, tags_of, values
from trimtab.base.clock import to_ms

_REASON_TIME = re.compile(r"\((\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) GMT\)")


def _instances(place: Place) -> Iterator[Found]:
    for reservation in place.pages("ec2", "DescribeInstances", "Reservations"):
        for item in reservation["Instances"]:
            if item["State"]["Name"] == "terminated":
                continue
            tags = tags_of(item.get("Tags"))
            arn = place.arn("ec2", f"instance/{item['InstanceId']}")
            yield Found(arn, tags.get("Name", ""), item["InstanceType"], tags, _instance(item))


def _instance(item: Item) -> dict[str, Any]:
    facts = picked(
        item,
        *("InstanceType", "LaunchTime", "StateTransitionReason", "InstanceLifecycle", "PlatformDetails", "ImageId"),
        *("Architecture", "VpcId", "SubnetId", "EbsOptimized", "PublicIpAddress", "CpuOptions"),
        "CapacityReservationId",
    )
    facts["State"] = item["State"]["Name"]
    facts["Placement"] = picked(item.get("Placement", {}), "AvailabilityZone", "Tenancy", "GroupName")
    facts["MetadataOptions"] = picked(item.get("MetadataOptions", {}), "HttpTokens", "HttpEndpoint")
    facts["Monitoring"] = item.get("Monitoring", {}).get("State", "")
    facts["SecurityGroups"] = values(item.get("SecurityGroups"), "GroupId")
    disks = [one["Ebs"] for one in item.get("BlockDeviceMappings", ()) if one.get("Ebs")]
    facts["BlockDeviceMappings"] = values(disks, "VolumeId")
    if profile := item.get("IamInstanceProfile"):
        facts["IamInstanceProfile"] = profile.get("Arn", "")
    if said := _REASON_TIME.search(str(item.get("StateTransitionReason") or "")):
        facts["StateTransitionMs"] = to_ms(datetime.strptime(said[1], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC))
    return facts


def _reserved(place: Place) -> Iterator[Found]:
    for item in place.call("ec2", "DescribeReservedInstances").get("ReservedInstances", ()):
        facts = picked(
            item,
            *("InstanceType", "InstanceCount", "ProductDescription", "State", "Start", "End", "OfferingClass"),
            *("OfferingType", "Scope", "AvailabilityZone", "Duration", "FixedPrice", "UsagePrice", "CurrencyCode"),
            *("RecurringCharges", "InstanceTenancy"),
        )
        name = item["ReservedInstancesId"]
        arn = place.arn("ec2", f"reserved-instances/{name}")
        yield Found(arn, name, item["InstanceType"], tags_of(item.get("Tags")), facts)


def _capacity(place: Place) -> Iterator[Found]:
    for item in place.pages("ec2", "DescribeCapacityReservations", "CapacityReservations"):
        facts = picked(
            item,
            *("InstanceType", "State", "TotalInstanceCount", "AvailableInstanceCount", "AvailabilityZone"),
            *("StartDate", "EndDate", "InstancePlatform"),
        )
        name = item["CapacityReservationId"]
        arn = place.arn("ec2", f"capacity-reservation/{name}")
        yield Found(arn, name, item["InstanceType"], tags_of(item.get("Tags")), facts)


SOURCES = (
    Source("EC2 instances", ("ec2:instance",), (("ec2", "DescribeInstances"),), _instances),
    Source("EC2 reserved instances", ("ec2:reserved-instances",), (("ec2", "DescribeReservedInstances"),), _reserved),
    Source(
        "EC2 capacity reservations",
        ("ec2:capacity-reservation",),
        (("ec2", "DescribeCapacityReservations"),),
        _capacity,
    ),
)
