"""boto3's training and processing jobs on the local pool: what runs, what is told of it, and what may not run."""

import asyncio
import io
import json
import sys
import tarfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sagemaker_pool import ROLE, Pool
from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import SystemClock
from trimtab.inventory.runs.model import RunState
from trimtab.store.state.database import State

PYTHON = [sys.executable, "-ES", "-c"]
TRAIN = """
import json, os
hps = json.load(open(os.environ["SM_INPUT_CONFIG_DIR"] + "/hyperparameters.json"))
rows = open(os.environ["SM_CHANNEL_TRAIN"] + "/rows.csv").read().split()
for epoch in range(int(hps["epochs"])):
    print(f"epoch {epoch} loss={1 / (epoch + 1):.3f}", flush=True)
open(os.environ["SM_MODEL_DIR"] + "/weights", "w").write(" ".join(rows))
"""
COPY = "import sys; open(sys.argv[2], 'w').write(open(sys.argv[1]).read().upper())"
DEFINITIONS = {
    "train": {"command": [*PYTHON, TRAIN], "images": ["*/trainer:*"], "gpus": 2.0, "gpu_type": "H100",
              "environment": {"MODE": "a"}},
    "broken": {"command": [*PYTHON, "print('no such column'); raise SystemExit(3)"], "images": ["*/broken"]},
    "sleep": {"command": [*PYTHON, "import time; print('up', flush=True); time.sleep(60)"], "images": ["*/sleep"]},
    "container": {"command": [*PYTHON, "import sys; print(*sys.argv[1:])", "run", "-v", "Ref::folder:/opt/ml",
                              "Ref::image"], "images": ["*/container"]},
    "any": {"command": [sys.executable, "-ES"], "images": ["*/script"], "overrides": True},
}  # fmt: skip


@pytest.fixture
def pool(state: State, tmp_path: Path) -> Pool:
    return Pool(state, SystemClock(), tmp_path, DEFINITIONS)


def train(pool: Pool, name: str, image: str, **more: Any) -> str:
    algorithm = {"TrainingImage": f"mine/{image}", "TrainingInputMode": "File", **more.pop("algorithm", {})}
    form = {
        "AlgorithmSpecification": algorithm,
        "RoleArn": ROLE,
        "OutputDataConfig": {"S3OutputPath": "s3://mine/models"},
        "ResourceConfig": {"InstanceType": "ml.g5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 5},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        **more,
    }
    return str(pool.api.create_training_job(TrainingJobName=name, **form)["TrainingJobArn"])


def over(pool: Pool, *names: str) -> bool:
    return all(described(pool, one)["TrainingJobStatus"] not in ("InProgress", "Stopping") for one in names)


def described(pool: Pool, name: str) -> dict[str, Any]:
    return dict(pool.api.describe_training_job(TrainingJobName=name))


def test_a_training_job_runs_the_command_that_stands_for_its_image(pool: Pool) -> None:
    pool.put("data/rows.csv", "1,2\n3,4\n")
    channel = {"ChannelName": "train", "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix",
               "S3Uri": "s3://mine/data"}}}  # fmt: skip
    metrics = [{"Name": "train:loss", "Regex": "loss=([0-9.]+)"}]
    arn = train(pool, "churn", "trainer:1", InputDataConfig=[channel], HyperParameters={"epochs": "3"},
                algorithm={"MetricDefinitions": metrics}, Tags=[{"Key": "team", "Value": "ml"}])  # fmt: skip
    assert arn == "arn:aws:sagemaker:us-east-1:123456789012:training-job/churn"
    assert ("InProgress", "Starting") == tuple(
        described(pool, "churn")[name] for name in ("TrainingJobStatus", "SecondaryStatus")
    )
    pool.settle(lambda: over(pool, "churn") and bool(pool.events))
    found = described(pool, "churn")
    assert ("Completed", "Completed") == (found["TrainingJobStatus"], found["SecondaryStatus"]), found
    steps = found["SecondaryStatusTransitions"]
    assert ["Starting", "Downloading", "Training", "Uploading", "Completed"] == [one["Status"] for one in steps]
    assert all(one["EndTime"] == after["StartTime"] for one, after in pairwise(steps))
    [last] = found["FinalMetricDataList"]
    assert ("train:loss", pytest.approx(0.333)) == (last["MetricName"], last["Value"])
    assert [1.0, 0.5, 0.333] == pool.measured["train:loss"]
    assert {("TrainingJobName", "churn")} == {pair for one in pool.series for pair in one.dimensions}
    [((group, stream), lines)] = pool.said.items()
    assert ("/aws/sagemaker/TrainingJobs", True) == (group, stream.startswith("churn/algo-1-"))
    assert [f"epoch {at} loss={1 / (at + 1):.3f}" for at in range(3)] == lines
    assert 1 <= found["BillableTimeInSeconds"] == found["TrainingTimeInSeconds"]
    model = found["ModelArtifacts"]["S3ModelArtifacts"]
    assert "s3://mine/models/churn/output/model.tar.gz" == model
    with tarfile.open(pool.bucket / "models/churn/output/model.tar.gz") as packed:
        weights = packed.extractfile("weights")
        assert weights is not None
        assert b"1,2 3,4" == weights.read()
    [shown] = pool.api.list_training_jobs(NameContains="chu", StatusEquals="Completed")["TrainingJobSummaries"]
    assert (arn, found["TrainingEndTime"]) == (shown["TrainingJobArn"], shown["TrainingEndTime"])
    [(kind, of, detail)] = pool.events
    assert ("SageMaker Training Job State Change", arn, "Completed") == (kind, of, detail["TrainingJobStatus"])


