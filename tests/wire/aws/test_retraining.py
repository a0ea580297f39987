"""One chain over the wire: captured invocations drift, an alarm goes off, a pipeline trains and registers, and a person
approves.

The server may run one command in the place of one image; all else is boto3 against AWS's doors.
"""

import http.server
import json
import random
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest

from live_server import LiveServer

pytestmark = pytest.mark.wire
ROLE = "arn:aws:iam::123456789012:role/train"
ANALYZER = "156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer"
ROOT = "/opt/ml/processing"
CLUSTER = {"ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}}
TRAIN = """
import os
rows = open(os.environ["SM_CHANNEL_TRAIN"] + "/data.csv").read().split()[1:]
mean = sum(float(row.split(",")[1]) for row in rows) / len(rows)
print(f"rows={len(rows)} mean={mean:.1f}")
open(os.environ["SM_MODEL_DIR"] + "/threshold", "w").write(f"{mean:.1f}")
"""


class _Model(http.server.BaseHTTPRequestHandler):
    """Answers 1."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "1")
        self.send_header("Content-Type", "text/csv")
        self.end_headers()
        self.wfile.write(b"1")

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def model_url() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Model) as served:
        thread = threading.Thread(target=served.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{served.server_port}/"
        served.shutdown()
        thread.join()


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    made = tmp_path / "bucket"
    made.mkdir()
    return made


@pytest.fixture
def live(tmp_path: Path, bucket: Path) -> Iterator[LiveServer]:
    file = tmp_path / "batch.toml"
    command = json.dumps([sys.executable, "-ES", "-c", TRAIN])
    file.write_text(
        f'[definitions.train]\ncommand = {command}\nimages = ["*/churn-train:*"]\ngpus = 2\ngpu_type = "H100"\n'
    )
    made = LiveServer(tmp_path / "data", TRIMTAB_BATCH_FILE=str(file), TRIMTAB_BATCH_BUCKETS=f"mine={bucket}").start()
    yield made
    made.stop()


def test_drift_ends_in_a_new_version_that_is_approved(live: LiveServer, bucket: Path, model_url: str) -> None:
    def client(service: str) -> Any:
        keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
        return boto3.client(service, endpoint_url=live.url, region_name="us-east-1", **keys)

    api, runtime, events, watch = (client(one) for one in ("sagemaker", "sagemaker-runtime", "events", "cloudwatch"))
    rate = {"subject": "gpu:H100", "amount": "3"}
    httpx.post(f"{live.url}/rest/v1/rates", json={"rates": [rate]}, timeout=60).raise_for_status()
    _baseline(api, bucket)
    _serve(api, model_url)
    _monitor_now(api, runtime, 100.0, "steady")
    steady = _until(lambda: _execution(api, "steady"), lambda one: one["MonitoringExecutionStatus"] != "InProgress")
    assert "Completed" == steady["MonitoringExecutionStatus"], steady
    pipeline = _pipeline(api)
    alarm = {"Period": 10, "EvaluationPeriods": 1, "Threshold": 0.2, "ComparisonOperator": "GreaterThanThreshold",
             "Statistic": "Maximum", "TreatMissingData": "ignore"}  # fmt: skip
    dimensions = [{"Name": "Endpoint", "Value": "churn"}, {"Name": "MonitoringSchedule", "Value": "watch"}]
    watch.put_metric_alarm(
        AlarmName="spend drifts", Namespace="aws/sagemaker/Endpoints/data-metrics", Dimensions=dimensions,
        MetricName="feature_baseline_drift_spend", **alarm,
    )  # fmt: skip
    pattern = {"source": ["aws.cloudwatch"], "detail": {"alarmName": ["spend drifts"], "state": {"value": ["ALARM"]}}}
    events.put_rule(Name="retrain", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="retrain", Targets=[{"Id": "1", "Arn": pipeline, "RoleArn": ROLE}])
    assert [] == api.list_model_packages(ModelPackageGroupName="churn")["ModelPackageSummaryList"]

    _monitor_now(api, runtime, 180.0, "watch")
    drifted = _until(lambda: _execution(api, "watch"), lambda one: one["MonitoringExecutionStatus"] != "InProgress")
    assert "CompletedWithViolations" == drifted["MonitoringExecutionStatus"], drifted
    listed = _until(lambda: api.list_pipeline_executions(PipelineName="retrain")["PipelineExecutionSummaries"], bool)
    arn = listed[0]["PipelineExecutionArn"]
    done = _until(
        lambda: api.describe_pipeline_execution(PipelineExecutionArn=arn),
        lambda one: one["PipelineExecutionStatus"] != "Executing",
    )
    assert "Succeeded" == done["PipelineExecutionStatus"], done
    assert "CloudWatch Alarm State Change from aws.cloudwatch, by rule retrain" == done["PipelineExecutionDescription"]
    [version] = api.list_model_packages(ModelPackageGroupName="churn")["ModelPackageSummaryList"]
    assert (1, "PendingManualApproval") == (version["ModelPackageVersion"], version["ModelApprovalStatus"])
    package = api.describe_model_package(ModelPackageName=version["ModelPackageArn"])
    model = package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
    with tarfile.open(bucket / model.removeprefix("s3://mine/")) as packed:
        weights = packed.extractfile("threshold")
        assert weights is not None
        assert 95 < float(weights.read()) < 105
    api.update_model_package(ModelPackageArn=version["ModelPackageArn"], ModelApprovalStatus="Approved")
    [approved] = api.list_model_packages(ModelPackageGroupName="churn", ModelApprovalStatus="Approved")[
        "ModelPackageSummaryList"
    ]
    assert version["ModelPackageArn"] == approved["ModelPackageArn"]
    _told(client("logs"), model.split("/")[-3])
    runs = f"{live.url}/rest/v1/runs"
    run = _until(lambda: httpx.get(runs, timeout=60).json()["runs"][0], lambda one: one["amounts"])
    assert (2.0, "completed", "H100") == (run["gpus"], run["state"], run["gpu_type"])
    seconds = (run["end_ms"] - run["start_ms"]) / 1000
    assert run["gpu_hours"] == pytest.approx(2 * seconds / 3600, rel=0.05)
    assert float(run["amounts"]["USD"]) == pytest.approx(3 * run["gpu_hours"], rel=0.05)


def _told(logs: Any, job: str) -> None:
    """The job's lines are in the group of training jobs."""
    group = "/aws/sagemaker/TrainingJobs"
    streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{job}/")["logStreams"]
    [stream] = [one["logStreamName"] for one in streams]
    found = _until(
        lambda: logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)["events"], bool
    )
    assert ["rows=400"] == [one["message"].split()[0] for one in found]


