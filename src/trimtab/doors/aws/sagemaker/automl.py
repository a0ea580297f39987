"""Operations on AutoML jobs: what they look at and train are processing and training jobs of the local pool."""

from collections.abc import Mapping, Sequence
from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import Conflict, InvalidInput, NotFound
from trimtab.batch.automl.asked import IMAGE, Candidates, candidates_of, wish_of
from trimtab.batch.automl.way import analysis_name, secondary_status
from trimtab.batch.containers.jobs import COMPLETED, RUNNING, STOPPING
from trimtab.batch.containers.shapes import described
from trimtab.batch.monitor.model_quality import REGRESSION
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.sagemaker.rooms import SageMakerRooms, form_of, listed, operations, page_of, place
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.tags import tags_of
from trimtab.inventory.served.model import AUTOML, PROCESSING, Served, arn_of

_NAME = "AutoMLJobName"
_SETS = {"train": "Train", "validation": "Validation"}
_TABULAR = "TabularJobConfig"


@operations.add("CreateAutoMLJob", needs=Role.ADMIN, job=True)
async def create_auto_ml_job(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Begin a search for the best model of a table, by any algorithm; at most so many candidates are trained."""
    return await _create(rooms, request, context)


@operations.add("CreateAutoMLJobV2", needs=Role.ADMIN, job=True)
async def create_auto_ml_job_v2(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Begin a search as `CreateAutoMLJob` does, by a request of the second version, of tabular data."""
    return await _create(rooms, request, context)


@operations.add("DescribeAutoMLJob", job=True)
async def describe_auto_ml_job(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """One job that `CreateAutoMLJob` made, with its best candidate."""
    job = await _get(rooms, request, context)
    if "AutoMLProblemTypeConfig" in job.form:
        raise InvalidInput(f"{job.name} was made by CreateAutoMLJobV2: use DescribeAutoMLJobV2.")
    resolved = _resolved(job)
    kind = {"ProblemType": resolved["problem"]} if resolved else {}
    limits = {"ResolvedAttributes": {**resolved["attributes"], **kind}} if resolved else {}
    return {"GenerateCandidateDefinitionsOnly": False, **job.form, **await _answer(rooms, job), **limits}


@operations.add("DescribeAutoMLJobV2", job=True)
async def describe_auto_ml_job_v2(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """One job of either version, with its best candidate."""
    job = await _get(rooms, request, context)
    resolved = _resolved(job)
    if resolved:
        kind = {"TabularResolvedAttributes": {"ProblemType": resolved["problem"]}}
        limits = {"ResolvedAttributes": {**resolved["attributes"], "AutoMLProblemTypeResolvedAttributes": kind}}
    else:
        limits = {}
    return {**_second(job.form), "AutoMLProblemTypeConfigName": "Tabular", **await _answer(rooms, job), **limits}


@operations.add("ListAutoMLJobs")
async def list_auto_ml_jobs(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Jobs."""
    found, more = await listed(rooms, AUTOML, request, context)
    return {"AutoMLJobSummaries": [_row(one) for one in found], **more}


@operations.add("StopAutoMLJob", needs=Role.ADMIN, job=True)
async def stop_auto_ml_job(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """End a search with what runs of it."""
    job = await _get(rooms, request, context)
    if not await rooms.served.change(job, status=STOPPING, only_from=(RUNNING,)):
        raise InvalidInput(f"The request was rejected because the AutoML job is in status {job.status}.")
    return {}


@operations.add("ListCandidatesForAutoMLJob", job=True)
async def list_candidates(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """The candidates of a search, by name, time, status or what came out."""
    job = await _get(rooms, request, context)
    search, known = _search(job), await rooms.batch.tuning.trials(job)
    if search is None:
        return {"Candidates": []}
    found = [
        one for one in known
        if request.get("StatusEquals") in (None, one.status) and request.get("CandidateNameEquals") in (None, one.name)
    ]  # fmt: skip
    match request.get("SortBy", "CreationTime"):
        case "CreationTime":
            found.sort(key=lambda one: (one.created_ms, one.name))
        case "Status":
            found.sort(key=lambda one: one.status)
        case "FinalObjectiveMetricValue":  # those without one are left out
            valued = [(value, one) for one in found if (value := search.value(one)) is not None]
            found = [one for _, one in sorted(valued, key=lambda pair: (pair[0], pair[1].name))]
    if request.get("SortOrder", "Ascending") == "Descending":
        found.reverse()
    shown, more = page_of(found, request)
    analysis = await _analysis(rooms, job)
    return {"Candidates": [_candidate(one, search, analysis) for one in shown], **more}


async def _create(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    name = request[_NAME]
    wish_of(name, request)
    try:
        made = await rooms.served.create(place(context), AUTOML, name, form_of(request), RUNNING, tags_of(request))
    except Conflict:
        raise AwsError("ResourceInUse", "AutoML job names must be unique within an AWS account and region.") from None
    return {"AutoMLJobArn": made.arn}


async def _get(rooms: SageMakerRooms, request: Request, context: CallContext) -> Served:
    try:
        return await rooms.served.get(place(context), AUTOML, request[_NAME])
    except NotFound:
        arn = arn_of(*place(context), AUTOML, request[_NAME])
        raise AwsError("ResourceNotFound", f"Could not find requested AutoML job {arn}.") from None


async def _analysis(rooms: SageMakerRooms, job: Served) -> Served:
    return await rooms.served.get((job.account, job.region), PROCESSING, analysis_name(job))


def _search(job: Served) -> Candidates | None:
    """The candidates of a job; None while its data have not been looked at."""
    found = job.state.get("analysis")
    return candidates_of(wish_of(job.name, job.form), found["problem_type"]) if found is not None else None


def _resolved(job: Served) -> dict[str, Any]:
    """What was asked for or found out: the kind of problem, and attributes; {} while it is not known."""
    search = _search(job)
    if search is None:
        return {}
    limits = {"MaxCandidates": search.trials, "MaxRuntimePerTrainingJobInSeconds": search.wish.training_s}
    if search.longest_s is not None:
        limits["MaxAutoMLJobRuntimeInSeconds"] = search.longest_s
    objective = {"MetricName": search.metric.rpartition(":")[2]}
    return {
        "problem": search.problem,
        "attributes": {"AutoMLJobObjective": objective, "CompletionCriteria": limits},
    }


async def _answer(rooms: SageMakerRooms, job: Served) -> dict[str, Any]:
    """What descriptions of both versions have."""
    search = _search(job)
    best = search.best(await rooms.batch.tuning.trials(job)) if search is not None else None
    found = _row(job)
    if search is not None and best is not None:
        found["BestCandidate"] = _candidate(best, search, await _analysis(rooms, job))
    return found


def _row(job: Served) -> dict[str, Any]:
    """A job as lists have it."""
    row = {
        _NAME: job.name,
        "AutoMLJobArn": job.arn,
        "AutoMLJobStatus": job.status,
        "AutoMLJobSecondaryStatus": secondary_status(job),
        "CreationTime": job.created_ms,
        "LastModifiedTime": job.updated_ms,
    }
    if job.state.get("ended_ms"):
        row["EndTime"] = job.state["ended_ms"]
    return row | ({"FailureReason": job.state["problem"]} if job.state.get("problem") else {})


def _candidate(one: Served, search: Candidates, analysis: Served) -> dict[str, Any]:
    """A candidate: its steps, what it is worth, and the container by which CreateModel makes a model of it."""
    value, name = search.value(one), search.metric.rpartition(":")[2]
    shape: dict[str, Any] = {
        "CandidateName": one.name,
        "ObjectiveStatus": search.objective_status(one),
        "CandidateSteps": [_step("ProcessingJob", analysis), _step("TrainingJob", one)],
        "CandidateStatus": one.status,
        "CreationTime": one.created_ms,
        "LastModifiedTime": one.updated_ms,
    }
    if value is not None:
        kind = "Maximize" if search.maximize else "Minimize"
        shape["FinalAutoMLJobObjectiveMetric"] = {
            "Type": kind, "MetricName": name, "Value": value, "StandardMetricName": name,
        }  # fmt: skip
        shape["CandidateProperties"] = {"CandidateMetrics": _metrics(one.state["metrics"])}
    if one.state.get("ended_ms"):
        shape["EndTime"] = one.state["ended_ms"]
    if one.state.get("problem"):
        shape["FailureReason"] = one.state["problem"]
    if one.status == COMPLETED:
        container = _container(one, search)
        shape["InferenceContainers"] = [container]
        shape["InferenceContainerDefinitions"] = {"CPU": [container]}
    return shape


def _container(one: Served, search: Candidates) -> dict[str, Any]:
    answers = {
        "SAGEMAKER_INFERENCE_OUTPUT": "predicted_label",
        "SAGEMAKER_INFERENCE_SUPPORTED": "predicted_label,probability,probabilities,labels",
    }
    return {
        "Image": IMAGE,
        "ModelDataUrl": described(one)["ModelArtifacts"]["S3ModelArtifacts"],
        "Environment": {} if search.problem == REGRESSION else answers,
    }


def _step(kind: str, one: Served) -> dict[str, str]:
    return {
        "CandidateStepType": f"AWS::SageMaker::{kind}",
        "CandidateStepArn": one.arn,
        "CandidateStepName": one.name,
    }


def _metrics(found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    shapes = []
    for one in found:
        set_, _, name = one["name"].partition(":")
        shapes.append({"MetricName": name, "StandardMetricName": name, "Value": one["value"], "Set": _SETS[set_]})
    return shapes


def _second(form: Mapping[str, Any]) -> dict[str, Any]:
    """A request of either version, as the second has it."""
    if "AutoMLProblemTypeConfig" in form:
        return dict(form)
    config = form.get("AutoMLJobConfig") or {}
    first = form["InputDataConfig"][0]
    names = ("ChannelType", "ContentType", "CompressionType", "DataSource")
    table = {
        "TargetAttributeName": first["TargetAttributeName"],
        **{name: config[name] for name in ("CompletionCriteria", "Mode") if name in config},
        **({"ProblemType": form["ProblemType"]} if form.get("ProblemType") else {}),
    }
    return {
        "AutoMLJobInputDataConfig": [
            {name: one[name] for name in names if name in one} for one in form["InputDataConfig"]
        ],
        "AutoMLProblemTypeConfig": {_TABULAR: table},
        **{name: form[name] for name in ("OutputDataConfig", "RoleArn", "AutoMLJobObjective") if name in form},
        **{name: config[name] for name in ("DataSplitConfig", "SecurityConfig") if name in config},
    }
