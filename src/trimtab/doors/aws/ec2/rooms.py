"""The registry that EC2's operations join, what they are given, and what they share."""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, TypeVar

from msgspec import Struct

from trimtab.access.principal import Role
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput
from trimtab.capacity.set_aside import CANCELLED, SetAside, block_of, used
from trimtab.capacity.training_plans import FOREVER_MS
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.pages import Pages
from trimtab.doors.aws.service import Answer, CallContext, Function, Operations, Request
from trimtab.doors.aws.tags import listed_tags, tags_of
from trimtab.doors.aws.wire.constraints import Problem, coral
from trimtab.inventory.served.model import Served
from trimtab.inventory.served.store import ServedStore

T = TypeVar("T")
BLOCK, OWN = "capacity-block", "default"
"""What a reservation is of: a block that was bought, or machines that are reserved until somebody ends it."""
_PAGE = 100
_TAGGED = ("capacity-reservation", "capacity-block")


class Ec2Rooms(Struct, frozen=True):
    """What the operations ask."""

    set_aside: SetAside
    clock: Clock

    @property
    def served(self) -> ServedStore:
        """Where reservations are kept."""
        return self.set_aside.served


Operation = Function[Ec2Rooms]


def _worded(problems: Sequence[Problem]) -> AwsError:
    return AwsError("InvalidParameterValue", str(coral(problems)))


operations: Operations[Ec2Rooms] = Operations(
    "ec2", _worded, invalid_code="InvalidParameterValue", codes=((InvalidInput, "InvalidParameterValue"),)
)
"""The operations; importing an operation's file adds it (`service.py` imports them all)."""
page_of = Pages(_PAGE, lambda: AwsError("InvalidPaginationToken", "The pagination token is not valid."))


def place(context: CallContext) -> tuple[str, str]:
    """(account, region) of a call."""
    return context.account, context.region


def operation(name: str, needs: Role | None = None) -> Callable[[Operation], Operation]:
    """Decorate the function of an operation: it is not called where a request only asks whether it would be taken."""

    def register(call: Operation) -> Operation:
        @wraps(call)
        async def unless_dry(rooms: Ec2Rooms, request: Request, context: CallContext) -> Answer:
            if request.get("DryRun"):
                raise AwsError("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", status=412)
            return await call(rooms, request, context)

        return operations.add(name, needs=needs)(unless_dry)

    return register


def tags_asked(request: Request) -> dict[str, str]:
    """The tags that a request gives to what it makes. Raises AwsError for those of something else."""
    tagged: dict[str, str] = {}
    for one in request.get("TagSpecifications") or ():
        if one.get("ResourceType") not in _TAGGED:
            raise InvalidInput(f"'{one.get('ResourceType')}' is not a valid taggable resource type for this operation.")
        tagged |= tags_of(one)
    return tagged


TAG_FILTERS: Mapping[str, Callable[[Mapping[str, Any]], Sequence[str]]] = {
    "tag-key": lambda one: [tag["Key"] for tag in one["Tags"]],
    "tag": lambda one: [f"{tag['Key']}={tag['Value']}" for tag in one["Tags"]],
}
"""Filters of all that has tags."""


def filtered(found: Sequence[T], request: Request, told: Mapping[str, Callable[[T], Sequence[str]]]) -> list[T]:
    """Those that pass every filter of a request. Raises AwsError for a name that is none."""
    kept = list(found)
    for one in request.get("Filters") or ():
        name, values = one.get("Name", ""), set(one.get("Values") or ())
        if name.startswith("tag:") and "tag" in told:
            wanted = {f"{name.removeprefix('tag:')}={value}" for value in values}
            kept = [item for item in kept if wanted & set(told["tag"](item))]
        elif name not in told or name == "tag":
            raise AwsError("InvalidParameterValue", f"The filter '{name}' is invalid")
        else:
            kept = [item for item in kept if values & set(told[name](item))]
    return kept


async def reservations(rooms: Ec2Rooms, ids: Sequence[str], context: CallContext) -> list[Served]:
    """The reservations of the caller, or those of some ids. Raises AwsError for one that is not there."""
    found = await rooms.set_aside.reservations(place(context))
    if ids:
        known = {one.name for one in found}
        missing = sorted(set(ids) - known)
        if missing:
            raise AwsError("InvalidCapacityReservationId.NotFound",
                           f"The capacity reservation ID '{missing[0]}' does not exist")  # fmt: skip
        found = [one for one in found if one.name in ids]
    return found


def state_of(one: Served, now_ms: int) -> str:
    """What a reservation is now, in EC2's words."""
    return CANCELLED if one.status == CANCELLED else block_of(one).status(now_ms).lower()


async def shapes(rooms: Ec2Rooms, some: Sequence[Served], context: CallContext) -> list[dict[str, Any]]:
    """Reservations as answers have them, with how many of their machines runs hold now."""
    now_ms = rooms.clock.now_ms()
    every = await rooms.set_aside.reservations(place(context))
    held = used(every, await rooms.set_aside.busy(place(context)), now_ms)
    return [_shape(one, held.get(one.name, 0), await rooms.served.tags_of(one.arn), now_ms) for one in some]


def _shape(one: Served, held: int, tags: Mapping[str, str], now_ms: int) -> dict[str, Any]:
    form, state = one.form, state_of(one, now_ms)
    endless = form["EndTime"] >= FOREVER_MS
    shape = {
        "CapacityReservationId": one.name,
        "OwnerId": one.account,
        "CapacityReservationArn": one.arn,
        "InstanceType": form["InstanceType"],
        "InstancePlatform": form["InstancePlatform"],
        "AvailabilityZone": form["AvailabilityZone"],
        "Tenancy": "default",
        "TotalInstanceCount": form["InstanceCount"],
        "AvailableInstanceCount": form["InstanceCount"] - held if state == "active" else 0,
        "EbsOptimized": bool(form.get("EbsOptimized")),
        "EphemeralStorage": False,
        "State": state,
        "StartDate": form["StartTime"],
        "EndDateType": "unlimited" if endless else "limited",
        "InstanceMatchCriteria": form.get("InstanceMatchCriteria") or "open",
        "CreateDate": one.created_ms,
        "Tags": listed_tags(tags),
        "CapacityAllocations": [{"AllocationType": "used", "Count": held}],
        "ReservationType": form["ReservationType"],
    }
    if not endless:
        shape["EndDate"] = form["EndTime"]
    return shape | ({"CapacityBlockId": form["CapacityBlockId"]} if form.get("CapacityBlockId") else {})