def _rows(spend: float, count: int) -> list[str]:
    draw = random.Random(5)
    return [f"{draw.randint(18, 80)},{draw.gauss(spend, 10):.2f}" for _ in range(count)]


def _baseline(api: Any, bucket: Path) -> None:
    (bucket / "train").mkdir()
    (bucket / "train/data.csv").write_text("\n".join(["age,spend", *_rows(100.0, 400)]))
    (bucket / "profile").mkdir()
    (bucket / "profile/data.csv").write_text("\n".join(["said,age,spend", *(f"1,{one}" for one in _rows(100.0, 400))]))
    api.create_processing_job(
        ProcessingJobName="baseline", RoleArn=ROLE, AppSpecification={"ImageUri": ANALYZER},
        Environment={"dataset_format": '{"csv": {"header": true}}', "dataset_source": f"{ROOT}/input",
                     "output_path": f"{ROOT}/output"},
        ProcessingInputs=[{"InputName": "in", "S3Input": {"S3Uri": "s3://mine/profile", "S3DataType": "S3Prefix",
                           "LocalPath": f"{ROOT}/input", "S3InputMode": "File"}}],
        ProcessingOutputConfig={"Outputs": [{"OutputName": "out", "S3Output": {"S3Uri": "s3://mine/baseline",
                                "LocalPath": f"{ROOT}/output", "S3UploadMode": "EndOfJob"}}]},
        ProcessingResources=CLUSTER,
    )  # fmt: skip
    done = _until(
        lambda: api.describe_processing_job(ProcessingJobName="baseline"),
        lambda one: one["ProcessingJobStatus"] != "InProgress",
    )
    assert "Completed" == done["ProcessingJobStatus"], done


