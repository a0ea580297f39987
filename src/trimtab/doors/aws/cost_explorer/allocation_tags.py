"""Cost allocation tags: which keys of the bill count, told and changed; backfills, which are over at once."""

from datetime import datetime
from typing import Any

from trimtab.access.principal import Role
from trimtab.base.clock import iso, to_ms
from trimtab.costs.allocation_tags import AllocationTag, Backfill
from trimtab.doors.aws.cost_explorer.pages import read_page
from trimtab.doors.aws.cost_explorer.rooms import CostExplorerRooms, bill_scope, invalid, operations
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request

_PAGE = 100
_DAY_MS = 86_400_000
_YEAR_MS = 366 * _DAY_MS


@operations.add("ListCostAllocationTags")
async def list_cost_allocation_tags(rooms: CostExplorerRooms, request: Request, context: CallContext) -> Answer:
    """The keys on the bill, whether they count, and when they were there last."""
    keys = request.get("TagKeys")
    found = [
        shape
        for one in await rooms.allocation_tags.listed(bill_scope(context), context.account)
        if (not keys or one.key in keys)
        and (shape := _tag(one))["Status"] == (request.get("Status") or shape["Status"])
        and shape["Type"] == (request.get("Type") or shape["Type"])
    ]
    page = await read_page(rooms, {name: value for name, value in request.items() if name != "MaxResults"}, context)
    shown, more = page.cut(found, request.get("MaxResults") or _PAGE, "NextToken")
    return {"CostAllocationTags": list(shown), **more}


@operations.add("UpdateCostAllocationTagsStatus", needs=Role.WRITE)
async def update_cost_allocation_tags_status(
    rooms: CostExplorerRooms, request: Request, context: CallContext
) -> Answer:
    """Say which keys count. A key that the bill does not carry is an error of its own; the others are changed."""
    known = {one.key for one in await rooms.allocation_tags.listed(bill_scope(context), context.account)}
    asked = {one["TagKey"]: one["Status"] == "Active" for one in request["CostAllocationTagsStatus"]}
    if len(asked) != len(request["CostAllocationTagsStatus"]):
        raise invalid("A tag key is given more than once.")
    change = {key: active for key, active in asked.items() if key in known}
    if change:
        await rooms.allocation_tags.put(context.account, change)
    errors = [
        {"TagKey": key, "Code": "TagKeysNotFoundException", "Message": f"Tag keys not found: {key}"}
        for key in asked
        if key not in known
    ]
    return {"Errors": errors}


@operations.add("StartCostAllocationTagBackfill", needs=Role.WRITE)
async def start_cost_allocation_tag_backfill(
    rooms: CostExplorerRooms, request: Request, context: CallContext
) -> Answer:
    """Have the past carry the tags of now: it does already. Once a day at most, a year back at most."""
    now_ms = rooms.clock.now_ms()
    from_ms = _time(request["BackfillFrom"])
    if datetime.fromisoformat(request["BackfillFrom"]).day != 1 or not now_ms - _YEAR_MS <= from_ms <= now_ms:
        raise invalid("BackfillFrom must be the first day of a month within the last twelve months.")
    last = await rooms.allocation_tags.backfills(context.account)
    if last and last[0].requested_ms > now_ms - _DAY_MS:
        raise AwsError("BackfillLimitExceededException", "A backfill can be requested once every 24 hours.")
    return {"BackfillRequest": _backfill(await rooms.allocation_tags.backfill(context.account, from_ms))}


@operations.add("ListCostAllocationTagBackfillHistory")
async def list_cost_allocation_tag_backfill_history(
    rooms: CostExplorerRooms, request: Request, context: CallContext
) -> Answer:
    """The backfills that were asked for, the newest first."""
    found = await rooms.allocation_tags.backfills(context.account)
    page = await read_page(rooms, {name: value for name, value in request.items() if name != "MaxResults"}, context)
    shown, more = page.cut(found, request.get("MaxResults") or _PAGE, "NextToken")
    return {"BackfillRequests": [_backfill(one) for one in shown], **more}


def _tag(one: AllocationTag) -> dict[str, str]:
    told = {
        "TagKey": one.key,
        "Type": "AWSGenerated" if one.of_aws else "UserDefined",
        "Status": "Active" if one.active else "Inactive",
    }
    if one.updated_ms:
        told["LastUpdatedDate"] = iso(one.updated_ms)[:19] + "Z"
    if one.used is not None:
        told["LastUsedDate"] = f"{one.used.isoformat()}T00:00:00Z"
    return told


def _backfill(one: Backfill) -> dict[str, Any]:
    done = iso(one.requested_ms)[:19] + "Z"
    return {
        "BackfillFrom": iso(one.from_ms)[:19] + "Z",
        "RequestedAt": done,
        "CompletedAt": done,
        "BackfillStatus": "SUCCEEDED",
        "LastUpdatedAt": done,
    }


def _time(text: str) -> int:
    try:
        return to_ms(datetime.fromisoformat(text))
    except ValueError:
        raise invalid(f"cannot read the time {text!r}") from None
