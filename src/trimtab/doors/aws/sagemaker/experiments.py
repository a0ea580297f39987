"""Operations on experiments, trials and trial components: what was tried, with its parameters and what it measured.

Every training job is a trial component, `<job>-aws-training-job`, as it is with the service: what is told of it is what
became of the job. Others are kept as their clients say; metrics are those that were put by `sagemaker-metrics`.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from trimtab.access.principal import Role
from trimtab.base.errors import Conflict, InvalidInput, NotFound
from trimtab.base.records import replace
from trimtab.batch.containers.shapes import described
from trimtab.batch.containers.telling import DIMENSION as JOB_DIMENSION
from trimtab.batch.containers.telling import NAMESPACE as JOB_NAMESPACE
from trimtab.doors.aws.sagemaker.rooms import (
    SageMakerRooms,
    by_time,
    form_of,
    listed,
    operations,
    page_of,
    place,
)
from trimtab.doors.aws.sagemaker.training_metrics import DIMENSION, NAMESPACE, STEP
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.tags import tags_of
from trimtab.inventory.served.model import COMPONENT, EXPERIMENT, TRAINING, TRIAL, Served
from trimtab.metrics.model import SeriesQuery

OF_JOB = "-aws-training-job"
_ALL_MS = 90 * 86_400_000  # metrics are read so far back
_EDITED = ("DisplayName", "Status", "StartTime", "EndTime")
_MAPS = ("Parameters", "InputArtifacts", "OutputArtifacts")
_STATUS = {"InProgress": "InProgress", "Stopping": "Stopping", "Completed": "Completed", "Stopped": "Stopped"}


@operations.add("CreateExperiment", needs=Role.WRITE)
async def create_experiment(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Make an experiment, to which trials belong."""
    return {"ExperimentArn": (await _create(rooms, EXPERIMENT, request["ExperimentName"], request, context)).arn}