def _serve(api: Any, url: str) -> None:
    container = {"Image": "mine", "Environment": {"TRIMTAB_URL": url}}
    api.create_model(ModelName="churn", ExecutionRoleArn=ROLE, PrimaryContainer=container)
    variant = {"VariantName": "A", "ModelName": "churn", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    capture = {"EnableCapture": True, "InitialSamplingPercentage": 100, "DestinationS3Uri": "s3://mine/captured",
               "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}]}  # fmt: skip
    api.create_endpoint_config(EndpointConfigName="churn", ProductionVariants=[variant], DataCaptureConfig=capture)
    api.create_endpoint(EndpointName="churn", EndpointConfigName="churn")


def _monitor_now(api: Any, runtime: Any, spend: float, name: str) -> None:
    """Invoke the endpoint, and have a schedule look at the hour before, once."""
    limits = {f"{one}Resource": {"S3Uri": f"s3://mine/baseline/{one.lower()}.json"} for one in (
        "Constraints", "Statistics")}  # fmt: skip
    for row in _rows(spend, 200 if name == "steady" else 400):
        runtime.invoke_endpoint(EndpointName="churn", Body=row.encode(), ContentType="text/csv")
    api.create_data_quality_job_definition(
        JobDefinitionName=name, RoleArn=ROLE, JobResources=CLUSTER, DataQualityBaselineConfig=limits,
        DataQualityAppSpecification={"ImageUri": ANALYZER},
        DataQualityJobInput={"EndpointInput": {"EndpointName": "churn", "LocalPath": f"{ROOT}/input/endpoint"}},
        DataQualityJobOutputConfig={"MonitoringOutputs": [{"S3Output": {
            "S3Uri": "s3://mine/reports", "LocalPath": f"{ROOT}/output"}}]},
    )  # fmt: skip
    when = {"ScheduleExpression": "NOW", "DataAnalysisStartTime": "-PT1H", "DataAnalysisEndTime": "-PT0H"}
    config = {"ScheduleConfig": when, "MonitoringJobDefinitionName": name, "MonitoringType": "DataQuality"}
    api.create_monitoring_schedule(MonitoringScheduleName=name, MonitoringScheduleConfig=config)


def _execution(api: Any, name: str) -> dict[str, Any]:
    found = api.list_monitoring_executions(MonitoringScheduleName=name)["MonitoringExecutionSummaries"]
    return dict(found[0]) if found else {"MonitoringExecutionStatus": "InProgress"}


def _pipeline(api: Any) -> str:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://mine/train"}}
    train = {"Name": "Train", "Type": "Training", "Arguments": {
        "AlgorithmSpecification": {"TrainingImage": "mine/churn-train:1", "TrainingInputMode": "File"},
        "RoleArn": ROLE, "OutputDataConfig": {"S3OutputPath": "s3://mine/models"},
        "InputDataConfig": [{"ChannelName": "train", "DataSource": source}],
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600}}}  # fmt: skip
    container = {"Image": "serve", "ModelDataUrl": {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}}
    register = {"Name": "Register", "Type": "RegisterModel", "Arguments": {
        "ModelPackageGroupName": "churn", "ModelApprovalStatus": "PendingManualApproval",
        "InferenceSpecification": {"Containers": [container], "SupportedContentTypes": ["text/csv"],
                                   "SupportedResponseMIMETypes": ["text/csv"]}}}  # fmt: skip
    definition = json.dumps({"Version": "2020-12-01", "Parameters": [], "Steps": [train, register]})
    api.create_model_package_group(ModelPackageGroupName="churn")
    made = api.create_pipeline(
        PipelineName="retrain", PipelineDefinition=definition, RoleArn=ROLE, ClientRequestToken="t" * 32
    )
    return str(made["PipelineArn"])


def _until(read: Callable[[], Any], so: Callable[[Any], bool]) -> Any:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        found = read()
        if so(found):
            return found
        time.sleep(0.2)
    raise AssertionError(f"it stayed {found}")