def test_a_job_is_a_run_that_holds_its_definition_s_gpus(pool: Pool) -> None:
    pool.put("data/rows.csv", "1\n")
    channel = {"ChannelName": "train", "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix",
               "S3Uri": "s3://mine/data"}}}  # fmt: skip
    train(pool, "held", "trainer:1", InputDataConfig=[channel], HyperParameters={"epochs": "1"},
          Tags=[{"Key": "team", "Value": "ml"}])  # fmt: skip
    pool.settle(lambda: over(pool, "held"))
    run = asyncio.run(pool.runs.one(EVERYTHING, "held", "sagemaker"))
    assert (RunState.COMPLETED, 2.0, "ml", 2.0) == (run.state, run.gpus, run.team, run.held[0].gpus)
    assert "H100" == run.gpu_type
    assert run.start_ms is not None and run.end_ms is not None and run.submit_ms <= run.start_ms <= run.end_ms
    assert "ml.g5.xlarge" == run.tags["instance_type"]


def test_what_the_file_does_not_name_fails_with_that_reason(pool: Pool) -> None:
    train(pool, "unknown", "other:1")
    train(pool, "brings", "trainer:1", algorithm={"ContainerEntrypoint": ["sh"]})
    train(pool, "sets", "trainer:1", Environment={"LD_PRELOAD": "/x"})
    train(pool, "many", "trainer:1", ResourceConfig={"InstanceType": "ml.g5.xlarge", "InstanceCount": 2,
                                                     "VolumeSizeInGB": 5})  # fmt: skip
    train(pool, "no-data", "trainer:1", InputDataConfig=[{"ChannelName": "train", "DataSource": {"S3DataSource": {
        "S3DataType": "S3Prefix", "S3Uri": "s3://mine/none"}}}])  # fmt: skip
    names = ("unknown", "brings", "sets", "many", "no-data")
    pool.settle(lambda: over(pool, *names))
    reasons = {name: described(pool, name)["FailureReason"] for name in names}
    assert "Failed" == described(pool, "unknown")["SecondaryStatus"]
    assert "nothing may run in the place of image mine/other:1: name it" in reasons["unknown"]
    assert "brings a command of its own, which definition train does not allow" in reasons["brings"]
    assert "Environment may not set LD_PRELOAD" in reasons["sets"]
    assert "InstanceCount is 2" in reasons["many"]
    assert "there is nothing there" in reasons["no-data"]
    assert {"ClientError"} == {reason.partition(":")[0] for reason in reasons.values()}


def test_a_command_that_fails_says_why(pool: Pool) -> None:
    train(pool, "broken", "broken")
    pool.settle(lambda: over(pool, "broken"))
    found = described(pool, "broken")
    assert ("Failed", "AlgorithmError: no such column, exit code: 3") == (
        found["TrainingJobStatus"], found["FailureReason"],
    )  # fmt: skip
    assert 3 == asyncio.run(pool.runs.one(EVERYTHING, "broken")).exit_code


def _stream(pool: Pool, name: str) -> tuple[str, str]:
    return next((key for key in pool.said if key[1].startswith(f"{name}/")), ("", ""))


def test_a_job_that_is_stopped_says_so_and_cannot_be_stopped_again(pool: Pool) -> None:
    train(pool, "sleep", "sleep")
    stopped: list[Any] = []

    def until() -> bool:
        if pool.said and not stopped:
            stopped.append(pool.api.stop_training_job(TrainingJobName="sleep"))
        return over(pool, "sleep")

    pool.settle(until)
    found = described(pool, "sleep")
    assert ("Stopped", "Stopped") == (found["TrainingJobStatus"], found["SecondaryStatus"])
    assert RunState.CANCELLED == asyncio.run(pool.runs.one(EVERYTHING, "sleep")).state
    with pytest.raises(ClientError, match="is in status Stopped"):
        pool.api.stop_training_job(TrainingJobName="sleep")
    pool.api.delete_training_job(TrainingJobName="sleep")
    with pytest.raises(ClientError, match="Requested resource not found"):
        described(pool, "sleep")


def test_a_job_ends_at_its_longest_time(pool: Pool) -> None:
    train(pool, "long", "sleep", StoppingCondition={"MaxRuntimeInSeconds": 1})
    pool.settle(lambda: over(pool, "long"))
    found = described(pool, "long")
    assert ("Stopped", "MaxRuntimeExceeded") == (found["TrainingJobStatus"], found["SecondaryStatus"])