@operations.add("DescribeExperiment", job=True)
async def describe_experiment(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """One experiment."""
    found = await rooms.served.get(place(context), EXPERIMENT, request["ExperimentName"])
    return {**_row(found, "Experiment"), **_said(found, "Description")}


@operations.add("ListExperiments")
async def list_experiments(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Experiments."""
    found, more = await listed(rooms, EXPERIMENT, by_time(request), context)
    return {"ExperimentSummaries": [_row(one, "Experiment") for one in found], **more}


@operations.add("UpdateExperiment", needs=Role.WRITE, job=True)
async def update_experiment(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Change what an experiment is called."""
    found = await rooms.served.get(place(context), EXPERIMENT, request["ExperimentName"])
    return {"ExperimentArn": (await _edit(rooms, found, _given(request, ("DisplayName", "Description")))).arn}


@operations.add("DeleteExperiment", needs=Role.WRITE, job=True)
async def delete_experiment(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Delete an experiment that has no trials."""
    found = await rooms.served.get(place(context), EXPERIMENT, request["ExperimentName"])
    if any(one.form["ExperimentName"] == found.name for one in await _of(rooms, TRIAL, context)):
        raise InvalidInput(f"The experiment {found.name} has trials: delete those first.")
    await rooms.served.delete(place(context), EXPERIMENT, found.name)
    return {"ExperimentArn": found.arn}


@operations.add("CreateTrial", needs=Role.WRITE, job=True)
async def create_trial(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Make a trial of an experiment, with which components are associated."""
    await rooms.served.get(place(context), EXPERIMENT, request["ExperimentName"])
    return {"TrialArn": (await _create(rooms, TRIAL, request["TrialName"], request, context)).arn}


@operations.add("DescribeTrial", job=True)
async def describe_trial(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """One trial."""
    found = await rooms.served.get(place(context), TRIAL, request["TrialName"])
    return {**_row(found, "Trial"), **_said(found, "ExperimentName", "MetadataProperties")}


@operations.add("ListTrials", job=True)
async def list_trials(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Trials, of an experiment or of a component."""
    experiment, component = request.get("ExperimentName"), request.get("TrialComponentName")
    associated = await _trials_of(rooms, component, context) if component else ()

    def takes(one: Served) -> bool:
        own = not experiment or one.form["ExperimentName"] == experiment
        return own and (not component or one.name in associated)

    found, more = await listed(rooms, TRIAL, by_time(request), context, takes)
    return {"TrialSummaries": [_row(one, "Trial") for one in found], **more}


@operations.add("UpdateTrial", needs=Role.WRITE, job=True)
async def update_trial(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Change what a trial is called."""
    found = await rooms.served.get(place(context), TRIAL, request["TrialName"])
    return {"TrialArn": (await _edit(rooms, found, _given(request, ("DisplayName",)))).arn}


@operations.add("DeleteTrial", needs=Role.WRITE, job=True)
async def delete_trial(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Delete a trial with which no component is associated."""
    found = await rooms.served.get(place(context), TRIAL, request["TrialName"])
    if any(found.name in _trials(one) for one in await _components(rooms, context)):
        raise InvalidInput(f"The trial {found.name} has components: disassociate those first.")
    await rooms.served.delete(place(context), TRIAL, found.name)
    return {"TrialArn": found.arn}


@operations.add("CreateTrialComponent", needs=Role.WRITE)
async def create_trial_component(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Make a component that is no job of here."""
    made = await _create(rooms, COMPONENT, request["TrialComponentName"], request, context)
    return {"TrialComponentArn": made.arn}


@operations.add("DescribeTrialComponent", job=True)
async def describe_trial_component(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """One component, with a summary of each of its metrics."""
    found = await _component(rooms, request["TrialComponentName"], context)
    shown = {**_row(found, "TrialComponent"), **_said(found, *_EDITED, *_MAPS, "Source", "MetadataProperties")}
    return {**shown, "Metrics": await _measured(rooms, found, context)}


@operations.add("ListTrialComponents", job=True)
async def list_trial_components(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Components, of an experiment, a trial or a source; training jobs are among them."""
    trial, source = request.get("TrialName"), request.get("SourceArn")
    trials = {one.name: one for one in await _of(rooms, TRIAL, context)}
    experiment = request.get("ExperimentName")

    def takes(one: Served) -> bool:
        own = [trials[name].form["ExperimentName"] for name in _trials(one) if name in trials]
        if (trial and trial not in _trials(one)) or (experiment and experiment not in own):
            return False
        return not source or (one.form.get("Source") or {}).get("SourceArn") == source

    asked = by_time(request)
    after, before = asked.get("CreationTimeAfter"), asked.get("CreationTimeBefore")
    kept = [
        one for one in await _components(rooms, context)
        if takes(one) and (after is None or one.created_ms >= after) and (before is None or one.created_ms <= before)
    ]  # fmt: skip
    kept.sort(key=lambda one: one.name if asked.get("SortBy") == "Name" else one.created_ms)
    if request.get("SortOrder", "Descending") == "Descending":
        kept.reverse()
    page, more = page_of(kept, request)
    return {"TrialComponentSummaries": [_component_row(one) for one in page], **more}


@operations.add("UpdateTrialComponent", needs=Role.WRITE, job=True)
async def update_trial_component(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Change what is said of a component; a training job tells its own state."""
    found = await _stored(rooms, request["TrialComponentName"], context)
    edited = _given(request, _EDITED)
    for name in _MAPS:
        gone = {*(request.get(f"{name}ToRemove") or ())}
        merged = {**(found.form.get(name) or {}), **(request.get(name) or {})}
        edited[name] = {key: value for key, value in merged.items() if key not in gone}
    return {"TrialComponentArn": (await _edit(rooms, found, edited)).arn}


@operations.add("DeleteTrialComponent", needs=Role.WRITE, job=True)
async def delete_trial_component(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Delete a component that is associated with no trial; that of a training job goes with its job."""
    found = await rooms.served.get(place(context), COMPONENT, request["TrialComponentName"])
    if _trials(found):
        raise InvalidInput(f"The trial component {found.name} is associated with trials: disassociate it first.")
    await rooms.served.delete(place(context), COMPONENT, found.name)
    return {"TrialComponentArn": found.arn}


@operations.add("AssociateTrialComponent", needs=Role.WRITE, job=True)
async def associate_trial_component(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Make a component part of a trial, too."""
    return await _associate(rooms, request, context, lambda known, name: [*(one for one in known if one != name), name])


@operations.add("DisassociateTrialComponent", needs=Role.WRITE, job=True)
async def disassociate_trial_component(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Take a component out of a trial."""
    return await _associate(rooms, request, context, lambda known, name: [one for one in known if one != name])


async def _associate(
    rooms: SageMakerRooms, request: Request, context: CallContext,
    change: Callable[[Sequence[str], str], list[str]],
) -> Answer:  # fmt: skip
    trial = await rooms.served.get(place(context), TRIAL, request["TrialName"])
    found = await _stored(rooms, request["TrialComponentName"], context)

    def update(kept: Served) -> Served:
        return replace(kept, form={**kept.form, "Trials": change(_trials(kept), trial.name)})

    made = await rooms.served.edit(found, update)
    return {"TrialComponentArn": made.arn, "TrialArn": trial.arn}


async def _components(rooms: SageMakerRooms, context: CallContext) -> list[Served]:
    """All components of a place: those that are kept, and training jobs."""
    kept = {one.name: one for one in await _of(rooms, COMPONENT, context)}
    for job in await _of(rooms, TRAINING, context):
        kept[job.name + OF_JOB] = _of_job(job, kept.get(job.name + OF_JOB))
    return list(kept.values())


async def _component(rooms: SageMakerRooms, name: str, context: CallContext) -> Served:
    """One component. Raises NotFound."""
    kept = None
    with suppress(NotFound):
        kept = await rooms.served.get(place(context), COMPONENT, name)
    if name.endswith(OF_JOB):
        with suppress(NotFound):
            return _of_job(await rooms.served.get(place(context), TRAINING, name.removesuffix(OF_JOB)), kept)
    if kept is None:
        raise NotFound(f"there is no trial component {name!r}")
    return kept


async def _stored(rooms: SageMakerRooms, name: str, context: CallContext) -> Served:
    """One component that is kept: of a training job a record is made with its first change. Raises NotFound."""
    found = await _component(rooms, name, context)
    with suppress(Conflict):
        return await rooms.served.create(place(context), COMPONENT, name, {"Trials": _trials(found)}, "Created")
    return await rooms.served.get(place(context), COMPONENT, name)


def _of_job(job: Served, kept: Served | None) -> Served:
    """The component that a training job is, with what is kept of it besides."""
    shown = described(job)
    config = job.form.get("ExperimentConfig") or {}
    own: dict[str, Any] = {
        "DisplayName": config.get("TrialComponentDisplayName") or job.name,
        "Source": {"SourceArn": job.arn, "SourceType": "SageMakerTrainingJob"},
        "Status": {
            "PrimaryStatus": _STATUS.get(job.status, "Failed"),
            **({"Message": job.state["problem"]} if job.state.get("problem") else {}),
        },
        "Parameters": {key: _parameter(value) for key, value in (job.form.get("HyperParameters") or {}).items()},
        "InputArtifacts": {
            one["ChannelName"]: {"Value": one["DataSource"]["S3DataSource"]["S3Uri"]}
            for one in job.form.get("InputDataConfig") or ()
        },
        "OutputArtifacts": {"SageMaker.ModelArtifact": {"Value": shown["ModelArtifacts"]["S3ModelArtifacts"]}},
        "Trials": [config["TrialName"]] if config.get("TrialName") else [],
    }
    times = (("StartTime", "TrainingStartTime"), ("EndTime", "TrainingEndTime"))
    own |= {name: shown[key] for name, key in times if shown.get(key)}
    form = {**own, **(kept.form if kept is not None else {})}
    return replace(job, kind=COMPONENT, name=job.name + OF_JOB, form=form)


async def _measured(rooms: SageMakerRooms, one: Served, context: CallContext) -> list[dict[str, Any]]:
    """A summary of each metric of a component: those that were put, and those of its training job's log."""
    metrics = rooms.metrics
    await metrics.reader.fresh()
    source = (one.form.get("Source") or {}).get("SourceArn") or one.arn
    wanted = [(NAMESPACE, DIMENSION, one.name)]
    if one.name.endswith(OF_JOB):
        wanted.append((JOB_NAMESPACE, JOB_DIMENSION, one.name.removesuffix(OF_JOB)))
    end_ms = metrics.clock.now_ms() + _ALL_MS
    rows = []
    for namespace, dimension, value in wanted:
        query = SeriesQuery(namespace=namespace, dimensions=((dimension, value),), exact=True)
        for series in metrics.registry.find(context.scope, query):
            identity = series.identity
            if (identity.account, identity.region) != place(context) or identity.name.endswith(STEP):
                continue
            raw = await metrics.reader.raw(context.scope, series.id, end_ms - 2 * _ALL_MS, end_ms)
            if len(raw.values):
                rows.append(_summary(identity.name, source, raw.times, raw.values))
    return sorted(rows, key=lambda row: str(row["MetricName"]))


def _summary(name: str, source: str, times: Any, values: Any) -> dict[str, Any]:
    last = len(times) - 1 - int(np.argmax(times[::-1]))  # of values of one time the last
    return {
        "MetricName": name,
        "SourceArn": source,
        "TimeStamp": int(times[last]),
        "Max": float(values.max()),
        "Min": float(values.min()),
        "Last": float(values[last]),
        "Count": len(values),
        "Avg": float(values.mean()),
        "StdDev": float(values.std()),
    }


async def _create(rooms: SageMakerRooms, kind: str, name: str, request: Request, context: CallContext) -> Served:
    try:
        return await rooms.served.create(place(context), kind, name, form_of(request), "Created", tags_of(request))
    except Conflict:
        word = kind.removeprefix("experiment-").replace("-", " ")
        raise InvalidInput(f"{word.capitalize()} names must be unique within an AWS account and region.") from None


async def _edit(rooms: SageMakerRooms, one: Served, edited: Mapping[str, Any]) -> Served:
    return await rooms.served.edit(one, lambda kept: replace(kept, form={**kept.form, **edited}))


async def _of(rooms: SageMakerRooms, kind: str, context: CallContext) -> list[Served]:
    return [
        one for one in await rooms.served.listed(context.scope, kind) if (one.account, one.region) == place(context)
    ]


async def _trials_of(rooms: SageMakerRooms, name: str, context: CallContext) -> Sequence[str]:
    return _trials(await _component(rooms, name, context))


def _trials(one: Served) -> list[str]:
    return list(one.form.get("Trials") or ())


def _given(request: Request, names: Sequence[str]) -> dict[str, Any]:
    return {name: request[name] for name in names if request.get(name) is not None}


def _said(one: Served, *names: str) -> dict[str, Any]:
    return {name: one.form[name] for name in names if one.form.get(name) not in (None, {}, "")}


def _row(one: Served, word: str) -> dict[str, Any]:
    return {
        f"{word}Name": one.name,
        f"{word}Arn": one.arn,
        "DisplayName": one.form.get("DisplayName") or one.name,
        "CreationTime": one.created_ms,
        "LastModifiedTime": one.updated_ms,
    }


def _component_row(one: Served) -> dict[str, Any]:
    source = one.form.get("Source")
    shape = {**_row(one, "TrialComponent"), **_said(one, *_EDITED)}
    return shape | ({"TrialComponentSource": source} if source else {})


def _parameter(value: str) -> dict[str, Any]:
    """A hyperparameter as components have it: a number where it is one."""
    try:
        number = float(value.strip('"'))
    except ValueError:
        return {"StringValue": value}
    return {"NumberValue": number} if np.isfinite(number) else {"StringValue": value}
