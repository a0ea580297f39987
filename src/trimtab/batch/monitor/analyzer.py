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
from trimtab.base.records import replace
from trimtab.base.tags import make_tags
from trimtab.batch.containers.asked import Asked, inside
from trimtab.batch.monitor import bias, clarify, data_quality, model_quality
from trimtab.batch.monitor.dataset import CAPTURED, Table, Value, captured_table, read_captured, read_table, read_truth
from trimtab.inventory.served.model import Served
from trimtab.metrics.ingest import MetricIngest
from trimtab.metrics.model import VALUE_ROW, Identity, MetricBatch
from trimtab.metrics.registry import SeriesRegistry

IMAGE = "sagemaker-model-monitor-analyzer"
NAMESPACES = {
    "": "aws/sagemaker/Endpoints/data-metrics",
    "MODEL_QUALITY": "aws/sagemaker/Endpoints/model-metrics",
    "MODEL_BIAS": "aws/sagemaker/Endpoints/bias-metrics",
}
ENDPOINT, SCHEDULE, PUBLISH = (
    "sagemaker_endpoint_name",
    "sagemaker_monitoring_schedule_name",
    "publish_cloudwatch_metrics",
)
MODEL_QUALITY, MODEL_BIAS = "MODEL_QUALITY", "MODEL_BIAS"
CLARIFY = "sagemaker-clarify-processing"
CONFIG = "analysis_config"
NO_DATA = "Job inputs had no data"
Number = tuple[str, float]


class Analysis(Struct, frozen=True):
    """What came of it: files by name, violations (None: nothing was checked) and metrics; `biases` have dimensions."""

    files: Mapping[str, Any]
    violations: Sequence[Mapping[str, str]] | None
    metrics: Sequence[Number]
    biases: Sequence[tuple[str, float, Mapping[str, str]]] = ()


class Analyzer(Struct, frozen=True):
    """Does it, and keeps the metrics."""

    metrics: tuple[MetricIngest, SeriesRegistry]
    clock: Clock

    def does(self, asked: Asked) -> bool:
        """Whether a job's image is one of the service's: Model Monitor's, or Clarify's."""
        return IMAGE in asked.image or CLARIFY in asked.image

    async def do(self, job: Served, asked: Asked, ml: Path, log: Path) -> Mapping[str, Any]:
        """Analyze what lies in the job's folder. Raises InvalidInput for data that cannot be analyzed."""
        environment = dict(asked.environment)
        if CLARIFY in asked.image:
            environment = {**_CLARIFY_PLACES, **environment, "analysis_type": MODEL_BIAS}
        made = await asyncio.to_thread(_analyzed, environment, ml, iso(self.clock.now_ms()))
        metrics = [*((name, value, {}) for name, value in made.metrics), *made.biases]
        if metrics and environment.get(PUBLISH) == "Enabled" and environment.get(SCHEDULE):
            await self._publish(job, environment, metrics)
        if made.violations is None:
            return {"exit_message": "Completed: Job completed successfully with no violations."}
        count = len(made.violations)
        said = f"CompletedWithViolations: Job completed successfully with {count} violations."
        none = "Completed: Job completed successfully with no violations."
        return {"exit_message": said if count else none, "violations": count}

    async def _publish(
        self, job: Served, environment: Mapping[str, str], metrics: Sequence[tuple[str, float, Mapping[str, str]]]
    ) -> None:
        ingest, registry = self.metrics
        namespace = NAMESPACES[environment.get("analysis_type", "")]
        common = {"Endpoint": environment.get(ENDPOINT, ""), "MonitoringSchedule": environment[SCHEDULE]}
        place, now_ms = (job.account, job.region, namespace), self.clock.now_ms()
        rows = [
            (registry.add(Identity(*place, name, make_tags({**common, **more}))), now_ms, value, 1.0)
            for name, value, more in metrics
        ]
        await ingest.write(MetricBatch(values=np.array(rows, VALUE_ROW)), f"{job.arn}/{job.created_ms}/metrics")


_CLARIFY_PLACES = {
    "analysis_config": "/opt/ml/processing/input/config/analysis_config.json",
    "dataset_source": "/opt/ml/processing/input/data",
    "output_path": "/opt/ml/processing/output",
}
"""Where the SDK's jobs of Clarify have their data, which their environment does not say."""


def _analyzed(environment: Mapping[str, str], ml: Path, now: str) -> Analysis:
    """Read, judge, and write the files of the output. Blocks."""
    ways = {MODEL_QUALITY: _model, MODEL_BIAS: _bias}
    analysis = ways.get(environment.get("analysis_type", ""), _data)(environment, ml, now)
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
    predicted = _decided(environment, predicted, scores)
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


def _bias(environment: Mapping[str, str], ml: Path, now: str) -> Analysis:
    """The bias of labels and predictions: of a dataset, or of captured invocations with their ground truth."""
    config = _json(environment, CONFIG, ml)
    if config is None:
        raise InvalidInput(f"the environment must have an {CONFIG}")
    source = _source(environment, ml)
    if "ground_truth_source" in environment:
        table, predicted = _captured_bias(environment, ml, source, config)
    else:
        named = bool(config.get("headers"))
        kind = "json" if "json" in str(config.get("dataset_type", "")) else "csv"
        table = read_table(source, {kind: {"header": not named}})
        table, predicted = table.renamed(config.get("headers") or ()), None
    if not table.rows:
        raise InvalidInput(NO_DATA)
    found = clarify.analyzed(config, table, predicted)
    files: dict[str, Any] = {"analysis.json": found}
    biases = bias.values_of(found)
    limits = _json(environment, "baseline_constraints", ml)
    if limits is None:
        return Analysis(files, None, (), biases)
    violations = bias.check(found, limits)
    files["constraint_violations.json"] = {"version": "1.0", "violations": violations}
    return Analysis(files, violations, (), biases)


def _captured_bias(
    environment: Mapping[str, str], ml: Path, source: Path, config: Mapping[str, Any]
) -> tuple[Table, Sequence[Value]]:
    """What was sent with its ground truth as the label's column, and what was predicted."""
    truth, predicted, scores = _joined(environment, ml, source)
    said = _decided(environment, predicted, scores)
    if said is None:
        raise InvalidInput(NO_DATA)
    known = _truths(environment, ml)
    rows = [one for one in read_captured(source, _window(environment)) if one.id in known]
    label = config.get("label")
    headers = config.get("headers") or ()
    name = str(headers[label]) if isinstance(label, int) and label < len(headers) else str(label)
    given = captured_table([replace(one, answered={}) for one in rows])
    features = given.renamed([one for one in headers if one != name])
    return Table({**features.columns, name: truth}), said


def _decided(
    environment: Mapping[str, str], predicted: Sequence[Value] | None, scores: Sequence[Value] | None
) -> Sequence[Value] | None:
    """Predictions: as they are, else by the threshold of their probability."""
    if predicted is not None or scores is None:
        return predicted
    limit = environment.get("probability_threshold_attribute") or environment.get("probability_threshold")
    return [None if one is None else int(float(one) >= float(limit or 0.5)) for one in scores]


def _truths(environment: Mapping[str, str], ml: Path) -> dict[str, Value]:
    place = _place(environment, "ground_truth_source", ml)
    return read_truth(place) if place is not None else {}


def _joined(
    environment: Mapping[str, str], ml: Path, source: Path
) -> tuple[list[Value], list[Value] | None, list[Value] | None]:
    """Ground truth, predictions and scores of the captured invocations that have ground truth."""
    truth = _truths(environment, ml)
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
