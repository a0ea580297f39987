"""The analysis that the service's own image does: a processing job that suggests a baseline, or checks data against it.

It is set by the job's environment, as that image is. Source: SageMaker developer guide, "Container Contract Inputs",
and the SDK's `model_monitor`.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct

from trimtab.base import typed
from trimtab.base.clock import Clock, iso, to_ms
from trimtab.base.errors import InvalidInput
from trimtab.base.tags import make_tags
from trimtab.batch.containers.asked import Asked, inside
from trimtab.batch.monitor import data_quality, model_quality
from trimtab.batch.monitor.dataset import CAPTURED, Table, Value, read_captured, read_table, read_truth
from trimtab.inventory.served.model import Served
from trimtab.metrics.ingest import MetricIngest
from trimtab.metrics.model import VALUE_ROW, Identity, MetricBatch
from trimtab.metrics.registry import SeriesRegistry

IMAGE = "sagemaker-model-monitor-analyzer"
DATA_METRICS, MODEL_METRICS = "aws/sagemaker/Endpoints/data-metrics", "aws/sagemaker/Endpoints/model-metrics"
ENDPOINT, SCHEDULE, PUBLISH = (
    "sagemaker_endpoint_name",
    "sagemaker_monitoring_schedule_name",
    "publish_cloudwatch_metrics",
)
MODEL_QUALITY = "MODEL_QUALITY"
NO_DATA = "Job inputs had no data"
Number = tuple[str, float]


class Analysis(Struct, frozen=True):
    """What came of it: files by name, violations (None: nothing was checked) and metrics."""

    files: Mapping[str, Any]
    violations: Sequence[Mapping[str, str]] | None
    metrics: Sequence[Number]


class Analyzer(Struct, frozen=True):
    """Does it, and keeps the metrics."""

    metrics: tuple[MetricIngest, SeriesRegistry]
    clock: Clock

    def does(self, asked: Asked) -> bool:
        """Whether a job's image is the service's."""
        return IMAGE in asked.image

    async def do(self, job: Served, asked: Asked, ml: Path, log: Path) -> Mapping[str, Any]:
        """Analyze what lies in the job's folder. Raises InvalidInput for data that cannot be analyzed."""
        environment = dict(asked.environment)
        made = await asyncio.to_thread(_analyzed, environment, ml, iso(self.clock.now_ms()))
        if made.metrics and environment.get(PUBLISH) == "Enabled" and environment.get(SCHEDULE):
            await self._publish(job, environment, made.metrics)
        if made.violations is None:
            return {"exit_message": "Completed: Job completed successfully with no violations."}
        count = len(made.violations)
        said = f"CompletedWithViolations: Job completed successfully with {count} violations."
        none = "Completed: Job completed successfully with no violations."
        return {"exit_message": said if count else none, "violations": count}

    async def _publish(self, job: Served, environment: Mapping[str, str], metrics: Sequence[Number]) -> None:
        ingest, registry = self.metrics
        namespace = MODEL_METRICS if environment.get("analysis_type") == MODEL_QUALITY else DATA_METRICS
        dimensions = make_tags({"Endpoint": environment.get(ENDPOINT, ""), "MonitoringSchedule": environment[SCHEDULE]})
        now_ms = self.clock.now_ms()
        rows = [
            (registry.add(Identity(job.account, job.region, namespace, name, dimensions)), now_ms, value, 1.0)
            for name, value in metrics
        ]
        await ingest.write(MetricBatch(values=np.array(rows, VALUE_ROW)), f"{job.arn}/{job.created_ms}/metrics")


def _analyzed(environment: Mapping[str, str], ml: Path, now: str) -> Analysis:
    """Read, judge, and write the files of the output. Blocks."""
    analysis = (_model if environment.get("analysis_type") == MODEL_QUALITY else _data)(environment, ml, now)
    out = _place(environment, "output_path", ml)
    if out is None:
        raise InvalidInput("the environment must have an output_path")
    out.mkdir(parents=True, exist_ok=True)
    for name, content in analysis.files.items():
        (out / name).write_text(json.dumps(content, indent=2), encoding="utf-8")
    return analysis


def _data(environment: Mapping[str, str], ml: Path, now: str) -> Analysis:
    baseline, limits = (_json(environment, f"baseline_{name}", ml) for name in ("statistics", "constraints"))
    table = read_table(_source(environment, ml), _format(environment), _window(environment))
    if not table.rows:
        raise InvalidInput(NO_DATA)
    if limits is not None:
        table = table.renamed([one["name"] for one in limits["features"]])
    found = data_quality.statistics(table)
    suggested = data_quality.constraints(found)
    files: dict[str, Any] = {"statistics.json": found, "constraints.json": suggested}
    if limits is None:
        return Analysis(files, None, _data_metrics(found, {}))
    verdict = data_quality.check(table, found, limits, baseline)
    files["constraint_violations.json"] = {"violations": verdict.violations}
    return Analysis(files, verdict.violations, _data_metrics(found, verdict.drift))


