"""Operations on hyperparameter tuning jobs: their training jobs run on the local pool."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import Conflict, InvalidInput, NotFound
from trimtab.batch.containers.jobs import COMPLETED, FAILED, RUNNING, STOPPED, STOPPING
from trimtab.batch.tuning.asked import Tuning, tuning_for, tuning_of
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.sagemaker.rooms import SageMakerRooms, form_of, listed, operations, page_of, place
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.tags import tags_of
from trimtab.inventory.served.model import TUNING, Served, arn_of

_NAME = "HyperParameterTuningJobName"


@operations.add("CreateHyperParameterTuningJob", needs=Role.ADMIN, job=True)
async def create_tuning_job(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Begin a search for the best hyperparameters: by what is known, by halving, at random, or every combination."""
    name = request[_NAME]
    tuning_of(name, arn_of(*place(context), TUNING, name), request)
    try:
        made = await rooms.served.create(place(context), TUNING, name, form_of(request), RUNNING, tags_of(request))
    except Conflict:
        raise AwsError(
            "ResourceInUse", "Hyper parameter tuning job names must be unique within an AWS account and region."
        ) from None
    return {"HyperParameterTuningJobArn": made.arn}


@operations.add("DescribeHyperParameterTuningJob", job=True)
async def describe_tuning_job(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """One search, with how its training jobs went, and the best of them."""
    job = await _get(rooms, request, context)
    tuning, known = tuning_for(job), await rooms.batch.tuning.trials(job)
    best = tuning.best(known)
    ended_ms = job.state.get("ended_ms") or rooms.metrics.clock.now_ms()
    return {
        **job.form,
        **_row(job, tuning, known),
        **({"BestTrainingJob": trial_shape(best, tuning)} if best is not None else {}),
        **({"FailureReason": job.state["problem"]} if job.state.get("problem") else {}),
        "ConsumedResources": {"RuntimeInSeconds": max(ended_ms - job.created_ms, 0) // 1000},
    }


@operations.add("ListHyperParameterTuningJobs")
async def list_tuning_jobs(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Searches."""
    found, more = await listed(rooms, TUNING, request, context)
    rows = []
    for job in found:
        tuning = tuning_for(job)
        config = job.form["HyperParameterTuningJobConfig"]
        row = _row(job, tuning, await rooms.batch.tuning.trials(job))
        rows.append({**row, "Strategy": tuning.strategy, "ResourceLimits": config["ResourceLimits"]})
    return {"HyperParameterTuningJobSummaries": rows, **more}


@operations.add("ListTrainingJobsForHyperParameterTuningJob", job=True)
async def list_trials(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """The training jobs of a search, by name, time, status or what came out."""
    job = await _get(rooms, request, context)
    tuning, known = tuning_for(job), await rooms.batch.tuning.trials(job)
    found = [one for one in known if request.get("StatusEquals") in (None, one.status)]
    match request.get("SortBy", "Name"):
        case "CreationTime":
            found.sort(key=lambda one: one.created_ms)
        case "Status":
            found.sort(key=lambda one: one.status)
        case "FinalObjectiveMetricValue":  # those without one are left out, as the service does
            valued = [(value, one) for one in found if (value := tuning.value(one)) is not None]
            found = [one for _, one in sorted(valued, key=lambda pair: (pair[0], pair[1].name))]
    if request.get("SortOrder", "Ascending") == "Descending":
        found.reverse()
    shown, more = page_of(found, request)
    return {"TrainingJobSummaries": [trial_shape(one, tuning) for one in shown], **more}


@operations.add("StopHyperParameterTuningJob", needs=Role.ADMIN, job=True)
async def stop_tuning_job(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """End a search with the training jobs that run."""
    job = await _get(rooms, request, context)
    if not await rooms.served.change(job, status=STOPPING, only_from=(RUNNING,)):
        raise InvalidInput(f"The request was rejected because the tuning job is in status {job.status}.")
    return {}


@operations.add("DeleteHyperParameterTuningJob", needs=Role.ADMIN, job=True)
async def delete_tuning_job(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Delete a search that is over; its training jobs stay."""
    job = await _get(rooms, request, context)
    if job.status in (RUNNING, STOPPING):
        raise AwsError("ResourceInUse", f"The tuning job is in status {job.status}: stop it first.")
    await rooms.served.delete(place(context), TUNING, job.name)
    return {}


async def _get(rooms: SageMakerRooms, request: Request, context: CallContext) -> Served:
    try:
        return await rooms.served.get(place(context), TUNING, request[_NAME])
    except NotFound:
        raise AwsError("ResourceNotFound", "Amazon SageMaker can't find a tuning job with this name.") from None


def _row(job: Served, tuning: Tuning, known: Sequence[Served]) -> dict[str, Any]:
    """A tuning job as lists and descriptions have it."""
    counts = Counter(one.status for one in known)
    status: Mapping[str, int] = {
        "Completed": counts[COMPLETED],
        "InProgress": counts[RUNNING] + counts[STOPPING],
        "RetryableError": 0,
        "NonRetryableError": counts[FAILED],
        "Stopped": counts[STOPPED],
    }
    objective = Counter(tuning.objective_status(one) for one in known)
    row = {
        _NAME: job.name,
        "HyperParameterTuningJobArn": job.arn,
        "HyperParameterTuningJobStatus": job.status,
        "CreationTime": job.created_ms,
        "LastModifiedTime": job.updated_ms,
        "TrainingJobStatusCounters": status,
        "ObjectiveStatusCounters": {name: objective[name] for name in ("Succeeded", "Pending", "Failed")},
    }
    return row | ({"HyperParameterTuningEndTime": job.state["ended_ms"]} if job.state.get("ended_ms") else {})


def trial_shape(one: Served, tuning: Tuning) -> dict[str, Any]:
    """A training job of a search."""
    value = tuning.value(one)
    times = {"TrainingStartTime": one.state.get("trained_ms"), "TrainingEndTime": one.state.get("ended_ms")}
    metric = {"Type": "Maximize" if tuning.maximize else "Minimize", "MetricName": tuning.metric, "Value": value}
    return {
        "TrainingJobName": one.name,
        "TrainingJobArn": one.arn,
        "CreationTime": one.created_ms,
        **{name: at_ms for name, at_ms in times.items() if at_ms},
        "TrainingJobStatus": one.status,
        "TunedHyperParameters": tuning.tuned(one),
        **({"FailureReason": one.state["problem"]} if one.state.get("problem") else {}),
        **({"FinalHyperParameterTuningJobObjectiveMetric": metric} if value is not None else {}),
        "ObjectiveStatus": tuning.objective_status(one),
    }
