"""Snapshot jobs: a dashboard's visuals as CSV or PDF, to S3 or to a URL of this server."""

import asyncio
from collections.abc import Mapping
from typing import Any

from trimtab.access.principal import Principal
from trimtab.base.errors import InvalidInput, TrimtabError
from trimtab.base.records import replace
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.quicksight.analyses import asked
from trimtab.doors.aws.quicksight.rooms import QuickSightRooms, found, operations, place_of
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.reports.quicksight.model import SNAPSHOT, Resource
from trimtab.reports.quicksight.snapshots import PATH

_MOST_FILES = 10


@operations.add("StartDashboardSnapshotJob", conflict="ResourceExistsException")
async def start_dashboard_snapshot_job(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """Write the files of the published version now, as the caller sees it."""
    dashboard, version = await asked(rooms, request, context)
    groups = request["SnapshotConfiguration"]["FileGroups"]
    if sum(len(group.get("Files") or ()) for group in groups) > _MOST_FILES:
        raise AwsError("LimitExceededException", f"A snapshot has at most {_MOST_FILES} files")
    users = request.get("UserConfiguration") or {}
    if any(one.get("RowLevelPermissionTags") for one in users.get("AnonymousUsers") or ()):
        raise InvalidInput("RowLevelPermissionTags have no meaning in trimtab: use groups")
    form = {"configuration": request["SnapshotConfiguration"], "users": users}
    job = await rooms.room.store.create(
        Resource(
            dashboard.place, SNAPSHOT, request["SnapshotJobId"], parent=dashboard.name, status="RUNNING", form=form
        )
    )
    principal = rooms.room.within(context.principal, dashboard.place)
    results, failed = [], ""
    number = 0
    for group in groups:
        made: dict[str, Any] = {"Files": group.get("Files") or [], "S3Results": []}
        for file in made["Files"]:
            result, problem = await _file(rooms, principal, (job, version, number), file, request)
            made["S3Results"] += result
            failed, number = failed or problem, number + 1
        results.append(made)
    ended = replace(job, status="FAILED" if failed else "COMPLETED", state={"groups": results, "problem": failed})
    await rooms.room.store.change(job, lambda _: ended)
    return {"Arn": job.arn, "SnapshotJobId": job.name}


@operations.add("DescribeDashboardSnapshotJob")
async def describe_dashboard_snapshot_job(rooms: QuickSightRooms, request: Request, context: CallContext) -> Answer:
    """What a job was asked, and how it is."""
    job = await _job(rooms, request, context)
    told = {"AwsAccountId": job.place.account, "DashboardId": job.parent, "SnapshotJobId": job.name}
    users: dict[str, Any] = {"UserConfiguration": {"AnonymousUsers": []}} if job.form["users"] else {}
    return {**told, **users, "SnapshotConfiguration": job.form["configuration"], **_state(job)}


@operations.add("DescribeDashboardSnapshotJobResult")
async def describe_dashboard_snapshot_job_result(
    rooms: QuickSightRooms, request: Request, context: CallContext
) -> Answer:  # fmt: skip
    """Where the files of a job are."""
    job = await _job(rooms, request, context)
    whose = "AnonymousUsers" if job.form["users"].get("AnonymousUsers") else "RegisteredUsers"
    problem = job.state.get("problem")
    error = {"ErrorInfo": {"ErrorType": "INVALID_PARAMETER", "ErrorMessage": problem}} if problem else {}
    return {**_state(job), "Result": {whose: [{"FileGroups": job.state.get("groups") or []}]}, **error}


async def _file(
    rooms: QuickSightRooms, principal: Principal, job: tuple[Resource, Resource, int], file: Mapping[str, Any],
    request: Request,
) -> tuple[list[dict[str, Any]], str]:  # fmt: skip
    """What became of a file: its places, and what went wrong."""
    one, version, number = job
    destinations = (request["SnapshotConfiguration"].get("DestinationConfiguration") or {}).get("S3Destinations")
    try:
        content = await rooms.snapshots.file(principal, version, file)
        if not destinations:
            name = await asyncio.to_thread(rooms.snapshots.keep, principal, one, number, file["FormatType"], content)
            return [{"S3Uri": f"{rooms.room.public_url.rstrip('/')}{PATH}/{name}"}], ""
        written = []
        for given in destinations:
            bucket = given["BucketConfiguration"]
            key = f"{bucket['BucketPrefix'].strip('/')}/{one.name}-{number}.{file['FormatType'].lower()}".lstrip("/")
            await asyncio.to_thread(rooms.snapshots.put_object, bucket["BucketName"], key, content)
            written.append({"S3DestinationConfiguration": given, "S3Uri": f"s3://{bucket['BucketName']}/{key}"})
    except TrimtabError as problem:
        told = [{"ErrorMessage": str(problem), "ErrorType": "INVALID_PARAMETER"}]
        return [{"ErrorInfo": told}], str(problem)
    return written, ""


async def _job(rooms: QuickSightRooms, request: Request, context: CallContext) -> Resource:
    return await found(rooms, place_of(request, context), SNAPSHOT, request["SnapshotJobId"], request["DashboardId"])


def _state(job: Resource) -> dict[str, Any]:
    times = {"CreatedTime": job.created_ms, "LastUpdatedTime": job.updated_ms}
    return {"Arn": job.arn, "JobStatus": job.status, **times}