def _data_metrics(found: Mapping[str, Any], drift: Mapping[str, float]) -> list[Number]:
    metrics: list[Number] = []
    for one in found["features"]:
        numbers = one.get("numerical_statistics")
        common = (numbers or one["string_statistics"])["common"]
        whole = common["num_present"] + common["num_missing"]
        metrics.append((f"feature_non_null_{one['name']}", common["num_present"] / whole))
        if numbers:
            metrics.append((f"feature_data_{one['name']}", numbers["mean"]))
    return [*metrics, *((f"feature_baseline_drift_{name}", gap) for name, gap in drift.items())]


def _model(environment: Mapping[str, str], ml: Path, now: str) -> Analysis:
    format_, source = _format(environment), _source(environment, ml)
    truth: Sequence[Value] | None
    predicted: Sequence[Value] | None
    scores: Sequence[Value] | None
    if CAPTURED in format_:
        truth, predicted, scores = _joined(environment, ml, source)
    else:
        table = read_table(source, format_)
        names = [environment.get(f"{name}_attribute", "") for name in ("ground_truth", "inference", "probability")]
        truth, predicted, scores = (_column(table, name) for name in names)
    limit = environment.get("probability_threshold_attribute") or environment.get("probability_threshold")
    if predicted is None and scores is not None:
        threshold = float(limit or 0.5)
        predicted = [None if one is None else int(float(one) >= threshold) for one in scores]
    if truth is None or predicted is None:
        raise InvalidInput("ground_truth_attribute and inference_attribute (or probability_attribute) must be columns")
    found = model_quality.statistics(environment.get("problem_type", ""), truth, predicted, scores)
    found["dataset"]["evaluation_time"] = now
    limits = _json(environment, "baseline_constraints", ml)
    files: dict[str, Any] = {"statistics.json": found, "constraints.json": model_quality.constraints(found)}
    metrics = list(model_quality.values_of(found).items())
    if limits is None:
        return Analysis(files, None, metrics)
    violations = model_quality.check(found, limits)
    files["constraint_violations.json"] = {"violations": violations}
    return Analysis(files, violations, metrics)


def _joined(
    environment: Mapping[str, str], ml: Path, source: Path
) -> tuple[list[Value], list[Value] | None, list[Value] | None]:
    """Ground truth, predictions and scores of the captured invocations that have ground truth."""
    place = _place(environment, "ground_truth_source", ml)
    truth = read_truth(place) if place is not None else {}
    rows = [one for one in read_captured(source, _window(environment)) if one.id in truth]

    def column(name: str) -> list[Value] | None:
        key = environment.get(f"{name}_attribute", "")
        if not key:
            return None
        return [one.answered.get(f"_c{key}" if key.isdigit() else key) for one in rows]

    predicted, scores = column("inference"), column("probability")
    if predicted is None and scores is None:
        predicted = [next(iter(one.answered.values()), None) for one in rows]
    return [truth[one.id] for one in rows], predicted, scores


def _column(table: Table, name: str) -> Sequence[Value] | None:
    if not name:
        return None
    found = table.columns.get(name, table.columns.get(f"_c{name}"))
    if found is None:
        raise InvalidInput(f"the data has no column {name}; it has {', '.join(table.columns)}")
    return found


def _format(environment: Mapping[str, str]) -> Mapping[str, Any]:
    try:
        found = typed.loads(environment.get("dataset_format") or "")
    except ValueError:
        raise InvalidInput("the environment must have a dataset_format, in JSON") from None
    return found if isinstance(found, dict) else {str(found): {}}


def _source(environment: Mapping[str, str], ml: Path) -> Path:
    place = _place(environment, "dataset_source", ml)
    if place is None:
        raise InvalidInput("the environment must have a dataset_source")
    return place


def _place(environment: Mapping[str, str], name: str, ml: Path) -> Path | None:
    given = environment.get(name)
    return ml / inside(given) if given else None


def _json(environment: Mapping[str, str], name: str, ml: Path) -> dict[str, Any] | None:
    """A file of the baseline; None where the job has none. Raises InvalidInput for one that cannot be read."""
    place = _place(environment, name, ml)
    if place is None:
        return None
    try:
        found = typed.loads(place.read_bytes())
    except (OSError, ValueError) as problem:
        raise InvalidInput(f"cannot read {name}: {problem}") from None
    if not isinstance(found, dict):
        raise InvalidInput(f"cannot read {name}: expected an object")
    return found


def _window(environment: Mapping[str, str]) -> tuple[int, int] | None:
    """From when until when data counts; None where the job does not say."""
    start, end = environment.get("start_time"), environment.get("end_time")
    if not start or not end:
        return None
    return to_ms(datetime.fromisoformat(start)), to_ms(datetime.fromisoformat(end))
