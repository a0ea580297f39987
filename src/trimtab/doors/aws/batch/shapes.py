"""Jobs of commands in the shapes of AWS Batch's answers."""

from collections.abc import Mapping
from typing import Any

from trimtab.batch.commands.model import Attempt, CommandJob, Part
from trimtab.batch.store import KeptJob


def arn(kept: KeptJob, kind: str, name: str) -> str:
    """The ARN of a job, a queue or a definition."""
    return f"arn:aws:batch:{kept.region}:{kept.account}:{kind}/{name}"


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
