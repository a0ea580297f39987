"""Operations on jobs of AWS Batch, and how the API describes them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.base.paging import decode_token, encode_token
from trimtab.base.partitions import partition_of
from trimtab.batch.commands.model import RUNNING, Attempt, CommandJob, Part, Rule
from trimtab.batch.commands.submission import Submission
from trimtab.batch.store import KeptJob
from trimtab.doors.aws.batch.rooms import BatchRooms, operations
from trimtab.doors.aws.service import Answer, CallContext, Request


def arn(kept: KeptJob, kind: str, name: str) -> str:
    """The ARN of a job, a queue or a definition."""
    return f"arn:{partition_of(kept.region)}:batch:{kept.region}:{kept.account}:{kind}/{name}"


def summary(kept: KeptJob, job: CommandJob, index: int | None) -> dict[str, Any]:
    """A job, or a part of an array, as ListJobs has it."""
    shape = {**_common(kept, job, index), "createdAt": job.created_ms}
    part = _part(job, index)
    if part is not None and part.attempts and part.stopped_ms is not None:
        shape["container"] = _ended(part.attempts[-1])
    return shape


def detail(kept: KeptJob, job: CommandJob, index: int | None) -> dict[str, Any]:
    """A job, or a part of an array, as DescribeJobs has it."""
    part = _part(job, index)
    shape = {
        **_common(kept, job, index),
        "createdAt": job.created_ms,
        "jobQueue": arn(kept, "job-queue", job.queue),
        "retryStrategy": _retries(job),
        "dependsOn": [{"jobId": one} for one in job.depends_on],
        "parameters": job.parameters,
        "tags": job.tags,
        "attempts": [_attempt(one) for one in (part.attempts if part is not None else [])],
        "isCancelled": all(one.cancelled for one in _parts(job, index)),
        "isTerminated": any(one.terminated for one in _parts(job, index)),
        "platformCapabilities": [],
        "container": _container(job, part),
    }
    shape.setdefault("startedAt", 0)  # the model requires it, also of a job that has not begun
    if job.timeout_s:
        shape["timeout"] = {"attemptDurationSeconds": job.timeout_s}
    return shape


def _common(kept: KeptJob, job: CommandJob, index: int | None) -> dict[str, Any]:
    part = _part(job, index)
    id_ = job.id if index is None else f"{job.id}:{index}"
    failed = next((one.reason for one in job.parts if one.status == "FAILED"), "")
    shape: dict[str, Any] = {
        "jobId": id_,
        "jobArn": arn(kept, "job", id_),
        "jobName": job.name,
        "jobDefinition": arn(kept, "job-definition", f"{job.definition}:1"),
        "status": job.status if part is None else part.status,
    }
    reason = failed if part is None else part.reason
    times = (
        ("startedAt", job.started_ms if part is None else part.started_ms),
        ("stoppedAt", job.stopped_ms if part is None else part.stopped_ms),
    )
    shape |= {name: at_ms for name, at_ms in times if at_ms is not None}
    if reason:
        shape["statusReason"] = reason
    if job.size:
        array = {"size": job.size, "statusSummary": job.summary()} if index is None else {"index": index}
        shape["arrayProperties"] = array
    return shape


def _part(job: CommandJob, index: int | None) -> Part | None:
    """The one part that is meant; None for an array as a whole."""
    if index is not None:
        return job.parts[index]
    return None if job.size else job.parts[0]


def _parts(job: CommandJob, index: int | None) -> list[Part]:
    return job.parts if index is None else [job.parts[index]]


def _retries(job: CommandJob) -> dict[str, Any]:
    rules = []
    for one in job.rules:
        told = (("onStatusReason", one.status_reason), ("onReason", one.reason), ("onExitCode", one.exit_code))
        rules.append({"action": one.action, **{name: value for name, value in told if value}})
    return {"attempts": job.tries, "evaluateOnExit": rules}


def _attempt(one: Attempt) -> Mapping[str, Any]:
    shape: dict[str, Any] = {"startedAt": one.started_ms, "container": _ended(one)}
    if one.stopped_ms is not None:
        shape |= {"stoppedAt": one.stopped_ms, "statusReason": one.status_reason}
    return shape


def _ended(one: Attempt) -> dict[str, Any]:
    shape: dict[str, Any] = {} if one.exit_code is None else {"exitCode": one.exit_code}
    return shape | ({"reason": one.reason} if one.reason else {})


def _container(job: CommandJob, part: Part | None) -> dict[str, Any]:
    environment = [{"name": name, "value": value} for name, value in job.environment.items()]
    last = _ended(part.attempts[-1]) if part is not None and part.attempts else {}
    return {"command": job.command, "environment": environment, **last}


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
