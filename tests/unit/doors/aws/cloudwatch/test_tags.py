import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from trimtab.base.records import replace
from trimtab.doors.aws.cloudwatch.tags import list_tags_for_resource, tag_resource, untag_resource
from trimtab.doors.aws.faults import AwsError

ARN = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:high cpu"


class OneAlarm:
    """A store of tags in which one alarm exists."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    async def exists(self, arn: str) -> bool:
        return arn == ARN

    async def tags(self, arn: str) -> Mapping[str, str]:
        return self.kept

    async def put(self, arn: str, tags: Mapping[str, str]) -> None:
        self.kept.update(tags)

    async def remove(self, arn: str, keys: Sequence[str]) -> None:
        for key in keys:
            self.kept.pop(key, None)


@pytest.fixture
def rooms(world: Any) -> Any:
    return replace(world.rooms, tagged=OneAlarm())


def call(function: Any, rooms: Any, world: Any, **request: Any) -> Any:
    return asyncio.run(function(rooms, {"ResourceARN": ARN, **request}, world.context()))


def test_tags_are_added_replaced_listed_and_removed(rooms: Any, world: Any) -> None:
    call(tag_resource, rooms, world, Tags=[{"Key": "team", "Value": "a"}, {"Key": "env", "Value": ""}])
    call(tag_resource, rooms, world, Tags=[{"Key": "team", "Value": "b"}])
    call(untag_resource, rooms, world, TagKeys=["env", "none"])
    assert call(list_tags_for_resource, rooms, world) == {"Tags": [{"Key": "team", "Value": "b"}]}


def test_a_resource_has_at_most_50_tags_and_none_of_awss(rooms: Any, world: Any) -> None:
    for tags in ([{"Key": str(number), "Value": ""} for number in range(51)], [{"Key": "aws:x", "Value": ""}]):
        with pytest.raises(AwsError) as caught:
            call(tag_resource, rooms, world, Tags=tags)
        assert caught.value.code == "InvalidParameterValue"
    assert rooms.tagged.kept == {}


@pytest.mark.parametrize(
    ("arn", "code"),
    [
        ("nonsense", "InvalidParameterValue"),
        ("arn:aws:s3:::bucket", "InvalidParameterValue"),
        ("arn:aws:cloudwatch::123456789012:dashboard/none", "ResourceNotFoundException"),
    ],
)
def test_an_arn_must_name_what_exists(rooms: Any, world: Any, arn: str, code: str) -> None:
    with pytest.raises(AwsError) as caught:
        call(list_tags_for_resource, rooms, world, ResourceARN=arn)
    assert caught.value.code == code


@pytest.mark.parametrize("change", [("12", "13"), ("us-east-1", "eu-west-1"), ("123456789012", "999988887777")])
def test_an_alarm_that_is_not_there_has_no_tags_and_gets_none(rooms: Any, world: Any, change: tuple[str, str]) -> None:
    rooms.tagged.kept["team"] = "a"
    arn = (ARN + " 12").replace(*change)
    assert call(list_tags_for_resource, rooms, world, ResourceARN=arn) == {"Tags": []}
    with pytest.raises(AwsError) as caught:
        call(tag_resource, rooms, world, ResourceARN=arn, Tags=[{"Key": "team", "Value": "b"}])
    assert caught.value.code == "ResourceNotFoundException"
