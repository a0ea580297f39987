"""GetComplianceSummary, and reports of tags."""

from collections import Counter

from trimtab.access.principal import Role
from trimtab.base.clock import iso
from trimtab.base.errors import Conflict
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.tagging.compliance import details
from trimtab.doors.aws.tagging.reports import told
from trimtab.doors.aws.tagging.rooms import TaggingRooms, operations, seen, start_of, token_of

_PAGE = 1000


@operations.add("GetComplianceSummary")
async def get_compliance_summary(rooms: TaggingRooms, request: Request, context: CallContext) -> Answer:
    """How many things do not keep the tag policies, by what is asked for."""
    policies = await rooms.policies()
    keys = request.get("TagKeyFilters")
    chosen = [policy for policy in policies if not keys or policy.key in keys]
    types = request.get("ResourceTypeFilters")
    groups = request.get("GroupBy") or ()
    counts: Counter[tuple[str, str, str]] = Counter()
    for one in await seen(rooms, context):
        region, kind = one.arn.split(":")[3], one.resource_type
        if types and not any(kind == wanted or kind.startswith(f"{wanted}:") for wanted in types):
            continue
        if (request.get("RegionFilters") and region not in request["RegionFilters"]) or (
            request.get("TargetIdFilters") and context.account not in request["TargetIdFilters"]
        ):
            continue
        group = (
            context.account if "TARGET_ID" in groups else "",
            region if "REGION" in groups else "",
            kind if "RESOURCE_TYPE" in groups else "",
        )
        counts[group] += not details(one, chosen)["ComplianceStatus"]
    now = iso(rooms.reports.now_ms())
    rows = []
    for (target, region, kind), number in sorted(counts.items()):
        facts = {
            "TargetId": target,
            "TargetIdType": "ACCOUNT" if target else "",
            "Region": region,
            "ResourceType": kind,
        }
        known = {name: value for name, value in facts.items() if value}
        rows.append({"LastUpdated": now, "NonCompliantResources": number, **known})
    start = start_of(request.get("PaginationToken"))
    end = start + (request.get("MaxResults") or _PAGE)
    return {"SummaryList": rows[start:end], "PaginationToken": token_of(rows, end)}


@operations.add("StartReportCreation", needs=Role.WRITE)
async def start_report_creation(rooms: TaggingRooms, request: Request, context: CallContext) -> Answer:
    """Begin a report of everything that has tags, into a bucket."""
    found = await seen(rooms, context)
    try:
        await rooms.reports.start(context.account, context.region, request["S3Bucket"], found, await rooms.policies())
    except Conflict as problem:
        raise AwsError("ConcurrentModificationException", str(problem)) from None
    return {}


@operations.add("DescribeReportCreation")
async def describe_report_creation(rooms: TaggingRooms, request: Request, context: CallContext) -> Answer:
    """How the last report went."""
    return told(await rooms.reports.last(context.account, context.region))