def test_what_ran_when_a_server_ended_fails_or_is_begun_again_as_it_asks(pool: Pool) -> None:
    train(pool, "once", "sleep")
    train(pool, "twice", "sleep", RetryStrategy={"MaximumRetryAttempts": 1})
    pool.settle(lambda: len(pool.said) == 2)
    assert not pool.jobs._running
    pool.settle(lambda: over(pool, "once") and len(pool.said) == 3)
    assert "InternalServerError: the server that ran the job ended." == described(pool, "once")["FailureReason"]
    steps = [one["Status"] for one in described(pool, "twice")["SecondaryStatusTransitions"]]
    assert ["Training", "Restarting"] == steps[2:4]
    pool.settle(lambda: over(pool, "twice"))
    assert "Failed" == described(pool, "twice")["TrainingJobStatus"]


def test_a_container_runtime_is_given_image_and_folder_and_a_script_its_hyperparameters(pool: Pool) -> None:
    code = pool.bucket / "code.tar.gz"
    with tarfile.open(code, "w:gz") as packed:
        body = b"import json,sys; print(json.dumps(sys.argv[1:]))"
        entry = tarfile.TarInfo("train.py")
        entry.size = len(body)
        packed.addfile(entry, io.BytesIO(body))
    train(pool, "container", "container")
    own = {"sagemaker_program": "train.py", "sagemaker_submit_directory": "s3://mine/code.tar.gz", "lr": '"0.1"'}
    train(pool, "script", "script", HyperParameters=own)
    pool.settle(lambda: over(pool, "container", "script"))
    [said] = pool.said[_stream(pool, "container")]
    assert said.startswith("run -v /") and said.endswith("/training-job/container/ml:/opt/ml mine/container"), said
    assert ["--lr", "0.1"] == json.loads(pool.said[_stream(pool, "script")][0])


def test_a_processing_job_reads_and_writes_where_its_image_would(pool: Pool) -> None:
    pool.put("in/a.txt", "quiet")
    root = "/opt/ml/processing"
    made = pool.api.create_processing_job(
        ProcessingJobName="loud", RoleArn=ROLE,
        AppSpecification={"ImageUri": "mine/script", "ContainerEntrypoint": [*PYTHON, COPY],
                          "ContainerArguments": [f"{root}/in/a.txt", f"{root}/out/b.txt"]},
        ProcessingInputs=[{"InputName": "in", "S3Input": {"S3Uri": "s3://mine/in", "LocalPath": f"{root}/in",
                           "S3DataType": "S3Prefix", "S3InputMode": "File"}}],
        ProcessingOutputConfig={"Outputs": [{"OutputName": "out", "S3Output": {
            "S3Uri": "s3://mine/out", "LocalPath": f"{root}/out", "S3UploadMode": "EndOfJob"}}]},
        ProcessingResources={"ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}},
    )  # fmt: skip
    assert made["ProcessingJobArn"].endswith(":processing-job/loud")
    pool.settle(
        lambda: pool.api.describe_processing_job(ProcessingJobName="loud")["ProcessingJobStatus"] != "InProgress"
    )
    found = pool.api.describe_processing_job(ProcessingJobName="loud")
    assert "Completed" == found["ProcessingJobStatus"], found
    assert "QUIET" == (pool.bucket / "out/b.txt").read_text()
    assert found["ProcessingStartTime"] <= found["ProcessingEndTime"]
    [shown] = pool.api.list_processing_jobs()["ProcessingJobSummaries"]
    assert "loud" == shown["ProcessingJobName"]


def test_a_processing_job_is_stopped_and_deleted(pool: Pool) -> None:
    cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
    pool.api.create_processing_job(ProcessingJobName="slow", RoleArn=ROLE, AppSpecification={"ImageUri": "mine/sleep"},
                                   ProcessingResources={"ClusterConfig": cluster})  # fmt: skip
    stopped: list[Any] = []

    def until() -> bool:
        if pool.said and not stopped:
            stopped.append(pool.api.stop_processing_job(ProcessingJobName="slow"))
        return bool(pool.api.describe_processing_job(ProcessingJobName="slow")["ProcessingJobStatus"] == "Stopped")

    pool.settle(until)
    assert "/aws/sagemaker/ProcessingJobs" == next(iter(pool.said))[0]
    pool.api.delete_processing_job(ProcessingJobName="slow")
    with pytest.raises(ClientError, match="Requested resource not found"):
        pool.api.describe_processing_job(ProcessingJobName="slow")


def test_a_request_that_cannot_be_is_refused_at_once(pool: Pool) -> None:
    with pytest.raises(ClientError, match="needs a group"):
        train(pool, "m", "trainer:1", algorithm={"MetricDefinitions": [{"Name": "loss", "Regex": "loss=.*"}]})
    with pytest.raises(ClientError, match="TrainingImage or an AlgorithmName"):
        train(pool, "m", "trainer:1", algorithm={"TrainingImage": ""})
    train(pool, "m", "sleep")
    with pytest.raises(ClientError) as refused:
        train(pool, "m", "sleep")
    assert "ResourceInUse" == refused.value.response["Error"]["Code"]
    with pytest.raises(ClientError, match="is in status InProgress: stop it first"):
        pool.api.delete_training_job(TrainingJobName="m")
