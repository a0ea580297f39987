"""Tags of everything in CloudWatch that can carry them: whether a resource exists is asked of its room."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from msgspec import Struct

from trimtab.base.errors import NotFound
from trimtab.doors.aws.cloudwatch.rooms import Tagged

Exists = Callable[[str], Awaitable[bool]]


class EveryTagged(Struct, frozen=True):
    """Tags kept by `kept`; a resource is there when one of `rooms` says so of its ARN."""

    kept: Tagged
    rooms: Sequence[Exists]

    async def exists(self, arn: str) -> bool:
        """Whether a room has the resource."""
        for known in self.rooms:
            if await known(arn):
                return True
        return False

    async def tags(self, arn: str) -> Mapping[str, str]:
        """The tags of a resource."""
        return await self.kept.tags(arn)

    async def put(self, arn: str, tags: Mapping[str, str]) -> None:
        """Add tags, or replace the values of those that are there."""
        await self.kept.put(arn, tags)

    async def remove(self, arn: str, keys: Sequence[str]) -> None:
        """Remove tags by key."""
        await self.kept.remove(arn, keys)


def dashboards_exist(get: Callable[[str, str], Awaitable[object]], missing: type[Exception]) -> Exists:
    """Whether a dashboard exists, by what reads one and the error that it raises for one that is not there."""

    async def exists(arn: str) -> bool:
        account, _, name = arn.partition("::")[2].partition(":dashboard/")
        if not name:
            return False
        try:
            await get(account, name)
        except missing:
            return False
        return True

    return exists


def named_exist(get: Callable[[str, str, str], Awaitable[object]], mark: str) -> Exists:
    """Whether a resource that is known by account, region and name exists; `mark` is what its ARN has before the name.

    `get` raises NotFound for one that is not there.
    """

    async def exists(arn: str) -> bool:
        place, _, name = arn.partition(f":{mark}/")
        if not name:
            return False
        region, account = place.split(":")[3:5]
        try:
            await get(account, region, name)
        except NotFound:
            return False
        return True

    return exists
