"""Monitoring schedules: when an execution is due, what it looks at, and the processing job that it is."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from trimtab.base.clock import iso, to_datetime
from trimtab.base.errors import InvalidInput
from trimtab.batch.monitor.analyzer import (
    CLARIFY,
    CONFIG,
    ENDPOINT,
    IMAGE,
    MODEL_BIAS,
    MODEL_QUALITY,
    PUBLISH,
    SCHEDULE,
)
from trimtab.inventory.served.model import Served
from trimtab.jobs.schedule import Rate, Schedule, parse

DATA, MODEL, BIAS = "DataQuality", "ModelQuality", "ModelBias"
IMAGES = {DATA: IMAGE, MODEL: IMAGE, BIAS: CLARIFY}
"""The image that does the analysis of a kind."""
INPUT, TRUTH, BASELINE, ANALYSIS = (
    f"/opt/ml/processing/{name}" for name in ("input/endpoint", "groundtruth", "baseline", "config")
)
_DAY_MS, _HOUR_MS = 86_400_000, 3_600_000
_NOW = "NOW"
_OFFSET = re.compile(r"-?P(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:\d+S)?)?")
_MOST_HOURS = 24 * 31  # folders of captured data that an execution looks through


_SCRIPTS = ("RecordPreprocessorSourceUri", "PostAnalyticsProcessorSourceUri")


class Watched(Struct, frozen=True):
    """What a schedule watches: the parts of its definition that matter, wherever the definition is kept.

    `scripts` are the members of it that name own scripts, before or after the analysis.
    """

    type: str
    endpoint: str
    image: str
    environment: Mapping[str, str]
    baseline: Mapping[str, str]
    output: Mapping[str, Any]
    cluster: Mapping[str, Any]
    truth: str = ""
    start_offset: str = ""
    end_offset: str = ""
    longest_s: int = 3600
    scripts: tuple[str, ...] = ()
    config: str = ""


def check(config: Mapping[str, Any]) -> None:
    """Whether a MonitoringScheduleConfig has a time that can be read. Raises InvalidInput."""
    expression_of(config, 0)
    type_ = config.get("MonitoringType") or DATA
    if type_ not in IMAGES:
        raise InvalidInput(f"MonitoringType {type_} is not available; expected {', '.join(IMAGES)}.")
    given = config.get("ScheduleConfig") or {}
    for name in ("DataAnalysisStartTime", "DataAnalysisEndTime"):
        if given.get(name):
            offset_ms(given[name])


def due(one: Served, after_ms: int, now_ms: int) -> list[int]:
    """The times after `after_ms` until now at which a schedule is due."""
    schedule = expression_of(one.form["MonitoringScheduleConfig"], one.created_ms)
    if schedule is None:
        return [one.created_ms] if after_ms < one.created_ms <= now_ms else []
    found: list[int] = []
    at_ms = schedule.next_after(after_ms)
    while at_ms is not None and at_ms <= now_ms:
        found.append(at_ms)
        at_ms = schedule.next_after(at_ms)
    return found


def expression_of(config: Mapping[str, Any], made_ms: int) -> Schedule | None:
    """When it is due; None is once, when it was made. Without an expression the service takes a time of each day."""
    expression = str((config.get("ScheduleConfig") or {}).get("ScheduleExpression") or "")
    if expression == _NOW:
        return None
    if not expression:
        return Rate(_DAY_MS, made_ms)
    if not expression.startswith("cron("):
        raise InvalidInput(f"cannot use ScheduleExpression {expression[:100]!r}: expected cron(…) or NOW")
    return parse(expression)


def offset_ms(text: str) -> int:
    """How far before its time an ISO duration such as `-PT1H` lies, in ms. Raises InvalidInput."""
    match = _OFFSET.fullmatch(text)
    if match is None:
        raise InvalidInput(f"cannot use the offset {text[:50]!r}: expected a duration such as -PT1H")
    days, hours, minutes = (int(match[name] or 0) for name in ("days", "hours", "minutes"))
    return days * _DAY_MS + hours * _HOUR_MS + minutes * 60_000


def window_of(one: Served, watched: Watched, at_ms: int) -> tuple[int, int]:
    """From when until when an execution looks: as offsets say, else the hour (or day) before it."""
    given = one.form["MonitoringScheduleConfig"].get("ScheduleConfig") or {}
    start = watched.start_offset or given.get("DataAnalysisStartTime") or ""
    end = watched.end_offset or given.get("DataAnalysisEndTime") or ""
    last = at_ms - offset_ms(end) if end else at_ms
    if start:
        return at_ms - offset_ms(start), last
    schedule = expression_of(one.form["MonitoringScheduleConfig"], one.created_ms)
    if schedule is None:
        return last - _HOUR_MS, last
    after = schedule.next_after(at_ms)
    return last - max(_HOUR_MS, (after - at_ms) if after is not None else _HOUR_MS), last


def inline(definition: Mapping[str, Any]) -> Watched:
    """What a definition within the schedule watches."""
    return _watched(
        DATA,
        definition["MonitoringAppSpecification"],
        (definition.get("MonitoringInputs") or [{}])[0],
        definition.get("BaselineConfig") or {},
        definition["MonitoringOutputConfig"],
        definition["MonitoringResources"],
        {**(definition.get("Environment") or {})},
        definition.get("StoppingCondition") or {},
    )


def defined(type_: str, form: Mapping[str, Any]) -> Watched:
    """What a definition of its own watches."""
    application = form[f"{type_}AppSpecification"]
    return _watched(
        type_,
        application,
        form[f"{type_}JobInput"],
        form.get(f"{type_}BaselineConfig") or {},
        form[f"{type_}JobOutputConfig"],
        form["JobResources"],
        {**(application.get("Environment") or {})},
        form.get("StoppingCondition") or {},
    )


def _watched(
    type_: str, application: Mapping[str, Any], given: Mapping[str, Any], baseline: Mapping[str, Any],
    output: Mapping[str, Any], resources: Mapping[str, Any], environment: dict[str, str], stopping: Mapping[str, Any],
) -> Watched:  # fmt: skip
    source = given.get("EndpointInput") or {}
    names = {"inference": "InferenceAttribute", "probability": "ProbabilityAttribute",
             "probability_threshold": "ProbabilityThresholdAttribute"}  # fmt: skip
    told = {f"{key}_attribute": str(source[name]) for key, name in names.items() if source.get(name) is not None}
    if type_ == BIAS:
        told |= {"analysis_type": MODEL_BIAS}
    if type_ == MODEL:
        told |= {"analysis_type": MODEL_QUALITY, "problem_type": application.get("ProblemType") or ""}
    resourced = {"constraints": "ConstraintsResource", "statistics": "StatisticsResource"}
    return Watched(
        type=type_,
        endpoint=source.get("EndpointName") or "",
        image=application["ImageUri"],
        environment={**told, **environment},
        baseline={
            key: baseline[name]["S3Uri"] for key, name in resourced.items() if (baseline.get(name) or {}).get("S3Uri")
        },
        output=output["MonitoringOutputs"][0]["S3Output"],
        cluster=resources["ClusterConfig"],
        truth=(given.get("GroundTruthS3Input") or {}).get("S3Uri") or "",
        start_offset=source.get("StartTimeOffset") or "",
        end_offset=source.get("EndTimeOffset") or "",
        longest_s=int(stopping.get("MaxRuntimeInSeconds") or 3600),
        scripts=tuple(name for name in _SCRIPTS if application.get(name)),
        config=application.get("ConfigUri") or "",
    )


def hours_of(window: tuple[int, int]) -> list[str]:
    """The folders of hours that a window touches, as captured data is laid out. Raises InvalidInput for too many."""
    first, last = window[0] // _HOUR_MS, (window[1] - 1) // _HOUR_MS
    if last - first >= _MOST_HOURS:
        raise InvalidInput(f"an execution looks at {_MOST_HOURS} hours at most")
    return [f"{to_datetime(hour * _HOUR_MS):%Y/%m/%d/%H}" for hour in range(first, last + 1)]


def job_form(
    one: Served, watched: Watched, window: tuple[int, int], captured: Sequence[str], truth: Sequence[str]
) -> dict[str, Any]:
    """The processing job of an execution: `captured` and `truth` are the URIs of the folders that hold data."""
    local = str(watched.output.get("LocalPath") or "/opt/ml/processing/output")
    environment = {
        "dataset_format": '{"sagemakerCaptureJson":{"captureIndexNames":["endpointInput","endpointOutput"]}}',
        PUBLISH: "Enabled",
        **watched.environment,
        "dataset_source": INPUT,
        "output_path": local,
        "start_time": iso(window[0]),
        "end_time": iso(window[1]),
        ENDPOINT: watched.endpoint,
        SCHEDULE: one.name,
    }
    if truth:
        environment["ground_truth_source"] = TRUTH
    inputs = [(f"captured-{at}", uri, f"{INPUT}/{at}") for at, uri in enumerate(captured)]
    inputs += [(f"truth-{at}", uri, f"{TRUTH}/{at}") for at, uri in enumerate(truth)]
    if watched.config:
        inputs.append((CONFIG, watched.config, ANALYSIS))
        environment[CONFIG] = f"{ANALYSIS}/{watched.config.rpartition('/')[2]}"
    for name, uri in watched.baseline.items():
        inputs.append((name, uri, f"{BASELINE}/{name}"))
        environment[f"baseline_{name}"] = f"{BASELINE}/{name}/{uri.rpartition('/')[2]}"
    target = (
        f"{str(watched.output['S3Uri']).rstrip('/')}/{watched.endpoint}/{one.name}/{to_datetime(window[1]):%Y/%m/%d/%H}"
    )
    output = {"OutputName": "result", "S3Output": {"S3Uri": target, "LocalPath": local, "S3UploadMode": "EndOfJob"}}
    return {
        "ProcessingInputs": [
            {"InputName": name, "S3Input": {"S3Uri": uri, "LocalPath": path, "S3DataType": "S3Prefix",
                                            "S3InputMode": "File"}}
            for name, uri, path in inputs
        ],
        "ProcessingOutputConfig": {"Outputs": [output]},
        "ProcessingResources": {"ClusterConfig": dict(watched.cluster)},
        "StoppingCondition": {"MaxRuntimeInSeconds": watched.longest_s},
        "AppSpecification": {"ImageUri": watched.image},
        "Environment": environment,
        "MonitoringScheduleArn": one.arn,
    }  # fmt: skip
