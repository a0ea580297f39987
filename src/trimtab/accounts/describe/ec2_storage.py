"""EBS volumes, snapshots, and machine images of the account."""

from collections.abc import Iterator
from typing import Any

from trimtab.accounts.describe.contract import Found, Item, Place, Source, picked, tags_of, values


def _volumes(place: Place) -> Iterator[Found]:
    for item in place.pages("ec2", "DescribeVolumes", "Volumes"):
        facts = picked(
            item,
            *("VolumeType", "Size", "Iops", "Throughput", "State", "CreateTime", "Encrypted", "SnapshotId"),
            *("AvailabilityZone", "MultiAttachEnabled"),
        )
        facts["Attachments"] = [_attachment(one) for one in item.get("Attachments", ())]
        tags = tags_of(item.get("Tags"))
        name = item["VolumeId"]
        yield Found(place.arn("ec2", f"volume/{name}"), tags.get("Name", ""), item.get("VolumeType", ""), tags, facts)


def _attachment(item: Item) -> dict[str, Any]:
    return picked(item, "InstanceId", "State", "AttachTime", "DeleteOnTermination", "Device")


def _snapshots(place: Place) -> Iterator[Found]:
    for item in place.pages("ec2", "DescribeSnapshots", "Snapshots", OwnerIds=["self"]):
        facts = picked(
            item, *("VolumeId", "VolumeSize", "StartTime", "State", "StorageTier", "Encrypted", "Description")
        )
        tags = tags_of(item.get("Tags"))
        arn = place.arn("ec2", f"snapshot/{item['SnapshotId']}")
        yield Found(arn, tags.get("Name", ""), item.get("StorageTier", ""), tags, facts)


def _images(place: Place) -> Iterator[Found]:
    for item in place.pages("ec2", "DescribeImages", "Images", Owners=["self"]):
        facts = picked(item, "Name", "State", "CreationDate", "LastLaunchedTime")
        disks = [one["Ebs"] for one in item.get("BlockDeviceMappings", ()) if one.get("Ebs")]
        facts["BlockDeviceMappings"] = values(disks, "SnapshotId")
        arn = place.arn("ec2", f"image/{item['ImageId']}")
        yield Found(arn, item.get("Name", ""), item.get("ImageType", ""), tags_of(item.get("Tags")), facts)


SOURCES = (
    Source("EBS volumes", ("ec2:volume",), (("ec2", "DescribeVolumes"),), _volumes),
    Source("EBS snapshots", ("ec2:snapshot",), (("ec2", "DescribeSnapshots"),), _snapshots),
    Source("machine images", ("ec2:image",), (("ec2", "DescribeImages"),), _images),
)
