"""boto3's Model Monitor: what is captured, the baseline that a job suggests, and executions that judge data."""

import asyncio
import http.server
import json
import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sagemaker_pool import ROLE, Pool
from trimtab.base.clock import ManualClock, SystemClock
from trimtab.inference.invoke import Asked
from trimtab.store.state.database import State

ANALYZER = "156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer"
ROOT = "/opt/ml/processing"
CLUSTER = {"ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}}
HEADER = "label,age,spend"


class _Model(http.server.BaseHTTPRequestHandler):
    """Says 1 of whoever spends more than 100."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = b"1" if float(body.split(b",")[1]) > 100 else b"0"
        self.send_response(200)
        self.send_header("Content-Length", "1")
        self.send_header("Content-Type", "text/csv")
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def model_url() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Model) as served:
        thread = threading.Thread(target=served.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{served.server_port}/"
        served.shutdown()
        thread.join()


@pytest.fixture
def pool(state: State, tmp_path: Path) -> Pool:
    return Pool(state, SystemClock(), tmp_path, {})


def serve(pool: Pool, url: str, name: str = "churn", **capture: Any) -> None:
    container = {"Image": "mine", "Environment": {"TRIMTAB_URL": url}}
    pool.api.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
    variant = {"VariantName": "A", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    config = {"EnableCapture": True, "InitialSamplingPercentage": 100, "DestinationS3Uri": "s3://mine/captured",
              "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}], **capture}  # fmt: skip
    pool.api.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant], DataCaptureConfig=config)
    pool.api.create_endpoint(EndpointName=name, EndpointConfigName=name)


def ask(pool: Pool, spend: float, count: int = 200, name: str = "churn", first: int = 0) -> None:
    """Invoke the endpoint with ages and spends around a mean; invocations have the ids n-0, n-1 and so on."""

    async def run() -> None:
        draw = random.Random(3)
        for at in range(first, first + count):
            body = f"{draw.randint(18, 80)},{draw.gauss(spend, 10):.2f}".encode()
            await pool.inference.invoker.invoke(
                ("123456789012", "us-east-1"), name, Asked(body, "text/csv", id=f"n-{at}")
            )
        assert pool.inference.invoker.capture is not None
        await pool.inference.invoker.capture.flush()
        await pool.inference.invoker.close()

    asyncio.run(run())


def baseline(pool: Pool, environment: dict[str, str], text: str, name: str = "baseline") -> dict[str, Any]:
    pool.put(f"{name}-in/data.csv", text)
    pool.api.create_processing_job(
        ProcessingJobName=name, RoleArn=ROLE, AppSpecification={"ImageUri": ANALYZER},
        Environment={"dataset_format": '{"csv": {"header": true}}', "dataset_source": f"{ROOT}/input/baseline",
                     "output_path": f"{ROOT}/output", "publish_cloudwatch_metrics": "Disabled", **environment},
        ProcessingInputs=[{"InputName": "in", "S3Input": {"S3Uri": f"s3://mine/{name}-in", "S3DataType": "S3Prefix",
                           "LocalPath": f"{ROOT}/input/baseline", "S3InputMode": "File"}}],
        ProcessingOutputConfig={"Outputs": [{"OutputName": "out", "S3Output": {"S3Uri": f"s3://mine/{name}",
                                "LocalPath": f"{ROOT}/output", "S3UploadMode": "EndOfJob"}}]},
        ProcessingResources=CLUSTER,
    )  # fmt: skip
    pool.settle(lambda: pool.api.describe_processing_job(ProcessingJobName=name)["ProcessingJobStatus"] != "InProgress")
    return dict(pool.api.describe_processing_job(ProcessingJobName=name))


def customers(spend: float, count: int = 400) -> str:
    draw = random.Random(5)
    rows = [(draw.randint(18, 80), draw.gauss(spend, 10)) for _ in range(count)]
    return "\n".join([HEADER, *(f"{int(paid > 100)},{age},{paid:.2f}" for age, paid in rows)])


def schedule(pool: Pool, type_: str, name: str = "watch", endpoint: str = "churn", **more: Any) -> dict[str, Any]:
    """Have an execution now, over the hour before; what became of it."""
    limits = {"ConstraintsResource": {"S3Uri": f"s3://mine/{more.pop('of', 'baseline')}/constraints.json"}}
    if type_ == "DataQuality":
        limits["StatisticsResource"] = {"S3Uri": "s3://mine/baseline/statistics.json"}
    source = {"EndpointInput": {"EndpointName": endpoint, "LocalPath": f"{ROOT}/input/endpoint",
                                **more.pop("endpoint_input", {})}, **more.pop("input", {})}  # fmt: skip
    output = {"MonitoringOutputs": [{"S3Output": {"S3Uri": "s3://mine/reports", "LocalPath": f"{ROOT}/output"}}]}
    getattr(pool.api, f"create_{'data' if type_ == 'DataQuality' else 'model'}_quality_job_definition")(
        JobDefinitionName=name, RoleArn=ROLE, JobResources=CLUSTER,
        **{f"{type_}BaselineConfig": limits, f"{type_}JobInput": source, f"{type_}JobOutputConfig": output,
           f"{type_}AppSpecification": {"ImageUri": more.pop("image", ANALYZER), **more}},
    )  # fmt: skip
    when = {"ScheduleExpression": "NOW", "DataAnalysisStartTime": "-PT1H", "DataAnalysisEndTime": "-PT0H"}
    pool.api.create_monitoring_schedule(
        MonitoringScheduleName=name,
        MonitoringScheduleConfig={"ScheduleConfig": when, "MonitoringJobDefinitionName": name, "MonitoringType": type_},
    )
    pool.settle(
        lambda: [one["MonitoringExecutionStatus"] for one in _executions(pool, name)] not in ([], ["InProgress"])
    )
    [found] = _executions(pool, name)
    return found


def _executions(pool: Pool, name: str) -> list[dict[str, Any]]:
    found = pool.api.list_monitoring_executions(MonitoringScheduleName=name)
    return list(found["MonitoringExecutionSummaries"])


def report(pool: Pool, name: str) -> Any:
    [path] = (pool.bucket / "reports").rglob(f"watch/**/{name}")
    return json.loads(path.read_text())


def test_invocations_are_captured_as_the_service_lays_them_out(pool: Pool, model_url: str) -> None:
    serve(pool, model_url)
    ask(pool, 120.0, 3)
    [path] = (pool.bucket / "captured").rglob("*.jsonl")
    endpoint, variant, year, month, day, hour = path.relative_to(pool.bucket / "captured").parent.parts
    assert ("churn", "A", 4, 2, 2, 2) == (endpoint, variant, *map(len, (year, month, day, hour)))
    records = [json.loads(line) for line in path.read_text().splitlines()]
    assert ["n-0", "n-1", "n-2"] == [one["eventMetadata"]["inferenceId"] for one in records]
    given, answered = (records[0]["captureData"][name] for name in ("endpointInput", "endpointOutput"))
    assert {"observedContentType": "text/csv", "mode": "OUTPUT", "data": "1", "encoding": "CSV"} == answered
    assert ("INPUT", "CSV", 2) == (given["mode"], given["encoding"], len(given["data"].split(",")))
    shown = pool.api.describe_endpoint(EndpointName="churn")["DataCaptureConfig"]
    assert ("Started", 100) == (shown["CaptureStatus"], shown["CurrentSamplingPercentage"])


def test_what_is_not_asked_for_is_not_captured(pool: Pool, model_url: str) -> None:
    serve(pool, model_url, "off", EnableCapture=False)
    serve(pool, model_url, "none", InitialSamplingPercentage=0)
    serve(pool, model_url, "answers", CaptureOptions=[{"CaptureMode": "Output"}])
    for name in ("off", "none", "answers"):
        ask(pool, 120.0, 2, name)
    paths = list((pool.bucket / "captured").rglob("*.jsonl"))
    assert ["answers"] == [path.relative_to(pool.bucket / "captured").parts[0] for path in paths]
    assert {"endpointOutput"} == set(json.loads(paths[0].read_text().splitlines()[0])["captureData"])


def test_a_baseline_job_suggests_statistics_and_constraints(pool: Pool) -> None:
    found = baseline(pool, {}, customers(120.0))
    assert ("Completed", "Completed: Job completed successfully with no violations.") == (
        found["ProcessingJobStatus"], found["ExitMessage"],
    )  # fmt: skip
    statistics, limits = (json.loads((pool.bucket / f"baseline/{name}.json").read_text()) for name in (
        "statistics", "constraints"))  # fmt: skip
    assert (400, HEADER.split(",")) == (
        statistics["dataset"]["item_count"],
        [one["name"] for one in limits["features"]],
    )
    assert ["Integral", "Integral", "Fractional"] == [one["inferred_type"] for one in limits["features"]]


def test_data_like_the_baseline_passes_and_data_that_moved_has_violations(pool: Pool, model_url: str) -> None:
    baseline(pool, {}, customers(120.0))
    serve(pool, model_url)
    ask(pool, 120.0, 100)
    passed = schedule(pool, "DataQuality", "passes")
    assert "Completed" == passed["MonitoringExecutionStatus"], passed
    assert 0 == pool.measured["feature_baseline_drift_spend"][-1]
    ask(pool, 170.0, 300)
    failed = schedule(pool, "DataQuality")
    assert "CompletedWithViolations" == failed["MonitoringExecutionStatus"], failed
    violations = report(pool, "constraint_violations.json")["violations"]
    assert {("spend", "baseline_drift_check")} <= {
        (one["feature_name"], one["constraint_check_type"]) for one in violations
    }
    assert "age" not in {one["feature_name"] for one in violations}
    assert pool.measured["feature_baseline_drift_spend"][-1] > 0.5
    assert pool.measured["feature_baseline_drift_age"][-1] < 0.1
    assert {("Endpoint", "churn"), ("MonitoringSchedule", "watch")} == set(pool.series[-1].dimensions)
    job = pool.api.describe_processing_job(ProcessingJobName=failed["ProcessingJobArn"].rpartition("/")[2])
    assert job["ExitMessage"].startswith("CompletedWithViolations: Job completed successfully with ")
    shown = pool.api.describe_monitoring_schedule(MonitoringScheduleName="watch")
    assert failed == shown["LastMonitoringExecutionSummary"]
    assert ("Scheduled", "churn") == (shown["MonitoringScheduleStatus"], shown["EndpointName"])
    [named] = pool.api.list_data_quality_job_definitions(NameContains="watch")["JobDefinitionSummaries"]
    assert ("watch", "churn") == (named["MonitoringJobDefinitionName"], named["EndpointName"])


def test_a_model_is_judged_by_ground_truth_that_comes_later(pool: Pool, model_url: str) -> None:
    text = "\n".join(["label,said", *(f"{at % 2},{at % 2}" for at in range(100))])
    problem = {"problem_type": "BinaryClassification", "analysis_type": "MODEL_QUALITY"}
    columns = {"ground_truth_attribute": "label", "inference_attribute": "said"}
    assert "Completed" == baseline(pool, problem | columns, text, "quality")["ProcessingJobStatus"]
    serve(pool, model_url)
    ask(pool, 100.0, 40)
    [captured] = (pool.bucket / "captured").rglob("*.jsonl")
    hour = "/".join(captured.relative_to(pool.bucket / "captured").parts[2:6])
    answers = {one["eventMetadata"]["inferenceId"]: one["captureData"]["endpointOutput"]["data"]
               for one in map(json.loads, captured.read_text().splitlines())}  # fmt: skip
    # Of every fourth the model was wrong; of the last four nobody knows.
    truth = {id_: str(1 - int(said)) if at % 4 == 0 else said for at, (id_, said) in enumerate([*answers.items()][:36])}
    lines = [{"groundTruthData": {"data": value, "encoding": "CSV"}, "eventMetadata": {"eventId": id_},
              "eventVersion": "0"} for id_, value in truth.items()]  # fmt: skip
    pool.put(f"truth/{hour}/labels.jsonl", "\n".join(map(json.dumps, lines)))
    found = schedule(
        pool, "ModelQuality", of="quality", ProblemType="BinaryClassification",
        endpoint_input={"InferenceAttribute": "0"}, input={"GroundTruthS3Input": {"S3Uri": "s3://mine/truth"}},
    )  # fmt: skip
    assert "CompletedWithViolations" == found["MonitoringExecutionStatus"], found
    metrics = report(pool, "statistics.json")
    assert (36, 0.75) == (
        metrics["dataset"]["item_count"], metrics["binary_classification_metrics"]["accuracy"]["value"],
    )  # fmt: skip
    assert [0.75] == pool.measured["accuracy"]
    assert "aws/sagemaker/Endpoints/model-metrics" == pool.series[-1].namespace


def test_executions_without_data_fail_and_say_so(state: State, tmp_path: Path, model_url: str) -> None:
    clock = ManualClock(1_900_000_000_000)
    pool = Pool(state, clock, tmp_path, {})
    serve(pool, model_url)
    found = schedule(pool, "DataQuality")
    assert ("Failed", True) == (
        found["MonitoringExecutionStatus"], found["FailureReason"].startswith("Job inputs had no data"),
    )  # fmt: skip
    config = {"ScheduleConfig": {"ScheduleExpression": "cron(0 * ? * * *)"}, "MonitoringType": "DataQuality",
              "MonitoringJobDefinitionName": "watch"}  # fmt: skip
    pool.api.create_monitoring_schedule(MonitoringScheduleName="hourly", MonitoringScheduleConfig=config)
    clock.at_ms += 12 * 3_600_000
    asyncio.run(pool.monitors.turn())
    first = pool.api.list_monitoring_executions(MonitoringScheduleName="hourly", MaxResults=10)
    rest = pool.api.list_monitoring_executions(MonitoringScheduleName="hourly", NextToken=first["NextToken"])
    rows = first["MonitoringExecutionSummaries"] + rest["MonitoringExecutionSummaries"]
    times = sorted(row["ScheduledTime"].timestamp() for row in rows)
    assert (12, 3600.0) == (len(times), times[1] - times[0])
    asyncio.run(pool.monitors.turn())
    assert 12 == len(_all(pool, "hourly"))
    pool.api.stop_monitoring_schedule(MonitoringScheduleName="hourly")
    clock.at_ms += 3 * 3_600_000
    asyncio.run(pool.monitors.turn())
    pool.api.start_monitoring_schedule(MonitoringScheduleName="hourly")
    asyncio.run(pool.monitors.turn())
    assert 12 == len(_all(pool, "hourly"))
    clock.at_ms += 3_600_000
    asyncio.run(pool.monitors.turn())
    assert 13 == len(_all(pool, "hourly"))
    assert [] == pool.api.list_monitoring_executions(StatusEquals="Completed")["MonitoringExecutionSummaries"]
    clock.at_ms += 40 * 86_400_000
    asyncio.run(pool.monitors.turn())
    last = _all(pool, "hourly")
    assert 24 == len(last)
    assert min(one["ScheduledTime"].timestamp() for one in last) > (clock.at_ms - 31 * 86_400_000) / 1000


def test_a_schedule_may_run_no_image_but_the_service_s(pool: Pool, model_url: str) -> None:
    serve(pool, model_url)
    found = schedule(pool, "DataQuality", image="mine/other")
    assert "schedules run the image sagemaker-model-monitor-analyzer only, got mine/other" == found["FailureReason"]


def test_a_schedule_with_an_own_script_fails_and_says_so(pool: Pool, model_url: str) -> None:
    serve(pool, model_url)
    found = schedule(pool, "DataQuality", RecordPreprocessorSourceUri="s3://mine/before.py")
    assert "Failed" == found["MonitoringExecutionStatus"]
    assert "cannot run own scripts: the definition has RecordPreprocessorSourceUri" == found["FailureReason"]


def _all(pool: Pool, name: str) -> list[Any]:
    return list(
        pool.api.list_monitoring_executions(MonitoringScheduleName=name, MaxResults=100)["MonitoringExecutionSummaries"]
    )


def test_schedules_are_kept_changed_listed_and_deleted(pool: Pool) -> None:
    config = {"ScheduleConfig": {"ScheduleExpression": "cron(0 * ? * * *)"}, "MonitoringType": "DataQuality",
              "MonitoringJobDefinitionName": "definition"}  # fmt: skip
    arn = pool.api.create_monitoring_schedule(MonitoringScheduleName="watch", MonitoringScheduleConfig=config)
    assert "arn:aws:sagemaker:us-east-1:123456789012:monitoring-schedule/watch" == arn["MonitoringScheduleArn"]
    with pytest.raises(pool.api.exceptions.ResourceInUse):
        pool.api.create_monitoring_schedule(MonitoringScheduleName="watch", MonitoringScheduleConfig=config)
    described = pool.api.describe_monitoring_schedule(MonitoringScheduleName="watch")
    assert ("Scheduled", config) == (described["MonitoringScheduleStatus"], described["MonitoringScheduleConfig"])
    [shown] = pool.api.list_monitoring_schedules(NameContains="watch")["MonitoringScheduleSummaries"]
    assert "definition" == shown["MonitoringJobDefinitionName"]
    assert [] == pool.api.list_monitoring_schedules(MonitoringTypeEquals="ModelBias")["MonitoringScheduleSummaries"]
    with pytest.raises(ClientError, match="expected cron"):
        wrong = {**config, "ScheduleConfig": {"ScheduleExpression": "rate(1 hour)"}}
        pool.api.update_monitoring_schedule(MonitoringScheduleName="watch", MonitoringScheduleConfig=wrong)
    other = {**config, "MonitoringType": "ModelBias"}
    pool.api.update_monitoring_schedule(MonitoringScheduleName="watch", MonitoringScheduleConfig=other)
    [shown] = pool.api.list_monitoring_schedules(MonitoringTypeEquals="ModelBias")["MonitoringScheduleSummaries"]
    assert "watch" == shown["MonitoringScheduleName"]
    pool.api.delete_monitoring_schedule(MonitoringScheduleName="watch")
    with pytest.raises(pool.api.exceptions.ResourceNotFound):
        pool.api.describe_monitoring_schedule(MonitoringScheduleName="watch")


def test_monitoring_whose_definition_is_gone_fails_with_that_reason(pool: Pool) -> None:
    config = {"ScheduleConfig": {"ScheduleExpression": "NOW"}, "MonitoringType": "ModelBias",
              "MonitoringJobDefinitionName": "bias"}  # fmt: skip
    pool.api.create_monitoring_schedule(MonitoringScheduleName="bias", MonitoringScheduleConfig=config)
    asyncio.run(pool.monitors.turn())
    [found] = _executions(pool, "bias")
    assert "there is no model-bias-job-definition 'bias'" == found["FailureReason"]


def test_definitions_of_model_quality_are_kept_listed_and_deleted(pool: Pool) -> None:
    output = {"MonitoringOutputs": [{"S3Output": {"S3Uri": "s3://mine/reports", "LocalPath": f"{ROOT}/output"}}]}
    form = {
        "RoleArn": ROLE,
        "JobResources": CLUSTER,
        "ModelQualityAppSpecification": {"ImageUri": ANALYZER, "ProblemType": "Regression"},
        "ModelQualityJobInput": {
            "EndpointInput": {"EndpointName": "churn", "LocalPath": f"{ROOT}/input"},
            "GroundTruthS3Input": {"S3Uri": "s3://mine/truth"},
        },
        "ModelQualityJobOutputConfig": output,
    }
    made = pool.api.create_model_quality_job_definition(JobDefinitionName="quality", **form)
    assert made["JobDefinitionArn"].endswith(":model-quality-job-definition/quality")
    with pytest.raises(pool.api.exceptions.ResourceInUse):
        pool.api.create_model_quality_job_definition(JobDefinitionName="quality", **form)
    found = pool.api.describe_model_quality_job_definition(JobDefinitionName="quality")
    assert form == {name: found[name] for name in form}

    def names(**asked: str) -> list[str]:
        listed = pool.api.list_model_quality_job_definitions(**asked)["JobDefinitionSummaries"]
        return [one["MonitoringJobDefinitionName"] for one in listed]

    assert (["quality"], []) == (names(EndpointName="churn"), names(EndpointName="other"))
    pool.api.delete_model_quality_job_definition(JobDefinitionName="quality")
    with pytest.raises(pool.api.exceptions.ResourceNotFound):
        pool.api.describe_model_quality_job_definition(JobDefinitionName="quality")


CLARIFY = "205585389593.dkr.ecr.us-east-1.amazonaws.com/sagemaker-clarify-processing:1.0"
BIAS = {
    "dataset_type": "text/csv", "headers": ["label", "age", "spend"], "label": "label",
    "label_values_or_threshold": [1], "predicted_label": "label",
    "facet": [{"name_or_index": "age", "value_or_threshold": [50]}],
    "methods": {"post_training_bias": {"methods": ["DPPL", "AD"]}},
}  # fmt: skip


def _truth(pool: Pool, of: Callable[[int, float], int]) -> None:
    """Ground truth of every captured invocation, by what was sent."""
    for path in (pool.bucket / "captured").rglob("*.jsonl"):
        lines = []
        for record in map(json.loads, path.read_text().splitlines()):
            age, spend = record["captureData"]["endpointInput"]["data"].split(",")
            data = {"data": str(of(int(age), float(spend))), "encoding": "CSV"}
            about = {"eventId": record["eventMetadata"]["inferenceId"]}
            lines.append({"groundTruthData": data, "eventMetadata": about, "eventVersion": "0"})
        hour = path.parent.relative_to(pool.bucket / "captured/churn/A").as_posix()
        pool.put(f"truth/{hour}/labels.jsonl", "\n".join(map(json.dumps, lines)))


def test_a_bias_schedule_finds_a_group_that_is_treated_worse_than_before(pool: Pool, model_url: str) -> None:
    pool.put("bias-config/analysis_config.json", json.dumps(BIAS))
    pool.put("bias-in/data.csv", customers(100.0).partition("\n")[2])
    places = {"analysis_config": ("bias-config", "config"), "dataset": ("bias-in", "data")}
    inputs = [
        {"InputName": name, "S3Input": {"S3Uri": f"s3://mine/{where}", "S3DataType": "S3Prefix", "S3InputMode": "File",
                                        "LocalPath": f"{ROOT}/input/{to}"}}
        for name, (where, to) in places.items()
    ]  # fmt: skip
    pool.api.create_processing_job(
        ProcessingJobName="bias", RoleArn=ROLE, AppSpecification={"ImageUri": CLARIFY}, ProcessingInputs=inputs,
        ProcessingOutputConfig={"Outputs": [{"OutputName": "analysis_result", "S3Output": {
            "S3Uri": "s3://mine/bias", "LocalPath": f"{ROOT}/output", "S3UploadMode": "EndOfJob"}}]},
        ProcessingResources=CLUSTER,
    )  # fmt: skip
    bias = {"ProcessingJobName": "bias"}
    pool.settle(lambda: pool.api.describe_processing_job(**bias)["ProcessingJobStatus"] != "InProgress")
    done = pool.api.describe_processing_job(**bias)
    assert "Completed" == done["ProcessingJobStatus"], done
    before = json.loads((pool.bucket / "bias/analysis.json").read_text())["post_training_bias_metrics"]
    [older] = before["facets"]["age"]
    assert {one["name"]: one["value"] for one in older["metrics"]}["AD"] == 0.0

    serve(pool, model_url)
    ask(pool, 100.0)
    _truth(pool, lambda age, spend: int(spend > 100) if age <= 50 else 0)
    definition = {
        "JobDefinitionName": "fair", "RoleArn": ROLE, "JobResources": CLUSTER,
        "ModelBiasAppSpecification": {"ImageUri": CLARIFY, "ConfigUri": "s3://mine/bias-config/analysis_config.json"},
        "ModelBiasBaselineConfig": {"ConstraintsResource": {"S3Uri": "s3://mine/bias/analysis.json"}},
        "ModelBiasJobInput": {"EndpointInput": {"EndpointName": "churn", "LocalPath": f"{ROOT}/input/endpoint"},
                              "GroundTruthS3Input": {"S3Uri": "s3://mine/truth"}},
        "ModelBiasJobOutputConfig": {"MonitoringOutputs": [
            {"S3Output": {"S3Uri": "s3://mine/reports", "LocalPath": f"{ROOT}/output"}}]},
    }  # fmt: skip
    arn = pool.api.create_model_bias_job_definition(**definition)["JobDefinitionArn"]
    assert arn == pool.api.describe_model_bias_job_definition(JobDefinitionName="fair")["JobDefinitionArn"]
    [row] = pool.api.list_model_bias_job_definitions(EndpointName="churn")["JobDefinitionSummaries"]
    assert ("fair", "churn") == (row["MonitoringJobDefinitionName"], row["EndpointName"])
    when = {"ScheduleExpression": "NOW", "DataAnalysisStartTime": "-PT1H", "DataAnalysisEndTime": "-PT0H"}
    config = {"ScheduleConfig": when, "MonitoringJobDefinitionName": "fair"}
    with pytest.raises(ClientError, match="MonitoringType ModelExplainability is not available"):
        pool.api.create_monitoring_schedule(
            MonitoringScheduleName="why", MonitoringScheduleConfig={**config, "MonitoringType": "ModelExplainability"}
        )
    pool.api.create_monitoring_schedule(
        MonitoringScheduleName="watch", MonitoringScheduleConfig={**config, "MonitoringType": "ModelBias"}
    )
    pool.settle(lambda: [one["MonitoringExecutionStatus"] for one in _executions(pool, "watch")] not in (
        [], ["InProgress"]))  # fmt: skip
    [found] = _executions(pool, "watch")
    assert "CompletedWithViolations" == found["MonitoringExecutionStatus"], found
    violations = report(pool, "constraint_violations.json")["violations"]
    assert ("age", "50", "AD") in {(one["facet"], one["facet_value"], one["metric_name"]) for one in violations}
    [gap] = pool.measured["bias_metric_AD"]
    assert 0.3 < gap < 0.7  # those above 50 are told 1 where the truth is 0, about half of the time
    named = next(one for one in pool.series if one.name == "bias_metric_AD")
    assert ("aws/sagemaker/Endpoints/bias-metrics", {("Facet", "age"), ("BiasStage", "Post-Training")}) == (
        named.namespace, {("Facet", "age"), ("BiasStage", "Post-Training")} & set(named.dimensions),
    )  # fmt: skip
    pool.api.delete_model_bias_job_definition(JobDefinitionName="fair")
    with pytest.raises(ClientError, match="ResourceNotFound"):
        pool.api.describe_model_bias_job_definition(JobDefinitionName="fair")
