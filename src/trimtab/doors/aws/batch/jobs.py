"""Jobs: submitted, described, listed, cancelled, terminated.

Queues and job definitions are those of the file of TRIMTAB_BATCH_FILE. Whoever submits or ends jobs must be admin.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.base.paging import decode_token, encode_token
from trimtab.batch.commands.model import RUNNING, CommandJob, Rule
from trimtab.batch.commands.submission import Submission
from trimtab.batch.store import KeptJob
from trimtab.doors.aws.batch.rooms import BatchRooms, operations
from trimtab.doors.aws.batch.shapes import arn, detail, summary
from trimtab.doors.aws.service import Answer, CallContext, Request

_MOST_DESCRIBED, _PAGE = 100, 100
_REFUSED = ("nodeOverrides", "eksPropertiesOverride", "ecsPropertiesOverride", "consumableResourcePropertiesOverride")
Row = tuple[KeptJob, CommandJob, int | None]


@operations.add("SubmitJob", needs=Role.ADMIN)
async def submit_job(rooms: BatchRooms, request: Request, context: CallContext) -> Answer:
    """Take a job: a definition's command, run on this machine when its queue has a free slot."""
    for name in _REFUSED:
        if request.get(name):
            raise InvalidInput(f"{name} is not supported: jobs are processes of this machine")
    place = context.account, context.region
    job = await rooms.commands.submit(place, _submission(request))
    kept, _, _ = await rooms.commands.get(context.scope, job.id)
    return {"jobArn": arn(kept, "job", job.id), "jobName": job.name, "jobId": job.id}


@operations.add("DescribeJobs")
async def describe_jobs(rooms: BatchRooms, request: Request, context: CallContext) -> Answer:
    """Up to 100 jobs, or parts of arrays (`id:index`); those that are not there are left out."""
    if len(request["jobs"]) > _MOST_DESCRIBED:
        raise InvalidInput(f"DescribeJobs takes {_MOST_DESCRIBED} jobs at most, got {len(request['jobs'])}")
    found = []
    for id_ in request["jobs"]:
        try:
            found.append(detail(*await rooms.commands.get(context.scope, id_.rpartition("/")[2])))
        except NotFound:
            continue
    return {"jobs": found}


@operations.add("ListJobs")
async def list_jobs(rooms: BatchRooms, request: Request, context: CallContext) -> Answer:
    """The jobs of a queue, or the parts of an array: those that run, or as the status or the filters say."""
    given = [name for name in ("jobQueue", "arrayJobId", "multiNodeJobId") if request.get(name)]
    if len(given) != 1 or given == ["multiNodeJobId"]:
        raise InvalidInput("give exactly one of jobQueue and arrayJobId; there are no multi-node jobs here")
    filters = request.get("filters") or []
    if len(filters) > 1:
        raise InvalidInput("only one filter may be given")
    kept = [one for one in await _rows(rooms, request, context) if all(_passes(one, each) for each in filters)]
    if not filters:
        status = request.get("jobStatus") or RUNNING
        kept = [one for one in kept if summary(*one)["status"] == status]
    try:
        start = int(decode_token(request["nextToken"])) if request.get("nextToken") else 0
    except (InvalidInput, TypeError, ValueError):
        raise InvalidInput("the nextToken is not valid") from None
    end = start + min(request.get("maxResults") or _PAGE, _PAGE)
    more = {"nextToken": encode_token(end)} if len(kept) > end else {}
    return {"jobSummaryList": [summary(*one) for one in kept[start:end]], **more}


@operations.add("CancelJob", needs=Role.ADMIN)
async def cancel_job(rooms: BatchRooms, request: Request, context: CallContext) -> Answer:
    """End a job that has not begun; one that runs goes on."""
    await rooms.commands.cancel(context.scope, request["jobId"], request["reason"])
    return {}


@operations.add("TerminateJob", needs=Role.ADMIN)
async def terminate_job(rooms: BatchRooms, request: Request, context: CallContext) -> Answer:
    """End a job, also one that runs: SIGTERM, and SIGKILL after 30 seconds, to all that it started."""
    await rooms.commands.terminate(context.scope, request["jobId"], request["reason"])
    return {}


async def _rows(rooms: BatchRooms, request: Request, context: CallContext) -> list[Row]:
    if request.get("arrayJobId"):
        kept, job, _ = await rooms.commands.get(context.scope, request["arrayJobId"])
        return [(kept, job, index) for index in range(job.size)]
    queue = request["jobQueue"].rpartition("/")[2]
    if queue not in rooms.commands.file.queues:
        raise InvalidInput(f"JobQueue {request['jobQueue']} does not exist")
    return [(kept, job, None) for kept, job in await rooms.commands.listed(context.scope) if job.queue == queue]


def _passes(row: Row, asked: Mapping[str, Any]) -> bool:
    """Whether a job passes a filter: names and definitions with a * at their end, times in ms."""
    _, job, _ = row
    name, values = asked.get("name", ""), asked.get("values") or []
    tests: Mapping[str, Callable[[str], bool]] = {
        "JOB_NAME": lambda value: _fits(value, job.name),
        "JOB_DEFINITION": lambda value: _fits(value.rpartition("/")[2].partition(":")[0], job.definition),
        "BEFORE_CREATED_AT": lambda value: job.created_ms < _ms(value),
        "AFTER_CREATED_AT": lambda value: job.created_ms > _ms(value),
    }
    if name not in tests:
        raise InvalidInput(f"got filter {name[:100]!r}; expected one of {', '.join(tests)}")
    return any(tests[name](value) for value in values)


def _fits(pattern: str, value: str) -> bool:
    pattern, value = pattern.lower(), value.lower()
    return value.startswith(pattern[:-1]) if pattern.endswith("*") else value == pattern


def _ms(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise InvalidInput(f"got the time {text[:100]!r}; expected milliseconds since the epoch")
    return int(text)


def _submission(request: Request) -> Submission:
    own = request.get("containerOverrides") or {}
    retries = request.get("retryStrategy") or {}
    return Submission(
        name=request["jobName"],
        queue=request["jobQueue"],
        definition=request["jobDefinition"],
        size=(request.get("arrayProperties") or {}).get("size"),
        depends_on=_dependencies(request.get("dependsOn") or []),
        parameters=request.get("parameters") or {},
        command=own.get("command") or [],
        environment={one.get("name", ""): one.get("value", "") for one in own.get("environment") or []},
        attempts=retries.get("attempts"),
        rules=[
            Rule(
                one["action"], one.get("onStatusReason", ""), one.get("onReason", ""), one.get("onExitCode", "")
            )
            for one in retries.get("evaluateOnExit") or []
        ],
        timeout_s=(request.get("timeout") or {}).get("attemptDurationSeconds"),
        tags=request.get("tags") or {},
    )  # fmt: skip


def _dependencies(given: Sequence[Mapping[str, Any]]) -> list[str]:
    for one in given:
        if one.get("type") or not one.get("jobId"):
            raise InvalidInput("a dependency is on a whole job here: give its jobId, and no type (SEQUENTIAL, N_TO_N)")
    return [one["jobId"] for one in given]
